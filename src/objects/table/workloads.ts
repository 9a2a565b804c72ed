import { formatLabelSelector, formatLabels } from '../labels.ts'
import type { KubeObject, LabelSelector } from '../meta.ts'
import type { PodTemplateSpec } from '../pod.ts'
import type { DaemonSet, Deployment, ReplicaSet, ReplicationController, StatefulSet } from '../workload.ts'
import { AGE, type Column, formatAge, NAME, orNone } from './column.ts'

interface Templated extends KubeObject {
  readonly spec: { readonly template: PodTemplateSpec }
}

const CONTAINERS: Column<Templated> = {
  name: 'Containers',
  wide: true,
  cell: ({ spec }) => spec.template.spec.containers.map(container => container.name).join(','),
}

const IMAGES: Column<Templated> = {
  name: 'Images',
  wide: true,
  cell: ({ spec }) => spec.template.spec.containers.map(container => container.image ?? '').join(','),
}

const SELECTOR: Column<KubeObject & { readonly spec: { readonly selector?: LabelSelector } }> = {
  name: 'Selector',
  wide: true,
  cell: ({ spec }) => formatLabelSelector(spec.selector),
}

export const DEPLOYMENT_COLUMNS: readonly Column<Deployment>[] = [
  NAME,
  { name: 'Ready', cell: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}` },
  { name: 'Up-to-date', cell: ({ status }) => status?.updatedReplicas ?? 0 },
  { name: 'Available', cell: ({ status }) => status?.availableReplicas ?? 0 },
  AGE,
  CONTAINERS,
  IMAGES,
  SELECTOR,
]

const REPLICAS: readonly Column<ReplicaSet | ReplicationController>[] = [
  NAME,
  { name: 'Desired', cell: ({ spec }) => spec.replicas ?? 0 },
  { name: 'Current', cell: ({ status }) => status?.replicas ?? 0 },
  { name: 'Ready', cell: ({ status }) => status?.readyReplicas ?? 0 },
  AGE,
  CONTAINERS,
  IMAGES,
]

export const REPLICA_SET_COLUMNS: readonly Column<ReplicaSet>[] = [...REPLICAS, SELECTOR]

export const REPLICATION_CONTROLLER_COLUMNS: readonly Column<ReplicationController>[] = [
  ...REPLICAS,
  { name: 'Selector', wide: true, cell: ({ spec }) => formatLabels(spec.selector) },
]

export const STATEFUL_SET_COLUMNS: readonly Column<StatefulSet>[] = [
  NAME,
  { name: 'Ready', cell: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}` },
  AGE,
  CONTAINERS,
  IMAGES,
]

export const DAEMON_SET_COLUMNS: readonly Column<DaemonSet>[] = [
  NAME,
  { name: 'Desired', cell: ({ status }) => status?.desiredNumberScheduled ?? 0 },
  { name: 'Current', cell: ({ status }) => status?.currentNumberScheduled ?? 0 },
  { name: 'Ready', cell: ({ status }) => status?.numberReady ?? 0 },
  { name: 'Up-to-date', cell: ({ status }) => status?.updatedNumberScheduled ?? 0 },
  { name: 'Available', cell: ({ status }) => status?.numberAvailable ?? 0 },
  { name: 'Node Selector', cell: ({ spec }) => formatLabels(spec.template.spec.nodeSelector) },
  AGE,
  CONTAINERS,
  IMAGES,
  SELECTOR,
]

interface Job extends KubeObject {
  readonly spec: {
    readonly completions?: number | null
    readonly parallelism?: number
    readonly suspend?: boolean
    readonly selector?: LabelSelector
    readonly template: PodTemplateSpec
  }
  readonly status?: {
    readonly succeeded?: number
    readonly startTime?: string
    readonly completionTime?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

export const JOB_COLUMNS: readonly Column<Job>[] = [
  NAME,
  { name: 'Status', cell: job => jobStatus(job) },
  { name: 'Completions', cell: job => jobCompletions(job) },
  {
    name: 'Duration',
    cell: ({ status }, now) => {
      if (status?.startTime === undefined) return ''
      return formatAge((status.completionTime ? Date.parse(status.completionTime) : now) - Date.parse(status.startTime))
    },
  },
  AGE,
  CONTAINERS,
  IMAGES,
  SELECTOR,
]

function jobStatus({ metadata, spec, status }: Job): string {
  const is = (type: string) => status?.conditions?.some(one => one.type === type && one.status === 'True')
  if (is('Complete')) return 'Complete'
  if (is('Failed')) return 'Failed'
  if (metadata.deletionTimestamp !== undefined) return 'Terminating'
  return spec.suspend ? 'Suspended' : 'Running'
}

function jobCompletions({ spec, status }: Job): string {
  const done = status?.succeeded ?? 0
  if (typeof spec.completions === 'number') return `${done}/${spec.completions}`
  return (spec.parallelism ?? 1) > 1 ? `${done}/1 of ${spec.parallelism}` : `${done}/1`
}

interface CronJob extends KubeObject {
  readonly spec: {
    readonly schedule: string
    readonly timeZone?: string
    readonly suspend?: boolean
    readonly jobTemplate: { readonly spec: Job['spec'] }
  }
  readonly status?: { readonly active?: readonly unknown[]; readonly lastScheduleTime?: string }
}

const ofJob =
  (column: Column<Templated>) =>
  ({ spec, ...rest }: CronJob, now: number) =>
    column.cell({ ...rest, spec: spec.jobTemplate.spec }, now)

export const CRON_JOB_COLUMNS: readonly Column<CronJob>[] = [
  NAME,
  { name: 'Schedule', cell: ({ spec }) => spec.schedule },
  { name: 'Timezone', cell: ({ spec }) => orNone(spec.timeZone) },
  { name: 'Suspend', cell: ({ spec }) => (spec.suspend ? 'True' : 'False') },
  { name: 'Active', cell: ({ status }) => status?.active?.length ?? 0 },
  {
    name: 'Last Schedule',
    cell: ({ status }, now) =>
      status?.lastScheduleTime ? formatAge(now - Date.parse(status.lastScheduleTime)) : orNone(''),
  },
  AGE,
  { name: 'Containers', wide: true, cell: ofJob(CONTAINERS) },
  { name: 'Images', wide: true, cell: ofJob(IMAGES) },
  { name: 'Selector', wide: true, cell: ({ spec }) => formatLabelSelector(spec.jobTemplate.spec.selector) },
]
