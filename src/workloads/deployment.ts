/**
 * The Deployment controller: a ReplicaSet for each version of the template, and the way from one
 * to the next.
 *
 * @see k8s.io/kubernetes/pkg/controller/deployment: sync.go
 * @module
 */
import { equalValue } from '../base/equal.ts'
import { controllerOf, type StringMap } from '../objects/meta.ts'
import type { Pod, PodTemplateSpec } from '../objects/pod.ts'
import { matches, selectorOf } from '../objects/selector.ts'
import type { Deployment, ReplicaSet, WorkloadStatus } from '../objects/workload.ts'
import type { Write } from '../objects/write.ts'
import { type ClaimContext, claim, isFree } from './claim.ts'
import { firstReplicas, nextStep, replicasOf } from './rollout.ts'
import { controllerReference, TEMPLATE_HASH_LABEL, templateHash } from './template.ts'

const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision'
/** Annotations of the Deployment that its ReplicaSets do not copy. */
const OWN_ANNOTATIONS = [REVISION_ANNOTATION, 'kubectl.kubernetes.io/last-applied-configuration']
const HISTORY_LIMIT = 10

/**
 * Takes the next step towards the Deployment's template and number of replicas.
 *
 * @param sets ReplicaSets of its namespace: at least those that name it as controller and those that its selector selects
 * @param pods Pods that its selector selects; only those without a controller that exists matter
 */
export function reconcileDeployment(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
  pods: readonly Pod[],
  context: ClaimContext,
): readonly Write<Deployment | ReplicaSet>[] {
  const { owned, writes: claims } = claim(deployment, selectorOf(deployment.spec.selector), sets, context)
  const present = owned.filter(set => set.metadata.deletionTimestamp === undefined).sort(compareAge)
  const current = present.find(set => isOfTemplate(set, deployment.spec.template))
  const old = present.filter(set => set !== current)
  const writes: Write<Deployment | ReplicaSet>[] = [...claims]
  if (deployment.metadata.deletionTimestamp === undefined) {
    if (current || deployment.spec.paused) writes.push(...steps(deployment, current, old))
    else writes.push({ do: 'create', object: newSet(deployment, sets, old, orphansOf(deployment, pods, context)) })
  }
  const status = statusOf(deployment, current, present)
  if (!equalValue(deployment.status, status)) writes.push({ do: 'update-status', object: { ...deployment, status } })
  return writes
}

function steps(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): readonly Write<ReplicaSet>[] {
  const scaling = nextStep(deployment, current, old)
  const writes: Write<ReplicaSet>[] = []
  for (const [set, replicas] of scaling) {
    writes.push({ do: 'update', object: { ...set, spec: { ...set.spec, replicas } } })
  }
  if (scaling.size > 0) return writes
  const empty = old.filter(set => replicasOf(set) === 0 && (set.status?.replicas ?? 0) === 0)
  const surplus = empty.length - (deployment.spec.revisionHistoryLimit ?? HISTORY_LIMIT)
  const byRevision = empty.toSorted((a, b) => revisionOf(a) - revisionOf(b))
  for (const object of byRevision.slice(0, Math.max(0, surplus))) writes.push({ do: 'delete', object })
  return writes
}

/** Pods of the Deployment whose ReplicaSet is not there. */
function orphansOf(deployment: Deployment, pods: readonly Pod[], context: ClaimContext): readonly Pod[] {
  const selector = selectorOf(deployment.spec.selector)
  return pods.filter(pod => isFree(pod, context) && matches(selector, pod.metadata.labels))
}

function newSet(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
  old: readonly ReplicaSet[],
  orphans: readonly Pod[],
): ReplicaSet {
  const { namespace = '', annotations = {} } = deployment.metadata
  const { selector, template, minReadySeconds } = deployment.spec
  const { name, hash } = identify(deployment, sets, orphans)
  const copied = Object.fromEntries(Object.entries(annotations).filter(([key]) => !OWN_ANNOTATIONS.includes(key)))
  const withHash = (labels: StringMap | undefined) => ({ ...labels, [TEMPLATE_HASH_LABEL]: hash })
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      namespace,
      labels: withHash(template.metadata?.labels),
      annotations: { ...copied, [REVISION_ANNOTATION]: String(Math.max(0, ...old.map(revisionOf)) + 1) },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas: firstReplicas(deployment, old),
      ...(minReadySeconds !== undefined && { minReadySeconds }),
      selector: { ...selector, matchLabels: withHash(selector.matchLabels) },
      template: { ...template, metadata: { ...template.metadata, labels: withHash(template.metadata?.labels) } },
    },
  }
}

/** Name and hash of the new set: those that orphaned Pods were made with, else new ones. */
function identify(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
  orphans: readonly Pod[],
): { name: string; hash: string } {
  const taken = new Set(sets.map(set => set.metadata.name))
  const counts = new Map<string, number>()
  for (const { metadata } of orphans) {
    const hash = metadata.labels?.[TEMPLATE_HASH_LABEL]
    if (hash) counts.set(hash, (counts.get(hash) ?? 0) + 1)
  }
  for (const [hash] of [...counts].sort(([, a], [, b]) => b - a)) {
    const orphan = orphans.find(({ metadata }) => metadata.labels?.[TEMPLATE_HASH_LABEL] === hash)
    const name = (orphan && controllerOf(orphan.metadata)?.name) ?? `${deployment.metadata.name}-${hash}`
    if (!taken.has(name)) return { name, hash }
  }
  for (let collisions = 0; ; collisions++) {
    const hash = templateHash(deployment.spec.template, collisions)
    const name = `${deployment.metadata.name}-${hash}`
    if (!taken.has(name)) return { name, hash }
  }
}

/** Whether the set has that template, but for the hash that every set adds. */
function isOfTemplate({ spec }: ReplicaSet, template: PodTemplateSpec): boolean {
  return equalValue(withoutHash(spec.template), withoutHash(template))
}

function withoutHash({ metadata, spec }: PodTemplateSpec): PodTemplateSpec {
  const { [TEMPLATE_HASH_LABEL]: _, ...labels } = metadata?.labels ?? {}
  return { metadata: { ...metadata, labels }, spec }
}

function revisionOf(set: ReplicaSet): number {
  return Number(set.metadata.annotations?.[REVISION_ANNOTATION] ?? 0) || 0
}

function compareAge({ metadata: a }: ReplicaSet, { metadata: b }: ReplicaSet): number {
  const [first, second] = [a.creationTimestamp ?? '', b.creationTimestamp ?? '']
  if (first !== second) return first < second ? -1 : 1
  return a.name < b.name ? -1 : 1
}

function statusOf(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  sets: readonly ReplicaSet[],
): WorkloadStatus {
  const total = (counter: 'replicas' | 'readyReplicas' | 'availableReplicas') =>
    sets.reduce((sum, set) => sum + (set.status?.[counter] ?? 0), 0)
  const { generation } = deployment.metadata
  const available = total('availableReplicas')
  return {
    ...deployment.status,
    ...(generation !== undefined && { observedGeneration: generation }),
    replicas: total('replicas'),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: total('readyReplicas'),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sets.reduce((sum, set) => sum + replicasOf(set), 0) - available),
  }
}
