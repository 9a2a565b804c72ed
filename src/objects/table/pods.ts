import type { Pod } from '../pod.ts'
import { AGE, type Column, NAME, orNone } from './column.ts'

interface ContainerState {
  readonly waiting?: { readonly reason?: string }
  readonly terminated?: { readonly reason?: string; readonly exitCode?: number; readonly signal?: number }
  readonly running?: unknown
}

export const POD_COLUMNS: readonly Column<Pod>[] = [
  NAME,
  { name: 'Ready', cell: pod => readyContainers(pod) },
  { name: 'Status', cell: pod => podStatus(pod) },
  { name: 'Restarts', cell: pod => statuses(pod).reduce((sum, status) => sum + (status.restartCount ?? 0), 0) },
  AGE,
  { name: 'IP', wide: true, cell: pod => orNone(pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP) },
  { name: 'Node', wide: true, cell: pod => orNone(pod.spec.nodeName) },
  { name: 'Nominated Node', wide: true, cell: pod => orNone(textOf(pod.status?.['nominatedNodeName'])) },
  { name: 'Readiness Gates', wide: true, cell: pod => readinessGates(pod) },
]

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined)
const statuses = (pod: Pod) => pod.status?.containerStatuses ?? []

function readyContainers(pod: Pod): string {
  const sidecars = (pod.spec.initContainers ?? []).filter(container => container.restartPolicy === 'Always').length
  return `${statuses(pod).filter(status => status.ready).length}/${pod.spec.containers.length + sidecars}`
}

/** One word for the state of a pod: the most telling of its phase, its reason and its containers'. */
function podStatus(pod: Pod): string {
  let word = textOf(pod.status?.['reason']) ?? pod.status?.phase ?? 'Pending'
  for (const status of [...statuses(pod)].reverse()) {
    const state = status['state'] as ContainerState | undefined
    if (state?.waiting?.reason) word = state.waiting.reason
    else if (state?.terminated) {
      const { reason, signal, exitCode } = state.terminated
      word = reason ?? (signal ? `Signal:${signal}` : `ExitCode:${exitCode ?? 0}`)
    }
  }
  if (pod.metadata.deletionTimestamp === undefined) return word
  return textOf(pod.status?.['reason']) === 'NodeLost' ? 'Unknown' : 'Terminating'
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec['readinessGates'] as readonly { readonly conditionType: string }[] | undefined
  if (!gates?.length) return orNone('')
  const met = gates.filter(gate =>
    pod.status?.conditions?.some(one => one.type === gate.conditionType && one.status === 'True'),
  )
  return `${met.length}/${gates.length}`
}
