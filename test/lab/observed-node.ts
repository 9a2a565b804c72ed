/**
 * A node from its rendered files, in namespaces: the node, two pods of its own, and whoever is on its wire.
 *
 *     client, near ═ node-1 ═ wire (node-2 and a router)
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Family } from '../../src/base/ip.ts'
import type { IptablesVariant, LabMachine } from '../../src/lab/lab.ts'
import { podwire } from '../cli/capture.ts'
import type { Namespace } from '../kernel/netns.ts'

export const MANIFESTS = 'test/fixtures/lab-observer/cluster.yaml'

export const TOOLS: Readonly<Record<Family, string>> = { 4: 'iptables', 6: 'ip6tables' }

export interface ObservedNode {
  readonly node: Namespace
  readonly client: Namespace
  readonly near: Namespace
  readonly wire: Namespace
}

/** Of each namespace: what the lab knows of it. */
export function machinesOf({ node, client, near, wire }: ObservedNode): readonly LabMachine[] {
  const of = (machine: string, kind: LabMachine['kind'], { name: namespace }: Namespace) => ({
    machine,
    kind,
    namespace,
    addresses: [],
  })
  return [
    of('node-1', 'node', node),
    of('default/client', 'pod', client),
    of('default/near', 'pod', near),
    of('(router)', 'router', wire),
  ]
}

/**
 * Of what nobody sends but the kernel by itself, at times of its own, no rule gets to see anything: group
 * memberships, neighbours, routers, redirects. Neighbours are all known.
 */
const QUIET = `table inet quiet {
  chain before { type filter hook prerouting priority -500; policy accept;
    meta l4proto igmp drop
    icmpv6 type { 130, 131, 132, 133, 134, 135, 136, 137, 143 } drop
  }
  chain own { type filter hook output priority -500; policy accept;
    meta l4proto igmp drop
    icmpv6 type { 130, 131, 132, 133, 134, 135, 136, 137, 143 } drop
  }
}
`

interface Pod {
  readonly name: string
  readonly peer: string
  readonly addresses: readonly string[]
}

function podsOf(folder: string): readonly Pod[] {
  const rows = readFileSync(join(folder, 'README.md'), 'utf8').matchAll(
    /^\| default\/(\S+) \| `veth\w+` \| `(\w+)` \| (.+) \|$/gm,
  )
  return [...rows].map(([, name = '', peer = '', addresses = '']) => ({ name, peer, addresses: addresses.split(', ') }))
}

/** No address is looked for before it is used. */
const SETTINGS = ['all', 'default'].flatMap(device => [
  `net.ipv6.conf.${device}.accept_dad=0`,
  `net.ipv4.conf.${device}.rp_filter=0`,
])

const ERRORS = ['net.ipv4.icmp_ratelimit=0', 'net.ipv6.icmp.ratelimit=0']

const MACS = {
  node: '02:00:00:00:00:11',
  wire: '02:00:00:00:00:12',
  client: '02:00:00:00:00:02',
  near: '02:00:00:00:00:03',
}

/** Loads the node and connects all. */
export async function bringUp(t: Test, all: ObservedNode, variant: IptablesVariant): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'podwire-observer-'))
  t.teardown(() => rmSync(home, { recursive: true }))
  const { code, err } = await podwire(['render', '-f', MANIFESTS, '--overlay', 'vxlan', '--out', home])
  if (code !== 0) throw new Error(err)
  const folder = join(home, 'node-1')
  const { node, client, near, wire } = all
  for (const one of [node, client, near, wire]) {
    await one.run('sysctl', ['-q', '-w', ...SETTINGS, ...ERRORS])
    await one.run('nft', ['-f', '-'], QUIET)
    await one.run('ip', ['link', 'set', 'dev', 'lo', 'up'])
  }
  await connect(node, wire)
  await node.run('sysctl', ['-q', '-p', join(folder, 'sysctl.conf')])
  for (const batch of ['links', 'neigh', 'routes']) await node.run('ip', ['-batch', join(folder, `${batch}.batch`)])
  await node.run('bridge', ['-batch', join(folder, 'fdb.batch')])
  await node.run('ip', ['link', 'set', 'dev', 'cbr0', 'address', MACS.node])
  for (const pod of podsOf(folder)) await plugIn(node, pod.name === 'client' ? client : near, pod)
  await acquaint(client, near, podsOf(folder))
  for (const family of [4, 6] as const) {
    const text = readFileSync(join(folder, `${TOOLS[family]}.restore`), 'utf8')
    await node.run(`${TOOLS[family]}-${variant}-restore`, ['--noflush'], text)
  }
}

