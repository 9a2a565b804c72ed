/**
 * A cluster from what somebody declares.
 *
 * @module
 */
import type { Millis } from '../base/clock.ts'
import type { KubeObject } from '../objects/meta.ts'
import type { Node } from '../objects/node.ts'
import type { Service } from '../objects/service.ts'
import { admitKubernetesEndpoints, admitKubernetesService, admitObject, bootstrap } from './admission.ts'
import { madeUpNodes } from './bootstrap.ts'
import { type Cluster, createCluster } from './cluster.ts'
import type { Refused } from './service-admission.ts'
import { type Settings, settingsOf, type Wishes } from './settings.ts'
import { follow, settle } from './settle.ts'

/** When a cluster begins whose input says no time. */
const EPOCH = '2026-01-01T00:00:00Z'

export interface Declaration {
  readonly objects: readonly KubeObject[]
  readonly wishes: Wishes
  /** How many nodes to make when the objects have none. */
  readonly nodeCount: number
  readonly seed: number
}

export interface Assembly {
  readonly cluster: Cluster
  /** Objects that the cluster does not take, and why. */
  readonly refusals: readonly { readonly object: KubeObject; readonly refused: Refused }[]
}

/**
 * Admits all objects; {@link settle} the cluster next.
 *
 * Objects that ask for a certain address or port come before those that take any, so that the
 * order of files decides nothing.
 *
 * @throws {InputError} when the settings contradict each other
 * @throws {AllocationError} when the nodes' pod CIDRs do not fit the cluster's
 */
export function assemble({ objects, wishes, nodeCount, seed }: Declaration): Assembly {
  const given = objects.filter(isNode)
  const settings = settingsOf(wishes, given)
  const now = latestTime(objects)
  const nodes = given.length > 0 ? given : madeUpNodes(nodeCount, familiesOf(settings))
  const cluster = createCluster({ settings, seed, now }, nodes)
  follow(cluster)
  bootstrap(cluster)
  const refusals: { object: KubeObject; refused: Refused }[] = []
  let makers = false
  const admit = (object: KubeObject) => {
    // As when files are applied one by one: a controller that came first has made its own pods by now.
    if (makers && isNewPod(object)) settle(cluster)
    makers = !isNewPod(object) && (makers || MAKERS.has(object.kind))
    const refused = admitObject(object, cluster)
    if (refused) refusals.push({ object, refused })
  }
  const others = objects.filter(object => !isNode(object))
  const isApi = (object: KubeObject) =>
    isService(object) && object.metadata.name === 'kubernetes' && object.metadata.namespace === 'default'
  for (const object of others.filter(isNamespace)) admit(object)
  for (const node of nodes) admit(node)
  for (const object of others.filter(isApi)) admit(object)
  admitKubernetesService(cluster)
  const rest = others.filter(object => !isNamespace(object) && !isApi(object))
  for (const object of rest.filter(isParticular)) admit(object)
  for (const object of rest.filter(object => !isParticular(object))) admit(object)
  admitKubernetesEndpoints(cluster)
  return { cluster, refusals }
}

/** Kinds that make pods and would adopt those they find. */
const MAKERS = new Set(['Deployment', 'ReplicaSet', 'ReplicationController', 'StatefulSet', 'DaemonSet', 'Job'])

/** A pod that somebody declares, not one that an export tells of. */
function isNewPod({ kind, metadata }: KubeObject): boolean {
  return kind === 'Pod' && metadata.uid === undefined && metadata.ownerReferences === undefined
}

function familiesOf({ podCidrs }: Settings) {
  return podCidrs.map(prefix => prefix.family)
}

function isNode(object: KubeObject): object is Node {
  return object.kind === 'Node' && object.apiVersion === 'v1'
}

function isNamespace(object: KubeObject): boolean {
  return object.kind === 'Namespace' && object.apiVersion === 'v1'
}

function isService(object: KubeObject): object is Service {
  return object.kind === 'Service' && object.apiVersion === 'v1'
}

/** Whether it is a Service that asks for a certain address or port. */
function isParticular(object: KubeObject): boolean {
  if (!isService(object)) return false
  const { clusterIP, clusterIPs = [], ports = [], healthCheckNodePort } = object.spec
  const ips = [...(clusterIP ? [clusterIP] : []), ...clusterIPs]
  return ips.some(ip => ip !== 'None') || ports.some(port => port.nodePort) || Boolean(healthCheckNodePort)
}

/** The latest moment that the objects tell of: in an export, about when it was made. */
function latestTime(objects: readonly KubeObject[]): Millis {
  const times = objects.flatMap(({ metadata }) => [metadata.creationTimestamp, metadata.deletionTimestamp])
  const read = times
    .map(text => (text === undefined ? Number.NaN : Date.parse(text)))
    .filter(time => !Number.isNaN(time))
  return read.reduce((latest, time) => Math.max(latest, time), read.length > 0 ? -Infinity : Date.parse(EPOCH))
}
