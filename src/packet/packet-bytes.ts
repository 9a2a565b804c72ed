/**
 * Packets of either family, and their bytes.
 *
 * @module
 */
import { decodeIpv4, encodeIpv4 } from './ipv4.ts'
import { decodeIpv6, encodeIpv6 } from './ipv6.ts'
import { get8, malformed } from './octets.ts'
import type { Packet } from './packet.ts'

/** @throws {RangeError} when a part of the packet is longer than its header can say */
export function encodePacket(packet: Packet): Uint8Array {
  return packet.family === 4 ? encodeIpv4(packet) : encodeIpv6(packet)
}

/**
 * Reads one packet that is all of `bytes`, in the family that its first byte says.
 *
 * @throws {ParseError} when it is malformed, saying what is wrong at which byte of which header
 */
export function decodePacket(bytes: Uint8Array): Packet {
  if (bytes.length === 0) throw malformed('IP packet', bytes, 0, 'no bytes')
  const version = get8(bytes, 0) >>> 4
  if (version === 4) return decodeIpv4(bytes)
  if (version === 6) return decodeIpv6(bytes)
  throw malformed('IP packet', bytes, 0, `version ${version}, neither 4 nor 6`)
}
