/** Kinds whose Pods end. */
import type { Condition, KubeObject, LabelSelector, ObjectMeta } from './meta.ts'
import type { PodTemplateSpec } from './pod.ts'

export interface JobSpec {
  readonly parallelism?: number
  readonly completions?: number
  readonly completionMode?: 'NonIndexed' | 'Indexed'
  readonly suspend?: boolean
  readonly backoffLimit?: number
  readonly manualSelector?: boolean
  readonly selector?: LabelSelector
  readonly template: PodTemplateSpec
  readonly [field: string]: unknown
}

export interface Job extends KubeObject {
  readonly kind: 'Job'
  readonly spec: JobSpec
  readonly status?: {
    readonly active?: number
    readonly ready?: number
    readonly succeeded?: number
    readonly failed?: number
    readonly startTime?: string
    readonly completionTime?: string
    readonly conditions?: readonly Condition[]
  }
}

export interface CronJob extends KubeObject {
  readonly kind: 'CronJob'
  readonly spec: {
    readonly schedule: string
    readonly suspend?: boolean
    readonly timeZone?: string
    readonly concurrencyPolicy?: 'Allow' | 'Forbid' | 'Replace'
    readonly startingDeadlineSeconds?: number
    readonly successfulJobsHistoryLimit?: number
    readonly failedJobsHistoryLimit?: number
    readonly jobTemplate: { readonly metadata?: Partial<ObjectMeta>; readonly spec: JobSpec }
  }
}

export interface HorizontalPodAutoscaler extends KubeObject {
  readonly kind: 'HorizontalPodAutoscaler'
  readonly spec: {
    readonly minReplicas?: number
    readonly maxReplicas: number
    readonly scaleTargetRef: { readonly apiVersion?: string; readonly kind: string; readonly name: string }
    readonly metrics?: readonly Readonly<Record<string, unknown>>[]
    readonly behavior?: Readonly<Record<string, unknown>>
  }
  readonly status?: { readonly currentReplicas?: number; readonly desiredReplicas?: number }
}
