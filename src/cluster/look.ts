/**
 * What a look at a node shows once its files are loaded and its pods have spoken: the JSON of
 * `ip -d -j link`, `ip -j addr`, `ip -j route show table all`, `ip -j neigh` and `bridge -j fdb`.
 *
 * Fields that say nothing about where packets go (queues, counters, lifetimes) are left out.
 *
 * @module
 */
import { FAMILIES, type Family, familyOf, formatIp, formatPrefix, isIpv4, type Prefix, widthOf } from '../base/ip.ts'
import { formatMac, type Mac } from '../base/mac.ts'
import type { HostNetwork, Link, Neighbour, NextHop, Route } from '../host/host.ts'
import { type Device, devicesOf, type OwnAddress } from '../node/device.ts'
import { kernelRoutes } from '../node/kernel-routes.ts'
import { hostSettings, sysctlsOf } from '../node/sysctls.ts'

type Json = Readonly<Record<string, unknown>>

/** One entry a line, so that two looks can be compared. */
function formatEntries(entries: readonly Json[]): string {
  return `[${entries.map(entry => JSON.stringify(entry)).join(',\n')}]\n`
}

function devicesIn(network: HostNetwork): ReadonlyMap<string, Device> {
  return devicesOf(network, sysctlsOf(network.sysctls))
}

/** `ip -d -j link` */
export function lookAtLinks(network: HostNetwork): string {
  return formatEntries(
    [...devicesIn(network).values()].map((device, i) => ({ ...baseOf(device, i), ...detailsOf(device.link) })),
  )
}

/** `ip -j addr` */
export function lookAtAddresses(network: HostNetwork): string {
  return formatEntries(
    [...devicesIn(network).values()].map((device, i) => ({
      ...baseOf(device, i),
      addr_info: FAMILIES.flatMap(family => device.addresses[family].map(addressJson)),
    })),
  )
}

function baseOf({ name, link, mtu, up, ports, master }: Device, index: number): Json {
  const loopback = link.kind === 'loopback'
  const idle = link.kind === 'bridge' && ports.length === 0
  const kinds = loopback ? ['LOOPBACK'] : ['BROADCAST', 'MULTICAST']
  const state = up ? (idle ? 'DOWN' : loopback || link.kind === 'vxlan' ? 'UNKNOWN' : 'UP') : 'DOWN'
  return {
    ifindex: index + 1,
    ifname: name,
    flags: [
      ...(up && idle ? ['NO-CARRIER'] : []),
      ...kinds,
      ...(up ? ['UP'] : []),
      ...(up && !idle ? ['LOWER_UP'] : []),
    ],
    mtu,
    ...(master === undefined ? {} : { master }),
    operstate: state,
    link_type: loopback ? 'loopback' : 'ether',
    ...(loopback ? { address: '00:00:00:00:00:00' } : link.mac ? { address: formatMac(link.mac) } : {}),
  }
}

function detailsOf(link: Link): Json {
  switch (link.kind) {
    case 'loopback':
    case 'uplink':
      return {}
    case 'dummy':
      return { linkinfo: { info_kind: 'dummy' } }
    case 'bridge':
      return { linkinfo: { info_kind: 'bridge', info_data: { stp_state: 0, vlan_filtering: 0 } } }
    case 'veth':
    case 'port': {
      const slave = { info_slave_kind: 'bridge', info_slave_data: { state: 'forwarding', hairpin: link.hairpin } }
      // The other end of a pair is in the pod.
      return link.kind === 'port' ? { linkinfo: slave } : { link_netnsid: 0, linkinfo: { info_kind: 'veth', ...slave } }
    }
    case 'vxlan': {
      const { vni, local, uplink, port, learning, gbp } = link
      const data = { id: vni, [isIpv4(local) ? 'local' : 'local6']: formatIp(local), link: uplink, port, learning }
      return { linkinfo: { info_kind: 'vxlan', info_data: gbp ? { ...data, gbp } : data } }
    }
  }
}

function addressJson({ address, bits, scope, secondary, deprecated }: OwnAddress): Json {
  return {
    family: isIpv4(address) ? 'inet' : 'inet6',
    local: formatIp(address),
    prefixlen: bits,
    scope,
    ...(secondary ? { secondary } : {}),
    ...(deprecated ? { deprecated } : {}),
  }
}

