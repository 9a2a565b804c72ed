/**
 * The kernel's own account of a host, once its files were loaded: once, twice, and with a pod moved away in
 * between.
 */
import t from 'tap'
import { formatPrefix, parseIp, parsePrefix } from '../../src/base/ip.ts'
import { parseMac } from '../../src/base/mac.ts'
import { readAddresses } from '../../src/host/dump-addresses.ts'
import { readLinks } from '../../src/host/dump-links.ts'
import { readRoutes } from '../../src/host/dump-routes.ts'
import { readFdb, readNeighbours } from '../../src/host/dump-stations.ts'
import { formatFdbBatch, formatNeighBatch, formatRoutesBatch } from '../../src/host/forwarding-batches.ts'
import type { HostNetwork, Link, Route } from '../../src/host/host.ts'
import { formatLinksBatch, peerName } from '../../src/host/links-batch.ts'
import { formatSysctlConf, sysctlKey } from '../../src/host/sysctl-conf.ts'
import { inNamespace, inNamespaces, type Namespace, type Need } from '../kernel/netns.ts'
import { SAMPLE } from './sample.ts'

const NEEDS: readonly Need[] = ['bridge', 'veth', 'bridge device', 'vxlan', 'sysctl', 'br_netfilter']

/** As a machine is found: lo and an uplink, the other end of which is somewhere. */
async function prepare(ns: Namespace): Promise<void> {
  await ns.run('ip', ['link', 'set', 'dev', 'lo', 'up'])
  await ns.run('ip', ['link', 'add', 'name', 'eth0', 'type', 'veth', 'peer', 'name', 'wire0'])
  for (const name of ['eth0', 'wire0']) await ns.run('ip', ['link', 'set', 'dev', name, 'up'])
  await ns.run('ip', ['addr', 'add', '192.168.64.11/24', 'dev', 'eth0'])
  await ns.run('ip', ['addr', 'add', 'fd00:64::11/64', 'dev', 'eth0', 'nodad'])
}

async function load(ns: Namespace, host: HostNetwork): Promise<void> {
  await ns.run('sysctl', ['-q', '-p', '-'], formatSysctlConf(host))
  await ns.run('ip', ['-batch', '-'], formatLinksBatch(host))
  await loadForwarding(ns, host)
}

async function loadForwarding(ns: Namespace, host: HostNetwork): Promise<void> {
  await ns.run('ip', ['-batch', '-'], formatRoutesBatch(host))
  await ns.run('ip', ['-batch', '-'], formatNeighBatch(host))
  await ns.run('bridge', ['-batch', '-'], formatFdbBatch(host))
}

/** What `ip` and `bridge` tell of it, without the kernel's own routes. */
async function account(ns: Namespace): Promise<Omit<HostNetwork, 'sysctls'>> {
  const json = async (tool: string, ...args: string[]) => JSON.parse((await ns.run(tool, ['-j', ...args])) || '[]')
  const routes = [
    ...readRoutes(await json('ip', '-4', 'route'), 4).values,
    ...readRoutes(await json('ip', '-6', 'route'), 6).values,
  ]
  return sorted({
    links: readLinks(await json('ip', '-d', 'link')).values.flatMap(link =>
      MACHINE.includes(link.name) ? [] : withoutState(link),
    ),
    addresses: readAddresses(await json('ip', 'addr')).values.filter(
      ({ link, scope }) => !MACHINE.includes(link) && scope === undefined,
    ),
    routes: routes.filter(({ proto }) => proto !== 'kernel'),
    neighbours: readNeighbours(await json('ip', 'neigh')).values.filter(({ learned }) => !learned),
    fdb: readFdb(await json('bridge', 'fdb')).values,
  })
}

/** Whether a link is down is not said in the model: the pods' ends are until they are moved, and their pairs with them. */
function withoutState(link: Link): Link {
  const { down: _, ...rest } = link
  return rest as Link
}

