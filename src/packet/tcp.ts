/**
 * TCP segments and their bytes.
 *
 * @see RFC 9293 section 3.1
 * @module
 */
import type { Ip } from '../base/ip.ts'
import { TCP } from '../base/protocol.ts'
import { checksumOf, pseudoHeaderSum } from './checksum.ts'
import { payloadLength, TCP_HEADER } from './length.ts'
import { get8, get16, get32, malformed, put16, put32, requireLength } from './octets.ts'
import type { TcpSegment } from './packet.ts'

const WHAT = 'TCP segment'
const MOST_OPTIONS = 40

/**
 * The bytes of a segment between two addresses, which its checksum covers.
 *
 * @throws {RangeError} when the options are no whole words, or more than 40 bytes
 */
export function encodeTcp(segment: TcpSegment, src: Ip, dst: Ip): Uint8Array {
  const { options, data } = segment
  if (options.length % 4 !== 0 || options.length > MOST_OPTIONS) {
    throw new RangeError(`${options.length} bytes of TCP options`)
  }
  const bytes = new Uint8Array(payloadLength(segment))
  const header = TCP_HEADER + options.length
  put16(bytes, 0, segment.sport)
  put16(bytes, 2, segment.dport)
  put32(bytes, 4, segment.seq)
  put32(bytes, 8, segment.ack)
  put16(bytes, 12, (header << 10) | (segment.flags & 0xfff))
  put16(bytes, 14, segment.window)
  put16(bytes, 18, segment.urgent)
  bytes.set(options, TCP_HEADER)
  bytes.set(data, header)
  put16(bytes, 16, checksumOf(bytes, pseudoHeaderSum(src, dst, TCP, bytes.length)))
  return bytes
}

/** @throws {ParseError} when the header is cut short, its length is impossible or the checksum is wrong */
export function decodeTcp(bytes: Uint8Array, src: Ip, dst: Ip): TcpSegment {
  requireLength(WHAT, bytes, TCP_HEADER)
  const header = (get8(bytes, 12) >>> 4) * 4
  if (header < TCP_HEADER) {
    throw malformed(WHAT, bytes, 12, `header of ${header} bytes, which is less than ${TCP_HEADER}`)
  }
  if (header > bytes.length) {
    throw malformed(WHAT, bytes, 12, `options up to byte ${header}, but there are ${bytes.length}`)
  }
  if (checksumOf(bytes, pseudoHeaderSum(src, dst, TCP, bytes.length)) !== 0) {
    throw malformed(WHAT, bytes, 16, 'wrong checksum')
  }
  return {
    protocol: TCP,
    sport: get16(bytes, 0),
    dport: get16(bytes, 2),
    seq: get32(bytes, 4),
    ack: get32(bytes, 8),
    flags: get16(bytes, 12) & 0xfff,
    window: get16(bytes, 14),
    urgent: get16(bytes, 18),
    options: bytes.slice(TCP_HEADER, header),
    data: bytes.slice(header),
  }
}
