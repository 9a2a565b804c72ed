/**
 * How NAT picks addresses and ports: those that a rule allows and that give no two flows the same
 * tuple.
 *
 * @see net/netfilter/nf_nat_core.c of Linux: get_unique_tuple, nf_nat_l4proto_unique_tuple
 * @module
 */
import { compareIp, equalIp } from '../../base/ip.ts'
import { TCP } from '../../base/protocol.ts'
import { drawInteger } from '../../base/random.ts'
import type { AddressRange, PortRange } from '../rule.ts'
import type { Connection, Tuple } from './conntrack.ts'
import { findEntry, fromSameSource, remove } from './conntrack-table.ts'
import { spreadAddress } from './nat-address.ts'
import type { Manipulation, NatContext, NatRange } from './nat-range.ts'
import { equalTuple, hasPorts, inverseOf, isIcmpProtocol } from './tuple.ts'

/** What one search for a tuple knows. */
interface Search {
  readonly connection: Connection
  readonly manipulation: Manipulation
  readonly range: NatRange
  readonly context: NatContext
}

/** `current` with the end that is rewritten moved into `range`; as it is if that will do. */
export function uniqueTuple(
  connection: Connection,
  manipulation: Manipulation,
  current: Tuple,
  range: NatRange,
  context: NatContext,
): Tuple {
  const search = { connection, manipulation, range, context }
  const drawn = range.random === true || range.randomFully === true
  if (manipulation === 'source' && !drawn) {
    const known = isSourceIn(current, range) ? current : mappedBefore(search, current)
    if (known && !isTaken(search, known)) return known
  }
  const tuple = withAddress(current, manipulation, range)
  if (!drawn && isFine(search, tuple)) return tuple
  return withFreePort(search, tuple)
}

/** Whether the source is one that the rule allows. @see nf_in_range */
function isSourceIn(tuple: Tuple, { to, ports }: NatRange): boolean {
  return (!to || isBetween(tuple, to)) && (!ports || isPortIn(tuple, 'source', ports))
}

function isBetween({ src }: Tuple, { from, to }: AddressRange): boolean {
  return compareIp(src, from) >= 0 && compareIp(src, to) <= 0
}

/** @see l4proto_in_range */
function isPortIn(tuple: Tuple, manipulation: Manipulation, { from, to }: PortRange): boolean {
  const { protocol, sport, dport } = tuple
  if (!isIcmpProtocol(protocol) && !hasPorts(protocol)) return true
  const port = manipulation === 'source' || isIcmpProtocol(protocol) ? sport : dport
  return port >= from && port <= to
}

/**
 * What another connection from the same address and port is mapped to: then so is this one, and
 * programs that tell each other their outside address are understood.
 *
 * @see find_appropriate_src
 */
function mappedBefore({ range, context }: Search, current: Tuple): Tuple | undefined {
  for (const { reply } of fromSameSource(context.table, current, context.now)) {
    const { src, sport } = inverseOf(reply)
    const tuple = { ...current, src, sport }
    if (isSourceIn(tuple, range)) return tuple
  }
  return undefined
}

/** @see find_best_ips_proto */
function withAddress(tuple: Tuple, manipulation: Manipulation, { to, persistent }: NatRange): Tuple {
  if (!to) return tuple
  const ip = equalIp(to.from, to.to) ? to.from : spreadAddress(tuple, to, persistent === true)
  return manipulation === 'source' ? { ...tuple, src: ip } : { ...tuple, dst: ip }
}

/** Whether the port can stay: a rule that names but one port means it, whoever has it. */
function isFine(search: Search, tuple: Tuple): boolean {
  const { ports } = search.range
  if (!ports) return !isTaken(search, tuple)
  return isPortIn(tuple, search.manipulation, ports) && (ports.from === ports.to || !isTaken(search, tuple))
}

/** Whether another flow's packets would look like this one's answers. @see nf_nat_used_tuple */
function isTaken({ connection, context: { table, now } }: Search, tuple: Tuple): boolean {
  const entry = findEntry(table, inverseOf(tuple), now)
  if (!entry || entry.connection === connection) return false
  // Two packets of one flow that are on their way at once will share a connection in the end.
  return !equalTuple(entry.connection.original, connection.original)
}

/** How many tries are made at first, and with how few left even a dying connection's port is taken. */
const MOST_TRIES = 128
const FEW_TRIES = 32

/** The last try, whether it found a free port or not. @see nf_nat_l4proto_unique_tuple */
function withFreePort(search: Search, tuple: Tuple): Tuple {
  const { manipulation, context } = search
  const ports = portsToTry(search, tuple)
  if (!ports) return tuple
  const size = ports.to - ports.from + 1
  const sourcePort = manipulation === 'source' || isIcmpProtocol(tuple.protocol)
  const { range } = search
  let offset = manipulation === 'source' || range.random || range.randomFully ? drawOffset(context) : 0
  let last = tuple
  for (let tries = Math.min(size, MOST_TRIES); ; tries >>= 1, offset = drawOffset(context)) {
    for (let i = 0; i < tries; i++) {
      const port = ports.from + (((offset + i) % 0x10000) % size)
      last = sourcePort ? { ...last, sport: port } : { ...last, dport: port }
      if (!isHeld(search, last, tries - i)) return last
    }
    if (tries >= size || tries < 16) return last
  }
}

function drawOffset({ random }: NatContext): number {
  return drawInteger(random, 0x10000)
}

/** The ports that may be taken; absent: the protocol has none, or they may not change. */
function portsToTry({ manipulation, range }: Search, { protocol, sport }: Tuple): PortRange | undefined {
  const { ports } = range
  if (isIcmpProtocol(protocol)) return ports ?? { from: 0, to: 0xffff }
  if (!hasPorts(protocol)) return undefined
  if (ports) return ports.from <= ports.to ? ports : { from: ports.to, to: ports.from }
  if (manipulation === 'destination') return undefined
  // Ports that only root may open stay such ports.
  if (sport < 512) return { from: 1, to: 511 }
  return sport < 1024 ? { from: 600, to: 1023 } : { from: 1024, to: 0xffff }
}

/**
 * As {@link isTaken}; but when few ports are left, a TCP connection that is over makes room for one
 * whose numbers begin behind its own.
 *
 * @see nf_nat_used_tuple_harder
 */
function isHeld(search: Search, tuple: Tuple, left: number): boolean {
  const { connection, context } = search
  if (!isTaken(search, tuple)) return false
  if (left > FEW_TRIES || tuple.protocol !== TCP || connection.tcp?.phase !== 'SYN_SENT') return true
  const entry = findEntry(context.table, inverseOf(tuple), context.now)
  if (!entry || entry.direction === 'original' || !makesRoom(entry.connection, connection)) return true
  remove(context.table, entry.connection)
  return false
}

function makesRoom(old: Connection, young: Connection): boolean {
  const phase = old.tcp?.phase
  if (!old.sourceRewritten || (phase !== 'TIME_WAIT' && phase !== 'CLOSE')) return false
  return (((young.tcp?.original.end ?? 0) - (old.tcp?.original.end ?? 0)) | 0) > 0
}
