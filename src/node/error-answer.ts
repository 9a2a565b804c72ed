/**
 * What the machine itself says about packets: errors, resets, echoes.
 *
 * How often it says so is not limited here, as it is by Linux: a trace is of one packet.
 *
 * @see net/ipv4/icmp.c of Linux: __icmp_send; net/ipv6/icmp.c: icmp6_send
 * @module
 */
import { equalIp, type Ip, isIpv4 } from '../base/ip.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import { trackedAnswer } from '../netfilter/run/track.ts'
import { type IcmpErrorKind, icmpError } from '../packet/icmp-error.ts'
import type { Packet } from '../packet/packet.ts'
import type { Device } from './device.ts'
import type { Machine } from './machine.ts'
import { blankQuery, UNSPECIFIED } from './route.ts'
import { consult } from './routing-rules.ts'
import { findRoute } from './routing-table.ts'
import { sourceAddress } from './source-address.ts'
import type { Walk } from './walk.ts'

export interface ErrorOptions {
  /** The device that the packet came by. */
  readonly device?: Device
  /** Of `too-big`, in bytes. */
  readonly mtu?: number
  /** The packet was addressed to the machine: it answers from the address that was meant. */
  readonly local?: true
}

/** Where an IPv6 header names the protocol, which IPv6's error about an unknown one points to. */
const NEXT_HEADER_AT = 6

/**
 * Puts the error among the machine's answers, unless none may be sent: about a frame that was not
 * addressed to the machine, or where the packet itself forbids it.
 */
export function answerError(walk: Walk, skb: Skb, kind: IcmpErrorKind, options: ErrorOptions = {}): void {
  if (!isForUs(skb) || isOfMany(walk.machine, skb.packet.src)) return
  const { packet } = skb
  const { device, mtu, local } = options
  const src = local ? packet.dst : errorSource(walk.machine, packet, device)
  const pointer = kind === 'protocol-unreachable' && packet.family === 6 ? NEXT_HEADER_AT : 0
  const message = icmpError({ about: packet, kind, src, pointer, ...(mtu === undefined ? {} : { mtu }) })
  if (!message) return
  // So that NAT translates it even if the packet's connection never got as far as into the table.
  const tracked = trackedAnswer(skb)
  answerWith(walk, tracked ? { ...skb, tracked } : withoutConnection(skb), message)
}

/**
 * Whether no one machine has the address: no error of IPv6 goes there. The first address of a network is all its
 * routers', even if a device of the machine's own has it for itself.
 *
 * @see net/ipv6/icmp.c of Linux: icmpv6_route_lookup; include/net/ip6_route.h: ipv6_anycast_destination
 */
export function isOfMany(machine: Machine, ip: Ip): boolean {
  if (isIpv4(ip)) return false
  const route = consult(machine.routing[6], blankQuery(ip, machine.loopback.name)).found?.route
  if (!route) return false
  const { type, to, via, hops } = route
  const isOnLink = via === undefined && hops === undefined
  return type === 'anycast' || (to.family === 6 && to.bits < 127 && isOnLink && equalIp(to.base, ip))
}

/**
 * Puts a packet among the machine's answers to `skb`; its source may be left to the route back. What
 * claims to come from a network's broadcast address is not answered (measured on Linux 6.18).
 *
 * @param skb with the connection that the answer is to belong to, if it is known
 */
export function answerWith({ machine, answers }: Walk, { mark, tracked }: Skb, answer: Packet): void {
  const { family, dst } = answer
  if (isIpv4(dst) && findRoute(machine.routing[4].local, dst)?.found.type === 'broadcast') return
  const ttl = machine.settings.ttl[family]
  answers.push({
    packet: answer.ttl === ttl ? answer : { ...answer, ttl },
    mark: machine.settings.reflectsMark[family] ? mark : 0,
    ...(tracked ? { tracked } : {}),
  })
}

/** For answers whose connection is looked up when they are sent. */
export function withoutConnection({ packet, mark }: Skb): Skb {
  return { packet, mark }
}

export function isForUs({ addressed }: Skb): boolean {
  return addressed === undefined || addressed === 'unicast'
}

/**
 * IPv4 leaves it to the route back, unless told otherwise. IPv6 asks the device that the packet came
 * by, unless the route names a source.
 */
function errorSource(machine: Machine, { family, src }: Packet, device: Device | undefined): Ip {
  const unspecified = UNSPECIFIED[family]
  if (!device || (family === 4 && !machine.settings.errorsFromInbound)) return unspecified
  if (family === 6) {
    const back = consult(machine.routing[6], blankQuery(src, machine.loopback.name))
    if (back.found?.route.src !== undefined) return unspecified
  }
  return sourceAddress(machine.devices, device, src, 'link') ?? unspecified
}
