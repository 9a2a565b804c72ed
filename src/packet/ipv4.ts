/**
 * IPv4 packets and their bytes.
 *
 * @see RFC 791 section 3.1
 * @module
 */
import { checksumOf } from './checksum.ts'
import { findOptionProblem } from './ipv4-options.ts'
import { headerLength, IPV4_HEADER } from './length.ts'
import { get8, get16, getIp, malformed, NO_BYTES, put16, putIp, requireLength } from './octets.ts'
import type { Packet } from './packet.ts'
import { decodePayload, encodePayload } from './payload.ts'

const WHAT = 'IPv4 packet'
const DONT_FRAGMENT = 0x4000
const MORE_FRAGMENTS = 0x2000
const OFFSET = 0x1fff
const LONGEST = 0xffff

/** @throws {RangeError} when the packet is longer than the header can say, or its options are no whole words */
export function encodeIpv4(packet: Packet): Uint8Array {
  const payload = encodePayload(packet.payload, packet.src, packet.dst)
  const options = packet.options ?? NO_BYTES
  const header = headerLength(packet)
  if (options.length % 4 !== 0 || options.length > 40) throw new RangeError(`${options.length} bytes of IPv4 options`)
  if (header + payload.length > LONGEST) throw new RangeError(`an IPv4 packet of ${header + payload.length} bytes`)
  const bytes = new Uint8Array(header + payload.length)
  bytes[0] = 0x40 | (header >>> 2)
  bytes[1] = packet.tos
  put16(bytes, 2, bytes.length)
  put16(bytes, 4, packet.id)
  put16(bytes, 6, fragmentField(packet))
  bytes[8] = packet.ttl
  bytes[9] = packet.payload.protocol
  putIp(bytes, 12, packet.src)
  putIp(bytes, 16, packet.dst)
  bytes.set(options, IPV4_HEADER)
  put16(bytes, 10, checksumOf(bytes.subarray(0, header)))
  bytes.set(payload, header)
  return bytes
}

function fragmentField({ df, fragment }: Packet): number {
  const flags = (df ? DONT_FRAGMENT : 0) | (fragment?.more ? MORE_FRAGMENTS : 0)
  const offset = fragment?.offset ?? 0
  if (offset % 8 !== 0 || offset > OFFSET * 8) throw new RangeError(`a fragment at byte ${offset}`)
  return flags | (offset >>> 3)
}

/**
 * Reads one packet that is all of `bytes`. The reserved flag is passed over, as Linux does.
 *
 * @throws {ParseError} when a length is impossible, options or payload are malformed or a checksum is wrong
 */
export function decodeIpv4(bytes: Uint8Array): Packet {
  const header = ipv4HeaderLength(bytes)
  const total = get16(bytes, 2)
  if (total < header) throw malformed(WHAT, bytes, 2, `total length ${total}, but the header has ${header} bytes`)
  if (total > bytes.length)
    throw malformed(WHAT, bytes, 2, `total length ${total}, but there are ${bytes.length} bytes`)
  if (total < bytes.length) throw malformed(WHAT, bytes, total, `${bytes.length - total} bytes behind its end`)
  if (checksumOf(bytes.subarray(0, header)) !== 0) throw malformed(WHAT, bytes, 10, 'wrong header checksum')
  checkOptions(bytes, header)
  const src = getIp(bytes, 12, 4)
  const dst = getIp(bytes, 16, 4)
  const field = get16(bytes, 6)
  const fragmented = (field & (MORE_FRAGMENTS | OFFSET)) !== 0
  const body = bytes.subarray(header)
  const protocol = get8(bytes, 9)
  return {
    family: 4,
    src,
    dst,
    ttl: get8(bytes, 8),
    tos: get8(bytes, 1),
    id: get16(bytes, 4),
    df: (field & DONT_FRAGMENT) !== 0,
    ...(fragmented ? { fragment: { offset: (field & OFFSET) * 8, more: (field & MORE_FRAGMENTS) !== 0 } } : {}),
    ...(header > IPV4_HEADER ? { options: bytes.slice(IPV4_HEADER, header) } : {}),
    payload: fragmented ? { protocol, raw: body.slice() } : decodePayload(body, protocol, src, dst),
  }
}

/**
 * The length of the header that `bytes` begin with; all of it is there.
 *
 * @throws {ParseError} when it is no IPv4 header or cut short
 */
function ipv4HeaderLength(bytes: Uint8Array): number {
  requireLength(WHAT, bytes, IPV4_HEADER)
  const first = get8(bytes, 0)
  if (first >>> 4 !== 4) throw malformed(WHAT, bytes, 0, `version ${first >>> 4}, not 4`)
  const header = (first & 15) * 4
  if (header < IPV4_HEADER) {
    throw malformed(WHAT, bytes, 0, `header length (IHL) of ${header} bytes, which is less than ${IPV4_HEADER}`)
  }
  if (header > bytes.length) {
    throw malformed(WHAT, bytes, 0, `options up to byte ${header}, but there are ${bytes.length}`)
  }
  return header
}

function checkOptions(bytes: Uint8Array, header: number): void {
  const found = findOptionProblem(bytes.subarray(IPV4_HEADER, header))
  if (found) throw malformed(WHAT, bytes, IPV4_HEADER + found.at, found.problem)
}
