/**
 * What lies around the nodes: their wires, the router, whoever is outside, clients beside them.
 *
 *     node eth0 ── node0 ┐
 *     node eth0 ── node1 ┤ lan0 (switch) ┬ router0 ── lan0 (router) wan ── eth0 (outside)
 *     beside eth0 ── beside0 ┘           └ clients0 ── lan0-clients (router)
 *
 * @module
 */
import {
  addIp,
  contains,
  equalIp,
  familyOf,
  formatIp,
  type InterfaceAddress,
  type Ip,
  type Prefix,
  prefixOf,
  widthOf,
} from '../base/ip.ts'
import type { Neighbour } from '../host/host.ts'
import { isIn, isOf, type Lan, lansOf } from '../trace/lan.ts'
import { POD_LINK, WAN } from '../trace/machines.ts'
import type { NodeSite, WorldConfig } from '../trace/site.ts'
import { macOfDevice, ROUTER } from '../trace/station.ts'
import type { Job } from './lab.ts'
import { namespaceOf } from './naming.ts'
import { batchJob, type Wire, wireLine } from './stack-batch.ts'

/** Whoever is outside: one machine that has every address there. */
export const OUTSIDE = 'outside'
export const SWITCH = 'switch'

/** A client in the nodes' own network. */
export interface Beside {
  readonly own: InterfaceAddress
  readonly lan: Lan
}

export interface Underlay {
  readonly lans: readonly Lan[]
  /** Those that lie on the wires. */
  readonly networks: readonly Prefix[]
  readonly besides: readonly Beside[]
  /** By wire, addresses of balancers in the nodes' own network: the first node that takes one answers for it. */
  readonly claims: ReadonlyMap<Lan, readonly Claim[]>
}

interface Claim {
  readonly ip: Ip
  readonly node: NodeSite
}

/** @param strangers addresses of endpoints that are no pods: no client gets one */
export function underlayOf(world: WorldConfig, strangers: readonly Ip[]): Underlay {
  const lans = lansOf(world.nodes)
  const held = heldAddresses(world, lans)
  const taken = [...held, ...world.vips.map(({ ip }) => ip), ...strangers]
  const claims = new Map(lans.map(lan => [lan, claimsOn(lan, world, held)]))
  return {
    lans,
    networks: lans.flatMap(networksOf).map(({ address, bits }) => prefixOf(address, bits)),
    besides: lans.flatMap(lan => besidesOn(lan, taken)),
    claims,
  }
}

function heldAddresses({ nodes, pods }: WorldConfig, lans: readonly Lan[]): readonly Ip[] {
  const owned = [...nodes.flatMap(({ uplinks }) => uplinks), ...lans.map(({ port }) => port)]
  return [
    ...owned.flatMap(({ addresses }) => addresses.map(({ address }) => address)),
    ...nodes.flatMap(({ inner }) => inner),
    ...pods.flatMap(({ addresses }) => addresses),
  ]
}

function claimsOn(lan: Lan, { vips, nodes }: WorldConfig, held: readonly Ip[]): readonly Claim[] {
  return vips.flatMap(({ ip, nodes: [first] }): Claim[] => {
    if (first === undefined || !isOf(lan, ip) || held.some(other => equalIp(other, ip))) return []
    const node = nodes.find(({ uplinks }) =>
      uplinks.some(one => one.addresses.some(own => equalIp(own.address, first))),
    )
    return node && lanOf(node, [lan]) ? [{ ip, node }] : []
  })
}

/** The wire that a node's uplink is on; absent: the node has no address in any network. */
export function lanOf({ uplinks }: NodeSite, lans: readonly Lan[]): Lan | undefined {
  return lans.find(lan => uplinks.some(({ addresses }) => addresses.some(({ address }) => isOf(lan, address))))
}

/** What a machine on the wire has to know of addresses that no machine there has. */
export function claimedNeighbours({ claims }: Underlay, lan: Lan, machine: string, link: string): readonly Neighbour[] {
  return (claims.get(lan) ?? [])
    .filter(({ node }) => node.name !== machine)
    .map(({ ip, node }) => ({ ip, link, mac: uplinkMac(node) }))
}

