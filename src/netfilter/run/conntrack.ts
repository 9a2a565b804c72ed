/**
 * Connection tracking: which packets belong together, and how their addresses were rewritten.
 *
 * @see net/netfilter/nf_conntrack_core.c of Linux
 * @module
 */
import type { Millis } from '../../base/clock.ts'
import type { Ip } from '../../base/ip.ts'
import type { Protocol } from '../../base/protocol.ts'

/** One direction of a connection. For ICMP, `sport` is the identifier and `dport` is type × 256 + code. */
export interface Tuple {
  readonly src: Ip
  readonly dst: Ip
  readonly protocol: Protocol
  readonly sport: number
  readonly dport: number
}

export type Direction = 'original' | 'reply'

/** Of TCP: how far a connection has come. @see include/uapi/linux/netfilter/nf_conntrack_tcp.h of Linux */
export type TcpPhase =
  | 'SYN_SENT'
  | 'SYN_RECV'
  | 'ESTABLISHED'
  | 'FIN_WAIT'
  | 'CLOSE_WAIT'
  | 'LAST_ACK'
  | 'TIME_WAIT'
  | 'CLOSE'
  /** Both ends sent a SYN. */
  | 'SYN_SENT2'

/** Of SCTP. @see include/uapi/linux/netfilter/nf_conntrack_sctp.h of Linux */
export type SctpPhase =
  | 'CLOSED'
  | 'COOKIE_WAIT'
  | 'COOKIE_ECHOED'
  | 'ESTABLISHED'
  | 'SHUTDOWN_SENT'
  | 'SHUTDOWN_RECD'
  | 'SHUTDOWN_ACK_SENT'
  | 'HEARTBEAT_SENT'

/** What TCP's tracker knows of the side that sends in one direction. Numbers are 32 bits, signed. */
export interface TcpSide {
  /** Where its data ends, in sequence numbers; absent until it sent something. */
  end?: number
  /** The highest acknowledgement that it sent. */
  acknowledged?: number
  /** It sent data that the other side has not acknowledged. */
  waiting: boolean
  /** It closed first. */
  closed: boolean
}

/** What TCP's tracker remembers. `NONE`: it has not judged a packet yet. @see struct ip_ct_tcp of Linux */
export interface TcpMemory {
  phase: TcpPhase | 'NONE'
  /** The last segment that counted, or that was let through unseen: its kind, direction and end. */
  lastKind: TcpKind
  lastDirection: Direction
  lastEnd: number
  readonly original: TcpSide
  readonly reply: TcpSide
  simultaneousOpen: boolean
  /** A SYN was let through that the far end may answer with a bare ACK. @see RFC 5961 section 4 */
  challenged: boolean
}

/** What SCTP's tracker remembers. @see struct ip_ct_sctp of Linux */
export interface SctpMemory {
  phase: SctpPhase | 'NONE'
  /** The verification tag of packets in each direction; 0 until it is known. */
  readonly tags: Record<Direction, number>
  /** The side sent INIT. */
  readonly began: Record<Direction, boolean>
  /** The direction of a heartbeat with a tag that is not the connection's. */
  strayHeartbeat?: Direction
}

/** What a segment does, by its flags. */
export type TcpKind = 'syn' | 'synack' | 'fin' | 'ack' | 'rst' | 'none'

/**
 * A tracked connection.
 *
 * `reply` is what the far end's packets look like: the inverse of `original` until NAT rewrites it.
 * Changed only by the functions of this folder.
 */
export interface Connection {
  readonly original: Tuple
  reply: Tuple
  /** Bits of NAT set up so far, by the hook's manipulation. */
  sourceDone: boolean
  destinationDone: boolean
  sourceRewritten: boolean
  destinationRewritten: boolean
  /** The device whose address masquerading took. The connection ends when it would leave by another. */
  masqueradedBy?: string
  /** Entered into the table: the first packet left the machine or reached a socket of it. */
  confirmed: boolean
  seenReply: boolean
  assured: boolean
  mark: number
  /** What the tracker of the protocol remembers. */
  tcp?: TcpMemory
  sctp?: SctpMemory
  /** Of UDP: from when on answers show that it is a stream. */
  streamFrom?: Millis
  expires: Millis
}

/** A connection of its own, equal to `connection`. */
export function copyConnection(connection: Connection): Connection {
  const { tcp, sctp } = connection
  const copy = { ...connection }
  if (tcp) copy.tcp = { ...tcp, original: { ...tcp.original }, reply: { ...tcp.reply } }
  if (sctp) copy.sctp = { ...sctp, tags: { ...sctp.tags }, began: { ...sctp.began } }
  return copy
}

export function opposite(direction: Direction): Direction {
  return direction === 'original' ? 'reply' : 'original'
}
