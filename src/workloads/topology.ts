/**
 * Conditions on a node that depend on which Pods are near it.
 *
 * @see k8s.io/kubernetes/pkg/scheduler/framework/plugins: interpodaffinity, podtopologyspread
 * @module
 */
import type { Pod } from '../objects/pod.ts'
import type { Filter } from './ledger.ts'
import { type PodTerm, type SpreadConstraint, selectsPod } from './pod-term.ts'
import type { Refusal } from './refusal.ts'
import type { DomainOf, Group } from './term-counts.ts'

function crowded(reason: string): () => Refusal {
  return () => ({ reasons: [reason], isCrowded: true })
}

function hopeless(reason: string): () => Refusal {
  return () => ({ reasons: [reason], isCrowded: false })
}

/** No Pod that is there already may want to be away from this one. */
export function respectFilter(groups: readonly Group[], domainOf: DomainOf): Filter {
  return {
    passes: at => groups.every(({ topologyKey, holders }) => !holders.has(domainOf(topologyKey, at) ?? '')),
    refuse: crowded("node(s) didn't satisfy existing pods anti-affinity rules"),
  }
}

/** Away from Pods of each group. */
export function antiAffinityFilter(groups: readonly Group[], domainOf: DomainOf): Filter {
  return {
    passes: at => groups.every(({ topologyKey, members }) => !members.has(domainOf(topologyKey, at) ?? '')),
    refuse: crowded("node(s) didn't match pod anti-affinity rules"),
  }
}

/** Near Pods of each group; the first Pod of groups that it belongs to itself may go anywhere. */
export function affinityFilter(
  groups: readonly Group[],
  terms: readonly PodTerm[],
  pod: Pod,
  domainOf: DomainOf,
): Filter {
  const isFirst = groups.every(({ members }) => members.size === 0) && terms.every(term => selectsPod(term, pod))
  return {
    passes: at =>
      groups.every(({ topologyKey, members }) => {
        const domain = domainOf(topologyKey, at)
        return domain !== undefined && (isFirst || members.has(domain))
      }),
    refuse: hopeless("node(s) didn't match pod affinity rules"),
  }
}

/**
 * No place may get further ahead of the emptiest one than the constraint allows.
 *
 * @param places all places there are for the Pod
 */
export function spreadFilter(
  { term, maxSkew, minDomains }: SpreadConstraint,
  { members }: Group,
  places: ReadonlySet<string>,
  pod: Pod,
  domainOf: DomainOf,
): Filter {
  let least = places.size < minDomains ? 0 : Number.POSITIVE_INFINITY
  for (const place of places) least = Math.min(least, members.get(place) ?? 0)
  const self = selectsPod(term, pod) ? 1 : 0
  const reason = "node(s) didn't match pod topology spread constraints"
  return {
    passes: at => {
      const domain = domainOf(term.topologyKey, at)
      return domain !== undefined && (members.get(domain) ?? 0) + self - least <= maxSkew
    },
    refuse: at =>
      domainOf(term.topologyKey, at) === undefined
        ? { reasons: [`${reason} (missing required label)`], isCrowded: false }
        : { reasons: [reason], isCrowded: true },
  }
}
