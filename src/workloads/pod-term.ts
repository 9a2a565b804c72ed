/**
 * Groups of Pods that a Pod wants to be near, away from, or spread among.
 *
 * @see k8s.io/kubernetes/pkg/scheduler/framework: AffinityTerm
 * @module
 */
import type { LabelSelector, StringMap } from '../objects/meta.ts'
import type { Pod, PodAffinityTerm } from '../objects/pod.ts'
import { matches, type Requirement, type Selector, selectorOf } from '../objects/selector.ts'

/** The labels of a namespace, if it is known. */
export type NamespaceLabels = (name: string) => StringMap | undefined

/** Pods of some namespaces with some labels, and what makes two nodes one place for them. */
export interface PodTerm {
  /** Equal texts are equal terms. */
  readonly key: string
  readonly topologyKey: string
  /** Empty where `selectsNamespace` decides alone. */
  readonly namespaces: readonly string[]
  readonly selectsNamespace: ((name: string) => boolean) | undefined
  readonly selector: Selector
}

export interface SpreadConstraint {
  readonly term: PodTerm
  readonly maxSkew: number
  readonly minDomains: number
  readonly honorsAffinity: boolean
  readonly honorsTaints: boolean
}

interface KeyedTerm extends PodAffinityTerm {
  readonly matchLabelKeys?: readonly string[]
  readonly mismatchLabelKeys?: readonly string[]
}

interface GivenConstraint {
  readonly maxSkew: number
  readonly topologyKey: string
  readonly whenUnsatisfiable: string
  readonly labelSelector?: LabelSelector
  readonly minDomains?: number
  readonly nodeAffinityPolicy?: string
  readonly nodeTaintsPolicy?: string
  readonly matchLabelKeys?: readonly string[]
}

/** Pods that one of its nodes must have. */
export function affinityTerms(pod: Pod, labelsOf: NamespaceLabels): readonly PodTerm[] {
  const terms = pod.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  return terms.map(term => readTerm(term, pod, labelsOf))
}

/** Pods that none of its nodes may have. */
export function antiAffinityTerms(pod: Pod, labelsOf: NamespaceLabels): readonly PodTerm[] {
  const terms = pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  return terms.map(term => readTerm(term, pod, labelsOf))
}

/** The constraints that must hold; those that are only wished for are not among them. */
export function spreadConstraints(pod: Pod): readonly SpreadConstraint[] {
  const given = (pod.spec['topologySpreadConstraints'] ?? []) as readonly GivenConstraint[]
  const hard = given.filter(constraint => constraint.whenUnsatisfiable !== 'ScheduleAnyway')
  return hard.map(constraint => {
    const { topologyKey, labelSelector, matchLabelKeys = [] } = constraint
    const term = { topologyKey, ...(labelSelector && { labelSelector }), matchLabelKeys }
    return {
      term: readTerm(term, pod, () => undefined),
      maxSkew: constraint.maxSkew,
      minDomains: constraint.minDomains ?? 1,
      honorsAffinity: constraint.nodeAffinityPolicy !== 'Ignore',
      honorsTaints: constraint.nodeTaintsPolicy === 'Honor',
    }
  })
}

function readTerm(term: KeyedTerm, pod: Pod, labelsOf: NamespaceLabels): PodTerm {
  const { topologyKey, labelSelector, namespaces = [], namespaceSelector } = term
  const own = pod.metadata.namespace ?? ''
  const named = namespaces.length > 0 || namespaceSelector ? namespaces : [own]
  const ofNamespace = namespaceSelector && selectorOf(namespaceSelector)
  const selector = withKeys(selectorOf(labelSelector), term, pod)
  return {
    key: JSON.stringify([topologyKey, named, namespaceSelector, selector]),
    topologyKey,
    namespaces: named,
    selectsNamespace: ofNamespace && (name => matches(ofNamespace, labelsOf(name))),
    selector,
  }
}

/** Labels of the Pod itself that the others must have as well, or must not. */
function withKeys(selector: Selector, { matchLabelKeys = [], mismatchLabelKeys = [] }: KeyedTerm, pod: Pod): Selector {
  if (!selector || matchLabelKeys.length + mismatchLabelKeys.length === 0) return selector
  const labels = pod.metadata.labels ?? {}
  const own = (keys: readonly string[], operator: 'in' | 'notin'): readonly Requirement[] =>
    keys.flatMap(key => (labels[key] === undefined ? [] : [{ key, operator, values: [labels[key]] }]))
  return [...selector, ...own(matchLabelKeys, 'in'), ...own(mismatchLabelKeys, 'notin')]
}

export function selectsPod(term: PodTerm, { metadata }: Pod): boolean {
  const namespace = metadata.namespace ?? ''
  if (!term.namespaces.includes(namespace) && !term.selectsNamespace?.(namespace)) return false
  return matches(term.selector, metadata.labels)
}
