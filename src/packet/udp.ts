/**
 * UDP datagrams and their bytes.
 *
 * @see RFC 768
 * @module
 */
import type { Ip } from '../base/ip.ts'
import { UDP } from '../base/protocol.ts'
import { checksumOf, pseudoHeaderSum } from './checksum.ts'
import { payloadLength, UDP_HEADER } from './length.ts'
import { get16, malformed, put16, requireLength } from './octets.ts'
import type { UdpDatagram } from './packet.ts'

const WHAT = 'UDP datagram'

/**
 * The bytes of a datagram between two addresses, which its checksum covers.
 *
 * A checksum that comes out as 0 is written as 0xffff, for 0 says that there is none.
 */
export function encodeUdp(datagram: UdpDatagram, src: Ip, dst: Ip): Uint8Array {
  const bytes = new Uint8Array(payloadLength(datagram))
  put16(bytes, 0, datagram.sport)
  put16(bytes, 2, datagram.dport)
  put16(bytes, 4, bytes.length)
  bytes.set(datagram.data, UDP_HEADER)
  if (!datagram.noChecksum) {
    put16(bytes, 6, checksumOf(bytes, pseudoHeaderSum(src, dst, UDP, bytes.length)) || 0xffff)
  }
  return bytes
}

/**
 * A datagram without checksum is read in either family: IPv6 allows it to tunnels, and whether it
 * is taken is for the receiver to say (RFC 6935).
 *
 * @throws {ParseError} when the header is cut short, the length is not that of `bytes`, or the checksum is wrong
 */
export function decodeUdp(bytes: Uint8Array, src: Ip, dst: Ip): UdpDatagram {
  requireLength(WHAT, bytes, UDP_HEADER)
  const length = get16(bytes, 4)
  if (length < UDP_HEADER) {
    throw malformed(WHAT, bytes, 4, `length ${length}, which is less than ${UDP_HEADER}`)
  }
  if (length > bytes.length) {
    throw malformed(WHAT, bytes, 4, `length ${length}, but there are ${bytes.length} bytes`)
  }
  if (length < bytes.length) {
    throw malformed(WHAT, bytes, length, `${bytes.length - length} bytes behind its end`)
  }
  const noChecksum = get16(bytes, 6) === 0
  if (!noChecksum && checksumOf(bytes, pseudoHeaderSum(src, dst, UDP, length)) !== 0) {
    throw malformed(WHAT, bytes, 6, 'wrong checksum')
  }
  return {
    protocol: UDP,
    sport: get16(bytes, 0),
    dport: get16(bytes, 2),
    ...(noChecksum ? { noChecksum } : {}),
    data: bytes.slice(UDP_HEADER),
  }
}
