/**
 * Runs the controllers of a cluster until none has anything left to do.
 *
 * @module
 */
import { kindKeyOf } from '../objects/kind-key.ts'
import type { Pod } from '../objects/pod.ts'
import type { Write } from '../objects/write.ts'
import { StatusError } from '../store/status-error.ts'
import { keyOfObject, type Store } from '../store/store.ts'
import { type Cluster, vacate } from './cluster.ts'
import { CONTROLLERS, type Controller, type Waking } from './controllers.ts'
import { completePod } from './pod-defaulting.ts'

/** Told now and then how many objects have been looked at, and how many wait. */
export type SettleProgress = (done: number, waiting: number) => void

/** How often each object may be looked at on average before the controllers count as quarrelling. */
const MOST_LOOKS = 100
const PROGRESS_STEP = 512

/** By the kind of what changed: whom it may wake, and how. */
const WAKINGS: ReadonlyMap<string, readonly { readonly name: string; readonly wakes: Waking }[]> = wakingsByKind()

function wakingsByKind() {
  const byKind = new Map<string, { name: string; wakes: Waking }[]>()
  for (const { name, wakes: all } of CONTROLLERS) {
    for (const [kind, wakes] of Object.entries(all)) byKind.set(kind, [...(byKind.get(kind) ?? []), { name, wakes }])
  }
  return byKind
}

/** Lets the cluster's relations and controllers follow its store from now on. */
export function follow(cluster: Cluster): void {
  for (const { name } of CONTROLLERS) cluster.queues.set(name, new Set())
  cluster.store.subscribe(event => {
    const kind = kindKeyOf(event.object)
    cluster.relations.note(kind, event)
    cluster.scheduling.note(kind, event)
    if (kind === 'Pod' && event.type === 'DELETED') vacate(event.object as Pod, cluster)
    for (const { name, wakes } of WAKINGS.get(kind) ?? []) {
      const queue = cluster.queues.get(name)
      for (const key of wakes(event, cluster)) queue?.add(key)
    }
  })
}

/**
 * @throws {RangeError} when the controllers undo each other's work without end
 */
export function settle(cluster: Cluster, progress?: SettleProgress): void {
  let done = 0
  for (;;) {
    const waiting = countWaiting(cluster)
    if (waiting === 0) return
    if (done > MOST_LOOKS * (cluster.store.revision + 100)) {
      throw new RangeError(`The cluster does not settle: ${waiting} objects still wait after ${done} looks`)
    }
    for (const controller of CONTROLLERS) {
      done += takeTurn(controller, cluster, looked => {
        if ((done + looked) % PROGRESS_STEP === 0) progress?.(done + looked, waiting)
      })
    }
  }
}

/** Looks at what waits for the controller now; what that wakes waits for the next turn. */
function takeTurn(controller: Controller, cluster: Cluster, looked: (count: number) => void): number {
  const queue = cluster.queues.get(controller.name)
  if (!queue || queue.size === 0) return 0
  cluster.queues.set(controller.name, new Set())
  let count = 0
  for (const key of queue) {
    const done = controller.reconcile(key, cluster).every(write => commit(write, cluster))
    // What it looked at has changed meanwhile: it looks again, as controllers do.
    if (!done) cluster.queues.get(controller.name)?.add(key)
    looked(++count)
  }
  return count
}

function countWaiting(cluster: Cluster): number {
  let count = 0
  for (const queue of cluster.queues.values()) count += queue.size
  return count
}

/** @returns whether the write was still in time */
function commit(write: Write, { store }: Cluster): boolean {
  try {
    carryOut(write, store)
    return true
  } catch (cause) {
    if (cause instanceof StatusError && cause.reason === 'Conflict') return false
    throw cause
  }
}

function carryOut({ do: action, object }: Write, store: Store): void {
  switch (action) {
    case 'create':
      store.create(kindKeyOf(object) === 'Pod' ? completePod(object as Pod) : object)
      break
    case 'update':
      store.update(object)
      break
    case 'update-status':
      store.updateStatus(object)
      break
    case 'delete':
      store.delete(keyOfObject(object))
      break
  }
}
