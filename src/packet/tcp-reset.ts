/**
 * The reset that a machine sends for a TCP segment that nobody wants.
 *
 * @see nf_send_reset in net/ipv4/netfilter/nf_reject_ipv4.c and tcp_v4_send_reset in
 * net/ipv4/tcp_ipv4.c of Linux, and their twins for IPv6
 * @module
 */
import { TCP } from '../base/protocol.ts'
import { isUnicast } from './address-kind.ts'
import { NO_BYTES } from './octets.ts'
import { isTcp, type Packet, TCP_FLAG, type TcpSegment } from './packet.ts'

const ECN = 3

/**
 * The reset for a packet, or nothing: it is no TCP segment, is a fragment or a reset itself, or does
 * not go from one machine to one machine.
 *
 * A segment with ACK is answered with the sequence number that it acknowledges; any other one has
 * its own data acknowledged. The answer of a `rule` (REJECT) is of no class of service; that of the
 * machine itself, where no `socket` is, is of the segment's own.
 */
export function tcpReset(packet: Packet, by: 'rule' | 'socket' = 'rule'): Packet | undefined {
  const { family, src, dst, payload } = packet
  if (!isTcp(payload) || payload.flags & TCP_FLAG.RST || !isUnicast(src) || !isUnicast(dst)) return undefined
  const acknowledged = (payload.flags & TCP_FLAG.ACK) !== 0
  return {
    family,
    src: dst,
    dst: src,
    ttl: 64,
    tos: by === 'rule' ? 0 : packet.tos & ~ECN,
    id: 0,
    df: true,
    payload: {
      protocol: TCP,
      sport: payload.dport,
      dport: payload.sport,
      seq: acknowledged ? payload.ack : 0,
      ack: acknowledged ? 0 : nextSequence(payload),
      flags: acknowledged ? TCP_FLAG.RST : TCP_FLAG.RST | TCP_FLAG.ACK,
      window: 0,
      urgent: 0,
      options: NO_BYTES,
      data: NO_BYTES,
    },
  }
}

/** The sequence number behind a segment: SYN and FIN count as a byte each. 32 bits, signed. */
export function nextSequence({ seq, flags, data }: TcpSegment): number {
  return (seq + data.length + (flags & TCP_FLAG.SYN ? 1 : 0) + (flags & TCP_FLAG.FIN ? 1 : 0)) | 0
}
