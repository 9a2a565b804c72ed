/**
 * Changes to a running cluster, as kubectl makes them.
 *
 * @module
 */

import { formatPrefix } from '../base/ip.ts'
import type { CronJob } from '../objects/job.ts'
import { kindKeyOf } from '../objects/kind-key.ts'
import type { KubeObject } from '../objects/meta.ts'
import { type Node, podPrefixesOf } from '../objects/node.ts'
import type { Pod } from '../objects/pod.ts'
import type { Service, ServicePort } from '../objects/service.ts'
import type { ObjectKey } from '../store/command.ts'
import { keyOfObject } from '../store/store.ts'
import { startCronJob } from '../workloads/job.ts'
import { READY_ANNOTATION } from '../workloads/kubelet.ts'
import { admitObject } from './admission.ts'
import type { Cluster } from './cluster.ts'
import { admitService, type Refused, releaseService } from './service-admission.ts'

/**
 * Creates the object, or makes the stored one like it; a Service keeps what was allocated to it.
 *
 * @returns why it is refused; then nothing has changed
 */
export function applyObject(object: KubeObject, cluster: Cluster): Refused | undefined {
  const { store } = cluster
  const { kind, namespace, name } = keyOfObject(object)
  const stored = store.find(kind, namespace, name)
  if (!stored) return admitObject(object, cluster)
  if (kind === 'Service') return applyService(object as Service, stored as Service, cluster)
  store.update({ ...object, metadata: { ...object.metadata, ...versionOf(stored) } })
  return undefined
}

function versionOf({ metadata }: KubeObject): { readonly resourceVersion?: string } {
  return metadata.resourceVersion === undefined ? {} : { resourceVersion: metadata.resourceVersion }
}

function applyService(wanted: Service, stored: Service, cluster: Cluster): Refused | undefined {
  const { services, store } = cluster
  const spec = { ...allocated(wanted, stored), ...wanted.spec, ports: portsLike(wanted, stored) }
  releaseService(stored, services)
  const admitted = admitService({ ...wanted, spec }, services)
  if ('refused' in admitted) {
    admitService(stored, services)
    return admitted.refused
  }
  store.update({ ...admitted.service, metadata: { ...wanted.metadata, ...versionOf(stored) } })
  return undefined
}

/** What the stored Service was given and the wanted one, which does not ask for anything else, may keep. */
function allocated(wanted: Service, { spec }: Service): Partial<Service['spec']> {
  const type = wanted.spec.type ?? 'ClusterIP'
  if (type === 'ExternalName' || spec.type === 'ExternalName') return {}
  const { clusterIP, clusterIPs, ipFamilies, ipFamilyPolicy, healthCheckNodePort } = spec
  const keepsHealth = type === 'LoadBalancer' && wanted.spec.externalTrafficPolicy === 'Local'
  return {
    ...(clusterIP !== undefined && wanted.spec.clusterIP === undefined && { clusterIP }),
    ...(clusterIPs && wanted.spec.clusterIPs === undefined && wanted.spec.clusterIP === undefined && { clusterIPs }),
    ...(ipFamilies && { ipFamilies }),
    ...(ipFamilyPolicy && { ipFamilyPolicy }),
    ...(keepsHealth && healthCheckNodePort && { healthCheckNodePort }),
  }
}

/** A port keeps the node port that the stored port of its name had, unless another one asks for it. */
function portsLike(wanted: Service, stored: Service): readonly ServicePort[] {
  const ports = wanted.spec.ports ?? []
  const { type } = wanted.spec
  if (type !== 'NodePort' && type !== 'LoadBalancer') return ports
  const asked = new Set(ports.flatMap(port => port.nodePort ?? []))
  return ports.map(port => {
    if (port.nodePort) return port
    const nodePort = stored.spec.ports?.find(one => (one.name ?? '') === (port.name ?? ''))?.nodePort
    return nodePort && !asked.has(nodePort) ? { ...port, nodePort } : port
  })
}

/** Kinds that other objects can own; what they owned goes with them. */
const OWNED = ['Job', 'ReplicaSet', 'Pod', 'EndpointSlice'] as const

/** Deletes the object and, in the background as it were, all that it owns. A node's pods go with it. */
export function deleteObject(key: ObjectKey, cluster: Cluster): void {
  const { store, relations, services, nodeCidrs } = cluster
  const object = store.get(key.kind, key.namespace, key.name)
  store.delete(key)
  switch (kindKeyOf(object)) {
    case 'Service':
      releaseService(object as Service, services)
      break
    case 'Node':
      for (const pod of relations.podsOn(key.name)) store.delete(keyOfObject(pod))
      nodeCidrs.release({ name: key.name, podCidrs: podPrefixesOf(object as Node).map(formatPrefix) })
      break
    case 'Namespace':
      for (const kind of store.kinds()) {
        for (const inside of store.list(kind, { namespace: key.name })) deleteIfThere(inside, cluster)
      }
      break
  }
  const { uid } = object.metadata
  for (const kind of OWNED) {
    const dependents = store.list(kind).filter(one => one.metadata.ownerReferences?.some(owner => owner.uid === uid))
    for (const dependent of dependents) deleteIfThere(dependent, cluster)
  }
}

function deleteIfThere(object: KubeObject, cluster: Cluster): void {
  const key = keyOfObject(object)
  if (cluster.store.find(key.kind, key.namespace, key.name)) deleteObject(key, cluster)
}

/** Makes the pod ready, or not, as a probe would. */
export function setPodReady(namespace: string, name: string, ready: boolean, cluster: Cluster): void {
  const { store } = cluster
  const { metadata } = store.get('Pod', namespace, name)
  const { [READY_ANNOTATION]: _, ...others } = metadata.annotations ?? {}
  const annotations = ready ? others : { ...others, [READY_ANNOTATION]: 'false' }
  const pod: Pod = store.update({ ...store.get('Pod', namespace, name), metadata: { ...metadata, annotations } })
  const conditions = pod.status?.conditions?.filter(one => one.type !== 'Ready')
  store.updateStatus({ ...pod, status: { ...pod.status, ...(conditions && { conditions }) } })
}

/** Starts the Job that a CronJob makes when its time has come. */
export function runCronJob(namespace: string, name: string, cluster: Cluster): void {
  const cron: CronJob = cluster.store.get('CronJob', namespace, name)
  admitObject(startCronJob(cron, cluster.clock()), cluster)
}
