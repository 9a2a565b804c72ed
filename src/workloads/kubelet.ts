/**
 * What the kubelet of a node reports about a Pod there: its addresses, that its containers run, and
 * whether it is ready.
 *
 * What the input says of a Pod is kept: a status with a readiness is the work of a real kubelet.
 *
 * @see k8s.io/kubernetes/pkg/kubelet: kubelet_pods.go, status/generate.go
 * @module
 */
import { formatTime, type Millis } from '../base/clock.ts'
import { equalValue } from '../base/equal.ts'
import type { Node } from '../objects/node.ts'
import { type Container, type Pod, type PodStatus, podAddressesOf } from '../objects/pod.ts'
import { type ConditionState, withCondition } from './pod-status.ts'

/** An annotation of Pods, and of templates: `"false"` keeps them from becoming ready. */
export const READY_ANNOTATION = 'podwire.dev/ready'

/** The addresses that a Pod gets on its node, the primary one first; none when the node has no more. */
export type AllocatePodIps = (pod: Pod, node: Node) => readonly string[]

/**
 * The Pod as the kubelet of its node reports it; the same object if there is nothing new.
 *
 * @param allocate asked once for each Pod that is to have addresses of its own and has none
 */
export function reportPod(pod: Pod, node: Node, allocate: AllocatePodIps, now: Millis): Pod {
  const { phase, conditions } = pod.status ?? {}
  if (phase === 'Succeeded' || phase === 'Failed') return pod
  const isReported = conditions?.some(one => one.type === 'Ready') ?? false
  if (isReported && (hasAddress(pod) || phase !== 'Running')) return pod
  const ips = hasAddress(pod) ? podAddressesOf(pod) : pod.spec.hostNetwork ? hostAddresses(node) : allocate(pod, node)
  const addressed = withAddresses(pod.status ?? {}, ips, node)
  const isUp = ips.length > 0 || pod.spec.hostNetwork === true
  const status = isReported
    ? addressed
    : isUp
      ? running(pod, addressed, formatTime(now))
      : waiting(addressed, formatTime(now))
  return equalValue(status, pod.status) ? pod : { ...pod, status }
}

function hasAddress(pod: Pod): boolean {
  return podAddressesOf(pod).length > 0
}

/** The node's own addresses in the cluster, at most one of a family. */
function hostAddresses(node: Node): readonly string[] {
  const internal = (node.status?.addresses ?? []).filter(({ type }) => type === 'InternalIP')
  const [first] = internal
  if (!first) return []
  const other = internal.find(({ address }) => address.includes(':') !== first.address.includes(':'))
  return other ? [first.address, other.address] : [first.address]
}

function withAddresses(status: PodStatus, ips: readonly string[], node: Node): PodStatus {
  const [podIP] = ips
  const hosts = hostAddresses(node)
  const [hostIP] = hosts
  return {
    ...status,
    ...(hostIP !== undefined && { hostIP, hostIPs: hosts.map(ip => ({ ip })) }),
    ...(podIP !== undefined && { podIP, podIPs: ips.map(ip => ({ ip })) }),
  }
}

/** The status of a Pod that has no network yet. It says nothing of readiness, so that a later report may. */
function waiting(status: PodStatus, time: string): PodStatus {
  const conditions = withCondition(status.conditions, { type: 'PodReadyToStartContainers', status: 'False' }, time)
  return { ...status, phase: 'Pending', conditions, startTime: status.startTime ?? time }
}

/** The status of a Pod whose containers run. */
function running(pod: Pod, status: PodStatus, time: string): PodStatus {
  const isReady = pod.metadata.annotations?.[READY_ANNOTATION] !== 'false'
  const { containers, initContainers = [] } = pod.spec
  const states: readonly ConditionState[] = [
    { type: 'PodReadyToStartContainers', status: 'True' },
    { type: 'Initialized', status: 'True' },
    ...['Ready', 'ContainersReady'].map(type => readiness(type, isReady, containers)),
    { type: 'PodScheduled', status: 'True' },
  ]
  let conditions = status.conditions
  for (const state of states) conditions = withCondition(conditions, state, time)
  return {
    ...status,
    phase: 'Running',
    ...(conditions && { conditions }),
    startTime: status.startTime ?? time,
    containerStatuses: containers.map(container => containerStatus(container, isReady, time)),
    ...(initContainers.length > 0 && {
      initContainerStatuses: initContainers.map(container => initStatus(container, time)),
    }),
  }
}

function readiness(type: string, isReady: boolean, containers: readonly Container[]): ConditionState {
  if (isReady) return { type, status: 'True' }
  const message = `containers with unready status: [${containers.map(({ name }) => name).join(' ')}]`
  return { type, status: 'False', reason: 'ContainersNotReady', message }
}

function containerStatus({ name, image = '' }: Container, ready: boolean, time: string) {
  const state = { running: { startedAt: time } }
  return { name, image, imageID: '', ready, restartCount: 0, started: true, state }
}

/** A sidecar runs on; another init container has done its work. */
function initStatus(container: Container, time: string) {
  if (container.restartPolicy === 'Always') return containerStatus(container, true, time)
  const state = { terminated: { exitCode: 0, reason: 'Completed', startedAt: time, finishedAt: time } }
  return { ...containerStatus(container, true, time), started: false, state }
}