/** `ip -4|-6 -j route show table all`: those that were made, and those that the kernel makes of addresses. */
export function lookAtRoutes(network: HostNetwork, family: Family): string {
  const own = network.routes.filter(({ to }) => to.family === family)
  const { forwards6 } = hostSettings(sysctlsOf(network.sysctls))
  const made = kernelRoutes(family, devicesIn(network), own, forwards6).map(route => ({
    ...route,
    proto: 'kernel' as const,
  }))
  return formatEntries([...own, ...made].map(route => routeJson(route, family)))
}

function routeJson(route: Route, family: Family): Json {
  const { to, type, via, link, table, proto, scope, src, metric, onlink, mtu, hops } = route
  // Of those who make IPv6 routes without a word about it, the kernel writes 1024.
  const rank = metric ?? (family === 6 && proto !== 'kernel' ? 1024 : undefined)
  const ways = hops?.map(hop => ({ ...hopJson(hop, family), weight: hop.weight, flags: hop.onlink ? ['onlink'] : [] }))
  return {
    ...(type === undefined ? {} : { type }),
    dst: destination(to),
    ...(ways || link === '' ? {} : hopJson({ link, ...(via === undefined ? {} : { via }) }, family)),
    ...(table === undefined ? {} : { table }),
    ...(proto === undefined ? {} : { protocol: proto }),
    ...(scope === undefined ? {} : { scope }),
    ...(src === undefined ? {} : { prefsrc: formatIp(src) }),
    ...(rank === undefined ? {} : { metric: rank }),
    flags: onlink ? ['onlink'] : [],
    ...(mtu === undefined ? {} : { metrics: [{ mtu }] }),
    ...(family === 6 ? { pref: 'medium' } : {}),
    ...(ways ? { nexthops: ways } : {}),
  }
}

function destination(to: Prefix): string {
  if (to.bits === 0) return 'default'
  return to.bits === widthOf(to.family) ? formatIp(to.base) : formatPrefix(to)
}

/** A gateway of another family than the route's stands apart. */
function hopJson({ via, link }: Pick<NextHop, 'via' | 'link'>, family: Family): Json {
  if (via === undefined) return { dev: link }
  if (familyOf(via) === family) return { gateway: formatIp(via), dev: link }
  return { via: { family: isIpv4(via) ? 'inet' : 'inet6', host: formatIp(via) }, dev: link }
}

/** `ip -4|-6 -j rule` of a machine on which nobody made any. */
export function lookAtRoutingRules(family: Family): string {
  const tables = [
    [0, 'local'],
    [32766, 'main'],
    [32767, 'default'],
  ] as const
  return formatEntries(
    tables.slice(0, family === 4 ? 3 : 2).map(([priority, table]) => ({ priority, src: 'all', table })),
  )
}

/** `ip -j neigh` */
export function lookAtNeighbours(network: HostNetwork): string {
  return formatEntries([...network.neighbours, ...podNeighbours(network)].map(neighbourJson))
}

function neighbourJson({ ip, link, mac, learned }: Neighbour): Json {
  return { dst: formatIp(ip), dev: link, lladdr: formatMac(mac), state: [learned ? 'REACHABLE' : 'PERMANENT'] }
}

/** The node knows the pods on its bridge. */
function podNeighbours({ links }: HostNetwork): readonly Neighbour[] {
  return links.flatMap(link => {
    if (link.kind !== 'veth') return []
    const { addresses, mac } = link.peer
    return addresses.map(({ address }): Neighbour => ({ ip: address, link: link.master, mac, learned: true }))
  })
}

/** `bridge -j fdb` */
export function lookAtFdb({ links, fdb }: HostNetwork): string {
  const ports = links.flatMap(link => {
    if (link.kind !== 'veth' && link.kind !== 'port') return []
    const entry = (mac: Mac, state: string) => ({
      mac: formatMac(mac),
      ifname: link.name,
      flags: [],
      master: link.master,
      state,
    })
    return [
      ...(link.mac ? [entry(link.mac, 'permanent')] : []),
      ...(link.kind === 'veth' ? [entry(link.peer.mac, '')] : []),
    ]
  })
  const tunnels = fdb.map(({ mac, link, dst, port, vni }) => ({
    mac: formatMac(mac),
    ifname: link,
    dst: formatIp(dst),
    ...(port === undefined ? {} : { port }),
    ...(vni === undefined ? {} : { vni }),
    flags: ['self'],
    state: 'permanent',
  }))
  return formatEntries([...ports, ...tunnels])
}

/** `sysctl -a`, as far as podwire sets anything. */
export function lookAtSysctls({ sysctls }: HostNetwork): string {
  return sysctls.map(({ key, value }) => `${key} = ${value}\n`).join('')
}
