/**
 * Objects by the labels they carry, and selectors by the labels they ask for.
 *
 * With these two a change of one Pod finds its Services, and a Service its Pods, without looking at
 * the others.
 *
 * @module
 */
import { keyOf, type ObjectMeta, type StringMap } from '../objects/meta.ts'
import { matches, type Requirement, selectorOfMap } from '../objects/selector.ts'

interface Labelled {
  readonly metadata: ObjectMeta
}

/** Objects to be found by plain selectors. Keeps the order in which objects came in. */
export class LabelIndex<T extends Labelled> {
  readonly #objects = new Map<string, T>()
  readonly #byPair = new Map<string, Set<string>>()

  /** Files the object, in place of the one of its namespace and name that was there before. */
  set(object: T): void {
    const key = keyOf(object.metadata)
    const old = this.#objects.get(key)
    this.#objects.set(key, object)
    const before = old ? pairsOf(old.metadata) : []
    const now = pairsOf(object.metadata)
    for (const pair of before) if (!now.includes(pair)) this.#unfile(pair, key)
    for (const pair of now) if (!before.includes(pair)) this.#file(pair, key)
  }

  delete(metadata: ObjectMeta): void {
    const key = keyOf(metadata)
    const old = this.#objects.get(key)
    if (!old) return
    this.#objects.delete(key)
    for (const pair of pairsOf(old.metadata)) this.#unfile(pair, key)
  }

  /** The namespace's objects that carry every pair of the selector, which has at least one. */
  select(namespace: string, selector: StringMap): readonly T[] {
    let fewest: ReadonlySet<string> | undefined
    for (const [key, value] of Object.entries(selector)) {
      const filed = this.#byPair.get(pairKey(namespace, key, value))
      if (!filed) return []
      if (!fewest || filed.size < fewest.size) fewest = filed
    }
    const requirements = selectorOfMap(selector)
    const found: T[] = []
    for (const key of fewest ?? []) {
      const object = this.#objects.get(key)
      if (object && matches(requirements, object.metadata.labels)) found.push(object)
    }
    return found
  }

  #file(pair: string, key: string): void {
    const filed = this.#byPair.get(pair)
    if (filed) filed.add(key)
    else this.#byPair.set(pair, new Set([key]))
  }

  #unfile(pair: string, key: string): void {
    const filed = this.#byPair.get(pair)
    filed?.delete(key)
    if (filed?.size === 0) this.#byPair.delete(pair)
  }
}

/** Plain selectors to be found by the labels of an object that they may select. */
export class SelectorIndex {
  readonly #selectors = new Map<string, { readonly pair: string; readonly requirements: readonly Requirement[] }>()
  readonly #byPair = new Map<string, Set<string>>()

  /** Files the selector of the object `key`, in place of its former one; none takes it out. */
  set(namespace: string, key: string, selector: StringMap | undefined): void {
    const old = this.#selectors.get(key)
    if (old) this.#unfile(old.pair, key)
    this.#selectors.delete(key)
    const [first] = Object.entries(selector ?? {})
    if (!first) return
    const pair = pairKey(namespace, ...first)
    this.#selectors.set(key, { pair, requirements: selectorOfMap(selector) })
    const filed = this.#byPair.get(pair)
    if (filed) filed.add(key)
    else this.#byPair.set(pair, new Set([key]))
  }

  /** The keys whose selectors select an object with this metadata. */
  selecting(metadata: ObjectMeta): readonly string[] {
    const keys: string[] = []
    for (const pair of pairsOf(metadata)) {
      for (const key of this.#byPair.get(pair) ?? []) {
        if (matches(this.#selectors.get(key)?.requirements, metadata.labels)) keys.push(key)
      }
    }
    return keys
  }

  #unfile(pair: string, key: string): void {
    const filed = this.#byPair.get(pair)
    filed?.delete(key)
    if (filed?.size === 0) this.#byPair.delete(pair)
  }
}

function pairsOf({ namespace = '', labels = {} }: ObjectMeta): readonly string[] {
  return Object.entries(labels).map(([key, value]) => pairKey(namespace, key, value))
}

function pairKey(namespace: string, key: string, value: string): string {
  return `${namespace}\n${key}\n${value}`
}
