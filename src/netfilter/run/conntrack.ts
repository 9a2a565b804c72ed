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
  /** Entered into the table: the first packet left the machine or reached a socket of it. */
  confirmed: boolean
  seenReply: boolean
  assured: boolean
  mark: number
  /** Of TCP and SCTP: the state of the tracker. */
  phase?: string
  expires: Millis
}
