/** Kinds whose controllers make Pods. */
import type { Condition, KubeObject, LabelSelector, StringMap } from './meta.ts'
import type { PodTemplateSpec } from './pod.ts'

export interface Deployment extends KubeObject {
  readonly kind: 'Deployment'
  readonly spec: {
    readonly replicas?: number
    readonly selector: LabelSelector
    readonly template: PodTemplateSpec
    readonly strategy?: unknown
    readonly minReadySeconds?: number
    readonly revisionHistoryLimit?: number
    readonly paused?: boolean
    readonly progressDeadlineSeconds?: number
  }
  readonly status?: WorkloadStatus
}

export interface ReplicaSet extends KubeObject {
  readonly kind: 'ReplicaSet'
  readonly spec: {
    readonly replicas?: number
    readonly minReadySeconds?: number
    readonly selector: LabelSelector
    readonly template: PodTemplateSpec
  }
  readonly status?: WorkloadStatus
}

export interface ReplicationController extends KubeObject {
  readonly kind: 'ReplicationController'
  readonly spec: {
    readonly replicas?: number
    readonly minReadySeconds?: number
    readonly selector: StringMap
    readonly template: PodTemplateSpec
  }
  readonly status?: WorkloadStatus
}

export interface StatefulSet extends KubeObject {
  readonly kind: 'StatefulSet'
  readonly spec: {
    readonly replicas?: number
    readonly selector: LabelSelector
    readonly serviceName?: string
    readonly template: PodTemplateSpec
    readonly podManagementPolicy?: 'OrderedReady' | 'Parallel'
    readonly ordinals?: { readonly start?: number }
    readonly volumeClaimTemplates?: readonly unknown[]
    readonly [field: string]: unknown
  }
  readonly status?: WorkloadStatus
}

export interface DaemonSet extends KubeObject {
  readonly kind: 'DaemonSet'
  readonly spec: {
    readonly selector: LabelSelector
    readonly template: PodTemplateSpec
    readonly [field: string]: unknown
  }
  readonly status?: WorkloadStatus
}

/** The counters that controllers keep; each kind uses some. */
export interface WorkloadStatus {
  readonly observedGeneration?: number
  readonly replicas?: number
  readonly readyReplicas?: number
  readonly availableReplicas?: number
  readonly updatedReplicas?: number
  readonly fullyLabeledReplicas?: number
  readonly unavailableReplicas?: number
  readonly currentReplicas?: number
  readonly currentRevision?: string
  readonly updateRevision?: string
  readonly currentNumberScheduled?: number
  readonly desiredNumberScheduled?: number
  readonly numberAvailable?: number
  readonly numberReady?: number
  readonly numberUnavailable?: number
  readonly numberMisscheduled?: number
  readonly updatedNumberScheduled?: number
  readonly conditions?: readonly Condition[]
}
