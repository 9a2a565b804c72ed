/**
 * Packets as the kernel shows them from inside, in the middle of their way.
 *
 * Checksums may be left to devices that do not exist, and anybody may have sent anything: such
 * packets are read as far as they can be.
 *
 * @module
 */

import { ParseError } from '../base/error.ts'
import type { Ip } from '../base/ip.ts'
import { ICMP, ICMPV6, SCTP, TCP, UDP } from '../base/protocol.ts'
import { checksumOf, pseudoHeaderSum } from '../packet/checksum.ts'
import { ETHER_TYPE, ETHERNET_HEADER } from '../packet/ethernet.ts'
import { hasIdentifier } from '../packet/icmp-types.ts'
import { decodeExtensions, lastDestination } from '../packet/ipv6-extensions.ts'
import { IPV4_HEADER, IPV6_HEADER, UDP_HEADER } from '../packet/length.ts'
import { get8, get16, getIp, malformed, put16, put32, requireLength } from '../packet/octets.ts'
import { isIcmp, type Packet, portsOf } from '../packet/packet.ts'
import { decodePacket } from '../packet/packet-bytes.ts'
import { sctpChecksum } from '../packet/sctp.ts'
import { VXLAN_HEADER } from '../packet/vxlan.ts'
import type { TracedPacket } from './observation.ts'

const WHAT = 'observed packet'

type Tunnels = readonly number[]

const NONE: Tunnels = []

/** Protocol number that no packet carries. @see https://www.iana.org/assignments/protocol-numbers */
const RESERVED = 255

const NO_OPERATION = 1

/**
 * The packet that `bytes` are, whatever its checksums. A payload that is not of its protocol's form is
 * `raw`; IPv6 extension headers of none stay in it.
 *
 * @param tunnels UDP ports of VXLAN: of what is carried the checksums may be left to devices too
 * @throws {ParseError} when they do not begin with a whole IP header
 */
export function decodeObserved(bytes: Uint8Array, tunnels: Tunnels = NONE): Packet {
  try {
    return decodePacket(withChecksums(bytes, tunnels))
  } catch (cause) {
    if (!(cause instanceof ParseError)) throw cause
    return withRawPayload(bytes)
  }
}

/** What matters of a packet to tell it apart from others. */
export function tracedOf({ family, src, dst, ttl, payload }: Packet): TracedPacket {
  const protocol = payload.protocol
  const ports = portsOf(payload)
  if (ports) return { protocol, src, dst, sport: ports.sport, dport: ports.dport, ttl }
  if (isIcmp(payload) && hasIdentifier(payload.type, family)) {
    return { protocol, src, dst, sport: payload.rest >>> 16, ttl }
  }
  return { protocol, src, dst, ttl }
}

/** A copy with right checksums. */
function withChecksums(bytes: Uint8Array, tunnels: Tunnels): Uint8Array {
  const mended = Uint8Array.from(bytes)
  if (mended.length > 0) mend(mended, tunnels)
  return mended
}

function mend(bytes: Uint8Array, tunnels: Tunnels): void {
  if (get8(bytes, 0) >>> 4 === 4) mendIpv4(bytes, tunnels)
  else mendIpv6(bytes, tunnels)
}

function mendIpv4(bytes: Uint8Array, tunnels: Tunnels): void {
  const header = (get8(bytes, 0) & 15) * 4
  if (bytes.length < IPV4_HEADER || header < IPV4_HEADER || header > bytes.length) return
  mendHeader(bytes, header)
  const whole = (get16(bytes, 6) & 0x3fff) === 0
  if (!whole) return
  const body = bytes.subarray(header)
  mendCarried(body, get8(bytes, 9), tunnels)
  mendPayload(body, get8(bytes, 9), getIp(bytes, 12, 4), getIp(bytes, 16, 4))
}

function mendHeader(bytes: Uint8Array, header: number): void {
  put16(bytes, 10, 0)
  put16(bytes, 10, checksumOf(bytes.subarray(0, header)))
}

function mendIpv6(bytes: Uint8Array, tunnels: Tunnels): void {
  if (bytes.length < IPV6_HEADER) return
  const { options, fragment, protocol, at } = decodeExtensions(bytes, IPV6_HEADER, get8(bytes, 6))
  if (fragment) return
  const body = bytes.subarray(at)
  mendCarried(body, protocol, tunnels)
  mendPayload(body, protocol, getIp(bytes, 8, 6), lastDestination(options, getIp(bytes, 24, 6)))
}

/** Where the Ethernet header is in a datagram that carries a frame, and the packet behind it. */
const FRAME_AT = UDP_HEADER + VXLAN_HEADER
const CARRIED_AT = FRAME_AT + ETHERNET_HEADER

function mendCarried(body: Uint8Array, protocol: number, tunnels: Tunnels): void {
  if (protocol !== UDP || body.length <= CARRIED_AT || !tunnels.includes(get16(body, 2))) return
  const etherType = get16(body, CARRIED_AT - 2)
  if (etherType === ETHER_TYPE.IPV4 || etherType === ETHER_TYPE.IPV6) mend(body.subarray(CARRIED_AT), NONE)
}

/** Where the checksum of a protocol is. */
const PLACES: ReadonlyMap<number, number> = new Map([
  [TCP, 16],
  [UDP, 6],
  [ICMP, 2],
  [ICMPV6, 2],
  [SCTP, 8],
])

function mendPayload(body: Uint8Array, protocol: number, src: Ip, dst: Ip): void {
  const at = PLACES.get(protocol)
  if (at === undefined || body.length < at + (protocol === SCTP ? 4 : 2)) return
  if (protocol === SCTP) {
    put32(body, at, sctpChecksum(body))
    return
  }
  // A datagram without checksum is one.
  if (protocol === UDP && get16(body, at) === 0) return
  put16(body, at, 0)
  const sum = protocol === ICMP ? 0 : pseudoHeaderSum(src, dst, protocol, body.length)
  put16(body, at, checksumOf(body, sum) || (protocol === UDP ? 0xffff : 0))
}

/** The packet with its payload left as it is, of the length that is there. */
function withRawPayload(bytes: Uint8Array): Packet {
  return get8(bytes, 0) >>> 4 === 6 ? rawIpv6(bytes) : rawIpv4(bytes)
}

function rawIpv4(bytes: Uint8Array): Packet {
  requireLength(WHAT, bytes, IPV4_HEADER)
  const header = (get8(bytes, 0) & 15) * 4
  if (get8(bytes, 0) >>> 4 !== 4 || header < IPV4_HEADER || header > bytes.length) {
    throw malformed(WHAT, bytes, 0, 'no IP header')
  }
  const plain = Uint8Array.from(bytes)
  put16(plain, 2, bytes.length)
  plain[9] = RESERVED
  plain.fill(NO_OPERATION, IPV4_HEADER, header)
  mendHeader(plain, header)
  const packet = decodePacket(plain)
  const options = bytes.slice(IPV4_HEADER, header)
  const payload = { protocol: get8(bytes, 9), raw: bytes.slice(header) }
  return { ...packet, ...(options.length > 0 ? { options } : {}), payload }
}

function rawIpv6(bytes: Uint8Array): Packet {
  requireLength(WHAT, bytes, IPV6_HEADER)
  const plain = Uint8Array.from(bytes)
  put16(plain, 4, bytes.length - IPV6_HEADER)
  plain[6] = RESERVED
  return { ...decodePacket(plain), payload: { protocol: get8(bytes, 6), raw: bytes.slice(IPV6_HEADER) } }
}
