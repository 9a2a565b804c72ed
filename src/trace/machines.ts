/**
 * The machines around the nodes: pods, the router of the nodes' network, whoever is outside.
 *
 * @module
 */
import {
  addIp,
  FAMILIES,
  type Family,
  familyOf,
  hostPrefix,
  type InterfaceAddress,
  type Ip,
  type Prefix,
  prefixOf,
  widthOf,
} from '../base/ip.ts'
import type { Mac } from '../base/mac.ts'
import type { HostNetwork, Route, RoutingRule, Sysctl, VethLink } from '../host/host.ts'
import { macOfDevice, ROUTER } from './station.ts'

export const POD_LINK = 'eth0'
export const WAN = 'wan'
export const LOOPBACK_LINK = 'lo'

const NOTHING: HostNetwork = { links: [], addresses: [], routes: [], neighbours: [], fdb: [], sysctls: [] }
const LOOPBACK = { kind: 'loopback', name: LOOPBACK_LINK, mtu: 65536 } as const
const ANY: Readonly<Record<Family, Prefix>> = {
  4: prefixOf(0 as Ip & number, 0),
  6: prefixOf({ w0: 0, w1: 0, w2: 0, w3: 0 }, 0),
}

/** A node's network in which every device has a MAC. */
export function withMacs(machine: string, network: HostNetwork): HostNetwork {
  const links = network.links.map(link =>
    link.kind === 'loopback' || link.mac ? link : { ...link, mac: macOfDevice(machine, link.name) },
  )
  return { ...network, links }
}

/** The inside of a pod, as its veth pair tells it. */
export function podNetwork({ peer, mtu }: VethLink): HostNetwork {
  const { name, mac, addresses, routes } = peer
  const families = [...new Set(addresses.map(({ address }) => familyOf(address)))]
  return {
    ...NOTHING,
    links: [LOOPBACK, { kind: 'uplink', name, mtu: peer.mtu ?? mtu, mac }],
    addresses: addresses.map(own => ({ link: name, own })),
    routes: routes.flatMap(({ to, via }): readonly Route[] => {
      const family = familyOf(via)
      return families.includes(family) ? [{ to: to ?? ANY[family], via, link: name }] : []
    }),
  }
}

/** A machine of which nothing is known but its addresses: everything else is on its link. */
export function strangerNetwork(ips: readonly Ip[], mac: Mac, mtu: number): HostNetwork {
  return {
    ...NOTHING,
    links: [LOOPBACK, { kind: 'uplink', name: POD_LINK, mtu, mac }],
    addresses: ips.map(address => ({ link: POD_LINK, own: alone(address) })),
    routes: [...new Set(ips.map(familyOf))].map(family => ({ to: ANY[family], link: POD_LINK, scope: 'link' })),
  }
}

/** A client in the nodes' own network: what is not in it goes to the router. */
export function lanClientNetwork(own: InterfaceAddress, gateway: Ip | undefined, mac: Mac, mtu: number): HostNetwork {
  const family = familyOf(own.address)
  return {
    ...NOTHING,
    links: [LOOPBACK, { kind: 'uplink', name: POD_LINK, mtu, mac }],
    addresses: [{ link: POD_LINK, own }],
    routes: gateway === undefined ? [] : [{ to: ANY[family], via: gateway, link: POD_LINK }],
  }
}

/** A link of the router into a network of nodes. */
export interface RouterPort {
  readonly link: string
  /** Another one on the same wire, without addresses: what clients beside the nodes send comes in by it. */
  readonly clients: string
  readonly addresses: readonly InterfaceAddress[]
}

/** The router's way to an address that nodes take: by any of them alike. */
export interface RouterVip {
  readonly ip: Ip
  readonly beyond?: true
  readonly hops: readonly { readonly via: Ip; readonly link: string }[]
}

const FORWARDING: readonly Sysctl[] = [
  { key: 'net.ipv4.ip_forward', value: '1' },
  { key: 'net.ipv6.conf.all.forwarding', value: '1' },
  { key: 'net.ipv4.conf.all.rp_filter', value: '0' },
]

/**
 * The router knows the nodes and the outside, and leads load balancers' addresses from there to
 * nodes. What else the cluster has it drops, and what nodes send to a balancer, as it is not one
 * itself.
 */
export function routerNetwork(
  ports: readonly RouterPort[],
  vips: readonly RouterVip[],
  hidden: readonly Prefix[],
  mtu: number,
): HostNetwork {
  const links = [...ports.flatMap(({ link, clients }) => [link, clients]), WAN]
  return {
    ...NOTHING,
    links: [LOOPBACK, ...links.map(name => ({ kind: 'uplink' as const, name, mtu, mac: macOfDevice(ROUTER, name) }))],
    addresses: ports.flatMap(({ link, addresses }) => addresses.map(own => ({ link, own }))),
    routes: [
      ...[...hidden, ...vips.filter(({ beyond }) => !beyond).map(({ ip }) => hostPrefix(ip))].map(
        (to): Route => ({ to, link: '', type: 'blackhole' }),
      ),
      ...vips.flatMap(vipRoute),
      { to: ANY[4], link: WAN, scope: 'link' },
      { to: ANY[6], link: WAN, metric: 1024 },
    ],
    sysctls: FORWARDING,
    routingRules: FAMILIES.flatMap(family => routerRules(family, [WAN, ...ports.map(({ clients }) => clients)])),
  }
}

/** The table of addresses that are led to nodes, which only those outside are sent by. */
const BALANCED = 'load-balancer'

function routerRules(family: Family, outside: readonly string[]): readonly RoutingRule[] {
  const lookup = (priority: number, table: string) => ({ family, priority, action: 'lookup', table }) as const
  const balanced = outside.map(link => ({ ...lookup(100, BALANCED), in: link }))
  return [lookup(0, 'local'), ...balanced, lookup(32766, 'main')]
}

function vipRoute({ ip, hops }: RouterVip): readonly Route[] {
  const [first] = hops
  if (!first) return []
  const route = { to: hostPrefix(ip), table: BALANCED, link: first.link }
  return hops.length === 1
    ? [{ ...route, via: first.via }]
    : [{ ...route, hops: hops.map(hop => ({ ...hop, weight: 1 })) }]
}

function alone(address: Ip): InterfaceAddress {
  return { address, bits: widthOf(familyOf(address)) }
}

/** The address that podwire gives the router of a network without a known one: the first. */
export function firstAddress({ address, bits }: InterfaceAddress): Ip {
  return addIp(prefixOf(address, bits).base, 1)
}
