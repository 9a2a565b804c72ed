/**
 * What the kubelets of a settled cluster know when they start a pod's containers.
 *
 * @module
 */
import type { Millis } from '../base/clock.ts'
import { addIp, familyOf, type Prefix } from '../base/ip.ts'
import { podContainers } from '../kubelet/declared-variable.ts'
import { containerEnvironment, type Surroundings } from '../kubelet/environment.ts'
import type { ContainerEnvironment } from '../kubelet/environment-json.ts'
import { nodeAddresses, podAddresses } from '../kubelet/field-value.ts'
import { type PodHosts, podHosts } from '../kubelet/hosts.ts'
import { startOf } from '../kubelet/linked-services.ts'
import { type PodResolver, podResolver, type ResolverSettings } from '../kubelet/pod-resolver.ts'
import type { ResolvConf } from '../kubelet/resolv-conf.ts'
import { isMasterService } from '../kubelet/service-variables.ts'
import { type KubeletSettings, kubeletSettings, usualNodeConf, usualNodeHosts } from '../kubelet/settings.ts'
import type { ConfigMap } from '../objects/config-map.ts'
import type { Configuration } from '../objects/configuration.ts'
import { type KubeObject, keyOf } from '../objects/meta.ts'
import type { Node } from '../objects/node.ts'
import type { Pod } from '../objects/pod.ts'
import type { Secret } from '../objects/secret.ts'
import type { Service } from '../objects/service.ts'
import type { Cluster } from './cluster.ts'
import type { SettledCluster } from './host-state.ts'
import { nodeNetworks } from './uplink.ts'

export interface PodGroundOptions {
  /** The components' own, as they came with the objects. */
  readonly configurations: readonly Configuration[]
  /**
   * `Service shop/web`, `Pod shop/web-0`: whose input says when they came; of the others the order is not known.
   * Absent: the store's times are those of all.
   */
  readonly dated?: ReadonlySet<string>
  /** The `/etc/resolv.conf` of every node; absent: it asks the router of the nodes' network. */
  readonly nodeConf?: ResolvConf
  /** The text of every node's `/etc/hosts`. */
  readonly nodeHosts?: string
}

/** What pods' resolv.conf and hosts files are made of. */
export interface ResolverGround {
  readonly kubelet: KubeletSettings
  readonly nodeConf: ResolvConf
  /** The text of every node's `/etc/hosts`; absent: the usual one. */
  readonly nodeHosts?: string
  readonly services: readonly Service[]
  readonly podCidrs: readonly Prefix[]
  readonly nodeNamed: (name: string) => Node | undefined
}

/** What does not depend on the pod, worked out once for a cluster in which nothing changes meanwhile. */
export interface PodGround extends ResolverGround {
  readonly cluster: Cluster
  readonly options: PodGroundOptions
  readonly servicesOf: ReadonlyMap<string, readonly Service[]>
}

export function podGround(cluster: Cluster, options: PodGroundOptions): PodGround {
  const { store, settings } = cluster
  const services = store.list('Service')
  const objects = { settings, services, nodes: store.list('Node') }
  return { ...resolverGround(objects, options), cluster, options, servicesOf: byNamespace(services) }
}

export function resolverGround(
  { settings, services, nodes }: Pick<SettledCluster, 'settings' | 'services' | 'nodes'>,
  { configurations, nodeConf, nodeHosts }: Omit<PodGroundOptions, 'dated'>,
): ResolverGround {
  const routers = nodeNetworks(nodes).map(({ base }) => addIp(base, 1))
  const byName = new Map(nodes.map(node => [node.metadata.name, node]))
  return {
    kubelet: kubeletSettings(configurations, services, settings.serviceCidrs),
    nodeConf: nodeConf ?? usualNodeConf(routers),
    ...(nodeHosts === undefined ? {} : { nodeHosts }),
    services,
    podCidrs: settings.podCidrs,
    nodeNamed: name => byName.get(name),
  }
}

function byNamespace(services: readonly Service[]): ReadonlyMap<string, readonly Service[]> {
  const groups = new Map<string, Service[]>()
  for (const service of services) {
    const { namespace = '' } = service.metadata
    const group = groups.get(namespace)
    if (group) group.push(service)
    else groups.set(namespace, [service])
  }
  return groups
}

/** The environment of each of the pod's containers, in the order in which they start. */
export function podEnvironments(pod: Pod, ground: PodGround): readonly ContainerEnvironment[] {
  const around = surroundingsOf(pod, ground)
  return podContainers(pod).map(one => ({ ...one, environment: containerEnvironment(pod, one.container, around) }))
}

/** What the pod's `/etc/resolv.conf` says, and what kubelet warns about. */
export function resolverOf(pod: Pod, ground: ResolverGround): PodResolver {
  return podResolver(pod, resolverSettings(nodeOf(pod, ground), ground))
}

/** The pod's `/etc/hosts`; nothing while it has no address, for then it has none either. */
export function hostsOf(pod: Pod, ground: ResolverGround): PodHosts | undefined {
  const node = nodeOf(pod, ground)
  const addresses = podAddresses(pod, node)
  if (addresses.length === 0 && !pod.spec.hostNetwork) return undefined
  const name = pod.spec.nodeName ?? ''
  const nodeHosts = ground.nodeHosts ?? usualNodeHosts(name, node ? nodeAddresses(node) : [])
  return podHosts(pod, addresses, ground.kubelet.clusterDomain, nodeHosts)
}

function nodeOf({ spec }: Pod, { nodeNamed }: ResolverGround): Node | undefined {
  return spec.nodeName ? nodeNamed(spec.nodeName) : undefined
}

function resolverSettings(node: Node | undefined, { kubelet, nodeConf }: ResolverGround): ResolverSettings {
  const { clusterDns, clusterDomain, ignoresNode } = kubelet
  const nodeFamilies = node ? nodeAddresses(node).map(familyOf) : []
  return { clusterDns, clusterDomain, nodeFamilies, ...(!ignoresNode && { nodeConf }) }
}

function surroundingsOf(pod: Pod, ground: PodGround): Surroundings {
  const { namespace = 'default' } = pod.metadata
  const { store } = ground.cluster
  const node = nodeOf(pod, ground)
  const masters = (ground.servicesOf.get('default') ?? []).filter(isMasterService)
  return {
    ...(node && { node }),
    services: [...masters, ...(ground.servicesOf.get(namespace) ?? [])],
    createdAt: service => creationOf(service, ground),
    startedAt: container => (isDated(pod, ground) ? startOf(pod, container) : undefined),
    configMap: name => store.find('ConfigMap', namespace, name) as ConfigMap | undefined,
    secret: name => store.find('Secret', namespace, name) as Secret | undefined,
  }
}

function creationOf(service: Service, ground: PodGround): Millis | undefined {
  const time = Date.parse(service.metadata.creationTimestamp ?? '')
  return Number.isNaN(time) || !isDated(service, ground) ? undefined : time
}

function isDated({ kind, metadata }: KubeObject, { options }: PodGround): boolean {
  return options.dated?.has(`${kind} ${keyOf(metadata)}`) ?? true
}
