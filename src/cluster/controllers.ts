/**
 * The controllers of a cluster: what wakes each, and what it does about one object.
 *
 * A controller looks at one object at a time, by its key, and at what belongs to it; what it wants
 * changed goes to the store at once. The rules themselves are in `workloads` and `endpoints`.
 *
 * @module
 */
import { formatIp } from '../base/ip.ts'
import { reconcileEndpoints } from '../endpoints/endpoints.ts'
import { selectorOf } from '../endpoints/membership.ts'
import { reconcileMirror } from '../endpoints/mirror.ts'
import { reconcileSlices } from '../endpoints/slices.ts'
import { shareZones, type ZoneShares } from '../endpoints/zone-shares.ts'
import { AllocationError } from '../ipam/error.ts'
import { controllerOf, type KubeObject, keyOf, type OwnerReference } from '../objects/meta.ts'
import type { Node } from '../objects/node.ts'
import type { Pod } from '../objects/pod.ts'
import type { Write } from '../objects/write.ts'
import type { WatchEvent } from '../store/history.ts'
import { type ClaimContext, isActive } from '../workloads/claim.ts'
import { reconcileDaemonSet } from '../workloads/daemon-set.ts'
import { reconcileDeployment } from '../workloads/deployment.ts'
import { jobLabels, reconcileJob } from '../workloads/job.ts'
import { reportPod } from '../workloads/kubelet.ts'
import { afterPlacement } from '../workloads/pod-status.ts'
import { reconcileReplicas } from '../workloads/replica-set.ts'
import { reconcileStatefulSet } from '../workloads/stateful-set.ts'
import type { NameContext } from '../workloads/template.ts'
import { reconcileScaler, SCALABLE, scalersOf } from './autoscaling.ts'
import { type Cluster, podAddressesOf, report } from './cluster.ts'
import { isAnswering } from './node-health.ts'

/** The keys to look at again after a change. */
export type Waking = (event: WatchEvent, cluster: Cluster) => readonly string[]

export interface Controller {
  readonly name: string
  /** By the kind of what changed: the keys of the objects to look at again. */
  readonly wakes: Readonly<Record<string, Waking>>
  /** Looks at one object; gone ones included. */
  readonly reconcile: (key: string, cluster: Cluster) => readonly Write[]
}

/** Services whose endpoints a change may change. */
const SERVICES_CONCERNED: Controller['wakes'] = {
  Service: itself,
  Pod: ({ object, previous }, { relations }) => {
    const now = relations.servicesSelecting(object as Pod)
    const before = previous && previous.metadata.labels !== object.metadata.labels
    return before ? [...now, ...relations.servicesSelecting(previous as Pod)] : now
  },
  Node: (event, { store }) => (nodeFits(event) ? store.list('Service').map(service => keyOf(service.metadata)) : []),
}

