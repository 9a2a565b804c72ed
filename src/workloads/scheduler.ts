/**
 * The scheduler: which node a Pod goes to.
 *
 * Of the nodes that can take a Pod it gets the one with the fewest Pods of the same owner, of these
 * the one with the fewest Pods, of these the first by name. Preferences and priorities are not
 * weighed, no Pod is put out for another.
 *
 * @see k8s.io/kubernetes/pkg/scheduler/framework/plugins
 * @module
 */
import { controllerOf, keyOf } from '../objects/meta.ts'
import type { Node } from '../objects/node.ts'
import type { Pod } from '../objects/pod.ts'
import { type Bits, findCommon, hasBit, Levels, makeBits, setBit } from './bits.ts'
import { type Demand, demandOf } from './demand.ts'
import { type Filter, Ledger } from './ledger.ts'
import { findUntolerated, pinnedNode, selectsNode, toleratesCordon } from './node-fit.ts'
import {
  affinityTerms,
  antiAffinityTerms,
  type NamespaceLabels,
  type SpreadConstraint,
  spreadConstraints,
} from './pod-term.ts'
import { formatRefusals, type Refusal } from './refusal.ts'
import { type Group, type Placed, TermCounts } from './term-counts.ts'
import { affinityFilter, antiAffinityFilter, respectFilter, spreadFilter } from './topology.ts'

export type Placement =
  | { readonly node: string }
  | { readonly reason: 'Unschedulable' | 'SchedulingGated'; readonly message: string }

/** Which nodes a Pod may go to as far as their labels and taints say. */
interface Eligibility {
  readonly selected: Bits
  readonly tolerated: Bits
  readonly both: Bits
  /** The places that eligible nodes are in, by constraint. */
  readonly places: Map<string, ReadonlySet<string>>
}

/**
 * The nodes of a cluster and the Pods on them. The nodes stay as they are; when they change, a new
 * scheduler is made.
 */
export class Scheduler {
  readonly #nodes: readonly Node[]
  readonly #places: ReadonlyMap<string, number>
  readonly #ledger: Ledger
  readonly #terms: TermCounts
  readonly #namespaceLabels: NamespaceLabels
  readonly #placed = new Map<string, Placed>()
  readonly #loads: number[]
  readonly #byLoad: Levels
  readonly #owners = new Map<string, { readonly counts: Map<number, number>; readonly levels: Levels }>()
  readonly #eligibility = new Map<string, Eligibility>()
  readonly #domains = new Map<string, readonly (string | undefined)[]>()
  /** Why a demand fitted nowhere, while no Pod has gone since. */
  readonly #refused = new Map<string, Placement>()
  readonly #everywhere: Bits

