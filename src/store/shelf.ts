/**
 * All objects of one kind, by namespace and name, with their recent history.
 *
 * @module
 */
import type { KubeObject } from '../objects/meta.ts'
import { Bucket } from './bucket.ts'
import { History } from './history.ts'

/** Kinds without namespaces keep everything in one bucket. */
const NO_NAMESPACE = ''
const EMPTY: readonly KubeObject[] = []

export class Shelf {
  readonly history: History
  private readonly buckets = new Map<string, Bucket>()
  private all: readonly KubeObject[] | undefined

  constructor(historyLimit: number, start: number) {
    this.history = new History(historyLimit, start)
  }

  get size(): number {
    let size = 0
    for (const bucket of this.buckets.values()) size += bucket.size
    return size
  }

  get(namespace: string | undefined, name: string): KubeObject | undefined {
    return this.buckets.get(namespace ?? NO_NAMESPACE)?.get(name)
  }

  set(object: KubeObject): void {
    const namespace = object.metadata.namespace ?? NO_NAMESPACE
    let bucket = this.buckets.get(namespace)
    if (bucket === undefined) {
      bucket = new Bucket()
      this.buckets.set(namespace, bucket)
    }
    bucket.set(object.metadata.name, object)
    this.all = undefined
  }

  delete(object: KubeObject): void {
    this.buckets.get(object.metadata.namespace ?? NO_NAMESPACE)?.delete(object.metadata.name)
    this.all = undefined
  }

  /** In the order of namespace and name, as a list of the API comes. */
  list(namespace: string | undefined): readonly KubeObject[] {
    if (namespace !== undefined) return this.buckets.get(namespace)?.list() ?? EMPTY
    this.all ??= [...this.buckets.keys()].sort().flatMap(key => this.buckets.get(key)?.list() ?? EMPTY)
    return this.all
  }
}
