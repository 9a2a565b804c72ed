/**
 * Which version of its template a StatefulSet or DaemonSet is at, and which Pods are behind.
 *
 * Pods that came with the input, from a live cluster, bear a revision that only that cluster can
 * work out. They count as up to date for as long as their owner has not been changed since.
 *
 * @module
 */
import type { Pod } from '../objects/pod.ts'
import type { DaemonSet, StatefulSet } from '../objects/workload.ts'
import { REVISION_LABEL, templateHash } from './template.ts'

export interface Revision {
  /** The value of {@link REVISION_LABEL} on new Pods. */
  readonly hash: string
  readonly isUpToDate: (pod: Pod) => boolean
}

export function revisionOf(set: StatefulSet | DaemonSet, pods: readonly Pod[]): Revision {
  const { generation } = set.metadata
  const { observedGeneration, updateRevision } = set.status ?? {}
  const isUnchanged = observedGeneration === undefined || observedGeneration === generation
  if (set.kind === 'StatefulSet') {
    const hash =
      isUnchanged && updateRevision ? updateRevision : `${set.metadata.name}-${templateHash(set.spec.template)}`
    const isSettled = isUnchanged && !updateRevision
    return { hash, isUpToDate: pod => isSettled || labelOf(pod) === hash }
  }
  const hash = templateHash(set.spec.template)
  const { updatedNumberScheduled = 0 } = set.status ?? {}
  const isSettled = isUnchanged && (observedGeneration === undefined || updatedNumberScheduled >= pods.length)
  return { hash, isUpToDate: pod => isSettled || labelOf(pod) === hash }
}

function labelOf({ metadata }: Pod): string | undefined {
  return metadata.labels?.[REVISION_LABEL]
}
