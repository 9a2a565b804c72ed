/**
 * A node's network with something broken in it, and all that Linux does of itself when that breaks.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { equalIp, type Family, familyOf, type Ip } from '../base/ip.ts'
import type { FdbEntry, HostNetwork, Link, Neighbour, Route, Sysctl } from '../host/host.ts'
import { devicesOf } from '../node/device.ts'
import { kernelRoutes } from '../node/kernel-routes.ts'
import { hostSettings, sysctlsOf } from '../node/sysctls.ts'
import { samePrefix, tableOf } from '../node/table-name.ts'
import type { Fault } from './fault.ts'

/**
 * The network with the fault in it.
 *
 * @throws {ParseError} when there is nothing to break
 */
export function breakNetwork(network: HostNetwork, fault: Fault): HostNetwork {
  switch (fault.do) {
    case 'set sysctl':
      return { ...network, sysctls: withSysctl(network, fault) }
    case 'delete fdb': {
      const gone = fdbEntriesTo(fault.ip, network, fault)
      return { ...network, fdb: network.fdb.filter(entry => !gone.includes(entry)) }
    }
    case 'delete neighbour': {
      const gone = neighboursAt(fault.ip, network, fault)
      return { ...network, neighbours: network.neighbours.filter(neighbour => !gone.includes(neighbour)) }
    }
    case 'delete route':
      return withoutRoute(network, fault)
    case 'set link': {
      const { name } = linkNamed(fault.link, network, fault)
      const links = network.links.map(link => (link.name === name ? changed(link, fault) : link))
      const broken = withBridgeMtus({ ...network, links }, network)
      return fault.down ? withoutPathsBy(name, broken) : broken
    }
  }
}

/** The link of that name, or the node's end of the pair of the pod of that name. @throws {ParseError} */
export function linkNamed(name: string, { links }: HostNetwork, fault: Fault): Link {
  const found = links.find(link => isNamed(link, name))
  if (!found) throw nothing(fault)
  return found
}

/** The entries that lead to the address. @throws {ParseError} when there is none */
export function fdbEntriesTo(ip: Ip, { fdb }: HostNetwork, fault: Fault): readonly FdbEntry[] {
  return some(
    fdb.filter(({ dst }) => equalIp(dst, ip)),
    fault,
  )
}

/** What is known of the address. @throws {ParseError} when nothing is */
export function neighboursAt(ip: Ip, { neighbours }: HostNetwork, fault: Fault): readonly Neighbour[] {
  return some(
    neighbours.filter(neighbour => equalIp(neighbour.ip, ip)),
    fault,
  )
}

function some<T>(found: readonly T[], fault: Fault): readonly T[] {
  if (found.length === 0) throw nothing(fault)
  return found
}

function nothing(fault: Fault): ParseError {
  return new ParseError('fault', fault.do, `${fault.node} has nothing of the kind`)
}

function isNamed(link: Link, name: string): boolean {
  if (link.name === name) return true
  if (link.kind !== 'veth' || !name.startsWith('pod/')) return false
  return link.peer.pod === name.slice(4) || link.peer.pod === `default/${name.slice(4)}`
}

function changed(link: Link, { mtu, down, hairpin }: Extract<Fault, { do: 'set link' }>): Link {
  // Only the node's end: what is in the pod stays as it is.
  const whole = link.kind === 'veth' ? { ...link, peer: { mtu: link.mtu, ...link.peer } } : link
  const base = { ...whole, ...(mtu === undefined ? {} : { mtu }), ...(down ? { down } : {}) }
  return hairpin !== undefined && 'hairpin' in base ? { ...base, hairpin } : base
}

type Deletion = Extract<Fault, { do: 'delete route' }>

/**
 * `ip route del` takes the first route of that network from the main table. Those that the kernel makes
 * of addresses are written down first: of a complete list none is missing by chance.
 *
 * @see net/ipv4/fib_trie.c of Linux: fib_table_delete; net/ipv6/route.c: ip6_route_del
 */
