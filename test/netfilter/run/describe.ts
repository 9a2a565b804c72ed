/**
 * Packets in a few words, for expectations that people read.
 *
 * @module
 */
import { formatIp } from '../../../src/base/ip.ts'
import { isIcmp, isSctp, isTcp, type Packet, portsOf } from '../../../src/packet/packet.ts'
import { type Quote, readQuote } from '../../../src/packet/quote.ts'

/** `10.1.0.2:1000 > 10.2.0.2:80`, `10.1.0.2 > 10.2.0.2 icmp 8/0` */
export function describePacket({ src, dst, payload }: Packet): string {
  const ports = portsOf(payload)
  if (ports) return `${formatIp(src)}:${ports.sport} > ${formatIp(dst)}:${ports.dport}`
  const ends = `${formatIp(src)} > ${formatIp(dst)}`
  return isIcmp(payload) ? `${ends} icmp ${payload.type}/${payload.code}` : ends
}

/** As {@link describePacket}, with flags, chunks, identifiers, and what an error is about. */
export function describeWhole(packet: Packet): string {
  const { payload, family, ttl } = packet
  const text = `${describePacket(packet)} ttl ${ttl}`
  if (isTcp(payload)) return `${text} tcp ${flagsOf(payload.flags)} ${payload.seq >>> 0}/${payload.ack >>> 0}`
  if (isSctp(payload)) return `${text} sctp ${payload.chunks.map(({ type }) => type).join()} tag ${payload.tag >>> 0}`
  if (!isIcmp(payload)) return `${text} protocol ${payload.protocol}`
  const quote = readQuote(payload, family)
  return quote ? `${text} about ${describeQuote(quote)}` : `${text} id ${payload.rest >>> 16}`
}

function describeQuote({ src, dst, sport, dport, icmp }: Quote): string {
  if (icmp) return `${formatIp(src)} > ${formatIp(dst)} icmp ${icmp.type}/${icmp.code} id ${icmp.id}`
  return `${formatIp(src)}:${sport} > ${formatIp(dst)}:${dport}`
}

function flagsOf(flags: number): string {
  return [...'FSRPAU'].filter((_, bit) => flags & (1 << bit)).join('')
}