/** In the order in which they take turns: what one makes, the next finds. */
export const CONTROLLERS: readonly Controller[] = [
  {
    name: 'horizontalpodautoscaler',
    wakes: { HorizontalPodAutoscaler: itself, ...Object.fromEntries(SCALABLE.map(kind => [kind, scalersOf])) },
    reconcile: (key, cluster) => reconcileScaler(...split(key), cluster),
  },
  {
    name: 'deployment',
    wakes: { Deployment: itself, ReplicaSet: controllersOf('Deployment') },
    reconcile: (key, cluster) => {
      const deployment = cluster.store.find('Deployment', ...split(key))
      if (!deployment) return []
      const { selector } = deployment.spec
      const { namespace } = deployment.metadata
      const sets = cluster.relations.setsFor(deployment, selector, () =>
        cluster.store.list('ReplicaSet', inside(namespace)),
      )
      const pods = cluster.relations.podsFor(deployment, selector, () => cluster.store.list('Pod', inside(namespace)))
      return reconcileDeployment(deployment, sets, pods, claims(cluster))
    },
  },
  {
    name: 'replicaset',
    wakes: { ReplicaSet: itself, Pod: controllersOf('ReplicaSet') },
    reconcile: (key, cluster) => {
      const set = cluster.store.find('ReplicaSet', ...split(key))
      return set ? reconcileReplicas(set, podsFor(set, set.spec.selector, cluster), drawing(cluster)) : []
    },
  },
  {
    name: 'replicationcontroller',
    wakes: { ReplicationController: itself, Pod: controllersOf('ReplicationController') },
    reconcile: (key, cluster) => {
      const owner = cluster.store.find('ReplicationController', ...split(key))
      if (!owner) return []
      const matchLabels = owner.spec.selector ?? owner.spec.template.metadata?.labels ?? {}
      return reconcileReplicas(owner, podsFor(owner, { matchLabels }, cluster), drawing(cluster))
    },
  },
  {
    name: 'statefulset',
    wakes: { StatefulSet: itself, Pod: controllersOf('StatefulSet') },
    reconcile: (key, cluster) => {
      const set = cluster.store.find('StatefulSet', ...split(key))
      return set ? reconcileStatefulSet(set, podsFor(set, set.spec.selector, cluster), claims(cluster)) : []
    },
  },
  {
    name: 'daemonset',
    wakes: {
      DaemonSet: itself,
      Pod: controllersOf('DaemonSet'),
      Node: (event, { store }) => (nodeFits(event) ? store.list('DaemonSet').map(set => keyOf(set.metadata)) : []),
    },
    reconcile: (key, cluster) => {
      const set = cluster.store.find('DaemonSet', ...split(key))
      if (!set) return []
      return reconcileDaemonSet(
        set,
        podsFor(set, set.spec.selector, cluster),
        cluster.store.list('Node'),
        drawing(cluster),
      )
    },
  },
  {
    name: 'job',
    wakes: { Job: itself, Pod: controllersOf('Job') },
    reconcile: (key, cluster) => {
      const job = cluster.store.find('Job', ...split(key))
      if (!job) return []
      const selector = job.spec.selector ?? { matchLabels: jobLabels(job) }
      return reconcileJob(job, podsFor(job, selector, cluster), drawing(cluster))
    },
  },
  {
    name: 'scheduler',
    // Room that appears is for all who wait.
    wakes: {
      Pod: (event, { scheduling }) => {
        if (event.type === 'DELETED') return [...scheduling.pending]
        return (event.object as Pod).spec.nodeName === undefined ? itself(event) : []
      },
      Node: (event, { scheduling }) => (nodeFits(event) ? [...scheduling.pending] : []),
    },
    reconcile: (key, cluster) => {
      const pod = cluster.store.find('Pod', ...split(key))
      return pod && pod.spec.nodeName === undefined && isActive(pod) ? schedule(pod, cluster) : []
    },
  },
  {
    name: 'kubelet',
    wakes: {
      Pod: event => ((event.object as Pod).spec.nodeName === undefined ? [] : itself(event)),
      Node: (event, { relations }) =>
        nodeFits(event) ? relations.podsOn(event.object.metadata.name).map(pod => keyOf(pod.metadata)) : [],
    },
    reconcile: (key, cluster) => {
      const { store } = cluster
      const pod = store.find('Pod', ...split(key))
      const node = pod && store.find('Node', undefined, pod.spec.nodeName ?? '')
      if (!pod || !node || !isAnswering(node)) return []
      const reported = reportPod(pod, node, (one, on) => allocateAddresses(one, on, cluster), cluster.clock())
      return reported === pod ? [] : [{ do: 'update-status', object: reported }]
    },
  },
  {
    name: 'endpointslice',
    wakes: SERVICES_CONCERNED,
    reconcile: (key, cluster) => {
      const service = cluster.store.find('Service', ...split(key))
      if (!service) return cluster.relations.slicesOf(key).map(object => ({ do: 'delete', object }))
      const { writes, notices } = reconcileSlices(service, podsBehind(key, cluster), cluster.relations.slicesOf(key), {
        findNode: name => cluster.store.find('Node', undefined, name),
        zoneShares: zoneSharesOf(cluster),
        random: cluster.random('slice'),
      })
      for (const notice of notices) report(cluster, service, notice)
      return writes
    },
  },
  {
    name: 'endpoints',
    wakes: SERVICES_CONCERNED,
    reconcile: (key, cluster) => {
      const service = cluster.store.find('Service', ...split(key))
      const stored = cluster.store.find('Endpoints', ...split(key))
      if (!service) return stored && wasManaged(stored) ? [{ do: 'delete', object: stored }] : []
      return reconcileEndpoints(service, podsBehind(key, cluster), stored)
    },
  },
  {
    name: 'mirror',
    wakes: { Endpoints: itself, Service: itself },
    reconcile: (key, cluster) => {
      const service = cluster.store.find('Service', ...split(key))
      const endpoints = cluster.store.find('Endpoints', ...split(key))
      const { writes, notices } = reconcileMirror(
        service,
        endpoints,
        cluster.relations.slicesOf(key),
        cluster.random('slice'),
      )
      if (service) for (const notice of notices) report(cluster, service, notice)
      return writes
    },
  },
]

