/**
 * A Pod's status, condition by condition.
 *
 * @module
 */
import { formatTime, type Millis } from '../base/clock.ts'
import { equalValue } from '../base/equal.ts'
import type { Condition } from '../objects/meta.ts'
import type { Pod, PodStatus } from '../objects/pod.ts'
import type { Placement } from './scheduler.ts'

/** What a condition is, without when it became so. */
export type ConditionState = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

/**
 * Sets a condition. Its time stays what it was unless its status changes.
 *
 * @param time the present, in the API's form
 */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  state: ConditionState,
  time: string,
): readonly Condition[] {
  const old = conditions?.find(one => one.type === state.type)
  const since = old?.status === state.status ? old.lastTransitionTime : undefined
  const condition = { lastProbeTime: null, lastTransitionTime: since ?? time, ...state }
  if (!old) return [...(conditions ?? []), condition]
  return (conditions ?? []).map(one => (one === old ? condition : one))
}

/** The Pod after the scheduler has placed it: on the node, or with the reason why it is on none. */
export function afterPlacement(pod: Pod, placement: Placement, now: Millis): Pod {
  const state: ConditionState =
    'node' in placement
      ? { type: 'PodScheduled', status: 'True' }
      : { type: 'PodScheduled', status: 'False', reason: placement.reason, message: placement.message }
  const spec = 'node' in placement ? { ...pod.spec, nodeName: placement.node } : pod.spec
  const conditions = withCondition(pod.status?.conditions, state, formatTime(now))
  const status: PodStatus = { ...pod.status, phase: pod.status?.phase ?? 'Pending', conditions }
  return equalValue(status, pod.status) && spec === pod.spec ? pod : { ...pod, spec, status }
}
