/**
 * A packet laid out for many questions.
 *
 * A chain may ask thousands of conditions of one packet: what they look at is taken apart once and
 * stands in plain fields, and the fields that change (mark, packet) are laid out anew when they do.
 *
 * @module
 */
import type { Ip } from '../../base/ip.ts'
import { isIpv4 } from '../../base/ip.ts'
import { ICMP, ICMPV6, SCTP, TCP, UDP } from '../../base/protocol.ts'
import { isIcmp, isSctp, isTcp, type Packet, type Payload, portsOf } from '../../packet/packet.ts'
import type { Passing } from './passing.ts'
import type { Skb } from './skb.ts'

/** What is not there to be read: ports of a packet without them, type of one that is not ICMP. */
export const NONE = -1

/** Owned by one run of one table. */
export interface Probe {
  readonly passing: Passing
  skb: Skb
  /** Four words of the source; of IPv4 the first is the address. */
  src0: number
  src1: number
  src2: number
  src3: number
  dst0: number
  dst1: number
  dst2: number
  dst3: number
  protocol: number
  /** Where the payload begins in the whole packet, in bytes: above 0 in second and further fragments. */
  fragmentOffset: number
  /** {@link NONE} where the transport header is not there or has none. */
  sport: number
  dport: number
  flags: number
  icmpType: number
  icmpCode: number
  mark: number
  /** Empty where there is none. */
  readonly in: string
  readonly out: string
  /** Of the rule that was asked last: the condition that did not hold, from 0. */
  failed: number
  /** What was taken for true without being known: the reason why it is not. */
  assumed: string
  /** Of the last condition that could not be decided, or that ended the packet: why. */
  because: string
  /** Of the last draw: so many of so many would have let the rule match; 0 of 0: there was none. */
  chanceTaken: number
  chanceOf: number
}

export function createProbe(skb: Skb, passing: Passing): Probe {
  const { in: input = '', out = '' } = passing.devices
  const probe: Probe = {
    passing,
    skb,
    src0: 0,
    src1: 0,
    src2: 0,
    src3: 0,
    dst0: 0,
    dst1: 0,
    dst2: 0,
    dst3: 0,
    protocol: 0,
    fragmentOffset: 0,
    sport: NONE,
    dport: NONE,
    flags: NONE,
    icmpType: NONE,
    icmpCode: NONE,
    mark: skb.mark,
    in: input,
    out,
    failed: 0,
    assumed: '',
    because: '',
    chanceTaken: 0,
    chanceOf: 0,
  }
  layOut(probe, skb.packet)
  return probe
}

/** Takes a changed packet for the old one. */
export function changeSkb(probe: Probe, skb: Skb): void {
  if (skb.packet !== probe.skb.packet) layOut(probe, skb.packet)
  probe.skb = skb
  probe.mark = skb.mark
}

/** The same packet where it has the mark already. */
export function changeMark(probe: Probe, mark: number): void {
  if (mark !== probe.mark) changeSkb(probe, { ...probe.skb, mark })
}

function layOut(probe: Probe, packet: Packet): void {
  layOutAddresses(probe, packet.src, packet.dst)
  const { payload, fragment } = packet
  probe.protocol = payload.protocol
  probe.fragmentOffset = fragment?.offset ?? 0
  const ports = probe.fragmentOffset > 0 ? undefined : (portsOf(payload) ?? rawPorts(payload))
  probe.sport = ports?.sport ?? NONE
  probe.dport = ports?.dport ?? NONE
  probe.flags = isTcp(payload) ? payload.flags : NONE
  const icmp = isIcmp(payload)
  probe.icmpType = icmp ? payload.type : NONE
  probe.icmpCode = icmp ? payload.code : NONE
}

/** Ports of protocols that are not taken apart otherwise, whose header begins with them as TCP's does. */
function rawPorts(payload: Payload): { readonly sport: number; readonly dport: number } | undefined {
  if ((payload.protocol !== UDPLITE && payload.protocol !== DCCP) || !('raw' in payload)) return undefined
  const [a, b, c, d] = payload.raw
  if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined
  return { sport: (a << 8) | b, dport: (c << 8) | d }
}

function layOutAddresses(probe: Probe, src: Ip, dst: Ip): void {
  if (isIpv4(src)) probe.src0 = src
  else ({ w0: probe.src0, w1: probe.src1, w2: probe.src2, w3: probe.src3 } = src)
  if (isIpv4(dst)) probe.dst0 = dst
  else ({ w0: probe.dst0, w1: probe.dst1, w2: probe.dst2, w3: probe.dst3 } = dst)
}

/** @see RFC 3828, RFC 4340 */
const UDPLITE = 136
const DCCP = 33

/** Protocols of which rules can ask for ports. */
export function hasPorts({ protocol }: Probe): boolean {
  return protocol === TCP || protocol === UDP || protocol === SCTP || protocol === UDPLITE || protocol === DCCP
}

/** Whether a protocol of ports has none here: a later fragment, or a header that is cut short. */
export function lacksPorts(probe: Probe): boolean {
  return probe.dport === NONE && hasPorts(probe)
}

/** Whether conditions on the transport header may end the packet, for there is less of it than they look at. */
export function lacksHeader(probe: Probe): boolean {
  const { protocol, skb } = probe
  if (protocol === ICMP || protocol === ICMPV6) return probe.icmpType === NONE
  if (protocol === SCTP && isSctp(skb.packet.payload)) return skb.packet.payload.chunks.length === 0
  return lacksPorts(probe)
}
