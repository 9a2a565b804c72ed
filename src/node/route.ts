/**
 * Where a packet goes: up to the machine itself, out by a device, or nowhere.
 *
 * @see net/ipv4/route.c of Linux: ip_route_input_slow, ip_route_output_key_hash_rcu
 * @module
 */
import { equalIp, hostPrefix, type Ip, isIpv4, isLoopback, isUnspecified } from '../base/ip.ts'
import type { Ipv4 } from '../base/ipv4.ts'
import { ipv6 } from '../base/ipv6.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import { isMulticast } from '../packet/address-kind.ts'
import { type Packet, type Payload, portsOf } from '../packet/packet.ts'
import type { Device } from './device.ts'
import type { Machine } from './machine.ts'
import { consult, type Finding, type FoundRoute, type NoRoute, type Query } from './routing-rules.ts'
import type { TableRoute, Way } from './routing-table.ts'
import { sourceAddress } from './source-address.ts'
import type { RouteStep } from './step.ts'
import { end, note, type Walk } from './walk.ts'

/** The decision that a packet carries on. */
export interface Routed {
  /** `local`: up to the machine, as are broadcasts and groups that came in. */
  readonly kind: 'local' | 'unicast' | 'broadcast' | 'multicast'
  /** The loopback device for what stays here. */
  readonly out: Device
  /** The gateway; absent: the destination is on the link. */
  readonly via?: Ip
  /** What the route itself says of the size of packets. */
  readonly mtu?: number
}

export const UNSPECIFIED = { 4: 0 as Ipv4, 6: ipv6(0, 0, 0, 0) } as const

/** What a packet asks of the routes. `device`: the one that it came by. */
export function queryOf({ packet, mark }: Skb, device: string): Query {
  const ports = portsOf(packet.payload)
  const { dst, src, tos } = packet
  const { protocol } = packet.payload
  return { dst, src, in: device, mark, tos, protocol, sport: ports?.sport ?? 0, dport: ports?.dport ?? 0 }
}

/** What is asked about an address alone. */
export function blankQuery(dst: Ip, device: string): Query {
  const src = UNSPECIFIED[isIpv4(dst) ? 4 : 6]
  return { dst, src, in: device, mark: 0, tos: 0, protocol: 0, sport: 0, dport: 0 }
}

/**
 * Of several ways the one that the packet takes, and all packets of its flow after it. Of IPv4 that is all
 * between its addresses; of IPv6 Linux also takes the flow label, which it makes for each connection.
 *
 * @see net/ipv4/fib_semantics.c of Linux: fib_select_multipath; net/ipv6/route.c: rt6_multipath_hash
 */
export function pickWay(walk: Walk, { found, ways }: FoundRoute, packet: Packet): Way {
  const { src, dst, family, payload, id } = packet
  const [only] = ways
  if (!only) throw new RangeError('a route without a way was found')
  if (ways.length === 1) return only
  const { memory, around } = walk
  const flow = family === 4 ? '' : `${labelOf(payload)} ${id}`
  const taken = memory.ways.find(
    one => one.found === found && one.flow === flow && equalIp(one.src, src) && equalIp(one.dst, dst),
  )
  const way = taken?.way ?? around.choose({ by: 'next hop', weights: ways.map(({ weight }) => weight) })
  if (!taken) memory.ways.push({ found, src, dst, flow, way })
  return ways[way] ?? only
}

/** What tells connections between two addresses apart. */
function labelOf(payload: Payload): string {
  const ports = portsOf(payload)
  return `${payload.protocol} ${ports?.sport ?? 0} ${ports?.dport ?? 0}`
}

/** What was found, with one way of it. */
export function routedBy({ found }: { readonly found: TableRoute }, way: Way, machine: Machine): Routed {
  const { type, route } = found
  const size = route.mtu === undefined ? {} : { mtu: route.mtu }
  if (type === 'local' || type === 'anycast') return { kind: 'local', out: machine.loopback, ...size }
  // To all and to a group nobody leads.
  if (type === 'broadcast' || type === 'multicast') return { kind: type, out: way.device, ...size }
  return { kind: 'unicast', out: way.device, ...(way.via === undefined ? {} : { via: way.via }), ...size }
}

export function noteRoute(
  walk: Walk,
  action: RouteStep['action'],
  finding: Finding,
  packet: Packet,
  again: boolean,
): void {
  const { table, rule } = finding
  const route = finding.found?.route
  note(
    walk,
    {
      component: 'route',
      action,
      ...(route ? { route } : { to: hostPrefix(packet.dst) }),
      ...(table === undefined ? {} : { table }),
      ...(rule === undefined ? {} : { rule }),
      ...(again ? { again: true } : {}),
    },
    packet,
  )
}

