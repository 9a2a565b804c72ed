/**
 * From the zone of one moment to that of the next: what must be told to somebody who has the first.
 *
 * All of it is plain data, so it can be told to another process.
 *
 * @module
 */
import { equalValue } from '../base/equal.ts'
import type { EndpointSlice } from '../objects/endpoint-slice.ts'
import type { Namespace } from '../objects/namespace.ts'
import type { Pod } from '../objects/pod.ts'
import type { Service } from '../objects/service.ts'
import { factsOf, groupOf } from './discovered.ts'
import type { DnsOptions } from './options.ts'
import { type DnsObjects, type Parts, partsOf, serviceKey, type Zone } from './zone.ts'

/** All that a {@link Zone} is made of, as plain data: another process can make the same. */
export interface ZoneMakings {
  readonly objects: DnsObjects
  readonly options: DnsOptions
  readonly serial: number
}

/** One call of a {@link Zone}'s own functions for changes. */
export type ZoneChange =
  | {
      readonly kind: 'service'
      readonly name: string
      readonly namespace: string
      readonly service?: Service
      readonly slices: readonly EndpointSlice[]
    }
  | { readonly kind: 'namespace'; readonly name: string; readonly namespace?: Namespace }
  | { readonly kind: 'pod'; readonly before?: Pod; readonly after?: Pod }

export type ZoneUpdate =
  | { readonly kind: 'changes'; readonly changes: readonly ZoneChange[]; readonly serial: number }
  /** The zone is set up otherwise: it is made anew. */
  | { readonly kind: 'makings'; readonly makings: ZoneMakings }

/** @returns nothing where both give the same answers, whatever their serials are */
export function updateBetween(before: ZoneMakings, after: ZoneMakings): ZoneUpdate | undefined {
  if (!equalValue(before.options, after.options)) return { kind: 'makings', makings: after }
  const changes = zoneChanges(before.objects, after.objects)
  return changes.length > 0 ? { kind: 'changes', changes, serial: after.serial } : undefined
}

/** The changes that make a zone of `before` one of `after`; what no answer tells of is no change. */
export function zoneChanges(before: DnsObjects, after: DnsObjects): readonly ZoneChange[] {
  return [
    ...namespaceChanges(before.namespaces, after.namespaces),
    ...serviceChanges(before, after),
    ...podChanges(before.pods, after.pods),
  ]
}

export function changeZone(zone: Zone, changes: readonly ZoneChange[], serial: number): void {
  for (const change of changes) {
    switch (change.kind) {
      case 'service':
        zone.changeService(change.name, change.namespace, change.service, change.slices, serial)
        break
      case 'namespace':
        zone.changeNamespace(change.name, change.namespace, serial)
        break
      case 'pod':
        zone.changePod(change.before, change.after, serial)
        break
    }
  }
}

function namespaceChanges(before: readonly Namespace[], after: readonly Namespace[]): readonly ZoneChange[] {
  const nameOf = ({ metadata }: Namespace) => metadata.name
  const isSame = (a: Namespace, b: Namespace) => equalValue(a.metadata.labels, b.metadata.labels)
  return pairs(before, after, nameOf, isSame).map(([name, , namespace]) => ({
    kind: 'namespace',
    name,
    ...(namespace ? { namespace } : {}),
  }))
}

function serviceChanges(before: DnsObjects, after: DnsObjects): readonly ZoneChange[] {
  const keyOf = ({ name, namespace }: Parts) => serviceKey(name, namespace)
  const isSame = (a: Parts, b: Parts) => equalValue(seenOf(a), seenOf(b))
  return pairs([...partsOf(before)], [...partsOf(after)], keyOf, isSame).flatMap(([, old, next]): ZoneChange[] => {
    const named = next ?? old
    if (!named) return []
    const { name, namespace } = named
    const { service, slices } = next ?? { slices: [] }
    return [{ kind: 'service', name, namespace, slices, ...(service ? { service } : {}) }]
  })
}

/** What of a Service and its slices is in answers, or decides whether it is. */
function seenOf({ service, slices }: Parts): unknown {
  const groups = slices.map(slice => ({ labels: slice.metadata.labels, ...groupOf(slice, true) }))
  return {
    service: service && { labels: service.metadata.labels, facts: factsOf(service) },
    groups: groups.sort((a, b) => (a.name < b.name ? -1 : 1)),
  }
}

function podChanges(before: readonly Pod[], after: readonly Pod[]): readonly ZoneChange[] {
  const keyOf = ({ metadata }: Pod) => `${metadata.namespace}/${metadata.name}`
  const isSame = (a: Pod, b: Pod) => equalValue(addressedOf(a), addressedOf(b))
  return pairs(before, after, keyOf, isSame).map(([, old, next]) => ({
    kind: 'pod',
    ...(old ? { before: old } : {}),
    ...(next ? { after: next } : {}),
  }))
}

function addressedOf({ metadata, status }: Pod): unknown {
  return [status?.podIPs, status?.phase, metadata.labels, metadata.deletionTimestamp]
}

type Pair<T> = readonly [key: string, before: T | undefined, after: T | undefined]

/** What is gone, what is another, and what is new, by key. */
function pairs<T>(
  before: readonly T[],
  after: readonly T[],
  keyOf: (one: T) => string,
  isSame: (a: T, b: T) => boolean,
): readonly Pair<T>[] {
  const old = new Map(before.map(one => [keyOf(one), one]))
  const next = new Map(after.map(one => [keyOf(one), one]))
  const gone = [...old].filter(([key]) => !next.has(key)).map(([key, one]): Pair<T> => [key, one, undefined])
  const changed = [...next].flatMap(([key, one]): Pair<T>[] => {
    const was = old.get(key)
    return was !== undefined && isSame(was, one) ? [] : [[key, was, one]]
  })
  return [...gone, ...changed]
}
