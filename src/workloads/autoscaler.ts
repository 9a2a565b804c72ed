import type { HorizontalPodAutoscaler } from '../objects/job.ts'

/**
 * How many replicas an autoscaler leaves its target, of `replicas` that it has. Without load to
 * measure there are only the bounds; a target that was scaled to nothing stays so.
 *
 * @see k8s.io/kubernetes/pkg/controller/podautoscaler: horizontal.go, reconcileAutoscaler
 */
export function boundReplicas({ spec }: HorizontalPodAutoscaler, replicas: number): number {
  if (replicas === 0 && spec.minReplicas !== 0) return 0
  return Math.min(Math.max(replicas, spec.minReplicas ?? 1), spec.maxReplicas)
}
