/**
 * Whose Pods are whose.
 *
 * A controller owns what names it as its controller. It adopts what its selector selects and no
 * one controls, and releases what its selector no longer selects. So Pods that are there already,
 * as in the export of a live cluster, are not made a second time.
 *
 * @see k8s.io/kubernetes/pkg/controller: controller_ref_manager.go
 * @module
 */
import { controllerOf, type KubeObject, type OwnerReference } from '../objects/meta.ts'
import { isPodReady, type Pod } from '../objects/pod.ts'
import { matches, type Selector } from '../objects/selector.ts'
import type { Write } from '../objects/write.ts'
import { controllerReference } from './template.ts'

export interface ClaimContext {
  /**
   * Whether the controller that an object names exists. An export often lacks ReplicaSets; what
   * they owned is then free for others.
   */
  readonly isKnown?: (owner: OwnerReference, namespace: string) => boolean
}

export interface Claim<T extends KubeObject> {
  /** Owned, the adopted ones in their new form. */
  readonly owned: readonly T[]
  readonly writes: readonly Write<T>[]
}

/** Sorts out which of `candidates` the owner owns. */
export function claim<T extends KubeObject>(
  owner: KubeObject,
  selector: Selector,
  candidates: readonly T[],
  context: ClaimContext,
): Claim<T> {
  const owned: T[] = []
  const writes: Write<T>[] = []
  for (const one of candidates) {
    const controller = controllerOf(one.metadata)
    const selected = matches(selector, one.metadata.labels)
    if (controller && controller.uid === owner.metadata.uid) {
      if (selected) owned.push(one)
      else writes.push({ do: 'update', object: withController(one, undefined) })
    } else if (selected && isFree(one, context) && owner.metadata.deletionTimestamp === undefined) {
      const adopted = withController(one, controllerReference(owner))
      owned.push(adopted)
      writes.push({ do: 'update', object: adopted })
    }
  }
  return { owned, writes }
}

/** Whether no controller that exists controls the object, and it is not about to go. */
export function isFree(object: KubeObject, { isKnown }: ClaimContext): boolean {
  const { metadata } = object
  if (metadata.deletionTimestamp !== undefined) return false
  const controller = controllerOf(metadata)
  return controller === undefined || isKnown?.(controller, metadata.namespace ?? '') === false
}

function withController<T extends KubeObject>(object: T, controller: OwnerReference | undefined): T {
  const { ownerReferences = [], ...metadata } = object.metadata
  const others = ownerReferences.filter(owner => owner.controller !== true)
  const owners = controller ? [...others, controller] : others
  return { ...object, metadata: { ...metadata, ...(owners.length > 0 && { ownerReferences: owners }) } }
}

/** Whether the Pod counts: it has not ended and is not about to. */
export function isActive(pod: Pod): boolean {
  const phase = pod.status?.phase
  return phase !== 'Succeeded' && phase !== 'Failed' && pod.metadata.deletionTimestamp === undefined
}

/** Whether the Pod runs and is ready, as a StatefulSet wants its predecessors. */
export function isRunningAndReady(pod: Pod): boolean {
  return pod.status?.phase === 'Running' && isPodReady(pod)
}
