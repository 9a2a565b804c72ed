/**
 * A cluster: its objects, who has which address, and what is left to do.
 *
 * Changed only by the functions of this folder. Everything drawn at random comes from the seed, a
 * stream a purpose, so that the same input gives the same cluster.
 *
 * @module
 */
import type { Clock, Millis } from '../base/clock.ts'
import { findIp, formatPrefix } from '../base/ip.ts'
import { type Random, seededRandom } from '../base/random.ts'
import { HostLocal } from '../ipam/host-local.ts'
import { planNodeCidrs } from '../ipam/node-cidr-plan.ts'
import { NodeCidrAllocator } from '../ipam/node-cidrs.ts'
import { wholeOf } from '../ipam/pod-ranges.ts'
import { type KubeObject, keyOf } from '../objects/meta.ts'
import { type Node, podPrefixesOf } from '../objects/node.ts'
import { type Pod, podAddressesOf as podIpsOf } from '../objects/pod.ts'
import type { Notice } from '../objects/write.ts'
import { Store } from '../store/store.ts'
import type { SettledCluster } from './host-state.ts'
import { Relations } from './relations.ts'
import { Scheduling } from './scheduling.ts'
import { createServicePools, type ServicePools } from './service-admission.ts'
import type { Settings } from './settings.ts'

/** Something that happened to an object and that its owner should know. */
export interface ClusterEvent extends Notice {
  readonly kind: string
  /** `namespace/name` */
  readonly key: string
}

export interface ClusterOptions {
  readonly settings: Settings
  readonly seed: number
  /** When the cluster begins. */
  readonly now: Millis
}

export interface Cluster extends Omit<ClusterOptions, 'now'> {
  /** The cluster's own time, which stands still unless {@link passTime} moves it. */
  readonly clock: Clock
  /** Changed by {@link passTime} alone. */
  readonly time: { now: Millis }
  readonly store: Store
  readonly relations: Relations
  readonly scheduling: Scheduling
  readonly services: ServicePools
  readonly nodeCidrs: NodeCidrAllocator
  /** Which pod addresses each node has given out. */
  readonly podAddresses: Map<string, HostLocal>
  /** What each controller has to look at again, by the controller's name. */
  readonly queues: Map<string, Set<string>>
  /** The latest of each reason about each object, in the order in which they first came. */
  readonly events: Map<string, ClusterEvent>
  /** A source of its own for each purpose. */
  readonly random: (purpose: string) => Random
}

/**
 * @param nodes those of the input, for the pod CIDRs that they have already
 * @throws {AllocationError} when these do not fit the cluster's
 */
export function createCluster(options: ClusterOptions, nodes: readonly Node[]): Cluster {
  const { settings, seed, now } = options
  const time = { now }
  const clock = () => time.now
  const sources = new Map<string, Random>()
  const random = (purpose: string) => {
    const source = sources.get(purpose) ?? seededRandom(seed, purpose)
    sources.set(purpose, source)
    return source
  }
  return {
    settings,
    seed,
    clock,
    time,
    store: new Store({ clock, random: random('uid') }),
    relations: new Relations(),
    scheduling: new Scheduling(),
    services: createServicePools({
      serviceCidrs: settings.serviceCidrs,
      strict: settings.serviceCidrsGiven,
      random,
    }),
    nodeCidrs: nodeCidrsOf(settings, nodes),
    podAddresses: new Map(),
    queues: new Map(),
    events: new Map(),
    random,
  }
}

function nodeCidrsOf(settings: Settings, nodes: readonly Node[]): NodeCidrAllocator {
  const { podCidrs, nodeMaskBits } = settings
  // A single stack takes one mask size, two take one each: the controller manager insists.
  const masks = podCidrs.map(({ family }) =>
    family === 4 ? { nodeCidrMaskSizeIpv4: nodeMaskBits[4] } : { nodeCidrMaskSizeIpv6: nodeMaskBits[6] },
  )
  const plan = planNodeCidrs({
    clusterCidr: podCidrs,
    serviceClusterIpRange: settings.serviceCidrs,
    ...Object.assign({}, ...masks),
  })
  const having = nodes.flatMap(node => {
    const podCidrs = podPrefixesOf(node).map(formatPrefix)
    return podCidrs.length > 0 ? [{ name: node.metadata.name, podCidrs }] : []
  })
  return new NodeCidrAllocator(plan, having)
}

export function passTime(span: Millis, { time }: Cluster): void {
  time.now += span
}

/** Tells the person about an object. */
export function report(cluster: Cluster, object: KubeObject, notice: Notice): void {
  const key = keyOf(object.metadata)
  cluster.events.set(`${object.kind} ${key} ${notice.reason}`, { ...notice, kind: object.kind, key })
}

/** The addresses of one node's pods. */
export function podAddressesOf(cluster: Cluster, node: Node): HostLocal {
  const { name } = node.metadata
  const there = cluster.podAddresses.get(name)
  if (there) return there
  const fresh = new HostLocal(podPrefixesOf(node).map(wholeOf))
  // Pods that come with an address keep it, whoever asks first.
  for (const pod of cluster.relations.podsOn(name)) occupy(fresh, pod)
  cluster.podAddresses.set(name, fresh)
  return fresh
}

/** Marks what the pod has as taken. */
function occupy(addresses: HostLocal, pod: Pod): void {
  if (pod.spec.hostNetwork) return
  for (const text of podIpsOf(pod)) {
    const address = findIp(text)
    if (address !== undefined) addresses.occupy(keyOf(pod.metadata), 'eth0', address)
  }
}

/** Takes back the addresses of a pod that is gone. */
export function vacate({ metadata, spec }: Pod, cluster: Cluster): void {
  cluster.podAddresses.get(spec.nodeName ?? '')?.release(keyOf(metadata), 'eth0')
}

/** The cluster as far as its nodes' networks go. */
export function settledCluster(cluster: Cluster): SettledCluster {
  const { settings, seed, store, relations } = cluster
  return {
    settings,
    seed,
    nodes: store.list('Node'),
    services: store.list('Service'),
    slices: store.list('EndpointSlice'),
    podsOn: node => relations.podsOn(node).filter(hasNetwork),
  }
}

/** A pod that has ended has given its network back. */
function hasNetwork({ status }: Pod): boolean {
  return status?.phase !== 'Succeeded' && status?.phase !== 'Failed'
}
