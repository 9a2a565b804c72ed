/**
 * IPv6 packets and their bytes.
 *
 * @see RFC 8200
 * @module
 */
import type { Ip } from '../base/ip.ts'
import type { Protocol } from '../base/protocol.ts'
import { decodeExtensions, encodeExtensions, type FragmentHeader, lastDestination } from './ipv6-extensions.ts'
import { headerLength, IPV6_HEADER } from './length.ts'
import { get8, get16, get32, getIp, malformed, put16, put32, putIp, requireLength } from './octets.ts'
import type { Packet, Payload } from './packet.ts'
import { decodePayload, encodePayload } from './payload.ts'

const WHAT = 'IPv6 packet'
const LONGEST = 0xffff

/** @throws {RangeError} when the packet is longer than the header can say, or its extension headers are malformed */
export function encodeIpv6(packet: Packet): Uint8Array {
  const { src, dst, options } = packet
  const payload = encodePayload(packet.payload, src, lastDestination(options, dst))
  const header = headerLength(packet)
  const length = header - IPV6_HEADER + payload.length
  if (length > LONGEST) throw new RangeError(`an IPv6 packet with ${length} bytes behind its header`)
  const bytes = new Uint8Array(header + payload.length)
  put32(bytes, 0, (6 << 28) | (packet.tos << 20) | (packet.id & 0xf_ffff))
  put16(bytes, 4, length)
  bytes[6] = encodeExtensions(bytes.subarray(IPV6_HEADER, header), options, packet.fragment, packet.payload.protocol)
  bytes[7] = packet.ttl
  putIp(bytes, 8, src)
  putIp(bytes, 24, dst)
  bytes.set(payload, header)
  return bytes
}

/**
 * Reads one packet that is all of `bytes`.
 *
 * @throws {ParseError} when a length is impossible, a header or the payload is malformed or a checksum is wrong
 */
export function decodeIpv6(bytes: Uint8Array): Packet {
  requireLength(WHAT, bytes, IPV6_HEADER)
  const first = get32(bytes, 0)
  if (first >>> 28 !== 6) throw malformed(WHAT, bytes, 0, `version ${first >>> 28}, not 6`)
  const end = IPV6_HEADER + get16(bytes, 4)
  if (end > bytes.length) {
    throw malformed(WHAT, bytes, 4, `payload up to byte ${end}, but there are ${bytes.length}`)
  }
  if (end < bytes.length) throw malformed(WHAT, bytes, end, `${bytes.length - end} bytes behind its end`)
  const { options, fragment, protocol, at } = decodeExtensions(bytes, IPV6_HEADER, get8(bytes, 6))
  const src = getIp(bytes, 8, 6)
  const dst = getIp(bytes, 24, 6)
  return {
    family: 6,
    src,
    dst,
    ttl: get8(bytes, 7),
    tos: (first >>> 20) & 255,
    id: first & 0xf_ffff,
    df: true,
    ...(fragment ? { fragment } : {}),
    ...(options ? { options } : {}),
    payload: payloadOf(bytes.subarray(at), protocol, fragment, src, lastDestination(options, dst)),
  }
}

function payloadOf(
  body: Uint8Array,
  protocol: Protocol,
  fragment: FragmentHeader | undefined,
  src: Ip,
  dst: Ip,
): Payload {
  return fragment ? { protocol, raw: body.slice() } : decodePayload(body, protocol, src, dst)
}
