/**
 * A routing table: of the routes that hold a destination the one with the longest prefix, then the
 * lowest metric.
 *
 * One map from networks to routes for each length of prefix that occurs: a lookup costs as many
 * steps as there are lengths, however many routes.
 *
 * @see net/ipv4/fib_trie.c of Linux: fib_table_lookup; net/ipv6/route.c: fib6_table_lookup
 * @module
 */
import { type Family, type Ip, isIpv4 } from '../base/ip.ts'
import { type Ipv4, mask4 } from '../base/ipv4.ts'
import { prefix6 } from '../base/ipv6.ts'
import type { Route, RouteType } from '../host/host.ts'
import type { Device } from './device.ts'
import { IpMap } from './ip-map.ts'

/** One of the ways that a route leads, by a device that is up. */
export interface Way {
  readonly device: Device
  /** Absent: the destination is on the device's link. */
  readonly via?: Ip
  readonly weight: number
}

/** A route of a machine, made ready for lookups. */
export interface TableRoute {
  readonly route: Route
  readonly table: string
  readonly type: RouteType | 'unicast'
  readonly metric: number
  /** Those that can be used; of one that refuses, none. */
  readonly ways: readonly Way[]
}

/** The routes of one table and family. */
export interface RoutingTable {
  readonly family: Family
  /** By length of prefix, the longest first. */
  readonly layers: readonly Layer[]
}

interface Layer {
  readonly bits: number
  /** The routes to one network, in the order in which they are asked. */
  readonly routes: IpMap<TableRoute[]>
}

/** A route that holds the destination, and those of its ways that may be taken. */
export interface Match {
  readonly found: TableRoute
  readonly ways: readonly Way[]
}

const REFUSALS: ReadonlySet<TableRoute['type']> = new Set(['blackhole', 'unreachable', 'prohibit', 'throw', 'nat'])

/** Whether routes of the type end a lookup without leading anywhere. */
export function refuses(type: TableRoute['type']): boolean {
  return REFUSALS.has(type)
}

/** Routes that no way is left of are as if they were not there. Equal ones are asked in the given order. */
export function createRoutingTable(family: Family, routes: readonly TableRoute[]): RoutingTable {
  const layers = new Map<number, IpMap<TableRoute[]>>()
  const usable = routes.filter(({ type, ways }) => refuses(type) || ways.length > 0)
  for (const one of usable.toSorted((a, b) => a.metric - b.metric)) {
    const { base, bits } = one.route.to
    const layer = layers.get(bits) ?? new IpMap()
    layers.set(bits, layer)
    const same = layer.get(base)
    if (same) same.push(one)
    else layer.set(base, [one])
  }
  const sorted = [...layers].sort(([a], [b]) => b - a)
  return { family, layers: sorted.map(([bits, all]) => ({ bits, routes: all })) }
}

/** @param out only ways by this device count */
export function findRoute(table: RoutingTable, dst: Ip, out?: string): Match | undefined {
  for (const { bits, routes } of table.layers) {
    const all = routes.get(networkOf(dst, bits))
    if (!all) continue
    for (const found of all) {
      if (refuses(found.type)) return { found, ways: [] }
      const ways = out === undefined ? found.ways : found.ways.filter(({ device }) => device.name === out)
      if (ways.length > 0) return { found, ways }
    }
  }
  return undefined
}

function networkOf(address: Ip, bits: number): Ip {
  return isIpv4(address) ? ((address & mask4(bits)) as Ipv4) : prefix6(address, bits).base
}
