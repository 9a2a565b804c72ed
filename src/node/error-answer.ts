/**
 * The ICMP errors that the machine sends about packets it cannot carry on.
 *
 * @see net/ipv4/icmp.c of Linux: __icmp_send; net/ipv6/icmp.c: icmp6_send
 * @module
 */
import type { Ip } from '../base/ip.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import { trackedAnswer } from '../netfilter/run/track.ts'
import { type IcmpErrorKind, icmpError } from '../packet/icmp-error.ts'
import type { Device } from './device.ts'
import { UNSPECIFIED } from './route.ts'
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
 *
 * Its source is left to the route back, as the kernel leaves it.
 */
export function answerError(walk: Walk, skb: Skb, kind: IcmpErrorKind, options: ErrorOptions = {}): void {
  if (!isForUs(skb)) return
  const { packet } = skb
  const { device, mtu, local } = options
  const src = local ? packet.dst : errorSource(walk, skb, device)
  const pointer = kind === 'protocol-unreachable' && packet.family === 6 ? NEXT_HEADER_AT : 0
  const message = icmpError({ about: packet, kind, src, pointer, ...(mtu === undefined ? {} : { mtu }) })
  if (!message) return
  // So that NAT translates it even if the packet's connection never got as far as into the table.
  const tracked = trackedAnswer(skb)
  walk.answers.push({ ...ownAnswer(walk, skb, message), ...(tracked ? { tracked } : {}) })
}

/** A packet that the kernel makes in answer to another. */
export function ownAnswer({ machine }: Walk, { mark }: Skb, packet: Skb['packet']): Skb {
  const { family } = packet
  const ttl = machine.settings.ttl[family]
  return {
    packet: packet.ttl === ttl ? packet : { ...packet, ttl },
    mark: machine.settings.reflectsMark[family] ? mark : 0,
  }
}

export function isForUs({ addressed }: Skb): boolean {
  return addressed === undefined || addressed === 'unicast'
}

function errorSource({ machine }: Walk, { packet }: Skb, device: Device | undefined): Ip {
  const inbound = packet.family === 4 && machine.settings.errorsFromInbound && device
  const chosen = inbound && sourceAddress(machine.devices, inbound, packet.src, 'link')
  return chosen ? chosen : UNSPECIFIED[packet.family]
}
