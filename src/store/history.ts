/**
 * What happened to the objects of one kind, lately.
 *
 * @module
 */
import type { KubeObject } from '../objects/meta.ts'
import { tooOld } from './status-error.ts'

export interface WatchEvent<T extends KubeObject = KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  /** The object after the change; a deleted one as it last was. */
  readonly object: T
  /** The object before the change, unless it is new. */
  readonly previous?: T
  /** The resource version of the change. */
  readonly revision: number
}

/** Keeps the last events in order; at most twice `limit` are held, and at least `limit`. */
export class History {
  private events: WatchEvent[] = []
  private readonly limit: number
  /** The youngest revision that was forgotten: a watch may start there, not before. */
  private forgotten: number

  constructor(limit: number, start: number) {
    this.limit = limit
    this.forgotten = start
  }

  add(event: WatchEvent): void {
    this.events.push(event)
    if (this.events.length < this.limit * 2) return
    this.forgotten = this.events[this.events.length - this.limit - 1]?.revision ?? this.forgotten
    this.events = this.events.slice(-this.limit)
  }

  /**
   * The events after `revision`, oldest first.
   *
   * @throws {StatusError} Expired, when some of them are forgotten
   */
  since(revision: number): readonly WatchEvent[] {
    if (revision < this.forgotten) throw tooOld(revision, this.forgotten)
    let low = 0
    for (let high = this.events.length; low < high; ) {
      const middle = (low + high) >>> 1
      if ((this.events[middle]?.revision ?? 0) > revision) high = middle
      else low = middle + 1
    }
    return low === 0 ? this.events.slice() : this.events.slice(low)
  }
}
