/**
 * VXLAN: Ethernet frames in UDP datagrams.
 *
 * @see RFC 7348 section 5
 * @module
 */
import { decodeFrame, encodeFrame } from './ethernet.ts'
import { concatBytes, get32, malformed, put32, requireLength } from './octets.ts'
import type { VxlanPacket } from './packet.ts'

const WHAT = 'VXLAN packet'
export const VXLAN_HEADER = 8

/** "The network identifier is valid": the one flag of RFC 7348. */
const HAS_VNI = 0x0800_0000

/** Flags and policy of draft-smith-vxlan-group-policy. @see VXLAN_GBP_USED_BITS in include/net/vxlan.h of Linux */
const GROUP_POLICY = 0x80ff_ffff

/** What the header says, before anybody looks at the frame behind it. */
export interface VxlanHeader {
  /** 24 bits. */
  readonly vni: number
  /** The flag that says that there is a network identifier. */
  readonly hasVni: boolean
  /** Whether bits are set that must be zero, those of group policy apart. */
  readonly reserved: boolean
  /** Whether bits of the group policy extension are set. */
  readonly groupPolicy: boolean
}

/** The bytes that go into a datagram: header and frame. */
export function encodeVxlan({ vni, frame }: VxlanPacket): Uint8Array {
  const header = new Uint8Array(VXLAN_HEADER)
  put32(header, 0, HAS_VNI)
  put32(header, 4, vni << 8)
  return concatBytes([header, encodeFrame(frame)])
}

/** @throws {ParseError} when the header is cut short */
export function decodeVxlanHeader(bytes: Uint8Array): VxlanHeader {
  requireLength(WHAT, bytes, VXLAN_HEADER)
  const flags = get32(bytes, 0)
  const network = get32(bytes, 4)
  return {
    vni: network >>> 8,
    hasVni: (flags & HAS_VNI) !== 0,
    reserved: (flags & ~(HAS_VNI | GROUP_POLICY)) !== 0 || (network & 255) !== 0,
    groupPolicy: (flags & GROUP_POLICY) !== 0,
  }
}

/**
 * As strict as Linux: it drops packets with bits set that it does not know.
 *
 * @throws {ParseError} when there is no network identifier, a reserved bit is set, or the frame is malformed
 * @see vxlan_rcv in drivers/net/vxlan/vxlan_core.c of Linux
 */
export function decodeVxlan(bytes: Uint8Array): VxlanPacket {
  const { vni, hasVni, reserved, groupPolicy } = decodeVxlanHeader(bytes)
  if (!hasVni) throw malformed(WHAT, bytes, 0, 'the flag of the network identifier (I) is not set')
  if (reserved || groupPolicy) throw malformed(WHAT, bytes, 0, 'reserved bits are set')
  return { vni, frame: decodeFrame(bytes.subarray(VXLAN_HEADER)) }
}
