/**
 * How many Pods of a group are in which place, kept up to date as Pods come and go.
 *
 * A group is counted from the first time that a Pod asks about it. Groups are filed under one label
 * that their Pods must have, so that a Pod meets only the groups that it may belong to.
 *
 * @module
 */
import { keyOf } from '../objects/meta.ts'
import type { Pod } from '../objects/pod.ts'
import { type PodTerm, selectsPod } from './pod-term.ts'

/** A Pod on the node at that place in the list of nodes. */
export interface Placed {
  readonly pod: Pod
  readonly at: number
}

/** Where the node at that place is, for a topology key. */
export type DomainOf = (topologyKey: string, at: number) => string | undefined

export interface Group {
  readonly topologyKey: string
  readonly selects: (pod: Pod) => boolean
  /** Pods of the group, by place. */
  readonly members: Map<string, number>
  /** Pods that want to be away from the group, by place. */
  readonly holders: Map<string, number>
  /** Whether Pods on that node count. */
  readonly counts: (at: number) => boolean
}

export class TermCounts {
  readonly #groups = new Map<string, Group>()
  readonly #byLabel = new Map<string, Group[]>()
  readonly #placed: () => Iterable<Placed>
  /** The Pods under each of their labels, from the first group on. */
  #filed: Map<string, Map<string, Placed>> | undefined
  readonly #domainOf: DomainOf

  constructor(placed: () => Iterable<Placed>, domainOf: DomainOf) {
    this.#placed = placed
    this.#domainOf = domainOf
  }

  /**
   * The Pods that all of the terms select, by the places of one topology key.
   *
   * @param scope distinguishes groups that count on different nodes
   */
  groupOf(
    terms: readonly PodTerm[],
    topologyKey: string,
    scope = '',
    counts: (at: number) => boolean = () => true,
  ): Group {
    const key = `${topologyKey} ${terms.map(term => term.key).join()} ${scope}`
    const old = this.#groups.get(key)
    if (old) return old
    const selects = (pod: Pod) => terms.every(term => selectsPod(term, pod))
    const group: Group = { topologyKey, selects, members: new Map(), holders: new Map(), counts }
    this.#groups.set(key, group)
    const label = labelOf(terms)
    const filed = this.#byLabel.get(label)
    if (filed) filed.push(group)
    else this.#byLabel.set(label, [group])
    for (const { pod, at } of this.#filedUnder(label)) if (selects(pod)) this.#count(group, group.members, at, 1)
    return group
  }

  #filedUnder(label: string): Iterable<Placed> {
    if (!this.#filed) {
      this.#filed = new Map()
      for (const placed of this.#placed()) fileAway(this.#filed, placed)
    }
    return label === '' ? this.#placed() : (this.#filed.get(label)?.values() ?? [])
  }

  /** The groups that the Pod belongs to, among those that were asked about. */
  *groupsWith(pod: Pod): Generator<Group, void> {
    if (this.#groups.size === 0) return
    for (const label of ['', ...labelsOf(pod)]) {
      for (const group of this.#byLabel.get(label) ?? []) if (group.selects(pod)) yield group
    }
  }

  /** A Pod comes to a node, or goes from it. */
  book(pod: Pod, at: number, sign: 1 | -1): void {
    if (this.#filed && sign > 0) fileAway(this.#filed, { pod, at })
    else if (this.#filed) takeOut(this.#filed, pod)
    for (const group of this.groupsWith(pod)) this.#count(group, group.members, at, sign)
  }

  /** A Pod that wants to be away from the group comes to a node, or goes from it. */
  hold(group: Group, at: number, sign: 1 | -1): void {
    this.#count(group, group.holders, at, sign)
  }

  #count({ topologyKey, counts }: Group, in_: Map<string, number>, at: number, sign: 1 | -1): void {
    const domain = this.#domainOf(topologyKey, at)
    if (domain === undefined || !counts(at)) return
    const count = (in_.get(domain) ?? 0) + sign
    if (count > 0) in_.set(domain, count)
    else in_.delete(domain)
  }
}

function labelsOf({ metadata: { namespace = '', labels = {} } }: Pod): readonly string[] {
  return Object.entries(labels).map(([key, value]) => `${namespace} ${key}=${value}`)
}

function fileAway(filed: Map<string, Map<string, Placed>>, placed: Placed): void {
  for (const label of labelsOf(placed.pod)) {
    const pods = filed.get(label) ?? new Map<string, Placed>()
    filed.set(label, pods.set(keyOf(placed.pod.metadata), placed))
  }
}

function takeOut(filed: Map<string, Map<string, Placed>>, pod: Pod): void {
  for (const label of labelsOf(pod)) {
    const pods = filed.get(label)
    pods?.delete(keyOf(pod.metadata))
    if (pods?.size === 0) filed.delete(label)
  }
}

/** A label that each Pod of the group must have, as {@link labelsOf} gives it; empty if there is no such label. */
function labelOf([term]: readonly PodTerm[]): string {
  if (term === undefined || term.namespaces.length !== 1 || term.selectsNamespace) return ''
  const exact = term.selector?.find(
    ({ operator, values }) => values.length === 1 && ['=', '==', 'in'].includes(operator),
  )
  return exact ? `${term.namespaces[0]} ${exact.key}=${exact.values[0]}` : ''
}
