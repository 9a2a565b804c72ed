/**
 * The StatefulSet controller: Pods with numbers for names, made in order.
 *
 * @see k8s.io/kubernetes/pkg/controller/statefulset: stateful_set_control.go
 * @module
 */
import { equalValue } from '../base/equal.ts'
import { isPodReady, type Pod } from '../objects/pod.ts'
import { selectorOf } from '../objects/selector.ts'
import type { StatefulSet, WorkloadStatus } from '../objects/workload.ts'
import type { Write } from '../objects/write.ts'
import { type ClaimContext, claim, isRunningAndReady } from './claim.ts'
import { type Revision, revisionOf } from './revision.ts'
import { podNamed, REVISION_LABEL } from './template.ts'

const POD_NAME_LABEL = 'statefulset.kubernetes.io/pod-name'
const POD_INDEX_LABEL = 'apps.kubernetes.io/pod-index'

/**
 * Takes the next step towards the wanted Pods. Unless the set says that its Pods may start in
 * parallel, a Pod is made only when all before it run and are ready.
 *
 * @param candidates Pods of its namespace: at least those that name it as controller and those that its selector selects
 */
export function reconcileStatefulSet(
  set: StatefulSet,
  candidates: readonly Pod[],
  context: ClaimContext,
): readonly Write<Pod | StatefulSet>[] {
  const mayOwn = candidates.filter(pod => ordinalOf(set, pod) !== undefined)
  const { owned, writes: claims } = claim(set, selectorOf(set.spec.selector), mayOwn, context)
  const revision = revisionOf(set, owned)
  const writes: Write<Pod | StatefulSet>[] = [...claims]
  if (set.metadata.deletionTimestamp === undefined) writes.push(...steps(set, owned, revision))
  const status = statusOf(set, owned, revision)
  if (!equalValue(set.status, status)) writes.push({ do: 'update-status', object: { ...set, status } })
  return writes
}

/** The number in the Pod's name, if that is the name of one of the set's Pods. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${set.metadata.name}-`
  const { name } = pod.metadata
  const digits = name.slice(prefix.length)
  return name.startsWith(prefix) && /^\d{1,9}$/.test(digits) ? Number(digits) : undefined
}

function steps(set: StatefulSet, owned: readonly Pod[], revision: Revision): readonly Write<Pod>[] {
  const start = set.spec.ordinals?.start ?? 0
  const end = start + (set.spec.replicas ?? 1)
  const isParallel = set.spec.podManagementPolicy === 'Parallel'
  const byOrdinal = new Map(owned.map(pod => [ordinalOf(set, pod) ?? -1, pod]))
  const writes: Write<Pod>[] = []
  for (let ordinal = start; ordinal < end; ordinal++) {
    const pod = byOrdinal.get(ordinal)
    if (!pod) writes.push({ do: 'create', object: podOf(set, ordinal, revision) })
    else if (hasEnded(pod)) writes.push({ do: 'delete', object: pod })
    const isUp = pod !== undefined && isRunningAndReady(pod) && pod.metadata.deletionTimestamp === undefined
    if (!isUp && !isParallel) return writes
  }
  const surplus = [...byOrdinal].filter(([ordinal]) => ordinal < start || ordinal >= end)
  surplus.sort(([a], [b]) => b - a)
  for (const [, object] of isParallel ? surplus : surplus.slice(0, 1)) writes.push({ do: 'delete', object })
  return writes.length > 0 ? writes : outdated(set, byOrdinal, start, end, revision)
}

/** The Pod of the highest number that is behind the template; its successor comes before the next one goes. */
function outdated(
  set: StatefulSet,
  byOrdinal: ReadonlyMap<number, Pod>,
  start: number,
  end: number,
  revision: Revision,
): readonly Write<Pod>[] {
  const { type, rollingUpdate } = (set.spec['updateStrategy'] ?? {}) as UpdateStrategy
  if (type === 'OnDelete') return []
  const first = Math.max(start, start + (rollingUpdate?.partition ?? 0))
  for (let ordinal = end - 1; ordinal >= first; ordinal--) {
    const object = byOrdinal.get(ordinal)
    if (object && !revision.isUpToDate(object)) return [{ do: 'delete', object }]
    if (object && !isRunningAndReady(object)) return []
  }
  return []
}

interface UpdateStrategy {
  readonly type?: string
  readonly rollingUpdate?: { readonly partition?: number }
}

function hasEnded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
}

function podOf(set: StatefulSet, ordinal: number, { hash }: Revision): Pod {
  const name = `${set.metadata.name}-${ordinal}`
  const { serviceName, template } = set.spec
  const labels = { [REVISION_LABEL]: hash, [POD_NAME_LABEL]: name, [POD_INDEX_LABEL]: String(ordinal) }
  const volumes = volumesOf(set, name)
  return podNamed(name, set, template, {
    labels,
    spec: { hostname: name, ...(serviceName && { subdomain: serviceName }), ...(volumes && { volumes }) },
  })
}

interface Named {
  readonly name?: string
  readonly metadata?: { readonly name?: string }
}

/** The template's volumes, and one for each claim of the set; a claim takes the place of a volume of its name. */
function volumesOf(set: StatefulSet, podName: string): readonly unknown[] | undefined {
  const claims = (set.spec.volumeClaimTemplates ?? []) as readonly Named[]
  if (claims.length === 0) return undefined
  const claimed = claims.map(({ metadata }) => {
    const name = metadata?.name ?? ''
    return { name, persistentVolumeClaim: { claimName: `${name}-${podName}` } }
  })
  const volumes = (set.spec.template.spec['volumes'] ?? []) as readonly Named[]
  return [...claimed, ...volumes.filter(volume => !claimed.some(one => one.name === volume.name))]
}

function statusOf(set: StatefulSet, owned: readonly Pod[], revision: Revision): WorkloadStatus {
  const ready = owned.filter(isRunningAndReady).length
  const updated = owned.filter(revision.isUpToDate).length
  const { generation } = set.metadata
  const isDone = updated === owned.length
  return {
    ...set.status,
    ...(generation !== undefined && { observedGeneration: generation }),
    replicas: owned.length,
    readyReplicas: ready,
    availableReplicas: owned.filter(isPodReady).length,
    currentReplicas: isDone ? owned.length : owned.length - updated,
    updatedReplicas: updated,
    currentRevision: isDone ? revision.hash : (set.status?.currentRevision ?? revision.hash),
    updateRevision: revision.hash,
  }
}
