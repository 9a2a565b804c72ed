/**
 * Connection tracking proper: finds the connection that a packet belongs to, or begins one.
 *
 * A connection that a packet begins is not in the table yet: it is entered when the packet has
 * passed all hooks, so that a packet that is dropped on its way leaves no trace.
 *
 * @see net/netfilter/nf_conntrack_core.c of Linux: nf_conntrack_in, __nf_conntrack_confirm
 * @module
 */
import type { Millis } from '../../base/clock.ts'
import { equalIp } from '../../base/ip.ts'
import { ICMP, ICMPV6 } from '../../base/protocol.ts'
import { isErrorType } from '../../packet/icmp-types.ts'
import { type IcmpMessage, isIcmp, type Packet } from '../../packet/packet.ts'
import { type Quote, readQuote } from '../../packet/quote.ts'
import type { Connection, Tuple } from './conntrack.ts'
import { type ConnectionTable, enter, findEntry, remove } from './conntrack-table.ts'
import type { Skb, Tracked } from './skb.ts'
import type { Tracking } from './tracker.ts'
import { trackPacket } from './trackers.ts'
import { invertTuple, tupleOf } from './tuple.ts'

const INVALID: Tracked = { state: 'INVALID', direction: 'original' }
const UNTRACKED: Tracked = { state: 'UNTRACKED', direction: 'original' }

/** What connection tracking makes of a packet that it has not seen yet. */
export function track(table: ConnectionTable, packet: Packet, tracking: Tracking): Tracked {
  if (isIcmp(packet.payload)) {
    const related = trackMessage(table, packet, packet.payload, tracking.now)
    if (related) return related
  }
  const tuple = tupleOf(packet)
  return tuple ? trackTuple(table, packet, tuple, tracking) : INVALID
}

function trackTuple(table: ConnectionTable, packet: Packet, tuple: Tuple, tracking: Tracking): Tracked {
  const entry = findEntry(table, tuple, tracking.now)
  const direction = entry?.direction ?? 'original'
  const connection = entry?.connection ?? begin(tuple, tracking.now)
  if (!connection) return INVALID
  const judgement = trackPacket(connection, packet, direction, tracking)
  if (judgement === 'invalid') return INVALID
  if (judgement !== 'accept') remove(table, connection)
  // The connection has just left the table, so this begins another.
  if (judgement === 'again') return trackTuple(table, packet, tuple, tracking)
  const state = direction === 'reply' || connection.seenReply ? 'ESTABLISHED' : 'NEW'
  if (direction === 'reply') connection.seenReply = true
  return { connection, state, direction }
}

/** @see init_conntrack; absent: nobody answers such a packet */
function begin(original: Tuple, now: Millis): Connection | undefined {
  const reply = invertTuple(original)
  return (
    reply && {
      original,
      reply,
      sourceDone: false,
      destinationDone: false,
      sourceRewritten: false,
      destinationRewritten: false,
      confirmed: false,
      seenReply: false,
      assured: false,
      mark: 0,
      expires: now,
    }
  )
}

/** The highest type of ICMP that the kernel knows. */
const LAST_TYPE = 18

/** Multicast listener messages and neighbour discovery without redirects. @see noct_valid_new */
const WITHOUT_CONNECTION = new Set([130, 131, 132, 133, 134, 135, 136, 143])

/** Errors, and messages that are not tracked; absent: the message is a question or an answer. */
function trackMessage(table: ConnectionTable, packet: Packet, message: IcmpMessage, now: Millis): Tracked | undefined {
  const { type, protocol } = message
  if (packet.family === 4 && protocol === ICMP) {
    if (type > LAST_TYPE) return INVALID
    return isErrorType(type, 4) ? relate(table, packet, message, now) : undefined
  }
  if (packet.family === 6 && protocol === ICMPV6) {
    if (WITHOUT_CONNECTION.has(type)) return UNTRACKED
    return isErrorType(type, 6) ? relate(table, packet, message, now) : undefined
  }
  return undefined
}

/**
 * The connection that an error is about. The error goes the other way than the packet that it
 * quotes, and has to go where that direction of the connection leads.
 *
 * @see nf_conntrack_inet_error
 */
function relate(table: ConnectionTable, { family, dst }: Packet, message: IcmpMessage, now: Millis): Tracked {
  const quote = readQuote(message, family)
  const answer = quote && invertTuple(tupleOfQuote(quote))
  const entry = answer && findEntry(table, answer, now)
  if (!entry) return INVALID
  const { connection, direction } = entry
  return equalIp(connection[direction].dst, dst) ? { connection, state: 'RELATED', direction } : INVALID
}

function tupleOfQuote({ src, dst, protocol, sport = 0, dport = 0, icmp }: Quote): Tuple {
  if (icmp) return { src, dst, protocol, sport: icmp.id, dport: icmp.type * 256 + icmp.code }
  return { src, dst, protocol, sport, dport }
}

/**
 * What an answer to `skb` made on this machine is tracked as: ICMP errors and resets carry the
 * connection of the packet that they are about. Absent: it has none, and the answer is looked up.
 *
 * @see nf_conntrack_attach; icmp_glue_bits in net/ipv4/icmp.c and icmpv6_getfrag in net/ipv6/icmp.c call it
 */
export function trackedAnswer({ tracked }: Skb): Tracked | undefined {
  const connection = tracked?.connection
  if (!connection) return undefined
  return { connection, state: 'RELATED', direction: tracked.direction === 'original' ? 'reply' : 'original' }
}

/** What became of a connection that was to be entered. */
export type Confirmation =
  | { readonly kind: 'entered' }
  /** Another packet of the same flow was faster: its connection stands. */
  | { readonly kind: 'joined'; readonly connection: Connection }
  /** One of the tuples belongs to another flow. */
  | { readonly kind: 'taken' }

/**
 * Enters a connection into the table.
 *
 * @see __nf_conntrack_confirm, nf_ct_resolve_clash; that of UDP with one half of an entry (nf_ct_resolve_clash_harder)
 *   is left out: it takes several processors
 */
export function confirm(table: ConnectionTable, connection: Connection, now: Millis): Confirmation {
  const original = findEntry(table, connection.original, now)
  const reply = findEntry(table, connection.reply, now)
  if (!original && !reply) {
    connection.confirmed = true
    enter(table, connection)
    return { kind: 'entered' }
  }
  const same = original?.direction === 'original' && original.connection === reply?.connection
  return same ? { kind: 'joined', connection: original.connection } : { kind: 'taken' }
}
