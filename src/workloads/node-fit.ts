/**
 * Which nodes a Pod may run on at all: what it asks of labels, and what it tolerates.
 *
 * @see k8s.io/component-helpers/scheduling/corev1/nodeaffinity, k8s.io/api/core/v1: ToleratesTaint
 * @module
 */
import type { StringMap } from '../objects/meta.ts'
import type { Node, Taint } from '../objects/node.ts'
import type { NodeSelectorRequirement, NodeSelectorTerm, PodSpec, Toleration } from '../objects/pod.ts'
import { matches, type Operator, type Requirement } from '../objects/selector.ts'

/** On nodes that take no new Pods. Tolerating it is tolerating `spec.unschedulable`. */
export const UNSCHEDULABLE_TAINT: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }

const OPERATORS: Readonly<Record<NodeSelectorRequirement['operator'], Operator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
  Gt: 'gt',
  Lt: 'lt',
}

/** Whether the node's labels and name are what the Pod's nodeSelector and required node affinity ask for. */
export function selectsNode(spec: PodSpec, node: Node): boolean {
  const labels = node.metadata.labels ?? {}
  for (const [key, value] of Object.entries(spec.nodeSelector ?? {})) {
    if (!Object.hasOwn(labels, key) || labels[key] !== value) return false
  }
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return !required || required.nodeSelectorTerms.some(term => holds(term, node))
}

/** A term without requirements selects nothing. */
function holds({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, { metadata }: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false
  const fields: StringMap = { 'metadata.name': metadata.name }
  return matches(matchExpressions.map(read), metadata.labels) && matches(matchFields.map(read), fields)
}

function read({ key, operator, values = [] }: NodeSelectorRequirement): Requirement {
  return { key, operator: OPERATORS[operator], values }
}

/** The name of the only node that the Pod may run on, if its affinity names it, as a DaemonSet's does. */
export function pinnedNode(spec: PodSpec): string | undefined {
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms
  const [field] = terms?.length === 1 ? (terms[0]?.matchFields ?? []) : []
  return field?.key === 'metadata.name' && field.operator === 'In' && field.values?.length === 1
    ? field.values[0]
    : undefined
}

/** The first taint that keeps the Pod off the node. */
export function findUntolerated(
  tolerations: readonly Toleration[],
  node: Node,
  effects: readonly Taint['effect'][] = ['NoSchedule', 'NoExecute'],
): Taint | undefined {
  return node.spec.taints?.find(taint => effects.includes(taint.effect) && !tolerates(tolerations, taint))
}

/** Whether the Pod may go to a node that takes no new ones, if it is one. */
export function toleratesCordon(tolerations: readonly Toleration[], node: Node): boolean {
  return node.spec.unschedulable !== true || tolerates(tolerations, UNSCHEDULABLE_TAINT)
}

export function tolerates(tolerations: readonly Toleration[], taint: Taint): boolean {
  return tolerations.some(toleration => covers(toleration, taint))
}

function covers({ key, operator = 'Equal', value = '', effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false
  if (key && key !== taint.key) return false
  if (operator === 'Exists') return true
  if (operator === 'Lt') return Number(taint.value) < Number(value)
  if (operator === 'Gt') return Number(taint.value) > Number(value)
  // Without a key only Exists is allowed, which then means every taint.
  return Boolean(key) && value === (taint.value ?? '')
}
