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
import type { Container, Pod, PodStatus } from '../objects/pod.ts'
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
  const ips = hasAddress(pod) ? givenAddresses(pod) : pod.spec.hostNetwork ? hostAddresses(node) : allocate(pod, node)
  const addressed = withAddresses(pod.status ?? {}, ips, node)
  const status = isReported ? addressed : running(pod, addressed, ips.length > 0, now)
  return equalValue(status, pod.status) ? pod : { ...pod, status }
}

function hasAddress({ status }: Pod): boolean {
  return Boolean(status?.podIP) || (status?.podIPs?.length ?? 0) > 0
}

function givenAddresses({ status }: Pod): readonly string[] {
  const { podIP, podIPs } = status ?? {}
  return podIPs && podIPs.length > 0 ? podIPs.map(({ ip }) => ip) : podIP ? [podIP] : []
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

/** The status of a Pod whose containers run, or wait for the Pod's network. */
function running(pod: Pod, status: PodStatus, isUp: boolean, now: Millis): PodStatus {
  const isReady = isUp && pod.metadata.annotations?.[READY_ANNOTATION] !== 'false'
  const unready = {
    status: 'False',
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${pod.spec.containers.map(({ name }) => name).join(' ')}]`,
  } as const
  const readiness = isReady ? ({ status: 'True' } as const) : unready
  const states: readonly ConditionState[] = [
    { type: 'PodReadyToStartContainers', status: isUp ? 'True' : 'False' },
    { type: 'Initialized', status: 'True' },
    { type: 'Ready', ...readiness },
    { type: 'ContainersReady', ...readiness },
    { type: 'PodScheduled', status: 'True' },
  ]
  let conditions = status.conditions
  for (const state of states) conditions = withCondition(conditions, state, now)
  const initContainers = pod.spec.initContainers ?? []
  return {
    ...status,
    phase: isUp ? 'Running' : 'Pending',
    ...(conditions && { conditions }),
    startTime: status.startTime ?? formatTime(now),
    containerStatuses: pod.spec.containers.map(container => containerStatus(container, isUp, isReady, now)),
    ...(initContainers.length > 0 && {
      initContainerStatuses: initContainers.map(container => initStatus(container, isUp, now)),
    }),
  }
}

function containerStatus({ name, image = '' }: Container, isUp: boolean, ready: boolean, now: Millis) {
  const state = isUp ? { running: { startedAt: formatTime(now) } } : { waiting: { reason: 'ContainerCreating' } }
  return { name, image, imageID: '', ready, restartCount: 0, started: isUp, state }
}

/** A sidecar runs on; another init container has done its work once the Pod is up. */
function initStatus(container: Container, isUp: boolean, now: Millis) {
  if (container.restartPolicy === 'Always' || !isUp) return containerStatus(container, isUp, isUp, now)
  const time = formatTime(now)
  const terminated = { exitCode: 0, reason: 'Completed', startedAt: time, finishedAt: time }
  const { name, image = '' } = container
  return { name, image, imageID: '', ready: true, restartCount: 0, started: false, state: { terminated } }
}
