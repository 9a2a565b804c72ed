/**
 * Following the changes to a part of the store.
 *
 * @module
 */
import type { KubeObject } from '../objects/meta.ts'
import type { Requirement } from '../objects/requirement.ts'
import { matches } from '../objects/selector.ts'
import type { History, WatchEvent } from './history.ts'

/** Which objects of a kind are meant; left out means all. */
export interface Scope {
  readonly namespace?: string | undefined
  readonly selector?: readonly Requirement[] | undefined
}

export function inScope(object: KubeObject, { namespace, selector }: Scope): boolean {
  if (namespace !== undefined && object.metadata.namespace !== namespace) return false
  return selector === undefined || matches(selector, object.metadata.labels)
}

/** A place in the history of a kind, moved on by {@link Watch.poll}. */
export class Watch<T extends KubeObject = KubeObject> {
  private readonly history: History
  private readonly scope: Scope
  private reached: number

  constructor(history: History, scope: Scope, since: number) {
    this.history = history
    this.scope = scope
    this.reached = since
    history.since(since)
  }

  /** The resource version up to which this watch has told all. */
  get revision(): number {
    return this.reached
  }

  /**
   * What happened since the last call, in order. An object that starts or stops to match the selector is added or
   * deleted, as for a watch of the API.
   *
   * @throws {StatusError} Expired, when more happened than the history keeps: list, and watch anew
   */
  poll(): readonly WatchEvent<T>[] {
    const events = this.history.since(this.reached)
    this.reached = events.at(-1)?.revision ?? this.reached
    return events.flatMap(event => seenIn(event, this.scope) ?? []) as WatchEvent<T>[]
  }
}

function seenIn(event: WatchEvent, scope: Scope): WatchEvent | undefined {
  const { type, object, previous } = event
  const before = previous !== undefined && inScope(previous, scope)
  const after = type !== 'DELETED' && inScope(object, scope)
  if (before && after) return event
  if (after) return { ...event, type: 'ADDED' }
  return before ? { ...event, type: 'DELETED' } : undefined
}
