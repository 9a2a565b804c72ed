/**
 * The DaemonSet controller: one Pod on each node that can take it.
 *
 * @see k8s.io/kubernetes/pkg/controller/daemon: daemon_controller.go, util/daemonset_util.go
 * @module
 */
import { equalValue } from '../base/equal.ts'
import type { Node } from '../objects/node.ts'
import { type Affinity, isPodReady, type Pod, type PodSpec, type Toleration } from '../objects/pod.ts'
import { selectorOf } from '../objects/selector.ts'
import type { DaemonSet, WorkloadStatus } from '../objects/workload.ts'
import type { Write } from '../objects/write.ts'
import { type ClaimContext, claim, isActive } from './claim.ts'
import { findUntolerated, pinnedNode, selectsNode } from './node-fit.ts'
import { type Revision, revisionOf } from './revision.ts'
import { replicaShare } from './rollout.ts'
import { type NameContext, podDrawn, REVISION_LABEL } from './template.ts'

/** A daemon stays where other Pods would not go. */
const TOLERATIONS: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
]
const HOST_NETWORK_TOLERATION: Toleration = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  effect: 'NoSchedule',
}

/**
 * Brings the Pods of a DaemonSet in line with the nodes there are.
 *
 * @param candidates Pods of its namespace: at least those that name it as controller and those that its selector selects
 */
export function reconcileDaemonSet(
  set: DaemonSet,
  candidates: readonly Pod[],
  nodes: readonly Node[],
  context: NameContext & ClaimContext,
): readonly Write<Pod | DaemonSet>[] {
  const { owned, writes: claims } = claim(set, selectorOf(set.spec.selector), candidates, context)
  const revision = revisionOf(set, owned)
  const spec = daemonSpec(set)
  const byNode = podsByNode(owned)
  const wanted = nodes.filter(node => isEligible(spec, node))
  const writes: Write<Pod | DaemonSet>[] = [...claims]
  if (set.metadata.deletionTimestamp === undefined) {
    const taken = new Set(candidates.map(pod => pod.metadata.name))
    for (const { metadata } of wanted) {
      const [kept, ...surplus] = byNode.get(metadata.name) ?? []
      if (!kept) writes.push({ do: 'create', object: podOn(metadata.name, set, spec, revision, taken, context) })
      else if (!isActive(kept)) writes.push(toDelete(kept))
      writes.push(...surplus.map(toDelete))
    }
    writes.push(...outdated(set, wanted, byNode, revision).map(toDelete))
    writes.push(...strays(spec, nodes, byNode).map(toDelete))
  }
  const status = statusOf(set, byNode, wanted, revision)
  if (!equalValue(set.status, status)) writes.push({ do: 'update-status', object: { ...set, status } })
  return writes
}

function toDelete(object: Pod): Write<Pod> {
  return { do: 'delete', object }
}

/** Pods on nodes where none may stay. */
function strays(spec: PodSpec, nodes: readonly Node[], byNode: ReadonlyMap<string, readonly Pod[]>): readonly Pod[] {
  const names = new Set(nodes.filter(node => mayStay(spec, node)).map(node => node.metadata.name))
  return [...byNode].flatMap(([name, pods]) => (names.has(name) ? [] : pods))
}

/** The template's spec with what every daemon tolerates. */
function daemonSpec(set: DaemonSet): PodSpec {
  const { spec } = set.spec.template
  const automatic = spec.hostNetwork ? [...TOLERATIONS, HOST_NETWORK_TOLERATION] : TOLERATIONS
  const given = spec.tolerations ?? []
  const isGiven = (one: Toleration) => given.some(other => other.key === one.key && other.effect === one.effect)
  return { ...spec, tolerations: [...given, ...automatic.filter(one => !isGiven(one))] }
}

function isEligible(spec: PodSpec, node: Node): boolean {
  return mayStay(spec, node) && !findUntolerated(spec.tolerations ?? [], node)
}

