/**
 * The first packets of flows, as programs on Linux make its kernel send them.
 *
 * What a kernel draws (sequence numbers, tags, timestamps) is fixed here or an argument.
 *
 * @module
 */
import { type Family, familyOf, type Ip } from '../base/ip.ts'
import { ICMP, ICMPV6, SCTP, TCP, UDP } from '../base/protocol.ts'
import { echoReply } from './echo.ts'
import { echoType } from './icmp-types.ts'
import { IPV4_HEADER, IPV6_HEADER, lengthOf, TCP_HEADER } from './length.ts'
import { concatBytes, get32, NO_BYTES, put32 } from './octets.ts'
import {
  isIcmp,
  isSctp,
  isTcp,
  isUdp,
  type Packet,
  type Payload,
  type SctpPacket,
  TCP_FLAG,
  type TcpSegment,
} from './packet.ts'
import { decodeTcpOptions, encodeTcpOptions } from './tcp-options.ts'
import { nextSequence } from './tcp-reset.ts'

/** What all builders take. */
export interface Start {
  readonly src: Ip
  /** Of the same family. */
  readonly dst: Ip
  /** Absent: 64, `net.ipv4.ip_default_ttl`. */
  readonly ttl?: number
  /** Absent: 0. */
  readonly tos?: number
  /** Of the IP header: identification, or flow label; absent: 0. */
  readonly identification?: number
  readonly data?: Uint8Array
  /** Bytes of the whole packet, which data fill up where none are given; never less than the headers take. */
  readonly size?: number
}

export interface PortStart extends Start {
  readonly sport: number
  readonly dport: number
}

export interface TcpStart extends PortStart {
  readonly seq?: number
  /** Of the sender's link, in bytes, from which segment size and window follow. Absent: 1500. */
  readonly mtu?: number
  /** The clock of the sender's timestamps; 32 bits. */
  readonly timestamp?: number
}

export interface SctpStart extends PortStart {
  /** Initiate tag, 32 bits, not 0. */
  readonly tag?: number
}

export interface EchoStart extends Start {
  /** Identifier and sequence number of the message; absent: 1. */
  readonly id?: number
  readonly seq?: number
}

/** What a socket's buffer lets Linux announce at first. @see tcp_select_initial_window in net/ipv4/tcp_output.c */
const FIRST_WINDOW = 65_536

/** What the usual 6 MiB of net.ipv4.tcp_rmem make of it. */
const WINDOW_SCALE = 7

const FIRST_SEQUENCE = 1_000_000
const ANSWER_SEQUENCE = 2_000_000
const FIRST_TAG = 1_000_000
const ANSWER_TAG = 2_000_000
const FIRST_TIMESTAMP = 1_000

/** What the timestamps take of each segment, in bytes. */
const TIMESTAMPS_LENGTH = 12

const ACKNOWLEDGEMENT = { flags: TCP_FLAG.ACK, window: FIRST_WINDOW >> WINDOW_SCALE, options: NO_BYTES } as const

/** Able to carry ECN, as Linux marks all packets of SCTP. @see INET_ECN_xmit in net/sctp/socket.c */
const ECT_0 = 0x02

/** Bytes that `ping` sends unless told otherwise. */
const PING_DATA = 56

/** A connection's first segment. */
export function tcpSyn(start: TcpStart): Packet {
  const { sport, dport, seq = FIRST_SEQUENCE, mtu = 1500, timestamp = FIRST_TIMESTAMP } = start
  const mss = segmentSize(familyOf(start.dst), mtu)
  const payload = (data: Uint8Array): Payload => ({
    protocol: TCP,
    sport,
    dport,
    seq,
    ack: 0,
    flags: TCP_FLAG.SYN,
    window: firstWindow(mss),
    urgent: 0,
    options: encodeTcpOptions({
      mss,
      sackPermitted: true,
      timestamps: { value: timestamp, echo: 0 },
      windowScale: WINDOW_SCALE,
    }),
    data,
  })
  return packetOf(start, payload)
}

export function udpDatagram(start: PortStart): Packet {
  const { sport, dport } = start
  return packetOf(start, data => ({ protocol: UDP, sport, dport, data }))
}

/**
 * An association's first packet: an INIT chunk. Linux marks SCTP's packets as able to carry ECN.
 *
 * Data, should any be asked for, are in a PAD chunk (RFC 4820).
 */
export function sctpInit(start: SctpStart): Packet {
  const { sport, dport, tag = FIRST_TAG, tos = ECT_0 } = start
  const value = initValue(tag, SUPPORTED_ADDRESSES[familyOf(start.dst)])
  const init = { type: INIT, flags: 0, value }
  return packetOf({ ...start, tos }, data => ({
    protocol: SCTP,
    sport,
    dport,
    tag: 0,
    chunks: data.length < 4 ? [init] : [init, { type: PAD, flags: 0, value: data.subarray(4) }],
  }))
}

/** A ping of either family. */
export function echoRequest(start: EchoStart): Packet {
  const { id = 1, seq = 1 } = start
  const family = familyOf(start.dst)
  const wanted = start.data === undefined && start.size === undefined ? { ...start, data: pattern(PING_DATA) } : start
  return packetOf(wanted, data => ({
    protocol: family === 4 ? ICMP : ICMPV6,
    type: echoType(family, 'request'),
    code: 0,
    rest: (id << 16) | seq,
    data,
  }))
}

/**
 * What a program that is there makes its kernel answer at once: SYN and ACK to a SYN, an
 * acknowledgement to data, a datagram of the same data to a datagram, INIT ACK to an INIT, a reply to
 * a ping. Nothing to what asks for no answer: resets, bare acknowledgements, errors, fragments.
 */
