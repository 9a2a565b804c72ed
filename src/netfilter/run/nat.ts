/**
 * NAT: how a connection is set up to be rewritten, and how its packets are.
 *
 * What a rule asks for is worked out once, on the connection's first packet, separately for its
 * source and its destination. From then on every packet of either direction is made to look like
 * the inverse of the other direction.
 *
 * @see net/netfilter/nf_nat_core.c, nf_nat_proto.c of Linux
 * @module
 */
import { equalIp } from '../../base/ip.ts'
import { hasIdentifier } from '../../packet/icmp-types.ts'
import { isIcmp, type Packet, type Payload } from '../../packet/packet.ts'
import { type Connection, type Direction, opposite, type Tuple } from './conntrack.ts'
import type { Hook } from './hook.ts'
import type { Manipulation, NatContext, NatRange } from './nat-range.ts'
import { uniqueTuple } from './nat-tuple.ts'
import { equalTuple, inverseOf } from './tuple.ts'

/** Destinations are rewritten before the packet is routed, sources behind. @see HOOK2MANIP */
export function manipulationAt(hook: Hook): Manipulation {
  return hook === 'postrouting' || hook === 'input' ? 'source' : 'destination'
}

export function isSetUp(connection: Connection, manipulation: Manipulation): boolean {
  return manipulation === 'source' ? connection.sourceDone : connection.destinationDone
}

/**
 * Sets up one manipulation of a connection. One that is in the table already stays as it is.
 *
 * @returns whether packets will be rewritten by it
 * @see nf_nat_setup_info
 */
export function setUp(
  connection: Connection,
  manipulation: Manipulation,
  range: NatRange,
  context: NatContext,
): boolean {
  if (connection.confirmed) return false
  const current = inverseOf(connection.reply)
  const wanted = uniqueTuple(connection, manipulation, current, range, context)
  const changes = !equalTuple(wanted, current)
  if (changes) connection.reply = inverseOf(wanted)
  if (manipulation === 'source') {
    connection.sourceDone = true
    connection.sourceRewritten ||= changes
  } else {
    connection.destinationDone = true
    connection.destinationRewritten ||= changes
  }
  return changes
}

/**
 * What no rule asks for: the address stays, and the port too unless somebody has it already.
 *
 * @see nf_nat_alloc_null_binding
 */
export function setUpNull(connection: Connection, manipulation: Manipulation, context: NatContext): boolean {
  const ip = manipulation === 'source' ? connection.reply.dst : connection.reply.src
  return setUp(connection, manipulation, { to: { from: ip, to: ip } }, context)
}

/** Whether packets of `direction` are rewritten by `manipulation`. */
export function isRewritten(connection: Connection, direction: Direction, manipulation: Manipulation): boolean {
  // An answer's source is the destination that was asked, and the other way round.
  const source = (manipulation === 'source') === (direction === 'original')
  return source ? connection.sourceRewritten : connection.destinationRewritten
}

/** The packet as its connection wants it; the same value where nothing changes. @see nf_nat_packet */
export function rewrite(
  packet: Packet,
  connection: Connection,
  direction: Direction,
  manipulation: Manipulation,
): Packet {
  if (!isRewritten(connection, direction, manipulation)) return packet
  return manipulate(packet, manipulation, inverseOf(connection[opposite(direction)]))
}

/** The packet with its source or destination taken from `target`. @see nf_nat_manip_pkt */
export function manipulate(packet: Packet, manipulation: Manipulation, target: Tuple): Packet {
  const payload = withPort(packet, manipulation, target)
  if (manipulation === 'source') {
    if (payload === packet.payload && equalIp(packet.src, target.src)) return packet
    return { ...packet, src: target.src, payload }
  }
  if (payload === packet.payload && equalIp(packet.dst, target.dst)) return packet
  return { ...packet, dst: target.dst, payload }
}

function withPort({ payload, family }: Packet, manipulation: Manipulation, { sport, dport }: Tuple): Payload {
  if ('sport' in payload) {
    if (manipulation === 'source') return payload.sport === sport ? payload : { ...payload, sport }
    return payload.dport === dport ? payload : { ...payload, dport }
  }
  if (!isIcmp(payload) || !hasIdentifier(payload.type, family)) return payload
  const rest = (sport << 16) | (payload.rest & 0xffff)
  return rest === payload.rest ? payload : { ...payload, rest }
}