function uplinkMac({ name, uplinks: [first] }: NodeSite) {
  return first?.mac ?? macOfDevice(name, first?.link ?? '')
}

/** The highest host numbers of a network that usually go to machines of no importance. */
const CLIENT = 200

/** One client for each network of the wire. */
function besidesOn(lan: Lan, taken: readonly Ip[]): readonly Beside[] {
  return networksOf(lan).flatMap(own => {
    const address = clientAddress(own, taken)
    return address === undefined ? [] : [{ own: { address, bits: own.bits }, lan }]
  })
}

function networksOf({ network, port }: Lan): readonly InterfaceAddress[] {
  const others = port.addresses.filter(own => !isIn(network, own.address))
  const isFirst = (own: InterfaceAddress) => others.find(one => isIn(one, own.address)) === own
  return [network, ...others.filter(isFirst)]
}

function clientAddress({ address, bits }: InterfaceAddress, taken: readonly Ip[]): Ip | undefined {
  const network = prefixOf(address, bits)
  const hostBits = widthOf(familyOf(address)) - bits
  // The first and the last of a network are nobody's.
  const last = hostBits > 8 ? CLIENT : Math.min(CLIENT, 2 ** hostBits - 2)
  for (let number = last; number > 1; number--) {
    const ip = addIp(network.base, number)
    if (!taken.some(other => equalIp(other, ip)) && contains(network, ip)) return ip
  }
  return undefined
}

/** The nodes of the lab, with what their uplinks are made from. */
export interface WiredNode {
  readonly site: NodeSite
  readonly namespace: string
}

/** All wires at once, made in the switch's namespace, and the router's to the outside, made in its own. */
export function wireJobs(id: string, nodes: readonly WiredNode[], underlay: Underlay, mtu: number): readonly Job[] {
  const { lans, besides } = underlay
  const router = namespaceOf(id, 'router')
  const outside = namespaceOf(id, OUTSIDE)
  const bridges = lans.map(
    ({ port }) => `link add name ${port.link} mtu ${mtu} type bridge mcast_snooping 0 stp_state 0 forward_delay 0`,
  )
  const ports: Port[] = [
    ...nodes.map(({ site, namespace }, index): Port => {
      const [uplink] = site.uplinks
      const link = uplink?.link ?? POD_LINK
      return { lan: lanOf(site, lans), wire: wireTo(`node${index}`, namespace, link, uplinkMac(site), mtu) }
    }),
    ...lans.flatMap((lan, index): Port[] => {
      const { link, clients } = lan.port
      return [
        { lan, wire: wireTo(`router${index}`, router, link, macOfDevice(ROUTER, link), mtu) },
        { lan, wire: wireTo(`clients${index}`, router, clients, macOfDevice(ROUTER, clients), mtu) },
      ]
    }),
    ...besides.map(({ own, lan }, index): Port => {
      const name = formatIp(own.address)
      const namespace = namespaceOf(id, 'beside', name)
      return { lan, wire: wireTo(`beside${index}`, namespace, POD_LINK, macOfDevice(name, POD_LINK), mtu) }
    }),
  ]
  const wan: Wire = {
    ...wireTo(WAN, outside, POD_LINK, macOfDevice(OUTSIDE, POD_LINK), mtu),
    mac: macOfDevice(ROUTER, WAN),
  }
  return [
    batchJob(
      namespaceOf(id, SWITCH),
      [...bridges, ...ports.flatMap(portLines), ...lans.map(({ port }) => `link set dev ${port.link} up`)],
      'wires between the nodes',
    ),
    batchJob(router, [wireLine(wan)], 'the wire to the outside'),
  ]
}

interface Port {
  readonly wire: Wire
  readonly lan: Lan | undefined
}

function wireTo(link: string, namespace: string, far: string, mac: Wire['peer']['mac'], mtu: number): Wire {
  return { link, mtu, peer: { namespace, link: far, mac } }
}

function portLines({ wire, lan }: Port): readonly string[] {
  return [wireLine(wire), `link set dev ${wire.link}${lan ? ` master ${lan.port.link}` : ''} up`]
}