export function answerTo(packet: Packet): Packet | undefined {
  const { payload } = packet
  if (isIcmp(payload)) return echoReply(packet)
  const answer: Payload | undefined = isTcp(payload)
    ? tcpAnswer(payload, packet.family)
    : isUdp(payload)
      ? { ...swapped(payload), protocol: UDP, data: payload.data }
      : isSctp(payload)
        ? sctpAnswer(payload)
        : undefined
  if (!answer) return undefined
  const { family, src, dst } = packet
  const tos = answer.protocol === SCTP ? ECT_0 : 0
  return { family, src: dst, dst: src, ttl: 64, tos, id: 0, df: true, payload: answer }
}

function swapped({ sport, dport }: { readonly sport: number; readonly dport: number }) {
  return { sport: dport, dport: sport }
}

function tcpAnswer(segment: TcpSegment, family: Family): TcpSegment | undefined {
  const { flags, seq, ack } = segment
  const next = nextSequence(segment)
  if (flags & TCP_FLAG.RST || next === seq) return undefined
  const common = { ...swapped(segment), protocol: TCP, ack: next, urgent: 0, data: NO_BYTES } as const
  if ((flags & (TCP_FLAG.SYN | TCP_FLAG.ACK)) !== TCP_FLAG.SYN) return { ...common, ...ACKNOWLEDGEMENT, seq: ack }
  return { ...common, ...synAckOf(segment, family) }
}

/** Offers what the SYN offered. @see tcp_synack_options in net/ipv4/tcp_output.c of Linux */
function synAckOf({ options }: TcpSegment, family: Family): Pick<TcpSegment, 'seq' | 'flags' | 'window' | 'options'> {
  const offered = decodeTcpOptions(options)
  const mss = offered.mss ?? segmentSize(family, 1500)
  const { timestamps, sackPermitted, windowScale } = offered
  return {
    seq: ANSWER_SEQUENCE,
    flags: TCP_FLAG.SYN | TCP_FLAG.ACK,
    window: firstWindow(timestamps ? mss - TIMESTAMPS_LENGTH : mss),
    options: encodeTcpOptions({
      mss,
      ...(sackPermitted ? { sackPermitted } : {}),
      ...(timestamps ? { timestamps: { value: FIRST_TIMESTAMP, echo: timestamps.value } } : {}),
      ...(windowScale === undefined ? {} : { windowScale: WINDOW_SCALE }),
    }),
  }
}

function sctpAnswer({ sport, dport, chunks }: SctpPacket): SctpPacket | undefined {
  const [first] = chunks
  if (first?.type !== INIT || first.value.length < INIT_LENGTH) return undefined
  // The answer bears the tag that the INIT asked for, and asks for another.
  const value = concatBytes([first.value.subarray(0, INIT_LENGTH), FEATURES, COOKIE])
  put32(value, 0, ANSWER_TAG)
  put32(value, 12, ANSWER_TAG)
  const chunk = { type: INIT_ACK, flags: 0, value }
  return { ...swapped({ sport, dport }), protocol: SCTP, tag: get32(first.value, 0), chunks: [chunk] }
}

/** The largest segment through a link, in bytes: what is left beside headers without options. */
export function segmentSize(family: Family, mtu: number): number {
  return mtu - (family === 4 ? IPV4_HEADER : IPV6_HEADER) - TCP_HEADER
}

/** As many whole segments as fit. @see tcp_select_initial_window in net/ipv4/tcp_output.c of Linux */
export function firstWindow(mss: number): number {
  return Math.min(FIRST_WINDOW - (FIRST_WINDOW % mss), 0xffff)
}

function packetOf(start: Start, payload: (data: Uint8Array) => Payload): Packet {
  const { src, dst, ttl = 64, tos = 0, identification: id = 0, data, size } = start
  const packet = { family: familyOf(dst), src, dst, ttl, tos, id, df: true, payload: payload(data ?? NO_BYTES) }
  if (data !== undefined || size === undefined) return packet
  return { ...packet, payload: payload(pattern(Math.max(0, size - lengthOf(packet)))) }
}

/** As `ping` fills its packets: 0, 1, 2, … */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i)
}

const INIT = 1
const INIT_ACK = 2
const PAD = 0x84

/** Of an INIT without parameters, in bytes behind the chunk's header. */
const INIT_LENGTH = 16

/** A state cookie; what is in it concerns its maker only. */
const COOKIE = Uint8Array.of(0x00, 0x07, 0, 8, 0x70, 0x6f, 0x64, 0x77)

/** Supported address types (IPv4 5, IPv6 6), ECN, and forward TSN. @see RFC 9260 sections 3.3.2 and B, RFC 3758 */
const SUPPORTED_ADDRESSES: Readonly<Record<Family, Uint8Array>> = {
  4: Uint8Array.of(0x00, 0x0c, 0, 6, 0, 5, 0, 0),
  6: Uint8Array.of(0x00, 0x0c, 0, 8, 0, 6, 0, 5),
}
const FEATURES = Uint8Array.of(0x80, 0x00, 0, 4, 0xc0, 0x00, 0, 4)

/** The window and the streams are those of Linux: 106496 bytes, 10 out, 65535 in at most. */
function initValue(tag: number, parameters: Uint8Array): Uint8Array {
  const value = concatBytes([new Uint8Array(16), parameters, FEATURES])
  put32(value, 0, tag)
  put32(value, 4, 106_496)
  put32(value, 8, (10 << 16) | 0xffff)
  put32(value, 12, tag)
  return value
}
