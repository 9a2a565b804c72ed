/**
 * The way of an object into the cluster, as through the API server: what it lacks is added, what
 * cannot be is refused.
 *
 * @module
 */
import { addIp, formatPrefix } from '../base/ip.ts'
import { hash32 } from '../base/random.ts'
import type { Job } from '../objects/job.ts'
import { kindKeyOf } from '../objects/kind-key.ts'
import type { KubeObject } from '../objects/meta.ts'
import { type Node, podPrefixesOf } from '../objects/node.ts'
import type { Pod } from '../objects/pod.ts'
import type { Service } from '../objects/service.ts'
import { annotationsOf, leaseNodes, NETWORK_AVAILABLE } from '../overlay/leases.ts'
import { StatusError } from '../store/status-error.ts'
import { drawUid } from '../store/uid.ts'
import {
  defaultServiceAccount,
  kubernetesEndpoints,
  kubernetesService,
  namespaceObject,
  reportedNode,
  SYSTEM_NAMESPACES,
} from './bootstrap.ts'
import { type Cluster, report } from './cluster.ts'
import { admitService, type Refused } from './service-admission.ts'
import { internalIps } from './uplink.ts'

/** Puts what every cluster has into an empty one. */
export function bootstrap(cluster: Cluster): void {
  for (const name of SYSTEM_NAMESPACES) admitNamespace(namespaceObject(name), cluster)
}

/**
 * Stores one object.
 *
 * @returns why it is refused; nothing when it is stored
 */
export function admitObject(object: KubeObject, cluster: Cluster): Refused | undefined {
  const { namespace } = object.metadata
  if (namespace !== undefined) ensureNamespace(namespace, cluster)
  switch (kindKeyOf(object)) {
    case 'Namespace':
      return admitNamespace(object, cluster)
    case 'Node':
      return admitNode(object as Node, cluster)
    case 'Service': {
      const admitted = admitService(object as Service, cluster.services)
      return 'refused' in admitted ? admitted.refused : put(admitted.service, cluster)
    }
    case 'Job':
      return put(ownJob(object as Job, cluster), cluster)
    case 'Pod':
      return put(mirrored(object as Pod), cluster)
    default:
      return put(object, cluster)
  }
}

/**
 * Gives the cluster the Service by which pods reach the API server, which runs on the first node.
 * A Service of that name in the input takes its place.
 */
export function admitKubernetesService(cluster: Cluster): void {
  const { store, services } = cluster
  const [first = 4] = services.families
  const range = services.ips[first]?.prefix
  if (store.find('Service', 'default', 'kubernetes') || range === undefined) return
  const service = kubernetesService(addIp(range.base, 1))
  const refused = admitObject(service, cluster)
  if (refused) report(cluster, service, { type: 'Warning', reason: 'ClusterIPNotAllocated', message: refused.message })
}

/** The addresses of the API server behind `kubernetes`, unless the input brings them. */
export function admitKubernetesEndpoints(cluster: Cluster): void {
  const { store } = cluster
  const service = store.find('Service', 'default', 'kubernetes')
  const ip = store
    .list('Node')
    .map(internalIps)
    .find(ips => ips.length > 0)?.[0]
  if (!service || ip === undefined) return
  for (const object of kubernetesEndpoints(ip)) {
    if (!store.find(object.kind, 'default', 'kubernetes')) put(object, cluster)
  }
}

/** A namespace that is there already takes on what the object says. */
function admitNamespace(object: KubeObject, { store }: Cluster): Refused | undefined {
  const { name, labels } = object.metadata
  const full = {
    ...namespaceObject(name),
    ...object,
    metadata: { ...object.metadata, labels: { ...labels, 'kubernetes.io/metadata.name': name } },
    status: { phase: 'Active' },
  }
  if (store.find('Namespace', undefined, name)) store.update(full)
  else store.import(full)
  if (!store.find('ServiceAccount', name, 'default')) store.import(defaultServiceAccount(name))
  return undefined
}

