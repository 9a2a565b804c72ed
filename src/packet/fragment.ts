/**
 * Splitting packets that are longer than a link takes.
 *
 * @see ip_do_fragment in net/ipv4/ip_output.c and ip6_fragment in net/ipv6/ip6_output.c of Linux
 * @module
 */

import type { Protocol } from '../base/protocol.ts'
import { laterOptions } from './ipv4-options.ts'
import { DESTINATION, encodeExtensions, HOP_BY_HOP, headersOf, lastDestination, ROUTING } from './ipv6-extensions.ts'
import { FRAGMENT_HEADER, IPV4_HEADER, IPV6_HEADER, lengthOf } from './length.ts'
import { concatBytes, get8, NO_BYTES } from './octets.ts'
import type { Packet } from './packet.ts'
import { encodePayload } from './payload.ts'

/**
 * The pieces of a packet, none longer than `mtu` bytes, each but the last a multiple of eight bytes
 * of payload; the packet itself when it fits.
 *
 * IPv4: any machine on the way does this, unless the packet says "don't fragment". The pieces keep
 * the packet's identification; those of a piece keep their place in the whole. IPv6: only the sender
 * does, who draws an `identification` for the whole.
 *
 * @throws {RangeError} when the packet must not be split, or no eight bytes of payload fit into `mtu`
 */
export function fragmentPacket(packet: Packet, mtu: number, identification = 0): readonly Packet[] {
  if (lengthOf(packet) <= mtu) return [packet]
  return packet.family === 4 ? fragmentIpv4(packet, mtu) : fragmentIpv6(packet, mtu, identification)
}

function fragmentIpv4(packet: Packet, mtu: number): readonly Packet[] {
  if (packet.df) throw new RangeError('the packet must not be split')
  const { payload, options, fragment } = packet
  const bytes = encodePayload(payload, packet.src, packet.dst)
  const first = fragment?.offset ?? 0
  const later = options ? { options: laterOptions(options) } : {}
  return pieces(bytes, mtu - IPV4_HEADER - (options?.length ?? 0)).map(({ from, raw, more }) => ({
    ...packet,
    ...(from === 0 ? {} : later),
    fragment: { offset: first + from, more: more || (fragment?.more ?? false) },
    payload: { protocol: payload.protocol, raw },
  }))
}

function fragmentIpv6(packet: Packet, mtu: number, id: number): readonly Packet[] {
  if (packet.fragment) throw new RangeError('the packet is a fragment already, and only senders split')
  const { options = NO_BYTES, payload, src, dst } = packet
  const split = unfragmentableLength(options)
  const [kept, moved] = [options.subarray(0, split), options.subarray(split)]
  const body = encodePayload(payload, src, lastDestination(options, dst))
  const bytes = moved.length === 0 ? body : concatBytes([chained(moved, payload.protocol), body])
  const protocol = moved.length === 0 ? payload.protocol : get8(moved, 0)
  const { options: _, ...header } = packet
  return pieces(bytes, mtu - IPV6_HEADER - split - FRAGMENT_HEADER).map(({ from, raw, more }) => ({
    ...header,
    ...(split > 0 ? { options: kept.slice() } : {}),
    fragment: { offset: from, more, id },
    payload: { protocol, raw },
  }))
}

/** Extension headers as they are on the wire, before a payload of `protocol`. */
function chained(options: Uint8Array, protocol: Protocol): Uint8Array {
  const bytes = new Uint8Array(options.length)
  encodeExtensions(bytes, options, undefined, protocol)
  return bytes
}

/** A piece of a payload, and the byte of it where it begins. */
interface Piece {
  readonly from: number
  readonly raw: Uint8Array
  readonly more: boolean
}

function pieces(bytes: Uint8Array, room: number): readonly Piece[] {
  const step = room & ~7
  if (step < 8) throw new RangeError(`no room for a piece: ${room} bytes`)
  const all: Piece[] = []
  for (let from = 0; from < bytes.length; ) {
    // The last piece need not be a multiple of eight.
    const end = bytes.length - from <= room ? bytes.length : from + step
    all.push({ from, raw: bytes.slice(from, end), more: end < bytes.length })
    from = end
  }
  return all
}

/**
 * How many bytes of a packet's extension headers each of its fragments has: those that machines on
 * the way look at.
 *
 * @see RFC 8200 section 4.5; ip6_find_1stfragopt in net/ipv6/output_core.c of Linux
 */
function unfragmentableLength(options: Uint8Array): number {
  let end = 0
  let routed = false
  for (const [at, type, length] of headersOf(options)) {
    if (type === ROUTING) routed = true
    else if (type !== HOP_BY_HOP && (type !== DESTINATION || routed)) break
    end = at + length
  }
  return end
}
