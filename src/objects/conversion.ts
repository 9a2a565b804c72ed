/**
 * Objects of former API versions, brought to the version that clusters serve now.
 *
 * Works on what a document says, before it is decoded: whatever has an unexpected type is passed on for the decoder to
 * refuse. Besides moved fields a conversion carries the defaults that only the former version had.
 *
 * @see the v1beta1 and v1beta2 folders under pkg/apis of Kubernetes 1.15 and 1.24
 *
 * @module
 */
import { convertIngress, convertSlice } from './conversion-network.ts'
import { convertScaler, convertScalerV1 } from './conversion-scaler.ts'
import {
  convertStatefulSet,
  convertWorkload,
  EXTENSIONS_DEPLOYMENT,
  V1BETA1_DEPLOYMENT,
} from './conversion-workload.ts'
import type { Kind } from './kind.ts'
import type { Plain } from './plain.ts'

type Conversion = (object: Plain) => Plain

const same: Conversion = object => object

/** By former apiVersion and kind. */
const CONVERSIONS: ReadonlyMap<string, Conversion> = new Map<string, Conversion>([
  ['extensions/v1beta1 Deployment', object => convertWorkload(object, EXTENSIONS_DEPLOYMENT)],
  ['extensions/v1beta1 DaemonSet', object => convertWorkload(object, { updateStrategy: { type: 'OnDelete' } })],
  ['extensions/v1beta1 ReplicaSet', object => convertWorkload(object, {})],
  ['extensions/v1beta1 NetworkPolicy', same],
  ['extensions/v1beta1 Ingress', convertIngress],
  ['networking.k8s.io/v1beta1 Ingress', convertIngress],
  ['apps/v1beta1 Deployment', object => convertWorkload(object, V1BETA1_DEPLOYMENT)],
  ['apps/v1beta1 StatefulSet', convertStatefulSet],
  ['apps/v1beta2 Deployment', same],
  ['apps/v1beta2 DaemonSet', same],
  ['apps/v1beta2 ReplicaSet', same],
  ['apps/v1beta2 StatefulSet', same],
  ['batch/v1beta1 CronJob', same],
  ['batch/v2alpha1 CronJob', same],
  ['discovery.k8s.io/v1beta1 EndpointSlice', convertSlice],
  ['autoscaling/v1 HorizontalPodAutoscaler', convertScalerV1],
  ['autoscaling/v2beta1 HorizontalPodAutoscaler', convertScaler],
  ['autoscaling/v2beta2 HorizontalPodAutoscaler', same],
])

/** Whether `apiVersion` is a version of the kind that clusters once served and that can be converted. */
export function isFormerVersion(kind: Kind, apiVersion: string): boolean {
  return CONVERSIONS.has(`${apiVersion} ${kind.kind}`)
}

/** The object with the fields of the current version; its apiVersion is left as it was. */
export function convert<T extends Plain & { readonly apiVersion: string; readonly kind: string }>(object: T): Plain {
  return CONVERSIONS.get(`${object.apiVersion} ${object.kind}`)?.(object) ?? object
}