/** The same of the model; a pod's end of a pair is a device like any other until it is moved. */
function expected(host: HostNetwork): Omit<HostNetwork, 'sysctls'> {
  return sorted({
    links: host.links.flatMap(toldLinks),
    addresses: host.addresses.filter(({ link }) => !MACHINE.includes(link)),
    routes: host.routes.filter(({ proto }) => proto === undefined).map(toldRoute),
    neighbours: host.neighbours,
    fdb: host.fdb,
  })
}

function toldLinks(link: Link): readonly Link[] {
  if (link.kind === 'loopback' || link.kind === 'uplink') return []
  if (link.kind !== 'veth') return [link]
  const { kind: _, peer, ...port } = link
  return [
    { ...port, kind: 'port' },
    { kind: 'uplink', name: peerName(link.name), mtu: link.mtu, mac: peer.mac },
  ]
}

/** The kernel gives IPv6 routes a metric. */
function toldRoute(route: Route): Route {
  return route.to.family === 6 ? { metric: 1024, ...route } : route
}

function sorted(host: Omit<HostNetwork, 'sysctls'>): Omit<HostNetwork, 'sysctls'> {
  const byText = <T>(list: readonly T[]) => [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  const byName = (a: Link, b: Link) => (a.name < b.name ? -1 : 1)
  return {
    links: [...host.links].sort(byName),
    addresses: byText(host.addresses),
    routes: [...host.routes].sort((a, b) => (formatPrefix(a.to) < formatPrefix(b.to) ? -1 : 1)),
    neighbours: byText(host.neighbours),
    fdb: byText(host.fdb),
  }
}

/** The links that are not podwire's, and the far end of the uplink. */
const MACHINE = ['lo', 'eth0', 'wire0']

t.test('the kernel has what the files say, loaded once or twice', t =>
  inNamespace(t, NEEDS, async ns => {
    await prepare(ns)
    await load(ns, SAMPLE)
    t.same(await account(ns), expected(SAMPLE), 'once')
    const up = readLinks(JSON.parse(await ns.run('ip', ['-d', '-j', 'link', 'show', 'up']))).values
    const names = up.map(({ name }) => name).filter(name => !MACHINE.includes(name))
    t.same(names.sort(), ['cbr0', 'flannel-v6.1', 'flannel.1', 'veth00000020', 'veth00000030'], 'all up but the pods')
    const index = async (name: string) => JSON.parse(await ns.run('ip', ['-j', 'link', 'show', 'dev', name]))[0].ifindex
    const before = [await index('cbr0'), await index('veth00000020')]
    await load(ns, SAMPLE)
    t.same(await account(ns), expected(SAMPLE), 'twice')
    await loadForwarding(ns, SAMPLE)
    t.same(await account(ns), expected(SAMPLE), 'routes, neighbours and entries once more, over what is there')
    t.same(
      [await index('cbr0'), await index('veth00000020')],
      before,
      'the bridge and its ports are the same as before',
    )
  }),
)

t.test('a second load leaves alone a pod that was moved to its own namespace', t =>
  inNamespaces(t, NEEDS, 2, async ([node, pod]) => {
    if (node === undefined || pod === undefined) return
    await prepare(node)
    await load(node, SAMPLE)
    await node.run('ip', ['link', 'set', 'dev', 'peer00000020', 'netns', pod.name, 'name', 'eth0'])
    await pod.run('ip', ['link', 'set', 'dev', 'eth0', 'up'])
    await load(node, SAMPLE)
    const names = (await account(node)).links.map(({ name }) => name)
    t.same(
      names,
      ['cbr0', 'flannel-v6.1', 'flannel.1', 'peer00000030', 'veth00000020', 'veth00000030'],
      'no third end is left',
    )
    const [eth0] = JSON.parse(await pod.run('ip', ['-j', 'link', 'show', 'dev', 'eth0']))
    t.equal(eth0.operstate, 'UP', 'and the pod is still connected')
  }),
)

t.test('a setting of a device whose name holds a dot is made', t =>
  inNamespace(t, NEEDS, async ns => {
    await prepare(ns)
    await load(ns, SAMPLE)
    const key = sysctlKey('net', 'ipv4', 'conf', 'flannel.1', 'rp_filter')
    await ns.run('sysctl', ['-q', '-p', '-'], formatSysctlConf({ ...SAMPLE, sysctls: [{ key, value: '2' }] }))
    t.equal((await ns.run('cat', ['/proc/sys/net/ipv4/conf/flannel.1/rp_filter'])).trim(), '2')
    t.match(
      await ns.run('sysctl', [key]),
      /^net\.ipv4\.conf\.flannel\/1\.rp_filter = 2/,
      'sysctl prints the key as we write it',
    )
  }),
)

t.test('the kernel takes routes of every kind as they are meant', t =>
  inNamespace(t, NEEDS, async ns => {
    await prepare(ns)
    await load(ns, SAMPLE)
    const to = (text: string) => ({ to: parsePrefix(text) })
    const by = (text: string, link: string) => ({ via: parseIp(text), link })
    const ways = [
      { ...by('192.168.64.2', 'eth0'), weight: 1 },
      { ...by('10.244.9.0', 'flannel.1'), weight: 5, onlink: true },
    ] as const
    const routes: readonly Route[] = [
      { ...to('10.9.0.0/16'), link: '', type: 'blackhole' },
      { ...to('10.10.0.0/16'), link: '', type: 'unreachable', metric: 7 },
      { ...to('10.11.0.0/16'), link: '', type: 'prohibit', table: '100' },
      { ...to('10.12.0.0/16'), link: '', type: 'throw', table: '100' },
      { ...to('10.13.0.0/16'), link: 'lo', type: 'local', table: 'local', scope: 'host' },
      { ...to('10.14.0.0/16'), ...by('192.168.64.1', 'eth0'), table: '100', mtu: 1400 },
      { ...to('10.15.0.0/16'), ...by('fd00:64::1', 'eth0') },
      { ...to('10.16.0.0/16'), link: 'eth0', hops: ways },
      { ...to('fd00:99::/64'), link: 'lo', type: 'blackhole', metric: 1024 },
      { ...to('fd00:98::/64'), ...by('fd00:64::1', 'eth0'), metric: 5 },
    ]
    const batch = formatRoutesBatch({ ...SAMPLE, routes })
    for (const times of ['once', 'twice']) {
      await ns.run('ip', ['-batch', '-'], batch)
      const json = async (family: string) =>
        JSON.parse(await ns.run('ip', [family, '-j', 'route', 'show', 'table', 'all']))
      const told = [...readRoutes(await json('-4'), 4).values, ...readRoutes(await json('-6'), 6).values]
      for (const route of routes) {
        const seen = told.filter(one => formatPrefix(one.to) === formatPrefix(route.to))
        t.same(seen, [route], `${formatPrefix(route.to)}, ${times}`)
      }
    }
  }),
)

t.test('five thousand other nodes load', t =>
  inNamespace(t, NEEDS, async ns => {
    await prepare(ns)
    const numbers = Array.from({ length: 5000 }, (_, i) => i)
    const ip = (i: number) => parseIp(`11.${i >> 8}.${i & 255}.0`)
    const mac = (i: number) => parseMac(`02:00:00:00:${hex(i >> 8)}:${hex(i & 255)}`)
    const host: HostNetwork = {
      ...SAMPLE,
      routes: numbers.map(i => ({
        to: parsePrefix(`11.${i >> 8}.${i & 255}.0/24`),
        via: ip(i),
        link: 'flannel.1',
        onlink: true,
      })),
      neighbours: numbers.map(i => ({ ip: ip(i), link: 'flannel.1', mac: mac(i) })),
      fdb: numbers.map(i => ({ mac: mac(i), link: 'flannel.1', dst: parseIp(`172.16.${i >> 8}.${i & 255}`) })),
    }
    await load(ns, host)
    await load(ns, host)
    t.same(await account(ns), expected(host))
  }),
)

const hex = (octet: number) => octet.toString(16).padStart(2, '0')