function withoutRoute(network: HostNetwork, fault: Deletion): HostNetwork {
  const routes = completeRoutes(network, fault.to.family)
  const rank = ({ metric = 0 }: Route) => metric
  const [first] = routes
    .filter(route => tableOf(route) === 'main' && samePrefix(route.to, fault.to))
    .toSorted((a, b) => rank(a) - rank(b))
  if (!first) throw nothing(fault)
  return { ...network, routes: routes.filter(route => route !== first) }
}

function completeRoutes(network: HostNetwork, family: Family): readonly Route[] {
  const sysctls = sysctlsOf(network.sysctls)
  const own = network.routes.filter(({ to }) => to.family === family)
  const made = kernelRoutes(family, devicesOf(network, sysctls), own, hostSettings(sysctls).forwards6)
  return [...network.routes, ...made]
}

/**
 * What goes when a link is set down: its neighbours, permanent ones too, and the routes by it. Of IPv6 its
 * addresses go as well; those of IPv4 stay the machine's own.
 *
 * @see net/ipv4/fib_frontend.c of Linux: fib_netdev_event; net/ipv6/addrconf.c: addrconf_ifdown;
 * net/core/neighbour.c: neigh_ifdown
 */
function withoutPathsBy(name: string, network: HostNetwork): HostNetwork {
  return {
    ...network,
    addresses: network.addresses.filter(({ link, own }) => link !== name || familyOf(own.address) === 4),
    routes: network.routes.flatMap(route => withoutWaysBy(name, route)),
    neighbours: network.neighbours.filter(({ link }) => link !== name),
  }
}

/** A route of several ways keeps the others. */
function withoutWaysBy(name: string, route: Route): readonly Route[] {
  const { hops, link, to, type } = route
  if (hops) {
    const left = hops.filter(hop => hop.link !== name)
    const [first] = left
    return first ? [{ ...route, hops: left, link: first.link }] : []
  }
  const stays = link !== name || (to.family === 4 && type === 'local')
  return stays ? [route] : []
}

/**
 * A bridge takes the least MTU of its ports, unless somebody gave it one of its own. One that has another is
 * taken to have been given it.
 *
 * @see net/bridge/br_if.c of Linux: br_mtu_auto_adjust
 */
function withBridgeMtus(network: HostNetwork, before: HostNetwork): HostNetwork {
  const links = network.links.map(link => {
    if (link.kind !== 'bridge' || link.mtu !== leastMtu(link.name, before)) return link
    const mtu = leastMtu(link.name, network)
    return mtu === undefined ? link : { ...link, mtu }
  })
  return { ...network, links }
}

function leastMtu(bridge: string, { links }: HostNetwork): number | undefined {
  const mtus = links.flatMap(link => ('master' in link && link.master === bridge ? [link.mtu] : []))
  return mtus.length === 0 ? undefined : Math.min(...mtus)
}

/** It is written to every device at once, and under all its names. */
const FORWARDING = /^net\.ipv([46])\.(?:ip_forward|conf\.all\.forwarding)$/
const DEFAULT = /^net\.ipv[46]\.conf\.default\.(\w+)$/

/** What the kernel takes where none is given, as far as packets meet it. @see deviceSettings */
const PRESETS: Readonly<Record<string, string>> = { send_redirects: '1' }

type Setting = Extract<Fault, { do: 'set sysctl' }>

function withSysctl(network: HostNetwork, { key, value }: Setting): readonly Sysctl[] {
  const others = network.sysctls.filter(one => one.key !== key)
  const all = FORWARDING.exec(key)
  if (all) {
    const [, family] = all
    const same = new RegExp(`^net\\.ipv${family}\\.(?:ip_forward|conf\\..+\\.forwarding)$`)
    return [...others.map(one => (same.test(one.key) ? { ...one, value } : one)), { key, value }]
  }
  const [, word] = DEFAULT.exec(key) ?? []
  if (word === undefined) return [...others, { key, value }]
  // Devices took theirs when they were made.
  const taken = network.sysctls.find(one => one.key === key)?.value ?? PRESETS[word] ?? '0'
  const own = network.links
    .map(({ name }) => key.replace('.default.', `.${name.replaceAll('.', '/')}.`))
    .filter(name => !others.some(one => one.key === name))
  return [...others, ...own.map(name => ({ key: name, value: taken })), { key, value }]
}
