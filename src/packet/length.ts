/**
 * How many bytes packets take on the wire, without writing them.
 *
 * @module
 */
import type { Packet, Payload, SctpChunk } from './packet.ts'

export const IPV4_HEADER = 20
export const IPV6_HEADER = 40
export const FRAGMENT_HEADER = 8
export const TCP_HEADER = 20
export const UDP_HEADER = 8
export const SCTP_HEADER = 12
export const SCTP_CHUNK_HEADER = 4
export const ICMP_HEADER = 8

/** The length of a packet in bytes: its header, options and payload. What an MTU is held against. */
export function lengthOf(packet: Packet): number {
  return headerLength(packet) + payloadLength(packet.payload)
}

/** The bytes of a packet before its payload: header, options, extension headers. */
export function headerLength({ family, options, fragment }: Packet): number {
  const extra = options?.length ?? 0
  if (family === 4) return IPV4_HEADER + extra
  return IPV6_HEADER + extra + (fragment ? FRAGMENT_HEADER : 0)
}

/** The bytes of what a packet carries, transport header included. */
export function payloadLength(payload: Payload): number {
  if ('raw' in payload) return payload.raw.length
  switch (payload.protocol) {
    case 6:
      return TCP_HEADER + payload.options.length + payload.data.length
    case 17:
      return UDP_HEADER + payload.data.length
    case 132:
      return payload.chunks.reduce((sum, chunk) => sum + chunkLength(chunk), SCTP_HEADER)
    case 1:
    case 58:
      return ICMP_HEADER + payload.data.length
  }
}

/** With the padding to four bytes. */
export function chunkLength({ value }: SctpChunk): number {
  return SCTP_CHUNK_HEADER + ((value.length + 3) & ~3)
}
