/**
 * Why a Pod fits nowhere, in the scheduler's words.
 *
 * @see k8s.io/kubernetes/pkg/scheduler/framework: FitError
 * @module
 */

export interface Refusal {
  readonly reasons: readonly string[]
  /** Whether the Pod would fit if others went. */
  readonly isCrowded: boolean
}

/**
 * `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. preemption: …`
 *
 * @param refusals one for each node
 */
export function formatRefusals(refusals: readonly Refusal[]): string {
  const available = `0/${refusals.length} nodes are available`
  const reasons = histogram(refusals.flatMap(one => one.reasons))
  const preemption = histogram(
    refusals.map(one =>
      one.isCrowded ? 'No preemption victims found for incoming pod' : 'Preemption is not helpful for scheduling',
    ),
  )
  return `${available}: ${reasons}. preemption: ${available}: ${preemption}.`
}

function histogram(reasons: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ')
}
