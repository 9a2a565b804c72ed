/**
 * ICMP and ICMPv6 messages and their bytes.
 *
 * @see RFC 792, RFC 4443 section 2
 * @module
 */
import type { Ip } from '../base/ip.ts'
import { ICMP, ICMPV6 } from '../base/protocol.ts'
import { checksumOf, pseudoHeaderSum } from './checksum.ts'
import { ICMP_HEADER, payloadLength } from './length.ts'
import { get8, get32, malformed, put16, put32, requireLength } from './octets.ts'
import type { IcmpMessage } from './packet.ts'

/** The addresses are covered by the checksum of ICMPv6 only. */
export function encodeIcmp(message: IcmpMessage, src: Ip, dst: Ip): Uint8Array {
  const bytes = new Uint8Array(payloadLength(message))
  bytes[0] = message.type
  bytes[1] = message.code
  put32(bytes, 4, message.rest)
  bytes.set(message.data, ICMP_HEADER)
  put16(bytes, 2, checksumOf(bytes, coveredSum(message.protocol, src, dst, bytes.length)))
  return bytes
}

/** @throws {ParseError} when the message is cut short or the checksum is wrong */
export function decodeIcmp(bytes: Uint8Array, protocol: 1 | 58, src: Ip, dst: Ip): IcmpMessage {
  const what = protocol === ICMP ? 'ICMP message' : 'ICMPv6 message'
  requireLength(what, bytes, ICMP_HEADER)
  if (checksumOf(bytes, coveredSum(protocol, src, dst, bytes.length)) !== 0) {
    throw malformed(what, bytes, 2, 'wrong checksum')
  }
  return { protocol, type: get8(bytes, 0), code: get8(bytes, 1), rest: get32(bytes, 4), data: bytes.slice(ICMP_HEADER) }
}

function coveredSum(protocol: 1 | 58, src: Ip, dst: Ip, length: number): number {
  return protocol === ICMPV6 ? pseudoHeaderSum(src, dst, ICMPV6, length) : 0
}
