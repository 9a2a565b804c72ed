/**
 * Packets and frames, as values.
 *
 * Bytes become these values once, where they come in (`decode…`), and bytes again where they are
 * written or carried inside another packet (`encode…`). Lengths and checksums are not part of the
 * values: they follow from the rest, and the codecs compute and verify them.
 *
 * @module
 */
import type { Family, Ip } from '../base/ip.ts'
import type { Mac } from '../base/mac.ts'
import type { Protocol } from '../base/protocol.ts'

/** A packet of layer 3: an IPv4 or IPv6 header and what it carries. */
export interface Packet {
  readonly family: Family
  /** Of the packet's family, as is `dst`. */
  readonly src: Ip
  readonly dst: Ip
  /** TTL or hop limit, 0 to 255. */
  readonly ttl: number
  /** DSCP and ECN, 8 bits. */
  readonly tos: number
  /** IPv4: identification, 16 bits. IPv6: flow label, 20 bits. */
  readonly id: number
  /** IPv4's "don't fragment". IPv6 packets never are on the way: always true there. */
  readonly df: boolean
  /** Of a fragment that is not the whole packet: where its payload begins, in bytes, and whether more follow. */
  readonly fragment?: {
    readonly offset: number
    readonly more: boolean
    /** Of IPv6: the identification in the fragment header, 32 bits, signed. */
    readonly id?: number
  }
  /**
   * IPv4 options as they are on the wire, or IPv6 extension headers but for the fragment header, each
   * with its own type in place of the next one's (see `ipv6-extensions.ts`). Absent rather than empty.
   */
  readonly options?: Uint8Array
  readonly payload: Payload
}

/**
 * What a packet carries. In a fragment it is `raw`, in the first one too: the checksum and length of
 * its transport header are those of the whole, which a piece does not hold.
 */
export type Payload = TcpSegment | UdpDatagram | SctpPacket | IcmpMessage | RawPayload

export interface TcpSegment {
  readonly protocol: 6
  readonly sport: number
  readonly dport: number
  /** 32 bits, signed, as is `ack`. */
  readonly seq: number
  readonly ack: number
  /** FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128. */
  readonly flags: number
  readonly window: number
  readonly urgent: number
  /** As on the wire, padded to four bytes. */
  readonly options: Uint8Array
  readonly data: Uint8Array
}

export interface UdpDatagram {
  readonly protocol: 17
  readonly sport: number
  readonly dport: number
  /** The sender left the checksum out, which IPv4 allows. */
  readonly noChecksum?: true
  readonly data: Uint8Array
}

export interface SctpPacket {
  readonly protocol: 132
  readonly sport: number
  readonly dport: number
  /** Verification tag, 32 bits, signed. */
  readonly tag: number
  readonly chunks: readonly SctpChunk[]
}

export interface SctpChunk {
  /** INIT 1, INIT ACK 2, ABORT 6, COOKIE ECHO 10, … @see RFC 9260 section 3.2 */
  readonly type: number
  readonly flags: number
  readonly value: Uint8Array
}

/** ICMP or ICMPv6. */
export interface IcmpMessage {
  readonly protocol: 1 | 58
  readonly type: number
  readonly code: number
  /** The four bytes behind the checksum, signed: identifier and sequence, MTU, pointer, … */
  readonly rest: number
  /** Of an error: the beginning of the packet that it is about. */
  readonly data: Uint8Array
}

/** A protocol that podwire does not take apart, or a piece of a packet. */
export interface RawPayload {
  readonly protocol: Protocol
  readonly raw: Uint8Array
}

/** An Ethernet frame. */
export interface Frame {
  readonly src: Mac
  readonly dst: Mac
  readonly body: FrameBody
}

export type FrameBody =
  | { readonly kind: 'ip'; readonly packet: Packet }
  | ({ readonly kind: 'arp' } & ArpMessage)
  /** An EtherType that podwire does not take apart. */
  | { readonly kind: 'raw'; readonly etherType: number; readonly bytes: Uint8Array }

/** @see RFC 826 */
export interface ArpMessage {
  readonly operation: 'request' | 'reply'
  readonly sender: { readonly mac: Mac; readonly ip: Ip }
  readonly target: { readonly mac: Mac; readonly ip: Ip }
}

/** A frame inside a VXLAN header. @see RFC 7348 section 5 */
export interface VxlanPacket {
  /** 24 bits. */
  readonly vni: number
  readonly frame: Frame
}

export const TCP_FLAG = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32, ECE: 64, CWR: 128 } as const

export function isTcp(payload: Payload): payload is TcpSegment {
  return payload.protocol === 6 && 'flags' in payload
}

export function isUdp(payload: Payload): payload is UdpDatagram {
  return payload.protocol === 17 && 'data' in payload
}

export function isSctp(payload: Payload): payload is SctpPacket {
  return payload.protocol === 132 && 'chunks' in payload
}

export function isIcmp(payload: Payload): payload is IcmpMessage {
  return (payload.protocol === 1 || payload.protocol === 58) && 'type' in payload
}

/** The ports of a transport that has them, in a packet whose transport header is there. */
export function portsOf(payload: Payload): { readonly sport: number; readonly dport: number } | undefined {
  return 'sport' in payload ? payload : undefined
}