/** @see Kubernetes pkg/controller/endpoint: the label of Endpoints that the controller keeps */
const ENDPOINTS_MANAGED_BY = 'endpoints.kubernetes.io/managed-by'

function wasManaged(endpoints: KubeObject): boolean {
  return endpoints.metadata.labels?.[ENDPOINTS_MANAGED_BY] !== undefined
}

function itself({ object }: WatchEvent): readonly string[] {
  return [keyOf(object.metadata)]
}

/** The controllers, of one kind, of an object that changed, before and after. */
function controllersOf(kind: string): Waking {
  return ({ object, previous }) => {
    const now = controllerOf(object.metadata)
    const before = previous && controllerOf(previous.metadata)
    const keys: string[] = []
    if (now?.kind === kind) keys.push(`${object.metadata.namespace}/${now.name}`)
    if (before?.kind === kind && before.uid !== now?.uid) keys.push(`${object.metadata.namespace}/${before.name}`)
    return keys
  }
}

/** Whether the change of a node may change where pods go or which zone they are in. */
function nodeFits({ object, previous }: WatchEvent): boolean {
  if (!previous) return true
  const [now, before] = [object as Node, previous as Node]
  return (
    now.spec !== before.spec ||
    now.metadata.labels !== before.metadata.labels ||
    now.status?.conditions !== before.status?.conditions ||
    now.status?.allocatable !== before.status?.allocatable
  )
}

function schedule(pod: Pod, cluster: Cluster): readonly Write[] {
  const placement = cluster.scheduling.scheduler(cluster.store).place(pod)
  if (!('node' in placement)) {
    report(cluster, pod, { type: 'Warning', reason: 'FailedScheduling', message: placement.message })
  }
  const after = afterPlacement(pod, placement, cluster.clock())
  return after === pod ? [] : [{ do: 'node' in placement ? 'update' : 'update-status', object: after }]
}

/** As the CNI plugin of the node gives them; none, and an event, when the node has no more. */
function allocateAddresses(pod: Pod, node: Node, cluster: Cluster): readonly string[] {
  try {
    const addresses = podAddressesOf(cluster, node).allocate(keyOf(pod.metadata), 'eth0')
    return addresses.map(({ own }) => formatIp(own.address))
  } catch (cause) {
    if (!(cause instanceof AllocationError)) throw cause
    const message = `Failed to create pod sandbox: plugin type="host-local" failed (add): ${cause.message}`
    report(cluster, pod, { type: 'Warning', reason: 'FailedCreatePodSandBox', message })
    return []
  }
}

function podsFor(owner: KubeObject, selector: Parameters<Cluster['relations']['podsFor']>[1], cluster: Cluster) {
  return cluster.relations.podsFor(owner, selector, () => cluster.store.list('Pod', inside(owner.metadata.namespace)))
}

function podsBehind(service: string, { relations, store }: Cluster): readonly Pod[] {
  const object = store.find('Service', ...split(service))
  const selector = object && selectorOf(object)
  return selector ? relations.podsWith(object.metadata.namespace ?? '', selector) : []
}

function claims({ store }: Cluster): ClaimContext {
  return {
    isKnown: (owner: OwnerReference, namespace: string) =>
      store.find(owner.kind, namespace, owner.name)?.metadata.uid === owner.uid,
  }
}

function drawing(cluster: Cluster): ClaimContext & NameContext {
  return { ...claims(cluster), random: cluster.random('pod') }
}

const shares = new WeakMap<readonly Node[], ZoneShares>()

/** Counted once for each state of the nodes: the store gives the same list until one changes. */
function zoneSharesOf({ store }: Cluster): ZoneShares {
  const nodes = store.list('Node')
  const known = shares.get(nodes)
  if (known) return known
  const counted = shareZones(nodes)
  shares.set(nodes, counted)
  return counted
}

function split(key: string): [namespace: string | undefined, name: string] {
  const slash = key.indexOf('/')
  return slash < 0 ? [undefined, key] : [key.slice(0, slash), key.slice(slash + 1)]
}

function inside(namespace: string | undefined): { readonly namespace?: string } {
  return namespace === undefined ? {} : { namespace }
}