/** In words, why there is no way. */
export function whyNoRoute({ type, found, rule }: NoRoute): string {
  const by = rule === undefined ? '' : ` (rule ${rule})`
  if (type === 'none') return `no route holds the destination${by}`
  return found ? `the route to it is of type ${type}${by}` : `a routing rule says ${type}${by}`
}

/** A packet of the machine's own with its source, and where it goes. */
export interface Own {
  readonly skb: Skb
  readonly routed: Routed
}

/**
 * Routes a packet of the machine's own and, if its source is unspecified, chooses one.
 */
export function routeOwn(walk: Walk, skb: Skb): Own | undefined {
  const { packet } = skb
  const finding = consult(walk.machine.routing[packet.family], queryOf(skb, walk.machine.loopback.name))
  const routed = outputOf(walk, finding, packet, false)
  if (!routed) return undefined
  const complete = withSource(walk, skb, routed, finding)
  return complete && mayLeave(walk, complete.packet, routed) ? { skb: complete, routed } : undefined
}

/**
 * Routes a packet again whose destination, mark or TOS was changed on the way out. Its source stays;
 * rules of policy routing see neither its protocol nor its ports.
 *
 * @see net/ipv4/netfilter.c of Linux: ip_route_me_harder
 */
export function routeAgain(walk: Walk, skb: Skb): Routed | undefined {
  const { packet } = skb
  const query: Query = { ...queryOf(skb, walk.machine.loopback.name), protocol: 0, sport: 0, dport: 0 }
  const finding = consult(walk.machine.routing[packet.family], query)
  const routed = outputOf(walk, finding, packet, true)
  return routed && mayLeave(walk, packet, routed) ? routed : undefined
}

function outputOf(walk: Walk, finding: Finding, packet: Packet, again: boolean): Routed | undefined {
  if (finding.kind === 'none') {
    noteRoute(walk, 'none', finding, packet, again)
    return end(walk, { kind: 'no route', type: finding.type, why: whyNoRoute(finding) })
  }
  const way = pickWay(walk, finding, packet)
  const routed = routedBy(finding, way, walk.machine)
  noteRoute(walk, routed.kind === 'local' ? 'local' : 'output', finding, packet, again)
  return castOf(routed, way, packet.dst)
}

/** What goes to all or to a group does so whatever route led there. */
function castOf(routed: Routed, { device }: Way, dst: Ip): Routed {
  if (routed.kind === 'local') return routed
  if (isMulticast(dst)) return { kind: 'multicast', out: device }
  return dst === ALL ? { kind: 'broadcast', out: device } : routed
}

/** 255.255.255.255 */
export const ALL: Ip = -1 as Ipv4

function withSource(walk: Walk, skb: Skb, routed: Routed, finding: Finding): Skb | undefined {
  const { packet } = skb
  if (!isUnspecified(packet.src) || finding.kind === 'none') return skb
  const { src: given } = finding.found.route
  const chosen = given ?? sourceTowards(walk.machine, packet.dst, routed, finding)
  if (chosen === undefined) {
    // An IPv4 packet leaves without a source; so DHCP begins.
    if (packet.family === 4) return skb
    return end(walk, { kind: 'no route', type: 'none', why: 'the machine has no address to send from' })
  }
  const after: Packet = { ...packet, src: chosen }
  const from = given === undefined ? 'device' : 'route'
  note(walk, { component: 'source', action: 'choose', ip: chosen, from }, packet, after)
  return { ...skb, packet: after }
}

function sourceTowards(
  { devices }: Machine,
  dst: Ip,
  { kind, out, via }: Routed,
  { found }: FoundRoute,
): Ip | undefined {
  const { scope } = found.route
  if (!isIpv4(dst)) return sourceAddress(devices, found.ways[0]?.device ?? out, dst, scope)
  if (kind === 'local') return dst
  // A gateway of the other family says nothing of which address suits it.
  const peer = via !== undefined && isIpv4(via) ? via : UNSPECIFIED[4]
  return sourceAddress(devices, out, peer, scope)
}

/** 127.0.0.0/8 stays inside unless the device lets it out. @see net/ipv4/route.c of Linux: __mkroute_output */
function mayLeave(walk: Walk, { src }: Packet, { out }: Routed): boolean {
  if (!isIpv4(src) || !isLoopback(src) || out.link.kind === 'loopback' || out.settings.routeLocalnet) return true
  const why = `a packet from 127.0.0.0/8 does not leave by ${out.name}: route_localnet is 0`
  end(walk, { kind: 'martian', why })
  return false
}