/** A taint that only keeps new Pods off lets those stay that are there. */
function mayStay(spec: PodSpec, node: Node): boolean {
  if (spec.nodeName && spec.nodeName !== node.metadata.name) return false
  return selectsNode(spec, node) && !findUntolerated(spec.tolerations ?? [], node, ['NoExecute'])
}

/** Pods by the node they are on or bound for, the one to keep first. */
function podsByNode(pods: readonly Pod[]): ReadonlyMap<string, readonly Pod[]> {
  const byNode = new Map<string, Pod[]>()
  for (const pod of pods) {
    const name = pod.spec.nodeName ?? pinnedNode(pod.spec) ?? ''
    const there = byNode.get(name)
    if (there) there.push(pod)
    else byNode.set(name, [pod])
  }
  for (const there of byNode.values()) there.sort(comparePriority)
  return byNode
}

function comparePriority(a: Pod, b: Pod): number {
  const [first, second] = [a, b].map(({ metadata }) => `${metadata.creationTimestamp ?? ''} ${metadata.name}`)
  return Number(isActive(b)) - Number(isActive(a)) || ((first ?? '') < (second ?? '') ? -1 : 1)
}

interface UpdateStrategy {
  readonly type?: string
  readonly rollingUpdate?: { readonly maxUnavailable?: number | string } | null
}

/** Pods behind the template that may go now: those that are not ready, and as many others as may be missing. */
function outdated(
  set: DaemonSet,
  wanted: readonly Node[],
  byNode: ReadonlyMap<string, readonly Pod[]>,
  revision: Revision,
): readonly Pod[] {
  const { type, rollingUpdate } = (set.spec['updateStrategy'] ?? {}) as UpdateStrategy
  if (type === 'OnDelete') return []
  const there = wanted.flatMap(({ metadata }) => byNode.get(metadata.name)?.slice(0, 1) ?? []).filter(isActive)
  const behind = there.filter(pod => !revision.isUpToDate(pod))
  if (behind.length === 0) return []
  const missing = wanted.length - there.filter(isPodReady).length
  const allowed = Math.max(1, replicaShare(rollingUpdate?.maxUnavailable ?? 1, wanted.length, Math.ceil))
  const others = behind.filter(isPodReady).slice(0, Math.max(0, allowed - missing))
  return [...behind.filter(pod => !isPodReady(pod)), ...others]
}

function podOn(
  node: string,
  set: DaemonSet,
  spec: PodSpec,
  { hash }: Revision,
  taken: Set<string>,
  context: NameContext,
): Pod {
  const affinity: Affinity = {
    ...spec.affinity,
    nodeAffinity: {
      ...spec.affinity?.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }],
      },
    },
  }
  const { generation } = set.metadata
  const labels = {
    [REVISION_LABEL]: hash,
    ...(generation !== undefined && { 'pod-template-generation': String(generation) }),
  }
  const parts = { labels, spec: { affinity, tolerations: spec.tolerations ?? [] } }
  return podDrawn(`${set.metadata.name}-`, set, set.spec.template, taken, context, parts)
}

function statusOf(
  set: DaemonSet,
  byNode: ReadonlyMap<string, readonly Pod[]>,
  wanted: readonly Node[],
  revision: Revision,
): WorkloadStatus {
  const names = new Set(wanted.map(node => node.metadata.name))
  const placed = [...byNode].flatMap(([name, pods]) => (names.has(name) ? pods.slice(0, 1) : []))
  const ready = placed.filter(isPodReady).length
  const { generation } = set.metadata
  return {
    ...set.status,
    ...(generation !== undefined && { observedGeneration: generation }),
    currentNumberScheduled: placed.length,
    desiredNumberScheduled: wanted.length,
    numberMisscheduled: [...byNode.keys()].filter(name => !names.has(name)).length,
    numberReady: ready,
    numberAvailable: ready,
    numberUnavailable: wanted.length - ready,
    updatedNumberScheduled: placed.filter(revision.isUpToDate).length,
  }
}
