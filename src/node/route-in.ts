/**
 * Where a packet that came in goes.
 *
 * @module
 */
import { equalIp, type Family, type Ip, isIpv4, isLoopback, isUnspecified } from '../base/ip.ts'
import { type Ipv6, ipv6 } from '../base/ipv6.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import { isMulticast } from '../packet/address-kind.ts'
import type { IcmpErrorKind } from '../packet/icmp-error.ts'
import type { Device } from './device.ts'
import { answerError } from './error-answer.ts'
import { sourceIsSound } from './reverse-path.ts'
import { ALL, noteRoute, pickWay, queryOf, type Routed, routedBy, UNSPECIFIED, whyNoRoute } from './route.ts'
import { consult, type NoRoute } from './routing-rules.ts'
import { end, type Walk } from './walk.ts'

/** @see net/ipv4/route.c of Linux: ip_route_input_slow; net/ipv6/route.c: ip6_route_input */
export function routeIn(walk: Walk, skb: Skb, device: Device): Routed | undefined {
  const { src, dst } = skb.packet
  if (isMulticast(dst)) return joined(walk, dst, device)
  return isIpv4(src) && isIpv4(dst) ? routeIn4(walk, skb, device) : routeIn6(walk, skb, device)
}

/** A packet to a group goes up if the machine is in it. Groups that programs join are not known. */
function joined(walk: Walk, group: Ip, device: Device): Routed | undefined {
  if (isIpv4(group) ? group === ALL_HOSTS_4 : isJoined6(walk, group, device)) {
    return { kind: 'multicast', out: walk.machine.loopback }
  }
  return end(walk, { kind: 'not for this machine', why: 'the machine is in no such group' })
}

/** 224.0.0.1 */
const ALL_HOSTS_4 = 0xe0000001 | 0

/** All nodes, all routers of a router, and the group of each own address. @see RFC 4291 section 2.8 */
function isJoined6({ machine }: Walk, group: Ipv6, device: Device): boolean {
  if (equalIp(group, ALL_NODES)) return true
  if (equalIp(group, ALL_ROUTERS)) return machine.settings.forwards6
  if (group.w0 !== ALL_NODES.w0 || group.w1 !== 0 || group.w2 !== 1) return false
  return device.addresses[6].some(({ address }) => !isIpv4(address) && ((address.w3 ^ group.w3) & 0xffffff) === 0)
}

const ALL_NODES = ipv6(0xff020000, 0, 0, 1)
const ALL_ROUTERS = ipv6(0xff020000, 0, 0, 2)

function routeIn4(walk: Walk, skb: Skb, device: Device): Routed | undefined {
  const { machine } = walk
  const { packet } = skb
  const { src, dst } = packet
  const strange = martian4(src, dst, device)
  if (strange !== undefined) return end(walk, { kind: 'martian', why: strange })
  if (dst === ALL || (isUnspecified(src) && isUnspecified(dst))) return broadcastIn(walk, skb, device)

  const finding = consult(machine.routing[4], queryOf(skb, device.name))
  const { forwards4 } = device.settings
  if (finding.kind === 'none') {
    noteRoute(walk, 'none', finding, packet, false)
    if (!forwards4) return notForwarding(walk, device)
    return unreachable(walk, skb, device, finding)
  }
  const way = pickWay(walk, finding, packet)
  const routed = routedBy(finding, way, machine)
  if (routed.kind === 'unicast' && !forwards4) return notForwarding(walk, device)
  noteRoute(walk, routed.kind === 'unicast' ? 'forward' : 'local', finding, packet, false)
  if (routed.kind === 'broadcast') return broadcastIn(walk, skb, device)
  const out = routed.kind === 'unicast' ? routed.out : undefined
  return sourceIsSound(walk, skb, device, dst, out) ? routed : undefined
}

/** In words, what is wrong with the addresses of a packet that came by `device`. */
function martian4(src: Ip, dst: Ip, device: Device): string | undefined {
  if (isMulticast(src) || src === ALL) return 'the source is a group or all'
  if (dst === ALL || (isUnspecified(src) && isUnspecified(dst))) return undefined
  if (isUnspecified(src)) return 'the source is 0.0.0.0'
  if (isUnspecified(dst)) return 'the destination is 0.0.0.0'
  if (device.settings.routeLocalnet) return undefined
  if (isLoopback(dst)) return `packets to 127.0.0.0/8 do not come in by ${device.name}: route_localnet is 0`
  return isLoopback(src) ? `packets from 127.0.0.0/8 do not come in by ${device.name}: route_localnet is 0` : undefined
}

function broadcastIn(walk: Walk, skb: Skb, device: Device): Routed | undefined {
  const sound = isUnspecified(skb.packet.src) || sourceIsSound(walk, skb, device, UNSPECIFIED[4])
  return sound ? { kind: 'broadcast', out: walk.machine.loopback } : undefined
}

function notForwarding(walk: Walk, device: Device): undefined {
  const why = `${device.name} does not forward: net.ipv4.ip_forward is 0`
  return end(walk, { kind: 'not forwarding', why })
}

function routeIn6(walk: Walk, skb: Skb, device: Device): Routed | undefined {
  const { machine } = walk
  const { packet } = skb
  const finding = consult(machine.routing[6], queryOf(skb, device.name))
  if (finding.kind === 'none') {
    noteRoute(walk, 'none', finding, packet, false)
    return unreachable(walk, skb, device, finding)
  }
  const routed = routedBy(finding, pickWay(walk, finding, packet), machine)
  noteRoute(walk, routed.kind === 'unicast' ? 'forward' : 'local', finding, packet, false)
  return routed
}

/** What the sender is told, if anything. @see net/ipv4/route.c of Linux: ip_error; net/ipv6/route.c: ip6_pkt_drop */
function unreachable(walk: Walk, skb: Skb, device: Device, finding: NoRoute): undefined {
  const kind = errorOf(finding, skb.packet.family)
  if (kind) answerError(walk, skb, kind, { device })
  return end(walk, { kind: 'no route', type: finding.type, why: whyNoRoute(finding) })
}

function errorOf({ type, host }: NoRoute, family: Family): IcmpErrorKind | undefined {
  switch (type) {
    case 'none':
      return 'net-unreachable'
    case 'unreachable':
      // IPv6 says of both that there is no route.
      return host && family === 4 ? 'host-unreachable' : 'net-unreachable'
    case 'prohibit':
      return 'admin-prohibited'
    case 'blackhole':
      return undefined
  }
}
