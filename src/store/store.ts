/**
 * The cluster's objects: versioned, listed, watched.
 *
 * The store is a state machine: {@link Store.apply} is the one way in, its argument is a {@link Command}, and the
 * same commands in the same order give the same store (see `command.ts`). The other writers only fill in what a
 * command needs from the clock and the random source. Reading never waits and never copies: objects are values that
 * nobody changes.
 *
 * @module
 */
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { generateFreeName } from '../objects/generated-name.ts'
import { kindKeyOf, type ObjectOf, resourceOfKey } from '../objects/kind-key.ts'
import type { KubeObject } from '../objects/meta.ts'
import { changeOf } from './change.ts'
import type { Command, DeleteOptions, ObjectKey } from './command.ts'
import type { WatchEvent } from './history.ts'
import { Shelf } from './shelf.ts'
import { notFound } from './status-error.ts'
import { drawUid } from './uid.ts'
import { inScope, type Scope, Watch } from './watch.ts'

export interface StoreOptions {
  readonly clock: Clock
  /** Decides uids and the drawn part of names. */
  readonly random: Random
  /** How many events of each kind are kept at least; 10,000 if left out. */
  readonly historyLimit?: number
  /** Told of each command once it is known to succeed and before it takes effect: for a log on disk. */
  readonly journal?: (command: Command) => void
  /** Where to start from; empty if left out. */
  readonly snapshot?: Snapshot
}

/** Everything stored at one moment. */
export interface Snapshot {
  readonly revision: number
  readonly objects: readonly KubeObject[]
}

const HISTORY_LIMIT = 10_000

export class Store {
  private readonly options: StoreOptions
  private readonly shelves = new Map<string, Shelf>()
  private readonly listeners = new Set<(event: WatchEvent) => void>()
  private readonly start: number
  private latest: number

  constructor(options: StoreOptions) {
    this.options = options
    this.start = options.snapshot?.revision ?? 0
    this.latest = this.start
    for (const object of options.snapshot?.objects ?? []) this.shelfOf(kindKeyOf(object)).set(object)
  }

  /** The resource version of the last change, 0 before the first. */
  get revision(): number {
    return this.latest
  }

  /** The object of that name, if there is one. */
  find<K extends string>(kind: K, namespace: string | undefined, name: string): ObjectOf<K> | undefined {
    return this.shelves.get(kind)?.get(namespace, name) as ObjectOf<K> | undefined
  }

  /** @throws {StatusError} NotFound */
  get<K extends string>(kind: K, namespace: string | undefined, name: string): ObjectOf<K> {
    const found = this.find(kind, namespace, name)
    if (found === undefined) throw notFound(resourceOfKey(kind), name)
    return found
  }

  /** All objects of the kind in that scope, by namespace and name. The list does not change when the store does. */
  list<K extends string>(kind: K, scope: Scope = {}): readonly ObjectOf<K>[] {
    const all = this.shelves.get(kind)?.list(scope.namespace) ?? []
    return (scope.selector === undefined ? all : all.filter(object => inScope(object, scope))) as ObjectOf<K>[]
  }

  /** How many objects of the kind there are. */
  count(kind: string): number {
    return this.shelves.get(kind)?.size ?? 0
  }

  /** The kinds of which there is or was an object, in order. */
  kinds(): readonly string[] {
    return [...this.shelves.keys()].sort()
  }

  /**
   * Follows the changes after `since`, a resource version; from now on if left out.
   *
   * @throws {StatusError} Expired, when the history does not reach back that far
   */
  watch<K extends string>(kind: K, scope: Scope = {}, since: number = this.latest): Watch<ObjectOf<K>> {
    return new Watch(this.shelfOf(kind).history, scope, since)
  }

  /** Calls `listener` after each change to any object; returns what ends that. A listener must not change the store. */
  subscribe(listener: (event: WatchEvent) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /**
   * Stores a new object under a fresh uid. Without a name it gets one that starts with `generateName`.
   *
   * @throws {StatusError} AlreadyExists
   */
  create<T extends KubeObject>(object: T): T {
    return this.apply({ do: 'create', object: this.named(object), ...this.draw() }) as T
  }

  /** Stores an object as another cluster had it, with its uid, times and status. @throws {StatusError} AlreadyExists */
  import<T extends KubeObject>(object: T): T {
    return this.apply({ do: 'import', object: this.named(object), ...this.draw() }) as T
  }

  /**
   * Replaces an object. If it carries a resource version, it must be the stored one. Status stays as stored for
   * kinds that have it as a subresource. An update that changes nothing makes no new version.
   *
   * @throws {StatusError} NotFound or Conflict
   */
  update<T extends KubeObject>(object: T): T {
    return this.apply({ do: 'update', object, now: this.options.clock() }) as T
  }

  /** Replaces an object's status and nothing else. @throws {StatusError} NotFound or Conflict */
  updateStatus<T extends KubeObject>(object: T): T {
    return this.apply({ do: 'update-status', object, now: this.options.clock() }) as T
  }

  /**
   * Deletes an object, or marks it as being deleted while it has finalizers or a grace period.
   *
   * @returns the object as it last was, or as it is marked
   * @throws {StatusError} NotFound or Conflict
   */
  delete(key: ObjectKey, options: DeleteOptions = {}): KubeObject {
    return this.apply({ do: 'delete', key, options, now: this.options.clock() })
  }

  /** Carries out one command. @throws {StatusError} when it is refused; then nothing was changed */
  apply(command: Command): KubeObject {
    const key = command.do === 'delete' ? command.key : keyOfObject(command.object)
    const shelf = this.shelfOf(key.kind)
    const previous = shelf.get(key.namespace, key.name)
    const revision = this.latest + 1
    const { type, object } = changeOf(command, previous, revision)
    if (type === 'NONE') return object
    this.options.journal?.(command)
    this.latest = revision
    if (type === 'DELETED') shelf.delete(object)
    else shelf.set(object)
    const event: WatchEvent = { type, object, revision, ...(previous !== undefined && { previous }) }
    shelf.history.add(event)
    for (const listener of this.listeners) listener(event)
    return object
  }

  /** Everything stored, to start another store from. */
  snapshot(): Snapshot {
    return { revision: this.latest, objects: this.kinds().flatMap(kind => this.list(kind)) }
  }

  private draw(): { readonly uid: string; readonly now: number } {
    return { uid: drawUid(this.options.random), now: this.options.clock() }
  }

  private named<T extends KubeObject>(object: T): T {
    const { name, generateName, namespace } = object.metadata
    if (name || generateName === undefined) return object
    const shelf = this.shelfOf(kindKeyOf(object))
    const taken = (drawn: string) => shelf.get(namespace, drawn) !== undefined
    return {
      ...object,
      metadata: { ...object.metadata, name: generateFreeName(generateName, taken, this.options.random) },
    }
  }

  private shelfOf(kind: string): Shelf {
    let shelf = this.shelves.get(kind)
    if (shelf === undefined) {
      shelf = new Shelf(this.options.historyLimit ?? HISTORY_LIMIT, this.start)
      this.shelves.set(kind, shelf)
    }
    return shelf
  }
}

/** The key under which an object is stored. */
export function keyOfObject(object: KubeObject): ObjectKey {
  return { kind: kindKeyOf(object), namespace: object.metadata.namespace, name: object.metadata.name }
}
