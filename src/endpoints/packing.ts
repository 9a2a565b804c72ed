/**
 * Which endpoint goes into which slice.
 *
 * A slice that already holds an endpoint keeps it: packing never moves endpoints to balance slices,
 * since every slice that changes is sent to every node.
 *
 * @see k8s.io/endpointslice: reconciler.go, reconcileByPortMapping
 * @module
 */
import { equalValue } from '../base/equal.ts'
import type { Endpoint, EndpointSlice } from '../objects/endpoint-slice.ts'

/** What a slice is to hold. */
export interface Packed {
  /** The stored slice that it continues; without one it is new. */
  readonly stored?: EndpointSlice
  /** The stored slice's own list where nothing changes. Empty only where the stored slice is to go, or was empty. */
  readonly endpoints: readonly Endpoint[]
}

interface Draft {
  readonly stored?: EndpointSlice
  endpoints: readonly Endpoint[]
  /** An open slice has to be written anyway, so that filling it up costs nothing more. */
  state: 'untouched' | 'open' | 'emptied'
}

/** Endpoints by {@link identityOf}. */
export type EndpointSet = ReadonlyMap<string, Endpoint>

/** What makes two endpoints the same one, be they ready or not. */
export function identityOf(endpoint: Endpoint): string {
  const { addresses, hostname = '', targetRef } = endpoint
  return `${addresses.join()}|${hostname}|${targetRef?.namespace ?? ''}|${targetRef?.name ?? ''}`
}

/**
 * Packs the endpoints of one list of ports.
 *
 * @param stored the slices that already have these ports
 * @param isStale whether a stored slice must be written for another reason
 * @param max how many endpoints a slice may hold
 */
export function packEndpoints(
  desired: EndpointSet,
  stored: readonly EndpointSlice[],
  isStale: (slice: EndpointSlice) => boolean,
  max: number,
): readonly Packed[] {
  const left = new Map(desired)
  const drafts = stored.map(slice => keepDesired(slice, left, isStale))
  const rest = [...left.values()]

  const open = drafts.filter(draft => draft.state === 'open')
  for (const draft of open.sort((a, b) => b.endpoints.length - a.endpoints.length)) fill(draft, rest, max)

  while (rest.length > 0) {
    let draft = rest.length < max ? fullestWithRoom(drafts, rest.length, max) : undefined
    if (!draft) {
      draft = { endpoints: [], state: 'open' }
      drafts.push(draft)
    }
    fill(draft, rest, max)
  }
  return drafts
}

/** Keeps of a stored slice what is still desired, and takes that off the list of what is `left`. */
function keepDesired(
  slice: EndpointSlice,
  left: Map<string, Endpoint>,
  isStale: (slice: EndpointSlice) => boolean,
): Draft {
  const old = slice.endpoints ?? []
  const kept: Endpoint[] = []
  let changed = false
  for (const endpoint of old) {
    const identity = identityOf(endpoint)
    const now = left.get(identity)
    if (!now) continue
    left.delete(identity)
    const same = isUnchanged(endpoint, now)
    kept.push(same ? endpoint : now)
    changed ||= !same
  }
  if (!changed && kept.length === old.length) {
    return { stored: slice, endpoints: old, state: isStale(slice) ? 'open' : 'untouched' }
  }
  return { stored: slice, endpoints: kept, state: kept.length === 0 ? 'emptied' : 'open' }
}

/** Compares what is no part of the identity, but hints, which are worked out afterwards. */
function isUnchanged(a: Endpoint, b: Endpoint): boolean {
  return (
    a.nodeName === b.nodeName &&
    a.zone === b.zone &&
    a.targetRef?.uid === b.targetRef?.uid &&
    a.targetRef?.kind === b.targetRef?.kind &&
    equalValue(a.conditions, b.conditions)
  )
}

function fill(draft: Draft, rest: Endpoint[], max: number): void {
  const room = max - draft.endpoints.length
  if (room <= 0 || rest.length === 0) return
  draft.endpoints = [...draft.endpoints, ...rest.splice(0, room)]
  draft.state = 'open'
}

/** The untouched slice that `count` more endpoints would fill most, without overflowing. */
function fullestWithRoom(drafts: readonly Draft[], count: number, max: number): Draft | undefined {
  let best: Draft | undefined
  for (const draft of drafts) {
    if (draft.state !== 'untouched' || draft.endpoints.length + count > max) continue
    if (!best || draft.endpoints.length > best.endpoints.length) best = draft
  }
  return best
}
