/**
 * The observer against iptables' own counters: on a node with real rules, the rules that packets are seen
 * to match are those whose counters move, as often.
 */
import { execFileSync } from 'node:child_process'
import t from 'tap'
import { FAMILIES, type Family } from '../../src/base/ip.ts'
import type { IptablesVariant } from '../../src/lab/lab.ts'
import type { MachineSight, RuleSight } from '../../src/lab/observation.ts'
import { openObserver } from '../../src/lab/observer.ts'
import { summaryOf } from '../../src/packet/summary.ts'
import { inNamespaces, type Namespace, type Need } from '../kernel/netns.ts'
import { bringUp, machinesOf, type ObservedNode, raiseIn, TOOLS } from './observed-node.ts'

t.setTimeout(900_000)

const NEEDS: Readonly<Record<IptablesVariant, readonly Need[]>> = {
  legacy: ['iptables-legacy-restore', 'ip6tables-legacy-restore'],
  nft: ['iptables-nft-restore', 'ip6tables-nft-restore'],
}

const ALWAYS: readonly Need[] = ['bridge', 'bridge device', 'br_netfilter', 'nft', 'sysctl', 'veth', 'vxlan']

/** Packets by place: `4 nat KUBE-SERVICES 3`, `4 filter INPUT policy`. */
type Counts = ReadonlyMap<string, number>

async function countersOf(node: Namespace, variant: IptablesVariant): Promise<Counts> {
  const counts = new Map<string, number>()
  for (const family of FAMILIES) {
    const text = await node.run(`${TOOLS[family]}-${variant}-save`, ['-c'])
    for (const [place, packets] of countersIn(family, text, variant)) counts.set(place, packets)
  }
  return counts
}