async function connect(node: Namespace, wire: Namespace): Promise<void> {
  const ends = ['name', 'eth0', 'address', MACS.node, 'type', 'veth']
  const peer = ['peer', 'name', 'eth0', 'address', MACS.wire, 'netns', wire.name]
  await node.run('ip', ['link', 'add', ...ends, ...peer])
  for (const one of [node, wire]) await one.run('ip', ['link', 'set', 'dev', 'eth0', 'up'])
  await addresses(node, ['192.168.64.11/24', 'fd00:64::11/64'])
  await addresses(wire, ['192.168.64.12/24', '192.168.64.1/24', 'fd00:64::12/64', 'fd00:64::1/64'])
  await neighbours(node, MACS.wire, ['192.168.64.12', '192.168.64.1', 'fd00:64::12', 'fd00:64::1'])
  await neighbours(wire, MACS.node, ['192.168.64.11', 'fd00:64::11'])
  await routes(node, ['192.168.64.1', 'fd00:64::1'])
}

async function plugIn(node: Namespace, pod: Namespace, { name, peer, addresses: own }: Pod): Promise<void> {
  const mac = name === 'client' ? MACS.client : MACS.near
  await node.run('ip', ['link', 'set', 'dev', peer, 'netns', pod.name, 'name', 'eth0', 'address', mac])
  await pod.run('ip', ['link', 'set', 'dev', 'eth0', 'up'])
  await addresses(pod, own)
  const gateways = ['10.244.1.1', 'fd00:10:244:1::1']
  await neighbours(pod, MACS.node, gateways)
  await routes(pod, gateways)
  const plain = own.map(address => address.replace(/\/.*/, ''))
  for (const ip of plain) await node.run('ip', ['neigh', 'replace', ip, 'dev', 'cbr0', 'lladdr', mac])
}

async function acquaint(client: Namespace, near: Namespace, pods: readonly Pod[]): Promise<void> {
  for (const pod of pods) {
    const plain = pod.addresses.map(address => address.replace(/\/.*/, ''))
    if (pod.name === 'client') await neighbours(near, MACS.client, plain)
    else await neighbours(client, MACS.near, plain)
  }
}

async function addresses(ns: Namespace, all: readonly string[]): Promise<void> {
  for (const one of all)
    await ns.run('ip', ['addr', 'add', one, 'dev', 'eth0', ...(one.includes(':') ? ['nodad'] : [])])
}

async function neighbours(ns: Namespace, mac: string, all: readonly string[]): Promise<void> {
  for (const ip of all) await ns.run('ip', ['neigh', 'replace', ip, 'dev', 'eth0', 'lladdr', mac])
}

async function routes(ns: Namespace, gateways: readonly string[]): Promise<void> {
  for (const gateway of gateways) await ns.run('ip', ['route', 'replace', 'default', 'via', gateway])
}

/** Sends a fence in all namespaces, by a process in each. */
export async function raiseIn(all: readonly Namespace[], fence: number): Promise<void> {
  const send = `echo > /dev/udp/127.119.${fence >>> 8}.${fence & 255}/9`
  await Promise.all(all.map(ns => ns.try('bash', ['-c', send])))
}
