/**
 * Which zones and nodes an endpoint is meant for.
 *
 * A Service says what it prefers by `spec.trafficDistribution` or, older and stronger, by an
 * annotation that asks to share endpoints out by the zones' CPUs. Only ready endpoints get hints.
 *
 * @see k8s.io/endpointslice: trafficdist/trafficdist.go, topologycache/topologycache.go
 * @module
 */
import { equalValue } from '../base/equal.ts'
import type { Endpoint, EndpointHints } from '../objects/endpoint-slice.ts'
import type { Service } from '../objects/service.ts'
import type { Packed } from './packing.ts'
import { type Allocation, allocate, isRefusal, type Refusal, type ZoneShares } from './zone-shares.ts'

/** The annotation's two names; the older one counts where both stand. */
const MODE_ANNOTATIONS = ['service.kubernetes.io/topology-aware-hints', 'service.kubernetes.io/topology-mode'] as const

/** What a Service wants of its endpoints' hints. */
export type Preference = 'none' | 'zone' | 'node' | 'auto'

type Hints = ReadonlyMap<Endpoint, EndpointHints>

export interface Hinted<T> {
  readonly slices: readonly T[]
  /** Why endpoints were not shared out among zones, where that was asked for. */
  readonly refusal?: Refusal
}

export function preferenceOf(service: Service): Preference {
  const mode = MODE_ANNOTATIONS.map(name => service.metadata.annotations?.[name]).find(one => one !== undefined)
  if (mode === 'Auto' || mode === 'auto') return 'auto'
  switch (service.spec.trafficDistribution) {
    case 'PreferClose':
    case 'PreferSameZone':
      return 'zone'
    case 'PreferSameNode':
      return 'node'
    default:
      return 'none'
  }
}

/**
 * Gives each endpoint of one address family its hints, or takes them away. A slice whose hints are
 * right already keeps its list of endpoints.
 *
 * @param shares how the cluster's CPUs are spread over its zones, for `auto`
 */
export function hintSlices<T extends Packed>(
  slices: readonly T[],
  preference: Preference,
  shares: ZoneShares,
): Hinted<T> {
  if (preference !== 'auto') return { slices: slices.map(slice => rehint(slice, one => closeHints(one, preference))) }

  const ready = slices.flatMap(slice => slice.endpoints.filter(isReady))
  const allocations = allocate(ready.length, shares)
  const refusal = isRefusal(allocations) ? allocations : refuseZoneless(ready)
  if (isRefusal(allocations) || refusal) {
    return { slices: slices.map(slice => rehint(slice, () => undefined)), ...(refusal && { refusal }) }
  }
  const settled = new Map<string, number>()
  const moving = slices.filter(slice => !settle(slice, allocations, settled))
  const hints = shareOut(moving.flatMap(slice => slice.endpoints).filter(isReady), allocations, settled)
  return { slices: slices.map(slice => (moving.includes(slice) ? rehint(slice, one => hints.get(one)) : slice)) }
}

function isReady(endpoint: Endpoint): boolean {
  return endpoint.conditions?.ready === true
}

function refuseZoneless(endpoints: readonly Endpoint[]): Refusal | undefined {
  if (endpoints.every(one => one.zone)) return undefined
  return { refused: 'One or more endpoints do not have a zone specified' }
}

function closeHints(endpoint: Endpoint, preference: 'none' | 'zone' | 'node'): EndpointHints | undefined {
  if (preference === 'none' || !isReady(endpoint)) return undefined
  const { zone, nodeName } = endpoint
  const forZones = zone ? { forZones: [{ name: zone }] } : undefined
  const forNodes = preference === 'node' && nodeName ? { forNodes: [{ name: nodeName }] } : undefined
  return forZones || forNodes ? { ...forZones, ...forNodes } : undefined
}

function rehint<T extends Packed>(slice: T, hintsOf: (endpoint: Endpoint) => EndpointHints | undefined): T {
  let changed = false
  const endpoints = slice.endpoints.map(endpoint => {
    const { hints: old, ...bare } = endpoint
    const hints = hintsOf(endpoint)
    if (equalValue(old, hints)) return endpoint
    changed = true
    return hints ? { ...bare, hints } : bare
  })
  return changed ? { ...slice, endpoints } : slice
}

/**
 * Counts the hints of a slice that needs no writing, if they still fit the allocations; says
 * whether they do.
 */
function settle(slice: Packed, allocations: ReadonlyMap<string, Allocation>, settled: Map<string, number>): boolean {
  if (slice.stored === undefined || slice.endpoints !== slice.stored.endpoints) return false
  const own = new Map<string, number>()
  for (const { hints } of slice.endpoints.filter(isReady)) {
    const zones = hints?.forZones ?? []
    const [first] = zones
    if (!first || zones.some(({ name }) => !allocations.has(name))) return false
    own.set(first.name, (own.get(first.name) ?? 0) + 1)
  }
  for (const [zone, count] of own) {
    if (count + (settled.get(zone) ?? 0) > (allocations.get(zone)?.maximum ?? 0)) return false
  }
  for (const [zone, count] of own) settled.set(zone, count + (settled.get(zone) ?? 0))
  return true
}

/** Starts with each endpoint in its own zone; then zones with too many give to those with too few. */
function shareOut(
  endpoints: readonly Endpoint[],
  allocations: ReadonlyMap<string, Allocation>,
  settled: ReadonlyMap<string, number>,
): Hints {
  const counts = new Map(settled)
  for (const { zone = '' } of endpoints) counts.set(zone, (counts.get(zone) ?? 0) + 1)
  const moves = planMoves(allocations, counts)
  return new Map(
    endpoints.map(endpoint => {
      const zone = endpoint.zone ?? ''
      return [endpoint, { forZones: [{ name: moves.get(zone)?.shift() ?? zone }] }]
    }),
  )
}

/** For each zone that gives endpoints away, the zones that get them. */
function planMoves(
  allocations: ReadonlyMap<string, Allocation>,
  counts: ReadonlyMap<string, number>,
): ReadonlyMap<string, string[]> {
  const surplus = new Map<string, number>()
  const lack = new Map<string, number>()
  for (const zone of [...new Set([...allocations.keys(), ...counts.keys()])].sort()) {
    const over = (counts.get(zone) ?? 0) - (allocations.get(zone)?.desired ?? 0)
    if (over > 0) surplus.set(zone, over)
    if (over < 0) lack.set(zone, -over)
  }
  const moves = new Map<string, string[]>()
  for (;;) {
    const [giver, spare] = largest(surplus)
    const [taker, missing] = largest(lack)
    if (Math.max(spare, missing) < 1 || Math.min(spare, missing) < 0.5) return moves
    moves.set(giver, [...(moves.get(giver) ?? []), taker])
    surplus.set(giver, spare - 1)
    lack.set(taker, missing - 1)
  }
}

function largest(amounts: ReadonlyMap<string, number>): [zone: string, amount: number] {
  let best: [string, number] = ['', 0]
  for (const entry of amounts) if (entry[1] > best[1]) best = entry
  return best
}
