/**
 * Ethernet frames and their bytes.
 *
 * Frames are as a capture shows them: without the check sequence at the end, and not filled up to the
 * 60 bytes that copper wants. What was filled up is told by the length in the packet.
 *
 * @see IEEE 802.3 clause 3
 * @module
 */
import { ARP_LENGTH, decodeArp, encodeArp } from './arp.ts'
import { decodeIpv4 } from './ipv4.ts'
import { decodeIpv6 } from './ipv6.ts'
import { IPV4_HEADER, IPV6_HEADER, lengthOf } from './length.ts'
import { concatBytes, get16, getMac, put16, putMac, requireLength } from './octets.ts'
import type { Frame, FrameBody } from './packet.ts'
import { encodePacket } from './packet-bytes.ts'

const WHAT = 'Ethernet frame'
export const ETHERNET_HEADER = 14

export const ETHER_TYPE = { IPV4: 0x0800, ARP: 0x0806, IPV6: 0x86dd } as const

/** The length of a frame in bytes, its header included. */
export function frameLength({ body }: Frame): number {
  return ETHERNET_HEADER + bodyLength(body)
}

function bodyLength(body: FrameBody): number {
  switch (body.kind) {
    case 'ip':
      return lengthOf(body.packet)
    case 'arp':
      return ARP_LENGTH
    case 'raw':
      return body.bytes.length
  }
}

export function etherTypeOf(body: FrameBody): number {
  switch (body.kind) {
    case 'ip':
      return body.packet.family === 4 ? ETHER_TYPE.IPV4 : ETHER_TYPE.IPV6
    case 'arp':
      return ETHER_TYPE.ARP
    case 'raw':
      return body.etherType
  }
}

/** @throws {RangeError} when a part of the packet in it is longer than its header can say */
export function encodeFrame({ src, dst, body }: Frame): Uint8Array {
  const header = new Uint8Array(ETHERNET_HEADER)
  putMac(header, 0, dst)
  putMac(header, 6, src)
  put16(header, 12, etherTypeOf(body))
  return concatBytes([header, encodeBody(body)])
}

function encodeBody(body: FrameBody): Uint8Array {
  switch (body.kind) {
    case 'ip':
      return encodePacket(body.packet)
    case 'arp':
      return encodeArp(body)
    case 'raw':
      return body.bytes
  }
}

/** @throws {ParseError} when the header is cut short, or the packet or ARP message in it is malformed */
export function decodeFrame(bytes: Uint8Array): Frame {
  requireLength(WHAT, bytes, ETHERNET_HEADER)
  return {
    dst: getMac(bytes, 0),
    src: getMac(bytes, 6),
    body: decodeBody(get16(bytes, 12), bytes.subarray(ETHERNET_HEADER)),
  }
}

function decodeBody(etherType: number, body: Uint8Array): FrameBody {
  switch (etherType) {
    case ETHER_TYPE.IPV4:
      return { kind: 'ip', packet: decodeIpv4(trimmed(body, IPV4_HEADER, get16(body, 2))) }
    case ETHER_TYPE.IPV6:
      return { kind: 'ip', packet: decodeIpv6(trimmed(body, IPV6_HEADER, IPV6_HEADER + get16(body, 4))) }
    case ETHER_TYPE.ARP:
      return { kind: 'arp', ...decodeArp(body) }
    default:
      return { kind: 'raw', etherType, bytes: body.slice() }
  }
}

/** Without what the frame was filled up with, if the packet says a length that can be. */
function trimmed(body: Uint8Array, least: number, length: number): Uint8Array {
  return length >= least && length < body.length ? body.subarray(0, length) : body
}
