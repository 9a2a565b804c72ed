/**
 * The table of tracked connections, found by either of their tuples.
 *
 * One owner: whoever made the table hands it to the functions here, which alone change it. A
 * connection that has expired is as good as gone: it leaves when somebody comes across it.
 *
 * @see net/netfilter/nf_conntrack_core.c of Linux: nf_conntrack_hash; nf_nat_core.c: nf_nat_bysource
 * @module
 */
import type { Millis } from '../../base/clock.ts'
import { equalIp } from '../../base/ip.ts'
import { type Connection, copyConnection, type Direction, type Tuple } from './conntrack.ts'
import { equalTuple, hashIp, hashTuple } from './tuple.ts'

/** One direction of a connection, as the table knows it. */
export interface Entry {
  readonly connection: Connection
  readonly direction: Direction
}

export interface ConnectionTable {
  /** By the hash of a tuple. */
  readonly buckets: Map<number, Entry[]>
  /** By the hash of where the original direction comes from; the latest first. */
  readonly sources: Map<number, Connection[]>
  /** In the order in which they were entered. */
  readonly connections: Set<Connection>
}

export function createConnectionTable(): ConnectionTable {
  return { buckets: new Map(), sources: new Map(), connections: new Set() }
}

/** A table of its own, with connections of its own, each still found by both of its tuples. */
export function copyConnectionTable(table: ConnectionTable): ConnectionTable {
  const copy = createConnectionTable()
  for (const connection of table.connections) enter(copy, copyConnection(connection))
  return copy
}

/** The connection that has `tuple` in one of its directions. */
export function findEntry(table: ConnectionTable, tuple: Tuple, now: Millis): Entry | undefined {
  const entry = table.buckets
    .get(hashTuple(tuple))
    ?.find(({ connection, direction }) => equalTuple(connection[direction], tuple))
  if (!entry || entry.connection.expires > now) return entry
  remove(table, entry.connection)
  return undefined
}

/** Puts a connection into the table, to be found by its tuples as they now are. */
export function enter(table: ConnectionTable, connection: Connection): void {
  table.connections.add(connection)
  push(table.buckets, hashTuple(connection.original), { connection, direction: 'original' })
  push(table.buckets, hashTuple(connection.reply), { connection, direction: 'reply' })
  const source = hashSource(connection.original)
  const same = table.sources.get(source)
  if (same) same.unshift(connection)
  else table.sources.set(source, [connection])
}

/** Takes a connection out. Packets that carry it keep it. */
export function remove(table: ConnectionTable, connection: Connection): void {
  if (!table.connections.delete(connection)) return
  pull(table.buckets, hashTuple(connection.original), entry => entry.connection === connection)
  pull(table.buckets, hashTuple(connection.reply), entry => entry.connection === connection)
  pull(table.sources, hashSource(connection.original), other => other === connection)
}

/** Takes out all connections whose time is over. */
export function expire(table: ConnectionTable, now: Millis): void {
  for (const connection of table.connections) if (connection.expires <= now) remove(table, connection)
}

/** Connections that come from where `tuple` does, the latest first. */
export function fromSameSource(table: ConnectionTable, tuple: Tuple, now: Millis): readonly Connection[] {
  const found = table.sources.get(hashSource(tuple))
  if (!found) return []
  return found.filter(
    ({ original, expires }) =>
      expires > now &&
      original.protocol === tuple.protocol &&
      original.sport === tuple.sport &&
      equalIp(original.src, tuple.src),
  )
}

function hashSource({ src, protocol, sport }: Tuple): number {
  return hashIp(src, (protocol << 16) | sport)
}

function push<T>(map: Map<number, T[]>, key: number, value: T): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

/** Takes out every value that `leaves`; an empty list goes with the last one. */
function pull<T>(map: Map<number, T[]>, key: number, leaves: (value: T) => boolean): void {
  const kept = map.get(key)?.filter(value => !leaves(value)) ?? []
  if (kept.length > 0) map.set(key, kept)
  else map.delete(key)
}
