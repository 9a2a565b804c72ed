/**
 * The answer to a ping.
 *
 * @see icmp_echo and icmp_reply in net/ipv4/icmp.c, icmpv6_echo_reply in net/ipv6/icmp.c of Linux
 * @module
 */
import type { Ip } from '../base/ip.ts'
import { isUnicast } from './address-kind.ts'
import { echoType, isEchoRequest } from './icmp-types.ts'
import { isIcmp, type Packet } from './packet.ts'

/**
 * What a machine answers to an echo request, from the address `src` of it; nothing to other packets,
 * to senders that are not one machine, and from an address that is not one machine's.
 */
export function echoReply(packet: Packet, src: Ip = packet.dst): Packet | undefined {
  const { family, payload } = packet
  if (!isIcmp(payload) || !isEchoRequest(payload) || !isUnicast(packet.src) || !isUnicast(src)) return undefined
  return {
    family,
    src,
    dst: packet.src,
    ttl: 64,
    tos: packet.tos,
    id: 0,
    df: family === 6,
    payload: { ...payload, type: echoType(family, 'reply') },
  }
}
