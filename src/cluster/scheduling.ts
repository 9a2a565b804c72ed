/**
 * The scheduler's view of the cluster, kept up to date with every change of the store.
 *
 * @module
 */
import { keyOf } from '../objects/meta.ts'
import type { Pod } from '../objects/pod.ts'
import type { WatchEvent } from '../store/history.ts'
import type { Store } from '../store/store.ts'
import { Scheduler } from '../workloads/scheduler.ts'

export class Scheduling {
  readonly #pending = new Set<string>()
  /** Made when it is needed; nodes that change end it. */
  #scheduler: Scheduler | undefined

  /** The pods without a node, as `namespace/name`, in the order in which they came. */
  get pending(): Iterable<string> {
    return this.#pending
  }

  /** Takes note of one change, of an object of `kind` (its kind key). */
  note(kind: string, { type, object }: WatchEvent): void {
    if (kind === 'Node' || kind === 'Namespace') this.#scheduler = undefined
    if (kind !== 'Pod') return
    const pod = object as Pod
    const key = keyOf(pod.metadata)
    const isBound = type !== 'DELETED' && pod.spec.nodeName !== undefined
    if (type === 'DELETED' || isBound) this.#pending.delete(key)
    else this.#pending.add(key)
    if (isBound) this.#scheduler?.add(pod)
    else this.#scheduler?.remove(pod)
  }

  scheduler(store: Store): Scheduler {
    if (this.#scheduler) return this.#scheduler
    const fresh = new Scheduler(store.list('Node'), name => store.find('Namespace', undefined, name)?.metadata.labels)
    for (const pod of store.list('Pod')) fresh.add(pod)
    this.#scheduler = fresh
    return fresh
  }
}
