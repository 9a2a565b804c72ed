/**
 * The controllers of ReplicaSets and ReplicationControllers, which differ in their selectors only.
 *
 * @see k8s.io/kubernetes/pkg/controller/replicaset: replica_set.go
 * @module
 */
import { equalValue } from '../base/equal.ts'
import { isPodReady, type Pod } from '../objects/pod.ts'
import { matches, type Selector, selectorOf, selectorOfMap } from '../objects/selector.ts'
import type { ReplicaSet, ReplicationController, WorkloadStatus } from '../objects/workload.ts'
import type { Write } from '../objects/write.ts'
import { type ClaimContext, claim, isActive } from './claim.ts'
import { type NameContext, podDrawn } from './template.ts'
import { chooseVictims } from './victims.ts'

export type ReplicaOwner = ReplicaSet | ReplicationController

/** Which Pods it looks after. */
export function replicaSelector(owner: ReplicaOwner): Selector {
  if (owner.kind === 'ReplicaSet') return selectorOf(owner.spec.selector)
  const { selector, template } = owner.spec
  return selectorOfMap(Object.keys(selector ?? {}).length > 0 ? selector : template.metadata?.labels)
}

/**
 * Makes or deletes Pods until there are as many as `replicas` says.
 *
 * @param candidates Pods of its namespace: at least those that name it as controller and those that its selector selects
 */
export function reconcileReplicas(
  owner: ReplicaOwner,
  candidates: readonly Pod[],
  context: NameContext & ClaimContext,
): readonly Write<Pod | ReplicaOwner>[] {
  const { owned, writes: claims } = claim(owner, replicaSelector(owner), candidates, context)
  const active = owned.filter(isActive)
  const writes: Write<Pod | ReplicaOwner>[] = [...claims]
  if (owner.metadata.deletionTimestamp === undefined) {
    const { replicas = 1, template } = owner.spec
    const taken = new Set(candidates.map(pod => pod.metadata.name))
    for (let i = active.length; i < replicas; i++) {
      writes.push({ do: 'create', object: podDrawn(`${owner.metadata.name}-`, owner, template, taken, context) })
    }
    const victims = chooseVictims(active, Math.max(0, active.length - replicas))
    for (const object of victims) writes.push({ do: 'delete', object })
  }
  const status = statusOf(owner, active)
  if (!equalValue(owner.status, status)) writes.push({ do: 'update-status', object: { ...owner, status } })
  return writes
}

function statusOf(owner: ReplicaOwner, active: readonly Pod[]): WorkloadStatus {
  const ready = active.filter(isPodReady).length
  const template = selectorOfMap(owner.spec.template.metadata?.labels)
  const { generation } = owner.metadata
  return {
    ...owner.status,
    ...(generation !== undefined && { observedGeneration: generation }),
    replicas: active.length,
    fullyLabeledReplicas: active.filter(pod => matches(template, pod.metadata.labels)).length,
    readyReplicas: ready,
    availableReplicas: ready,
  }
}
