/**
 * One host's state, made of the files in its folder.
 *
 * @module
 */
import { ParseError, within } from '../base/error.ts'
import { addIp, FAMILIES, type Family, parseInterfaceAddress, prefixOf } from '../base/ip.ts'
import { readHostDump } from '../host/dump-host.ts'
import type { HostNetwork } from '../host/host.ts'
import type { IpSet } from '../netfilter/ipset.ts'
import { parseSets } from '../netfilter/ipset-reader.ts'
import type { Ruleset } from '../netfilter/rule.ts'
import { readRuleset } from '../netfilter/ruleset.ts'
import { readJson } from '../objects/json.ts'
import { locatorOf, TextError } from '../objects/position.ts'
import { assumedSysctls, lackNotes, limited, untracedNotes } from './state-notes.ts'

/** A machine as dumps tell it. */
export interface StateHost {
  readonly name: string
  readonly network: HostNetwork
  /** False: no file tells of links, and the network is made up: `lo`, and `eth0` to a router. */
  readonly networkKnown: boolean
  readonly rules: Readonly<Record<Family, Ruleset>>
  readonly sets: readonly IpSet[]
  /** What was assumed, and what was passed over: a line each, for the person. */
  readonly notes: readonly string[]
}

/** What a file of a host's folder holds. */
export type StateKind =
  | 'rules4'
  | 'rules6'
  | 'other rules'
  | 'sets'
  | 'link'
  | 'addr'
  | 'route4'
  | 'route6'
  | 'rule4'
  | 'rule6'
  | 'neigh'
  | 'fdb'
  | 'port'
  | 'sysctl'
  | 'ipvs'
  | 'nft'
  | 'missing'

export interface StateFile {
  /** As the person would name it. */
  readonly name: string
  readonly text: string
}

export type StateFiles = ReadonlyMap<StateKind, StateFile>

/**
 * @param index how many hosts were read before it
 * @throws {InputError} naming the file, and the line or entry, that is not as its tool writes it
 */
export function readStateHost(name: string, files: StateFiles, index: number): StateHost {
  const networkKnown = files.has('link') || files.has('addr')
  const { network, skipped } = readNetwork(files)
  const sysctls = assumedSysctls(network.sysctls)
  return {
    name,
    network: { ...(networkKnown ? network : madeUpNetwork(index)), sysctls: sysctls.all },
    networkKnown,
    rules: { 4: readRules(files, 4), 6: readRules(files, 6) },
    sets: read(files, 'sets', parseSets) ?? [],
    notes: [...lackNotes(files), ...sysctls.notes, ...limited(skipped), ...untracedNotes(files, nftTables(files))],
  }
}

const ROUTERS = [parseInterfaceAddress('198.18.0.1/15'), parseInterfaceAddress('2001:db8::1/64')] as const

/**
 * Of a host that only rules are known of: a port into a network with a router, both out of the ranges that
 * nobody uses.
 *
 * @param index of the host: each has addresses of its own
 * @see RFC 2544 appendix C.2.2 and RFC 3849
 */
function madeUpNetwork(index: number): HostNetwork {
  return {
    links: [
      { kind: 'loopback', name: 'lo', mtu: 65536 },
      { kind: 'uplink', name: 'eth0', mtu: 1500 },
    ],
    addresses: [
      { link: 'lo', own: parseInterfaceAddress('127.0.0.1/8'), scope: 'host' },
      { link: 'lo', own: parseInterfaceAddress('::1/128'), scope: 'host' },
      ...ROUTERS.map(({ address, bits }) => ({ link: 'eth0', own: { address: addIp(address, 1 + index), bits } })),
    ],
    routes: ROUTERS.map(({ address }) => ({ to: prefixOf(address, 0), via: address, link: 'eth0' })),
    neighbours: [],
    fdb: [],
    sysctls: [],
  }
}

function readRules(files: StateFiles, family: Family): Ruleset {
  const rules = read(files, family === 4 ? 'rules4' : 'rules6', text => readRuleset(text, family))
  return rules ?? { family, tables: new Map() }
}

const JSON_KINDS = ['link', 'addr', 'route4', 'route6', 'rule4', 'rule6', 'neigh', 'fdb', 'port'] as const

type JsonKind = (typeof JSON_KINDS)[number]

function readNetwork(files: StateFiles): ReturnType<typeof readHostDump> {
  const json = new Map<JsonKind, unknown>(JSON_KINDS.map(kind => [kind, read(files, kind, parseDump)]))
  // What `ip addr` tells of links is enough where `ip -d link` was not asked.
  const links = json.get('link') === undefined ? 'addr' : 'link'
  const nameOf = (kind: JsonKind | 'sysctl') => files.get(kind)?.name ?? kind
  return readHostDump(
    {
      links: json.get(links),
      addresses: json.get('addr'),
      routes: { 4: json.get('route4'), 6: json.get('route6') },
      ...(FAMILIES.some(family => files.has(`rule${family}`))
        ? { routingRules: { 4: json.get('rule4'), 6: json.get('rule6') } }
        : {}),
      neighbours: json.get('neigh'),
      fdb: json.get('fdb'),
      ports: json.get('port'),
      sysctls: files.get('sysctl')?.text ?? '',
    },
    {
      'ip link': nameOf(links),
      'ip addr': nameOf('addr'),
      'ip route': nameOf('route4'),
      'ip -6 route': nameOf(files.has('route6') ? 'route6' : 'route4'),
      'ip rule': nameOf('rule4'),
      'ip -6 rule': nameOf('rule6'),
      'ip neigh': nameOf('neigh'),
      'bridge fdb': nameOf('fdb'),
      'bridge link': nameOf('port'),
      sysctl: nameOf('sysctl'),
    },
  )
}

/** Reads the file of that kind, if there is one. */
function read<T>(files: StateFiles, kind: StateKind, from: (text: string) => T): T | undefined {
  const file = files.get(kind)
  return file && within(file.name, () => from(file.text))
}

/** What a tool printed as JSON; one that has nothing to tell may print nothing at all. */
function parseDump(text: string): unknown {
  if (text.trim() === '') return []
  try {
    return JSON.parse(text)
  } catch {
    throw new ParseError('JSON', `${text.slice(0, 40)}…`, whereBroken(text))
  }
}

/** Which line is no JSON. What is no JSON from the start was printed for people: old tools do so even with `-j`. */
function whereBroken(text: string): string {
  if (!/^\s*[[{]/.test(text)) return 'not JSON; versions of iproute2 before 4.17 know no option -j'
  try {
    readJson(text)
    return 'more than one value'
  } catch (cause) {
    if (!(cause instanceof TextError)) throw cause
    return `line ${locatorOf(text)(cause.offset).line}: ${cause.message}`
  }
}

/** `inet kube-proxy`, … but for the tables that `iptables-nft` keeps its rules in: those are read from its own dump. */
function nftTables(files: StateFiles): readonly string[] {
  const json = read(files, 'nft', parseDump)
  if (typeof json !== 'object' || json === null || !('nftables' in json) || !Array.isArray(json.nftables)) return []
  return json.nftables.flatMap((entry: unknown): readonly string[] => {
    const table = typeof entry === 'object' && entry !== null && 'table' in entry ? entry.table : undefined
    if (typeof table !== 'object' || table === null || !('family' in table && 'name' in table)) return []
    const name = `${table.family} ${table.name}`
    return /^ip6? (?:filter|nat|mangle|raw|security)$/.test(name) ? [] : [name]
  })
}