/** iptables-nft counts no policies. */
function countersIn(family: Family, text: string, variant: IptablesVariant): Counts {
  const counts = new Map<string, number>()
  const seen = new Map<string, number>()
  let table = ''
  for (const line of text.split('\n')) {
    table = /^\*(\w+)/.exec(line)?.[1] ?? table
    const [, base, policyPackets] = /^:(\S+) [A-Z]+ \[(\d+):/.exec(line) ?? []
    if (base && variant === 'legacy') counts.set(`${family} ${table} ${base} policy`, Number(policyPackets))
    const [, packets, chain = ''] = /^\[(\d+):\d+\] -A (\S+)/.exec(line) ?? []
    if (packets === undefined) continue
    const number = (seen.get(`${table} ${chain}`) ?? 0) + 1
    seen.set(`${table} ${chain}`, number)
    counts.set(`${family} ${table} ${chain} ${number}`, Number(packets))
  }
  return counts
}

function moved(before: Counts, after: Counts): readonly string[] {
  return [...after].flatMap(([place, packets]) => {
    const times = packets - (before.get(place) ?? 0)
    return times === 0 ? [] : [`${place} x${times}`]
  })
}

function seen(rules: readonly RuleSight[], variant: IptablesVariant): readonly string[] {
  const times = new Map<string, number>()
  for (const { family, table, chain, number } of rules) {
    if (number === 'policy' && variant === 'nft') continue
    const place = `${family} ${table} ${chain} ${number}`
    times.set(place, (times.get(place) ?? 0) + 1)
  }
  return [...times].map(([place, count]) => `${place} x${count}`)
}

type From = keyof ObservedNode

interface Send {
  readonly from: From
  readonly protocol: 'tcp' | 'udp' | 'icmp'
  /** By family. */
  readonly to: Readonly<Record<Family, string>>
  readonly port?: number
  /** What must be among what the node's hooks see. */
  readonly sees: readonly RegExp[]
}

const NODE = { 4: '192.168.64.11', 6: 'fd00:64::11' }
const LOOPBACK = { 4: '127.0.0.1', 6: '::1' }
const NEAR = { 4: '10.244.1.3', 6: 'fd00:10:244:1::3' }
const FAR = { 4: '10.244.2.2', 6: 'fd00:10:244:2::2' }
const ROUTER = { 4: '192.168.64.1', 6: 'fd00:64::1' }
const OUTSIDE = { 4: '203.0.113.9', 6: '2001:db8::9' }
const service = (last: number) => ({ 4: `10.96.0.${last}`, 6: `fd00:10:96::${last}` })
const [NEAR_SERVICE, WEB, STICKY, EMPTY] = [service(10), service(11), service(12), service(13)]

const SYN = / tcp syn$/
const REFUSED = /( tcp rst ack| port unreachable)/
const ECHO = /echo request/
const REPLY = /echo reply/
const OUTER = /:8472 udp/

// biome-ignore format: one case, one row
const CASES: readonly (readonly [name: string, send: Send])[] = [
  ['a datagram of the node to itself',             { from: 'node',   protocol: 'udp',  to: LOOPBACK,     port: 7,     sees: [REFUSED] }],
  ['a connection of the node to its address',      { from: 'node',   protocol: 'tcp',  to: NODE,         port: 7,     sees: [SYN, REFUSED] }],
  ['an echo of the node to itself',                { from: 'node',   protocol: 'icmp', to: LOOPBACK,                  sees: [ECHO, REPLY] }],
  ['a connection of the node to a Service',        { from: 'node',   protocol: 'tcp',  to: NEAR_SERVICE, port: 80,    sees: [SYN, REFUSED] }],
  ['a datagram of the node to chance',             { from: 'node',   protocol: 'udp',  to: WEB,          port: 53,    sees: [/:5353 udp/] }],
  ['a connection of the node to nobody',           { from: 'node',   protocol: 'tcp',  to: EMPTY,        port: 80,    sees: [SYN] }],
  ['an echo of the node to a pod',                 { from: 'node',   protocol: 'icmp', to: NEAR,                      sees: [ECHO, REPLY] }],
  ['a datagram of the node to a pod far away',     { from: 'node',   protocol: 'udp',  to: FAR,          port: 7,     sees: [/ udp/, OUTER] }],
  ['a connection from the wire to a NodePort',     { from: 'wire',   protocol: 'tcp',  to: NODE,         port: 30080, sees: [SYN, REFUSED] }],
  ['a datagram from the wire to a NodePort',       { from: 'wire',   protocol: 'udp',  to: NODE,         port: 30053, sees: [/:5353 udp/, REFUSED] }],
  ['a connection from the wire to nobody',         { from: 'wire',   protocol: 'tcp',  to: NODE,         port: 30099, sees: [SYN, REFUSED] }],
  ['an echo from the wire',                        { from: 'wire',   protocol: 'icmp', to: NODE,                      sees: [ECHO, REPLY] }],
  ['a connection of a pod across the bridge',      { from: 'client', protocol: 'tcp',  to: NEAR,         port: 7,     sees: [SYN, REFUSED] }],
  ['an echo of a pod across the bridge',           { from: 'client', protocol: 'icmp', to: NEAR,                      sees: [ECHO, REPLY] }],
  ['a connection of a pod to a Service',           { from: 'client', protocol: 'tcp',  to: NEAR_SERVICE, port: 80,    sees: [SYN, REFUSED] }],
  ['a connection of a pod to itself by a Service', { from: 'near',   protocol: 'tcp',  to: NEAR_SERVICE, port: 80,    sees: [SYN, REFUSED] }],
  ['a datagram of a pod to chance',                { from: 'client', protocol: 'udp',  to: WEB,          port: 53,    sees: [/:5353 udp/] }],
  ['a datagram of a pod to a Service of affinity', { from: 'client', protocol: 'udp',  to: STICKY,       port: 53,    sees: [/:5353 udp/, REFUSED] }],
  ['another to the same',                          { from: 'client', protocol: 'udp',  to: STICKY,       port: 53,    sees: [/:5353 udp/, REFUSED] }],
  ['a datagram of a pod to nobody',                { from: 'client', protocol: 'udp',  to: EMPTY,        port: 53,    sees: [REFUSED] }],
  ['a connection of a pod to nobody',              { from: 'client', protocol: 'tcp',  to: EMPTY,        port: 80,    sees: [SYN] }],
  ['a datagram of a pod to a pod far away',        { from: 'client', protocol: 'udp',  to: FAR,          port: 7,     sees: [/ udp/, OUTER] }],
  ['an echo of a pod to the router',               { from: 'client', protocol: 'icmp', to: ROUTER,                    sees: [ECHO, REPLY] }],
  ['a datagram of a pod to the world',             { from: 'client', protocol: 'udp',  to: OUTSIDE,      port: 53,    sees: [/:53 udp/] }],
]

async function send(all: ObservedNode, { from, protocol, to, port }: Send, family: Family): Promise<void> {
  const address = to[family]
  const args =
    protocol === 'icmp'
      ? ['ping', [`-${family}`, '-n', '-c', '1', '-W', '5', address]]
      : ['timeout', ['5', 'bash', '-c', `echo hello > /dev/${protocol}/${address}/${port}`]]
  // Most of them are refused, as they should be.
  await all[from].try(args[0] as string, args[1] as string[])
}

const node = (sights: ReadonlyMap<string, MachineSight>) => sights.get('node-1') ?? { packets: [], rules: [] }

for (const variant of ['nft', 'legacy'] as const) {
  t.test(`rules seen by iptables-${variant}`, t =>
    inNamespaces(t, [...ALWAYS, ...NEEDS[variant]], 4, async ([node_, client, near, wire]) => {
      if (!node_ || !client || !near || !wire) return
      const all = { node: node_, client, near, wire }
      await bringUp(t, all, variant)
      let fence = 0
      const raise = (number: number) => raiseIn([node_, client, near, wire], number)
      const observer = await openObserver(machinesOf(all), variant, { id: 'test', raise })
      const next = async () => {
        fence += 1
        await raise(fence)
        return observer.upTo(fence, 30_000)
      }
      const places = new Set<string>()
      for (const family of FAMILIES) {
        for (const [name, row] of CASES) {
          await next()
          const before = await countersOf(node_, variant)
          await send(all, row, family)
          const after = await countersOf(node_, variant)
          const { rules, packets } = node(await next())
          const lines = packets.map(({ packet }) => summaryOf(packet))
          t.strictSame(
            [...seen(rules, variant)].sort(),
            [...moved(before, after)].sort(),
            `${name}, IPv${family}: rules`,
          )
          for (const form of row.sees)
            t.ok(
              lines.some(line => form.test(line)),
              `${name}, IPv${family}: ${form}`,
            )
          for (const { table, chain } of rules) places.add(`${table} ${chain}`)
        }
      }
      for (const chain of ['nat KUBE-POSTROUTING', 'nat KUBE-MARK-MASQ', 'nat FLANNEL-POSTRTG', 'filter KUBE-FORWARD'])
        t.ok(places.has(chain), `${chain} was met`)
      await observer.close()
      t.equal((await node_.run('nft', ['list', 'tables'])).includes('podwire'), false, 'the table is gone')
      for (const ns of [node_, client, near, wire]) {
        t.equal(execFileSync('ip', ['netns', 'pids', ns.name], { encoding: 'utf8' }), '', 'nobody is left')
      }
    }),
  )
}
