/**
 * The types of objects by their kind.
 *
 * @module
 */
import type { ConfigMap } from './config-map.ts'
import type { EndpointSlice } from './endpoint-slice.ts'
import type { Endpoints } from './endpoints.ts'
import type { CronJob, HorizontalPodAutoscaler, Job } from './job.ts'
import { findKind, resourceOf, splitApiVersion } from './kind.ts'
import type { KubeObject } from './meta.ts'
import type { Namespace } from './namespace.ts'
import type { NetworkPolicy } from './network-policy.ts'
import type { Node } from './node.ts'
import type { Pod } from './pod.ts'
import type { Service } from './service.ts'
import type { DaemonSet, Deployment, ReplicaSet, ReplicationController, StatefulSet } from './workload.ts'

interface Kinds {
  readonly ConfigMap: ConfigMap
  readonly CronJob: CronJob
  readonly DaemonSet: DaemonSet
  readonly Deployment: Deployment
  readonly EndpointSlice: EndpointSlice
  readonly Endpoints: Endpoints
  readonly HorizontalPodAutoscaler: HorizontalPodAutoscaler
  readonly Job: Job
  readonly Namespace: Namespace
  readonly NetworkPolicy: NetworkPolicy
  readonly Node: Node
  readonly Pod: Pod
  readonly ReplicaSet: ReplicaSet
  readonly ReplicationController: ReplicationController
  readonly Service: Service
  readonly StatefulSet: StatefulSet
}

/** The type of the objects of a kind. */
export type ObjectOf<K extends string> = K extends keyof Kinds ? Kinds[K] : KubeObject

/** One word for a kind: `Pod` for built-in kinds, `Certificate.cert-manager.io` for all others. */
export function kindKeyOf(object: { readonly apiVersion: string; readonly kind: string }): string {
  const { group } = splitApiVersion(object.apiVersion)
  return group === findKind(object.kind)?.group ? object.kind : `${object.kind}.${group}`
}

/** `services`, `deployments.apps`: the kind as the API server's messages name it. */
export function resourceOfKey(key: string): string {
  const kind = findKind(key)
  if (kind !== undefined) return resourceOf(kind)
  const [name = '', ...group] = key.split('.')
  const plural = `${name.toLowerCase()}s`
  return group.length === 0 ? plural : `${plural}.${group.join('.')}`
}
