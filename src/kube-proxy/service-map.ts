/**
 * The Services and EndpointSlices that a proxy has been told of, and which services changed since
 * its rules were last made.
 *
 * @module
 */
import { FAMILIES, type Family } from '../base/ip.ts'
import type { EndpointSlice } from '../objects/endpoint-slice.ts'
import type { Service } from '../objects/service.ts'
import { serviceOfSlice } from './endpoint.ts'

/** Changed only by the functions of this module. */
export interface ServiceMap {
  readonly entries: Map<ServiceKey, ServiceEntry>
  /** The service that each slice is filed under, by the slice's own key. */
  readonly owners: Map<ServiceKey, ServiceKey>
  readonly changed: Readonly<Record<Family, Set<ServiceKey>>>
}

/** Namespace and name in a form that sorts by namespace, then name. */
export type ServiceKey = string & { readonly kind?: 'ServiceKey' }

export interface ServiceEntry {
  /** Absent: only slices are known so far. */
  service?: Service
  readonly slices: Map<ServiceKey, EndpointSlice>
}

/** What tells an object from others of its kind. */
export interface Identity {
  readonly metadata: { readonly namespace?: string; readonly name: string }
}

export function createServiceMap(): ServiceMap {
  return { entries: new Map(), owners: new Map(), changed: { 4: new Set(), 6: new Set() } }
}

/** No name of Kubernetes holds a NUL, and it sorts before every other character. */
function keyOf(namespace: string | undefined, name: string): ServiceKey {
  return `${namespace ?? 'default'}\0${name}`
}

function entryOf(map: ServiceMap, key: ServiceKey): ServiceEntry {
  const known = map.entries.get(key)
  if (known !== undefined) return known
  const entry: ServiceEntry = { slices: new Map() }
  map.entries.set(key, entry)
  return entry
}

/** Adds the service or replaces its older version. */
export function setService(map: ServiceMap, service: Service): void {
  const key = keyOf(service.metadata.namespace, service.metadata.name)
  entryOf(map, key).service = service
  for (const family of FAMILIES) map.changed[family].add(key)
}

/** Forgets the service; its slices stay known. */
export function removeService(map: ServiceMap, { metadata }: Identity): void {
  const key = keyOf(metadata.namespace, metadata.name)
  const entry = map.entries.get(key)
  if (entry?.service === undefined) return
  delete entry.service
  if (entry.slices.size === 0) map.entries.delete(key)
  for (const family of FAMILIES) map.changed[family].add(key)
}

/** Adds the slice or replaces its older version, which may have been another service's. */
export function setSlice(map: ServiceMap, slice: EndpointSlice): void {
  const { namespace, name } = slice.metadata
  const service = serviceOfSlice(slice)
  const key = service === undefined ? undefined : keyOf(namespace, service)
  const own = keyOf(namespace, name)
  const before = map.owners.get(own)
  if (before !== undefined && before !== key) removeSlice(map, slice)
  if (key === undefined) return
  const { slices } = entryOf(map, key)
  const older = slices.get(own)
  if (older !== undefined && older.addressType !== slice.addressType) markChanged(map, key, older)
  slices.set(own, slice)
  map.owners.set(own, key)
  markChanged(map, key, slice)
}

export function removeSlice(map: ServiceMap, { metadata }: Identity): void {
  const own = keyOf(metadata.namespace, metadata.name)
  const key = map.owners.get(own)
  const entry = key === undefined ? undefined : map.entries.get(key)
  const slice = entry?.slices.get(own)
  if (key === undefined || entry === undefined || slice === undefined) return
  map.owners.delete(own)
  entry.slices.delete(own)
  if (entry.service === undefined && entry.slices.size === 0) map.entries.delete(key)
  markChanged(map, key, slice)
}

/** A slice of one family changes nothing in the other. */
function markChanged(map: ServiceMap, key: ServiceKey, slice: EndpointSlice): void {
  if (slice.addressType === 'IPv4') map.changed[4].add(key)
  if (slice.addressType === 'IPv6') map.changed[6].add(key)
}

/** The keys that changed since the last call, in order; forgets them. */
export function takeChanged(map: ServiceMap, family: Family): ServiceKey[] {
  const keys = [...map.changed[family]].sort()
  map.changed[family].clear()
  return keys
}

/** The slices of a service in the order of their names, whatever the order in which they came. */
export function slicesOf(entry: ServiceEntry): readonly EndpointSlice[] {
  if (entry.slices.size <= 1) return [...entry.slices.values()]
  return [...entry.slices].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, slice]) => slice)
}
