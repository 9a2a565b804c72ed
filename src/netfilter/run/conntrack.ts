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

/** A value for each direction. */
export interface Both<T> {
  original: T
  reply: T
}

/** What the tracker of TCP remembers beside the phase. @see struct ip_ct_tcp of Linux */
export interface TcpMemory {
  /** The last segment that counted or was let through unseen: its kind, direction and end. */
  lastKind: TcpKind
  lastDirection: Direction
  lastEnd: number
  /** The end of what each side sent; absent until it sent something. 32 bits, signed. */
  readonly end: Both<number | undefined>
  /** The side sent data that the other has not acknowledged. */
  readonly unacknowledged: Both<boolean>
  /** The side closed first. */
  readonly closed: Both<boolean>
  simultaneousOpen: boolean
  /** A SYN was let through that the far end may answer with a bare ACK. @see RFC 5961 section 4 */
  challenge: boolean
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
  /** Of TCP and SCTP: the state of the tracker. */
  phase?: TcpPhase | SctpPhase
  tcp?: TcpMemory
  /** Of UDP: from when on answers show that it is a stream. */
  streamFrom?: Millis
  expires: Millis
}
