/**
 * Which Pods go first when there are too many.
 *
 * @see k8s.io/kubernetes/pkg/controller: ActivePodsWithRanks
 * @module
 */
import { isPodReady, type Pod } from '../objects/pod.ts'

const COST_ANNOTATION = 'controller.kubernetes.io/pod-deletion-cost'
const PHASES: readonly unknown[] = ['Pending', 'Unknown', 'Running']

interface Ranked {
  readonly pod: Pod
  /** How many of the Pods share its node. */
  readonly crowd: number
}

/** The `count` Pods to delete: those that are missed least, the youngest of equal ones. */
export function chooseVictims(pods: readonly Pod[], count: number): readonly Pod[] {
  if (count >= pods.length) return pods
  const crowds = new Map<string, number>()
  for (const { spec } of pods) crowds.set(spec.nodeName ?? '', (crowds.get(spec.nodeName ?? '') ?? 0) + 1)
  const ranked = pods.map((pod): Ranked => ({ pod, crowd: crowds.get(pod.spec.nodeName ?? '') ?? 0 }))
  ranked.sort(compareWorth)
  return ranked.slice(0, count).map(({ pod }) => pod)
}

function compareWorth(a: Ranked, b: Ranked): number {
  return (
    Number(Boolean(a.pod.spec.nodeName)) - Number(Boolean(b.pod.spec.nodeName)) ||
    phaseOf(a.pod) - phaseOf(b.pod) ||
    Number(isPodReady(a.pod)) - Number(isPodReady(b.pod)) ||
    costOf(a.pod) - costOf(b.pod) ||
    b.crowd - a.crowd ||
    compareText(b.pod.metadata.creationTimestamp ?? '', a.pod.metadata.creationTimestamp ?? '') ||
    compareText(b.pod.metadata.name, a.pod.metadata.name)
  )
}

function phaseOf(pod: Pod): number {
  return PHASES.indexOf(pod.status?.phase ?? 'Pending')
}

function costOf(pod: Pod): number {
  return Number(pod.metadata.annotations?.[COST_ANNOTATION] ?? 0) || 0
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
