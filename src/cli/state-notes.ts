/**
 * What the person is told of a state that was read: what is missing, assumed or not traced.
 *
 * @module
 */
import { basename } from 'node:path'
import type { Sysctl } from '../host/host.ts'
import type { StateFiles, StateKind } from './state-host.ts'

/** What is assumed where a file is missing. */
const LACKS: readonly (readonly [kind: StateKind, lack: string])[] = [
  ['rules4', 'no iptables.save: no IPv4 rules'],
  ['rules6', 'no ip6tables.save: no IPv6 rules'],
  ['addr', 'no ip-addr.json: no addresses but those of loopback'],
  ['route4', 'no ip-route.json: no IPv4 routes but to its own networks'],
  ['route6', 'no ip-6-route.json: no IPv6 routes but to its own networks'],
  ['rule4', "no ip-rule.json: the kernel's own three routing rules"],
  ['rule6', "no ip-6-rule.json: the kernel's own routing rules of IPv6"],
  ['neigh', 'no ip-neigh.json: no neighbours known, whoever has an address answers for it'],
  ['fdb', 'no bridge-fdb.json: no forwarding entries, tunnels lead nowhere'],
]

const MOST_LINES = 20

export function lackNotes(files: StateFiles): readonly string[] {
  const known = files.has('link') || files.has('addr')
  const wanted = known ? LACKS : LACKS.filter(([kind]) => kind === 'rules4' || kind === 'rules6')
  const lacks = wanted.flatMap(([kind, lack]) => (isThere(files, kind) ? [] : [lack]))
  const notes = known
    ? lacks
    : [...lacks, 'no ip-link.json: assumed are lo, and eth0 with an address of 198.18.0.0/15 and a router']
  for (const kind of ['rules4', 'rules6'] as const) {
    const file = files.get(kind)
    if (file?.text.trim() === '')
      notes.push(`${basename(file.name)} is empty: the host has no such rules, or saving them failed`)
  }
  const rules = `${files.get('rules4')?.text ?? ''}${files.get('rules6')?.text ?? ''}`
  if (!files.has('sets') && rules.includes('--match-set'))
    notes.push('no ipset.save: the sets that rules name are empty')
  return notes
}

/** Routes of both families may be in one file. */
function isThere(files: StateFiles, kind: StateKind): boolean {
  if (files.has(kind)) return true
  return kind === 'route6' && files.get('route4')?.text.includes('::') === true
}

/** What a node of a cluster has set. */
const USUAL: readonly Sysctl[] = [
  { key: 'net.ipv4.ip_forward', value: '1' },
  { key: 'net.ipv6.conf.all.forwarding', value: '1' },
  { key: 'net.bridge.bridge-nf-call-iptables', value: '1' },
  { key: 'net.bridge.bridge-nf-call-ip6tables', value: '1' },
]

/** Whoever asked for all settings was told these: of what is not among them there is none. */
const ALWAYS_TOLD: ReadonlySet<string> = new Set(['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding'])

/** The settings, with those that are assumed where only some, or none, were collected. */
export function assumedSysctls(told: readonly Sysctl[]): {
  readonly all: readonly Sysctl[]
  readonly notes: readonly string[]
} {
  if (told.some(({ key }) => ALWAYS_TOLD.has(key))) return { all: told, notes: [] }
  const keys = new Set(told.map(({ key }) => key))
  const assumed = USUAL.filter(({ key }) => !keys.has(key))
  const names = assumed.map(({ key }) => key).join(', ')
  return { all: [...told, ...assumed], notes: [`no sysctl.txt that tells all settings: assumed to be 1 are ${names}`] }
}

/** The first of the lines, and how many more there are. */
export function limited(lines: readonly string[]): readonly string[] {
  if (lines.length <= MOST_LINES) return lines
  return [...lines.slice(0, MOST_LINES), `and ${lines.length - MOST_LINES} more such`]
}

/** What is in the folder and is not traced, and what whoever collected it could not get. */
export function untracedNotes(files: StateFiles, nftTables: readonly string[]): readonly string[] {
  const notes: string[] = []
  const ipvs = files.get('ipvs')
  if (ipvs && /^-A /m.test(ipvs.text)) notes.push(`${ipvs.name}: IPVS is not traced yet`)
  if (nftTables.length > 0)
    notes.push(`${files.get('nft')?.name}: nftables is not traced yet (${limited(nftTables).join(', ')})`)
  const other = files.get('other rules')
  if (other) notes.push(`${other.name}: rules of a second iptables are there too, and are not traced`)
  const missing =
    files
      .get('missing')
      ?.text.split('\n')
      .filter(line => line.trim() !== '') ?? []
  notes.push(...limited(missing.map(line => `not collected: ${line.trim().slice(0, 200)}`)))
  return notes
}