  constructor(nodes: Iterable<Node>, namespaceLabels: NamespaceLabels = () => undefined) {
    this.#nodes = [...nodes].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    this.#places = new Map(this.#nodes.map((node, at) => [node.metadata.name, at]))
    this.#ledger = new Ledger(this.#nodes)
    this.#namespaceLabels = namespaceLabels
    this.#terms = new TermCounts(
      () => this.#placed.values(),
      (key, at) => this.#domainOf(key, at),
    )
    this.#loads = this.#nodes.map(() => 0)
    this.#byLoad = new Levels(this.#nodes.length)
    this.#everywhere = makeBits(this.#nodes.length, true)
  }

  /** Counts a Pod on the node that its spec names, in place of what it was counted as before. */
  add(pod: Pod): void {
    this.remove(pod)
    const at = this.#places.get(pod.spec.nodeName ?? '')
    if (at === undefined || pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return
    this.#placed.set(keyOf(pod.metadata), { pod, at })
    this.#book(pod, at, 1)
  }

  /** Counts the Pod no longer. */
  remove({ metadata }: Pod): void {
    const key = keyOf(metadata)
    const placed = this.#placed.get(key)
    if (!placed) return
    this.#placed.delete(key)
    this.#book(placed.pod, placed.at, -1)
    this.#refused.clear()
  }

  #book(pod: Pod, at: number, sign: 1 | -1): void {
    this.#ledger.book(demandOf(pod), at, sign)
    const load = this.#loads[at] ?? 0
    this.#byLoad.move(at, load, load + sign)
    this.#loads[at] = load + sign
    const owner = controllerOf(pod.metadata)
    if (owner) this.#bookOwner(owner.uid, at, sign)
    this.#terms.book(pod, at, sign)
    for (const term of antiAffinityTerms(pod, this.#namespaceLabels)) {
      this.#terms.hold(this.#terms.groupOf([term], term.topologyKey), at, sign)
    }
  }

  #bookOwner(uid: string, at: number, sign: 1 | -1): void {
    const owner = this.#owners.get(uid) ?? { counts: new Map(), levels: new Levels(this.#nodes.length) }
    this.#owners.set(uid, owner)
    const count = owner.counts.get(at) ?? 0
    owner.levels.move(at, count, count + sign)
    if (count + sign > 0) owner.counts.set(at, count + sign)
    else owner.counts.delete(at)
    if (owner.counts.size === 0) this.#owners.delete(uid)
  }

  /** The node for a Pod that has none, or why there is none. The Pod is not counted by asking. */
  place(pod: Pod): Placement {
    if (Array.isArray(pod.spec['schedulingGates']) && pod.spec['schedulingGates'].length > 0) {
      return { reason: 'SchedulingGated', message: 'Scheduling is blocked due to non-empty scheduling gates' }
    }
    if (this.#nodes.length === 0) {
      return { reason: 'Unschedulable', message: 'no nodes available to schedule pods' }
    }
    const demand = demandOf(pod)
    const old = this.#refused.get(demand.key)
    if (old) return old
    const eligible = this.#eligibilityOf(pod, demand)
    const near = this.#topologyFilters(pod, demand, eligible)
    const filters = [...this.#ledger.filters(demand), ...near]
    const pinned = pinnedNode(pod.spec)
    const at = pinned === undefined ? this.#choose(pod, eligible, filters) : this.#pin(pinned, eligible, filters)
    const name = this.#nodes[at]?.metadata.name
    if (name !== undefined) return { node: name }
    const message = formatRefusals(this.#nodes.map((_, one) => this.#refusalAt(one, pod, eligible, filters, pinned)))
    const refused: Placement = { reason: 'Unschedulable', message }
    // Whether Pods are near changes with every Pod that comes; what is left of nodes only with those that go.
    if (near.length === 0) this.#refused.set(demand.key, refused)
    return refused
  }

  #choose(pod: Pod, eligible: Eligibility, filters: readonly Filter[]): number {
    const owner = this.#owners.get(controllerOf(pod.metadata)?.uid ?? '')
    const accepts = (at: number) => filters.every(filter => filter.passes(at))
    for (const fellows of owner?.levels ?? [this.#everywhere]) {
      for (const load of this.#byLoad) {
        const at = findCommon(eligible.both, fellows, load, accepts)
        if (at >= 0) return at
      }
    }
    return -1
  }

  #pin(name: string, eligible: Eligibility, filters: readonly Filter[]): number {
    const at = this.#places.get(name)
    if (at === undefined || !hasBit(eligible.both, at)) return -1
    return filters.every(filter => filter.passes(at)) ? at : -1
  }

  #eligibilityOf({ spec }: Pod, { nodeKey }: Demand): Eligibility {
    const pinned = pinnedNode(spec)
    const old = pinned === undefined ? this.#eligibility.get(nodeKey) : undefined
    if (old) return old
    const size = this.#nodes.length
    const fresh = { selected: makeBits(size), tolerated: makeBits(size), both: makeBits(size), places: new Map() }
    const only = pinned === undefined ? undefined : this.#places.get(pinned)
    const places = pinned === undefined ? this.#nodes.keys() : only === undefined ? [] : [only]
    for (const at of places) {
      const node = this.#nodes[at]
      if (!node) continue
      const tolerations = spec.tolerations ?? []
      const tolerated = toleratesCordon(tolerations, node) && !findUntolerated(tolerations, node)
      const selected = selectsNode(spec, node)
      if (selected) setBit(fresh.selected, at)
      if (tolerated) setBit(fresh.tolerated, at)
      if (selected && tolerated) setBit(fresh.both, at)
    }
    if (pinned === undefined) this.#eligibility.set(nodeKey, fresh)
    return fresh
  }

  #topologyFilters(pod: Pod, demand: Demand, eligible: Eligibility): readonly Filter[] {
    const filters: Filter[] = []
    const domainOf = (key: string, at: number) => this.#domainOf(key, at)
    for (const constraint of spreadConstraints(pod)) {
      const { group, places } = this.#spreadOf(constraint, demand, eligible)
      filters.push(spreadFilter(constraint, group, places, pod, domainOf))
    }
    const near = affinityTerms(pod, this.#namespaceLabels)
    if (near.length > 0) {
      const groups = near.map(term => this.#terms.groupOf(near, term.topologyKey))
      filters.push(affinityFilter(groups, near, pod, domainOf))
    }
    const away = antiAffinityTerms(pod, this.#namespaceLabels)
    if (away.length > 0) {
      const groups = away.map(term => this.#terms.groupOf([term], term.topologyKey))
      filters.push(antiAffinityFilter(groups, domainOf))
    }
    const shunning = [...this.#terms.groupsWith(pod)].filter(group => group.holders.size > 0)
    if (shunning.length > 0) filters.push(respectFilter(shunning, domainOf))
    return filters
  }

  #spreadOf(
    { term, honorsAffinity, honorsTaints }: SpreadConstraint,
    { nodeKey }: Demand,
    { selected, tolerated, places }: Eligibility,
  ): { group: Group; places: ReadonlySet<string> } {
    const counts = (at: number) => (!honorsAffinity || hasBit(selected, at)) && (!honorsTaints || hasBit(tolerated, at))
    const scope = `${honorsAffinity} ${honorsTaints} ${nodeKey}`
    const key = `${term.topologyKey} ${scope}`
    const known = places.get(key) ?? this.#placesWhere(term.topologyKey, counts)
    places.set(key, known)
    return { group: this.#terms.groupOf([term], term.topologyKey, scope, counts), places: known }
  }

  #placesWhere(topologyKey: string, counts: (at: number) => boolean): ReadonlySet<string> {
    const found = new Set<string>()
    for (const [at, domain] of this.#allDomains(topologyKey).entries()) if (domain && counts(at)) found.add(domain)
    return found
  }

  #domainOf(topologyKey: string, at: number): string | undefined {
    return this.#allDomains(topologyKey)[at]
  }

  #allDomains(topologyKey: string): readonly (string | undefined)[] {
    const old = this.#domains.get(topologyKey)
    if (old) return old
    const domains = this.#nodes.map(node => node.metadata.labels?.[topologyKey])
    this.#domains.set(topologyKey, domains)
    return domains
  }

  #refusalAt(
    at: number,
    { spec }: Pod,
    eligible: Eligibility,
    filters: readonly Filter[],
    pinned: string | undefined,
  ): Refusal {
    const node = this.#nodes[at]
    const hopeless = (reason: string): Refusal => ({ reasons: [reason], isCrowded: false })
    if (!node) return hopeless('node(s) were unschedulable')
    if (pinned !== undefined && node.metadata.name !== pinned) {
      return hopeless("node(s) didn't satisfy plugin(s) [NodeAffinity]")
    }
    const tolerations = spec.tolerations ?? []
    if (!toleratesCordon(tolerations, node)) return hopeless('node(s) were unschedulable')
    const taint = findUntolerated(tolerations, node)
    if (taint) return hopeless(`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`)
    if (!hasBit(eligible.selected, at)) return hopeless("node(s) didn't match Pod's node affinity/selector")
    return filters.find(filter => !filter.passes(at))?.refuse(at) ?? { reasons: [], isCrowded: true }
  }
}
