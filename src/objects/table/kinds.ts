/**
 * Which columns each kind has.
 *
 * @module
 */
import { formatLabelSelector } from '../labels.ts'
import type { KubeObject, LabelSelector, StringMap } from '../meta.ts'
import { AGE, type Column, NAME, orNone } from './column.ts'
import { NODE_COLUMNS } from './nodes.ts'
import { POD_COLUMNS } from './pods.ts'
import { ENDPOINT_SLICE_COLUMNS, ENDPOINTS_COLUMNS, SERVICE_COLUMNS } from './services.ts'
import {
  CRON_JOB_COLUMNS,
  DAEMON_SET_COLUMNS,
  DEPLOYMENT_COLUMNS,
  JOB_COLUMNS,
  REPLICA_SET_COLUMNS,
  REPLICATION_CONTROLLER_COLUMNS,
  STATEFUL_SET_COLUMNS,
} from './workloads.ts'

type Holding<Fields> = KubeObject & Fields

const NAMESPACE_COLUMNS: readonly Column<Holding<{ readonly status?: { readonly phase?: string } }>>[] = [
  NAME,
  { name: 'Status', cell: ({ status }) => status?.phase ?? 'Active' },
  AGE,
]

const CONFIG_MAP_COLUMNS: readonly Column<Holding<{ readonly data?: StringMap; readonly binaryData?: StringMap }>>[] = [
  NAME,
  { name: 'Data', cell: ({ data, binaryData }) => Object.keys({ ...data, ...binaryData }).length },
  AGE,
]

const SECRET_COLUMNS: readonly Column<
  Holding<{ readonly type?: string; readonly data?: StringMap; readonly stringData?: StringMap }>
>[] = [
  NAME,
  { name: 'Type', cell: ({ type }) => type ?? 'Opaque' },
  { name: 'Data', cell: ({ data, stringData }) => Object.keys({ ...data, ...stringData }).length },
  AGE,
]

const NETWORK_POLICY_COLUMNS: readonly Column<Holding<{ readonly spec: { readonly podSelector?: LabelSelector } }>>[] =
  [NAME, { name: 'Pod-Selector', cell: ({ spec }) => formatLabelSelector(spec.podSelector) }, AGE]

interface IngressFields {
  readonly spec?: {
    readonly ingressClassName?: string
    readonly rules?: readonly { readonly host?: string }[]
    readonly tls?: readonly unknown[]
  }
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] }
  }
}

const INGRESS_COLUMNS: readonly Column<Holding<IngressFields>>[] = [
  NAME,
  { name: 'Class', cell: ({ spec }) => orNone(spec?.ingressClassName) },
  { name: 'Hosts', cell: ({ spec }) => ingressHosts(spec?.rules ?? []) },
  {
    name: 'Address',
    cell: ({ status }) => (status?.loadBalancer?.ingress ?? []).map(one => one.ip ?? one.hostname ?? '').join(','),
  },
  { name: 'Ports', cell: ({ spec }) => (spec?.tls?.length ? '80, 443' : '80') },
  AGE,
]

function ingressHosts(rules: readonly { readonly host?: string }[]): string {
  const hosts = rules.map(rule => rule.host ?? '').filter(Boolean)
  if (hosts.length === 0) return '*'
  return hosts.length > 3 ? `${hosts.slice(0, 3).join(',')} + ${hosts.length - 3} more...` : hosts.join(',')
}

interface AutoscalerFields {
  readonly spec: {
    readonly scaleTargetRef: { readonly kind: string; readonly name: string }
    readonly minReplicas?: number
    readonly maxReplicas: number
    readonly metrics?: readonly AutoscalerMetric[]
  }
  readonly status?: { readonly currentReplicas?: number }
}

interface AutoscalerMetric {
  readonly type: string
  readonly resource?: {
    readonly name: string
    readonly target: { readonly averageUtilization?: number; readonly averageValue?: string | number }
  }
}

const AUTOSCALER_COLUMNS: readonly Column<Holding<AutoscalerFields>>[] = [
  NAME,
  { name: 'Reference', cell: ({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}` },
  { name: 'Targets', cell: ({ spec }) => orNone((spec.metrics ?? []).map(autoscalerTarget).join(', ')) },
  { name: 'MinPods', cell: ({ spec }) => String(spec.minReplicas ?? '<unset>') },
  { name: 'MaxPods', cell: ({ spec }) => spec.maxReplicas },
  { name: 'Replicas', cell: ({ status }) => status?.currentReplicas ?? 0 },
  AGE,
]

/** Nothing measures load here, so the current value is always unknown. */
function autoscalerTarget({ resource }: AutoscalerMetric): string {
  if (!resource) return '<unknown>'
  const { averageUtilization, averageValue } = resource.target
  return `${resource.name}: <unknown>/${averageUtilization === undefined ? averageValue : `${averageUtilization}%`}`
}

const ANY: readonly Column[] = [NAME, AGE]

/** Each list was written for the kind it stands under; the decoder has made sure of the fields. */
const COLUMNS: Readonly<Record<string, readonly Column<never>[]>> = {
  ConfigMap: CONFIG_MAP_COLUMNS,
  CronJob: CRON_JOB_COLUMNS,
  DaemonSet: DAEMON_SET_COLUMNS,
  Deployment: DEPLOYMENT_COLUMNS,
  EndpointSlice: ENDPOINT_SLICE_COLUMNS,
  Endpoints: ENDPOINTS_COLUMNS,
  HorizontalPodAutoscaler: AUTOSCALER_COLUMNS,
  Ingress: INGRESS_COLUMNS,
  Job: JOB_COLUMNS,
  Namespace: NAMESPACE_COLUMNS,
  NetworkPolicy: NETWORK_POLICY_COLUMNS,
  Node: NODE_COLUMNS,
  Pod: POD_COLUMNS,
  ReplicaSet: REPLICA_SET_COLUMNS,
  ReplicationController: REPLICATION_CONTROLLER_COLUMNS,
  Secret: SECRET_COLUMNS,
  Service: SERVICE_COLUMNS,
  StatefulSet: STATEFUL_SET_COLUMNS,
}

/** The columns of `kind`: name and age for one that has no table of its own. */
export function columnsOf(kind: string): readonly Column[] {
  return (Object.hasOwn(COLUMNS, kind) ? COLUMNS[kind] : ANY) as readonly Column[]
}
