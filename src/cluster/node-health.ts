/**
 * Nodes that stop answering, and come back.
 *
 * @see Kubernetes pkg/controller/nodelifecycle and pkg/controller/tainteviction
 * @module
 */
import { formatTime, type Seconds } from '../base/clock.ts'
import type { Condition } from '../objects/meta.ts'
import type { Node, Taint } from '../objects/node.ts'
import { isPodReady, type Pod, type Toleration } from '../objects/pod.ts'
import { keyOfObject } from '../store/store.ts'
import { findUntolerated, tolerates } from '../workloads/node-fit.ts'
import { withCondition } from '../workloads/pod-status.ts'
import { type Cluster, passTime } from './cluster.ts'

const UNREACHABLE = 'node.kubernetes.io/unreachable'
const NOT_READY = 'node.kubernetes.io/not-ready'

/** What admission adds to pods that do not say how long they stay. @see plugin/pkg/admission/defaulttolerationseconds */
const DEFAULT_TOLERATION_SECONDS: Seconds = 300
const GRACE: Seconds = 30

/** The node's kubelet stops answering: the node is tainted, and its pods are no longer ready. */
export function failNode(name: string, cluster: Cluster): void {
  const { store } = cluster
  const node = store.get('Node', undefined, name)
  const timeAdded = formatTime(cluster.clock())
  const taints: readonly Taint[] = [
    ...healthy(node.spec.taints),
    { key: UNREACHABLE, effect: 'NoSchedule', timeAdded },
    { key: UNREACHABLE, effect: 'NoExecute', timeAdded },
  ]
  store.update({ ...node, spec: { ...node.spec, taints } })
  setReady(name, 'Unknown', 'NodeStatusUnknown', 'Kubelet stopped posting node status.', cluster)
  for (const pod of cluster.relations.podsOn(name)) markUnready(pod, cluster)
}

/** The kubelet answers again: its pods are ready as before, and those that were to end are gone. */
export function recoverNode(name: string, cluster: Cluster): void {
  const { store, relations } = cluster
  const { taints: old, ...spec } = store.get('Node', undefined, name).spec
  const taints = healthy(old)
  store.update({ ...store.get('Node', undefined, name), spec: taints.length > 0 ? { ...spec, taints } : spec })
  setReady(name, 'True', 'KubeletReady', 'kubelet is posting ready status', cluster)
  for (const pod of relations.podsOn(name)) {
    if (pod.metadata.deletionTimestamp !== undefined) store.delete(keyOfObject(pod))
    else store.updateStatus({ ...pod, status: unreported(pod) })
  }
}

/** Lets time pass, and evicts pods that have stayed on a failed node as long as they tolerate it. */
export function wait(span: Seconds, cluster: Cluster): void {
  passTime(span * 1000, cluster)
  const now = cluster.clock()
  for (const node of cluster.store.list('Node')) {
    for (const pod of cluster.relations.podsOn(node.metadata.name)) {
      if (pod.metadata.deletionTimestamp === undefined && now >= staysUntil(pod, node)) {
        cluster.store.delete(keyOfObject(pod), { gracePeriodSeconds: GRACE })
      }
    }
  }
}

/** Until when the pod tolerates the node's taints, in milliseconds since 1970; Infinity: for good. */
function staysUntil({ spec }: Pod, node: Node): number {
  const tolerations = [...(spec.tolerations ?? []), ...defaultTolerations(spec.tolerations ?? [])]
  if (findUntolerated(tolerations, node, ['NoExecute'])) return 0
  const executing = (node.spec.taints ?? []).filter(taint => taint.effect === 'NoExecute')
  const ends = executing.flatMap(taint => {
    const covering = tolerations.filter(toleration => tolerates([toleration], taint))
    const spans = covering.flatMap(({ tolerationSeconds }) => tolerationSeconds ?? [])
    return spans.length === 0 ? [] : [Date.parse(taint.timeAdded ?? '') + Math.min(...spans) * 1000]
  })
  return ends.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...ends)
}

function defaultTolerations(given: readonly Toleration[]): readonly Toleration[] {
  return [NOT_READY, UNREACHABLE]
    .filter(key => !given.some(one => tolerates([one], { key, effect: 'NoExecute' })))
    .map(key => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: DEFAULT_TOLERATION_SECONDS }))
}

/** The taints without those that a failure puts on. */
function healthy(taints: readonly Taint[] = []): readonly Taint[] {
  return taints.filter(taint => taint.key !== UNREACHABLE && taint.key !== NOT_READY)
}

function setReady(name: string, status: Condition['status'], reason: string, message: string, cluster: Cluster): void {
  const node = cluster.store.get('Node', undefined, name)
  const conditions = withCondition(
    node.status?.conditions,
    { type: 'Ready', status, reason, message },
    formatTime(cluster.clock()),
  )
  cluster.store.updateStatus({ ...node, status: { ...node.status, conditions } })
}

function markUnready(pod: Pod, cluster: Cluster): void {
  if (!isPodReady(pod)) return
  const conditions = withCondition(
    pod.status?.conditions,
    { type: 'Ready', status: 'False' },
    formatTime(cluster.clock()),
  )
  cluster.store.updateStatus({ ...pod, status: { ...pod.status, conditions } })
}

/** The pod's status without readiness, so that its kubelet reports it anew. */
function unreported({ status }: Pod): NonNullable<Pod['status']> {
  const conditions = status?.conditions?.filter(one => one.type !== 'Ready')
  return { ...status, ...(conditions && { conditions }) }
}

/** Whether the node's kubelet answers, as far as the cluster knows. */
export function isAnswering({ status }: Node): boolean {
  const ready = status?.conditions?.find(one => one.type === 'Ready')
  return ready === undefined || ready.status === 'True'
}
