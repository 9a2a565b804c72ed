/**
 * Changes to the store, as data.
 *
 * A command holds everything that the change depends on besides the objects already stored: the time, the uid and the
 * drawn part of a name are in it. So the store is a deterministic state machine over a log of commands: replaying
 * the log from the start, or from a snapshot, gives the same objects, the same resource versions and the same events
 * on every machine. A durable store writes each command down before applying it; a replicated one agrees on the order
 * first. Neither changes what callers see.
 *
 * @module
 */
import type { Millis } from '../base/clock.ts'
import type { KubeObject } from '../objects/meta.ts'

/** Names one object. Namespace is left out for kinds without namespaces. */
export interface ObjectKey {
  /** As {@link kindKey} gives it. */
  readonly kind: string
  readonly namespace?: string | undefined
  readonly name: string
}

export type Command =
  /** Stores a new object under a fresh identity, as a client's POST does. */
  | { readonly do: 'create'; readonly object: KubeObject; readonly uid: string; readonly now: Millis }
  /** Stores an object as another store had it: identity, times and status are kept where given. */
  | { readonly do: 'import'; readonly object: KubeObject; readonly uid: string; readonly now: Millis }
  /** Replaces an object. Kinds with a status subresource keep the stored status, or change nothing else. */
  | { readonly do: 'update' | 'update-status'; readonly object: KubeObject; readonly now: Millis }
  | { readonly do: 'delete'; readonly key: ObjectKey; readonly options: DeleteOptions; readonly now: Millis }

export interface DeleteOptions {
  /** Delete only this incarnation of the name. */
  readonly uid?: string
  /** Delete only this version. */
  readonly resourceVersion?: string
  /** Above 0, the object is only marked, and removed by a second delete: how a Pod ends. */
  readonly gracePeriodSeconds?: number
}
