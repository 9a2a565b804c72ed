/**
 * SCTP packets and their bytes.
 *
 * @see RFC 9260 section 3
 * @module
 */
import { SCTP } from '../base/protocol.ts'
import { crc32c } from './crc32c.ts'
import { chunkLength, payloadLength, SCTP_CHUNK_HEADER, SCTP_HEADER } from './length.ts'
import { get8, get16, get32, malformed, put16, put32, requireLength } from './octets.ts'
import type { SctpChunk, SctpPacket } from './packet.ts'

const WHAT = 'SCTP packet'

export function encodeSctp(packet: SctpPacket): Uint8Array {
  const bytes = new Uint8Array(payloadLength(packet))
  put16(bytes, 0, packet.sport)
  put16(bytes, 2, packet.dport)
  put32(bytes, 4, packet.tag)
  let at = SCTP_HEADER
  for (const chunk of packet.chunks) {
    bytes[at] = chunk.type
    bytes[at + 1] = chunk.flags
    put16(bytes, at + 2, SCTP_CHUNK_HEADER + chunk.value.length)
    bytes.set(chunk.value, at + SCTP_CHUNK_HEADER)
    at += chunkLength(chunk)
  }
  put32(bytes, 8, swap32(crc32c(bytes)))
  return bytes
}

/** @throws {ParseError} when the header or a chunk is cut short, a length is impossible or the checksum is wrong */
export function decodeSctp(bytes: Uint8Array): SctpPacket {
  requireLength(WHAT, bytes, SCTP_HEADER)
  if (get32(bytes, 8) !== sctpChecksum(bytes)) throw malformed(WHAT, bytes, 8, 'wrong checksum')
  const chunks: SctpChunk[] = []
  for (let at = SCTP_HEADER; at < bytes.length; ) {
    const chunk = decodeChunk(bytes, at)
    chunks.push(chunk)
    at += chunkLength(chunk)
  }
  return { protocol: SCTP, sport: get16(bytes, 0), dport: get16(bytes, 2), tag: get32(bytes, 4), chunks }
}

function decodeChunk(bytes: Uint8Array, at: number): SctpChunk {
  if (bytes.length - at < SCTP_CHUNK_HEADER) {
    throw malformed(WHAT, bytes, at, `ends within a chunk's header of ${SCTP_CHUNK_HEADER} bytes`)
  }
  const length = get16(bytes, at + 2)
  if (length < SCTP_CHUNK_HEADER) {
    throw malformed(WHAT, bytes, at + 2, `chunk of length ${length}, which is less than ${SCTP_CHUNK_HEADER}`)
  }
  if (at + length > bytes.length) {
    throw malformed(WHAT, bytes, at + 2, `chunk of length ${length}, but there are ${bytes.length - at} bytes`)
  }
  const chunk = {
    type: get8(bytes, at),
    flags: get8(bytes, at + 1),
    value: bytes.slice(at + SCTP_CHUNK_HEADER, at + length),
  }
  if (at + chunkLength(chunk) > bytes.length) {
    throw malformed(WHAT, bytes, at + length, 'the chunk is not padded to four bytes')
  }
  return chunk
}

/** The checksum that belongs into the header of these bytes, whatever stands there: 32 bits, signed. */
export function sctpChecksum(bytes: Uint8Array): number {
  const blank = Uint8Array.from(bytes)
  put32(blank, 8, 0)
  return swap32(crc32c(blank))
}

function swap32(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)
}
