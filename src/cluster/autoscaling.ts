/**
 * Keeps the replicas of a workload within the bounds of its HorizontalPodAutoscaler.
 *
 * @module
 */
import { equalValue } from '../base/equal.ts'
import { type KubeObject, keyOf } from '../objects/meta.ts'
import type { Write } from '../objects/write.ts'
import type { WatchEvent } from '../store/history.ts'
import { boundReplicas } from '../workloads/autoscaler.ts'
import type { Cluster } from './cluster.ts'

interface Scalable extends KubeObject {
  readonly spec: { readonly replicas?: number }
}

/** Kinds that an autoscaler here may scale. */
export const SCALABLE: readonly string[] = ['Deployment', 'ReplicaSet', 'ReplicationController', 'StatefulSet']

/** The autoscalers of the object that changed. */
export function scalersOf({ object }: WatchEvent, { store }: Cluster): readonly string[] {
  const { namespace, name } = object.metadata
  return store
    .list('HorizontalPodAutoscaler', namespace === undefined ? {} : { namespace })
    .filter(({ spec }) => spec.scaleTargetRef.kind === object.kind && spec.scaleTargetRef.name === name)
    .map(({ metadata }) => keyOf(metadata))
}

export function reconcileScaler(namespace: string | undefined, name: string, { store }: Cluster): readonly Write[] {
  const scaler = store.find('HorizontalPodAutoscaler', namespace, name)
  if (!scaler || !SCALABLE.includes(scaler.spec.scaleTargetRef.kind)) return []
  const target = store.find(scaler.spec.scaleTargetRef.kind, namespace, scaler.spec.scaleTargetRef.name) as
    | Scalable
    | undefined
  if (!target) return []
  const { replicas = 1 } = target.spec
  const wanted = boundReplicas(scaler, replicas)
  const status = { ...scaler.status, currentReplicas: replicas, desiredReplicas: wanted }
  const writes: Write[] = []
  if (wanted !== replicas) {
    const scaled: Scalable = { ...target, spec: { ...target.spec, replicas: wanted } }
    writes.push({ do: 'update', object: scaled })
  }
  if (!equalValue(scaler.status, status))
    writes.push({ do: 'update-status', object: { ...scaler, status } as KubeObject })
  return writes
}
