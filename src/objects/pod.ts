import type { ServiceProtocol } from '../base/protocol.ts'
import type { Condition, KubeObject, LabelSelector, ObjectMeta, StringMap } from './meta.ts'

export interface ContainerPort {
  readonly name?: string
  readonly containerPort: number
  readonly hostPort?: number
  readonly hostIP?: string
  readonly protocol?: ServiceProtocol
}

/** A number of something, as Kubernetes writes it: `500m`, `1Gi`, `2`. */
export type Quantity = string | number

export interface Container {
  readonly name: string
  readonly image?: string
  readonly ports?: readonly ContainerPort[]
  readonly resources?: {
    readonly requests?: Readonly<Record<string, Quantity>>
    readonly limits?: Readonly<Record<string, Quantity>>
  }
  /** `Always` makes an init container a sidecar. */
  readonly restartPolicy?: string
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[]
  readonly envFrom?: readonly unknown[]
  readonly [field: string]: unknown
}

export interface Toleration {
  readonly key?: string
  readonly operator?: 'Equal' | 'Exists' | 'Lt' | 'Gt'
  readonly value?: string
  readonly effect?: string
  readonly tolerationSeconds?: number
}

export interface NodeSelectorRequirement {
  readonly key: string
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt'
  readonly values?: readonly string[]
}

export interface NodeSelectorTerm {
  readonly matchExpressions?: readonly NodeSelectorRequirement[]
  readonly matchFields?: readonly NodeSelectorRequirement[]
}

export interface PodAffinityTerm {
  readonly labelSelector?: LabelSelector
  readonly namespaces?: readonly string[]
  readonly namespaceSelector?: LabelSelector
  readonly topologyKey: string
}

export interface Affinity {
  readonly nodeAffinity?: {
    readonly requiredDuringSchedulingIgnoredDuringExecution?: {
      readonly nodeSelectorTerms: readonly NodeSelectorTerm[]
    }
    readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly unknown[]
  }
  readonly podAffinity?: { readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly PodAffinityTerm[] }
  readonly podAntiAffinity?: { readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly PodAffinityTerm[] }
}

export interface PodSpec {
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly nodeName?: string
  readonly nodeSelector?: StringMap
  readonly affinity?: Affinity
  readonly tolerations?: readonly Toleration[]
  readonly hostNetwork?: boolean
  readonly hostname?: string
  readonly subdomain?: string
  readonly setHostnameAsFQDN?: boolean
  readonly dnsPolicy?: string
  readonly dnsConfig?: unknown
  readonly restartPolicy?: string
  readonly serviceAccountName?: string
  readonly enableServiceLinks?: boolean
  readonly [field: string]: unknown
}

export interface PodStatus {
  readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'
  readonly conditions?: readonly Condition[]
  readonly podIP?: string
  readonly podIPs?: readonly { readonly ip: string }[]
  readonly hostIP?: string
  readonly hostIPs?: readonly { readonly ip: string }[]
  readonly startTime?: string
  readonly containerStatuses?: readonly {
    readonly name: string
    readonly ready: boolean
    readonly restartCount: number
    readonly [field: string]: unknown
  }[]
  readonly [field: string]: unknown
}

export interface Pod extends KubeObject {
  readonly kind: 'Pod'
  readonly spec: PodSpec
  readonly status?: PodStatus
}

export interface PodTemplateSpec {
  readonly metadata?: Partial<ObjectMeta>
  readonly spec: PodSpec
}

export function isPodReady({ status }: Pod): boolean {
  return status?.conditions?.some(one => one.type === 'Ready' && one.status === 'True') ?? false
}

/** The addresses that the pod's status gives, the primary one first. */
export function podAddressesOf({ status }: Pod): readonly string[] {
  const { podIP, podIPs } = status ?? {}
  if (podIPs && podIPs.length > 0) return podIPs.map(one => one.ip)
  return podIP ? [podIP] : []
}