function ensureNamespace(name: string, cluster: Cluster): void {
  if (!cluster.store.find('Namespace', undefined, name)) admitNamespace(namespaceObject(name), cluster)
}

function admitNode(given: Node, cluster: Cluster): Refused | undefined {
  const { settings, store } = cluster
  const families = settings.podCidrs.map(prefix => prefix.family)
  const reported = reportedNode(given, families, store.count('Node'))
  const placed = placeNode(reported, cluster)
  return put(leaseNode(placed, cluster), cluster)
}

/** The node with a block of each pod network, as the node IPAM controller gives them. */
function placeNode(node: Node, cluster: Cluster): Node {
  const there = podPrefixesOf(node)
  if (there.length > 0) return { ...node, spec: { ...node.spec, ...cidrFields(there.map(formatPrefix)) } }
  const given = cluster.nodeCidrs.allocate(node.metadata.name)
  if (given.kind === 'assigned')
    return { ...node, spec: { ...node.spec, ...cidrFields(given.podPrefixes.map(formatPrefix)) } }
  report(cluster, node, given.event)
  return node
}

function cidrFields(podCIDRs: readonly string[]): Pick<Node['spec'], 'podCIDR' | 'podCIDRs'> {
  const [podCIDR] = podCIDRs
  return podCIDR === undefined ? {} : { podCIDR, podCIDRs }
}

/** The node with what flannel writes on it, unless it cannot run there. */
function leaseNode(node: Node, cluster: Cluster): Node {
  const { overlay } = cluster.settings
  if (!overlay) return node
  const { leases, refusals } = leaseNodes(overlay, [node], cluster.seed)
  for (const { message } of refusals) report(cluster, node, { type: 'Warning', reason: 'FlannelFailed', message })
  const [lease] = leases
  if (!lease) return node
  const others = node.status?.conditions?.filter(one => one.type !== NETWORK_AVAILABLE.type) ?? []
  return {
    ...node,
    metadata: { ...node.metadata, annotations: { ...node.metadata.annotations, ...annotationsOf(overlay, lease) } },
    status: { ...node.status, conditions: [...others, NETWORK_AVAILABLE] },
  }
}

/**
 * The Job with the selector and labels that it gets by its uid, unless it brings a selector.
 *
 * @see Kubernetes pkg/registry/batch/job: generateSelector
 */
function ownJob(job: Job, cluster: Cluster): Job {
  if (job.spec.selector) return job
  const uid = job.metadata.uid ?? drawUid(cluster.random('uid'))
  const { name } = job.metadata
  const { template } = job.spec
  const labels = {
    ...template.metadata?.labels,
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  }
  return {
    ...job,
    metadata: { ...job.metadata, uid },
    spec: {
      ...job.spec,
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  }
}

/** Where a kubelet had a pod from, and on its twin in the API server, which pod that was. */
const CONFIG_SOURCE = 'kubernetes.io/config.source'
const CONFIG_MIRROR = 'kubernetes.io/config.mirror'

/**
 * A static pod, which a node's kubelet reads from a file, as the API server shows it: under its own name and the
 * node's.
 *
 * @see Kubernetes pkg/kubelet/config/common.go and pkg/kubelet/pod/mirror_client.go
 */
function mirrored(pod: Pod): Pod {
  const { annotations = {}, name } = pod.metadata
  const { nodeName } = pod.spec
  if (annotations[CONFIG_SOURCE] !== 'file' || annotations[CONFIG_MIRROR] !== undefined || nodeName === undefined)
    return pod
  const hash = (hash32(JSON.stringify(pod.spec)) >>> 0).toString(16).padStart(8, '0')
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      name: `${name}-${nodeName}`,
      annotations: { ...annotations, 'kubernetes.io/config.hash': hash, [CONFIG_MIRROR]: hash },
    },
  }
}

function put(object: KubeObject, { store }: Cluster): Refused | undefined {
  try {
    store.import(object)
    return undefined
  } catch (cause) {
    if (cause instanceof StatusError) return { message: cause.message }
    throw cause
  }
}
