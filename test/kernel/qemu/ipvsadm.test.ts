/** What the reader and the writers of virtual servers say, held against `ipvsadm` and a kernel that has IPVS. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { addIp, type Ip, isIpv4 } from '../../../src/base/ip.ts'
import { parseIpvs } from '../../../src/netfilter/ipvs/ipvsadm-reader.ts'
import { formatIpvsRestore, formatIpvsSave } from '../../../src/netfilter/ipvs/ipvsadm-text.ts'
import { formatServerChanges, serverChanges } from '../../../src/netfilter/ipvs/server-change.ts'
import { familyAt, type RealServer, type VirtualServer } from '../../../src/netfilter/ipvs/virtual-server.ts'
import { canonIpvsadm } from '../../canon.ts'
import { anyServers } from '../../netfilter/ipvs/arbitrary.ts'
import { LISTED, WRITTEN } from '../../netfilter/ipvs/texts.ts'
import { IPVS } from './ipvs.ts'
import { inMachine } from './machine.ts'

interface Case {
  readonly name: string
  /** Texts for `ipvsadm -R`, one after the other. */
  readonly loaded: readonly string[]
  /** What `ipvsadm -Sn` must then print. */
  readonly printed: string
  /** Many addresses at random are in no order that the tool would keep to. */
  readonly anyOrder?: true
  /** Additions of what is there are refused, with an exit code. */
  readonly refusals?: true
}

const listing = `${LISTED.join('\n')}\n`

const fromListing: Case = {
  name: 'every kind of server is listed as it was',
  loaded: [formatIpvsRestore(parseIpvs(listing)), formatIpvsRestore(parseIpvs(listing))],
  printed: listing,
}

/** Those that a newer version might have are left out. */
const fromWritten = WRITTEN.filter(([, written]) => !written.includes('--new')).map(
  ([what, written, held]): Case => ({ name: what, loaded: [`${written}\n`], printed: `${held}\n` }),
)

function fromListings(folder: string): Case[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder).flatMap((name): Case[] => {
    const file = `${folder}/${name}/ipvs/ipvsadm.txt`
    if (!existsSync(file)) return []
    const servers = parseIpvs(readFileSync(file, 'utf8'))
    return [{ name: `${folder}/${name}`, loaded: [formatIpvsRestore(servers)], printed: formatIpvsSave(servers) }]
  })
}

/** Real servers are where one packet may go to; the kernel takes no others. */
function isUnicast(ip: Ip): boolean {
  if (!isIpv4(ip)) return ip.w0 >>> 29 === 1
  const first = ip >>> 24
  return first > 0 && first < 224 && first !== 127
}

/** A state of a table, of servers that this version and the kernel take. */
const anyTable = anyServers.map(servers =>
  servers.map((server): VirtualServer => {
    const { unknown: _, ...known } = server
    const reals = server.reals.filter(({ ip, upper = 0, lower = 0 }) => isUnicast(ip) && lower <= upper)
    return { ...known, reals }
  }),
)

/** A server with another's ways, as far as it may have them, and with real servers gone and others in their place. */
function changed(server: VirtualServer, other: VirtualServer): VirtualServer {
  const { at, reals } = server
  const { scheduler, flags, persistence, engine } = other
  return {
    at,
    scheduler,
    ...(flags && { flags }),
    ...(persistence && familyAt(at) === familyAt(other.at) && { persistence }),
    ...(engine && { engine }),
    reals: [...reals.slice(1).map(real => ({ ...real, weight: 7 })), ...reals.slice(0, 1).map(nextTo)],
  }
}

function nextTo(real: RealServer): RealServer {
  return { ...real, ip: addIp(real.ip, 1) }
}

const stranger = '-A -t 198.18.0.1:1 -s rr\n'

function fromChance(numRuns: number): Case[] {
  return fc.sample(fc.tuple(anyTable, anyTable), { numRuns, seed: 8 }).flatMap(([before, other], index): Case[] => {
    const [first] = before
    const [second] = other
    if (!first || !second) return []
    const after = changed(first, second)
    return [
      {
        name: `any servers, loaded twice (${index})`,
        loaded: [formatIpvsRestore(before), formatIpvsRestore(before)],
        printed: formatIpvsSave(before),
        anyOrder: true,
      },
      {
        name: `any servers beside others, loaded twice (${index})`,
        loaded: [stranger, ...[1, 2].map(() => formatIpvsRestore(before, { shared: true }))],
        printed: `${stranger}${formatIpvsSave(before)}`,
        anyOrder: true,
        refusals: true,
      },
      {
        name: `changes of a server (${index})`,
        loaded: [formatIpvsRestore([first]), formatServerChanges(serverChanges(first, after))],
        printed: formatIpvsSave([after]),
        anyOrder: true,
      },
    ]
  })
}

t.test('ipvsadm lists what is said of it:', async t => {
  const recorded = ['test/fixtures/kube-proxy', '../shared/oracle/kube-proxy'].flatMap(fromListings)
  const cases = [fromListing, ...fromWritten, ...recorded, ...fromChance(20)]
  const files = new Map<string, string>()
  const networks = cases.map(({ loaded }, number) => [
    // Where no address is local, none is taken to be unicast.
    ['ifconfig', 'lo', 'up'],
    ...loaded.map((text, time) => {
      const path = `/tables/${number}-${time}`
      files.set(path, text)
      return ['sh', '-c', `ipvsadm -R <${path}`]
    }),
    ['ipvsadm', '-Sn'],
  ])
  await inMachine(t, IPVS, { files, networks }, async outcome => {
    for (const [number, { name, printed, anyOrder, refusals }] of cases.entries())
      await t.test(name, async t => {
        const runs = outcome.networks[number] ?? []
        const failed = runs.filter(({ code }) => code !== 0).map(({ stderr }) => stderr)
        t.strictSame(
          refusals ? failed.filter(text => !/^((Service|Destination) already exists\n)+$/.test(text)) : failed,
          [],
        )
        const real = runs.at(-1)?.stdout ?? ''
        if (anyOrder) t.strictSame(canonIpvsadm(real), canonIpvsadm(printed))
        else t.equal(real, printed)
      })
  })
})
