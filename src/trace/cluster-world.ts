/**
 * The world of a settled cluster: its nodes and pods, and around them one network with a router.
 *
 * @module
 */
import { contains, type Family, familyOf, findIp, formatIp, type Ip } from '../base/ip.ts'
import { gatewayOf } from '../bridge/gateway.ts'
import {
  commonGround,
  type HostOptions,
  type HostState,
  hostState,
  type SettledCluster,
} from '../cluster/host-state.ts'
import { internalIps, nodeNetworks, UPLINK, uplinkOf } from '../cluster/uplink.ts'
import { SERVICE_NAME_LABEL } from '../objects/endpoint-slice.ts'
import { keyOf } from '../objects/meta.ts'
import { type Node, podPrefixesOf } from '../objects/node.ts'
import { podAddressesOf } from '../objects/pod.ts'
import type { Service } from '../objects/service.ts'
import { listenersOf } from './listeners.ts'
import { podNetwork } from './machines.ts'
import type { Host, NodeSite, PodSite, Vip, WorldConfig } from './site.ts'

export interface ClusterWorldOptions extends HostOptions {
  /** The node to which whoever is outside sends the addresses of load balancers and external IPs. */
  readonly via?: string
  /** What a node is made from where not from the objects, such as a dump of it. */
  readonly hosts?: ReadonlyMap<string, (fromObjects: Host) => Host>
}

export function clusterWorld(cluster: SettledCluster, options: ClusterWorldOptions): WorldConfig {
  const { settings, nodes } = cluster
  const ground = commonGround(cluster)
  const networks = nodeNetworks(nodes)
  const listeners = listenersOf(cluster)
  const kinds = new Map<string, 'node' | 'pod'>(nodes.map(node => [node.metadata.name, 'node']))
  const states = new Map<string, HostState>()
  const stateOf = (node: Node): HostState => {
    const there = states.get(node.metadata.name) ?? hostState(ground, node, options)
    states.set(node.metadata.name, there)
    return there
  }
  const pods = nodes.flatMap(node => podsOf(cluster, node, () => stateOf(node)))
  for (const { key } of pods) kinds.set(key, 'pod')
  return {
    nodes: nodes.map((node): NodeSite => {
      const prefixes = podPrefixesOf(node)
      const { name } = node.metadata
      const replace = options.hosts?.get(name)
      return {
        name,
        uplinks: [{ link: UPLINK, addresses: uplinkOf(node, networks, settings.uplinkMtu).addresses }],
        inner: prefixes.flatMap(prefix => (settings.overlay ? [gatewayOf(prefix), prefix.base] : [gatewayOf(prefix)])),
        host: () => {
          const { network, rules } = stateOf(node)
          const host: Host = { network, rules, sets: [] }
          return replace ? replace(host) : host
        },
      }
    }),
    pods,
    vips: vipsOf(cluster, options.via),
    hidden: [...settings.podCidrs, ...settings.serviceCidrs],
    mtu: settings.uplinkMtu,
    listenerAt: (machine, ...at) => {
      const kind = kinds.get(machine)
      return kind === 'node'
        ? listeners.onNode(machine, ...at)
        : kind === 'pod'
          ? listeners.inPod(...at)
          : listeners.outside(...at)
    },
  }
}

function podsOf(cluster: SettledCluster, node: Node, state: () => HostState): readonly PodSite[] {
  return cluster.podsOn(node.metadata.name).flatMap(pod => {
    const addresses = podAddressesOf(pod).flatMap(text => findIp(text) ?? [])
    const key = keyOf(pod.metadata)
    const network = () => {
      const veth = state().network.links.find(link => link.kind === 'veth' && link.peer.pod === key)
      return veth?.kind === 'veth' ? podNetwork(veth) : undefined
    }
    const site: PodSite = { key, node: node.metadata.name, addresses, network }
    return pod.spec.hostNetwork || addresses.length === 0 ? [] : [site]
  })
}

/** Addresses inside the cluster's own networks are not led in from outside, nor are the nodes' own. */
function vipsOf(cluster: SettledCluster, via: string | undefined): readonly Vip[] {
  const reach = new Map(cluster.nodes.map(node => [node, internalIps(node)]))
  const own = new Set([...reach.values()].flat().map(formatIp))
  const inside = [...cluster.settings.podCidrs, ...cluster.settings.serviceCidrs]
  const having = nodesByService(cluster)
  const balanced = balancedNodes(cluster)
  // Most Services have the same takers: their addresses are one list.
  const addresses = new Map<readonly Node[], Partial<Record<Family, readonly Ip[]>>>()
  const addressesOf = (takers: readonly Node[], family: Family): readonly Ip[] => {
    const known = addresses.get(takers) ?? {}
    const ips = known[family] ?? takers.flatMap(node => firstOf(reach.get(node) ?? [], family))
    addresses.set(takers, { ...known, [family]: ips })
    return ips
  }
  const vips = new Map<string, Vip>()
  for (const service of cluster.services) {
    for (const ip of outerAddresses(service)) {
      const text = formatIp(ip)
      if (vips.has(text) || own.has(text) || inside.some(prefix => contains(prefix, ip))) continue
      const takers = takersOf(service, balanced, having.get(keyOf(service.metadata)), via)
      vips.set(text, { ip, nodes: addressesOf(takers, familyOf(ip)) })
    }
  }
  return [...vips.values()]
}

/** By Service, the nodes that have a ready endpoint of it. */
function nodesByService({ slices }: SettledCluster): ReadonlyMap<string, ReadonlySet<string>> {
  const nodes = new Map<string, Set<string>>()
  for (const { metadata, endpoints } of slices) {
    const key = `${metadata.namespace}/${metadata.labels?.[SERVICE_NAME_LABEL]}`
    const having = nodes.get(key) ?? new Set()
    nodes.set(key, having)
    for (const { nodeName, conditions } of endpoints ?? [])
      if (nodeName && (conditions?.ready ?? true)) having.add(nodeName)
  }
  return nodes
}

/** The addresses at which a Service is to be reached from outside. */
export function outerAddresses({ spec, status }: Service): readonly Ip[] {
  const balancer = spec.type === 'LoadBalancer' ? (status?.loadBalancer?.ingress ?? []) : []
  const texts = [...(spec.externalIPs ?? []), ...balancer.flatMap(({ ip }) => ip ?? [])]
  return texts.flatMap(text => findIp(text) ?? [])
}

function firstOf(ips: readonly Ip[], family: Family): readonly Ip[] {
  return ips.filter(ip => familyOf(ip) === family).slice(0, 1)
}

/** A balancer asks each node's health check, which with policy Local fails where no endpoint is. */
function takersOf(
  { spec }: Service,
  nodes: Balanced,
  having: ReadonlySet<string> | undefined,
  via: string | undefined,
): readonly Node[] {
  const { usable, all } = nodes
  if (via !== undefined) return all.filter(node => node.metadata.name === via)
  if (spec.externalTrafficPolicy !== 'Local' || spec.type !== 'LoadBalancer') return usable
  const healthy = usable.filter(node => having?.has(node.metadata.name))
  return healthy.length > 0 ? healthy : usable
}

/** The nodes that a balancer is told of. @see pkg/cloudprovider/app's service controller, nodeSyncService */
interface Balanced {
  readonly all: readonly Node[]
  /** Those that are ready and not taken out by label; all, if none is. */
  readonly usable: readonly Node[]
}

const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers'

function balancedNodes({ nodes }: SettledCluster): Balanced {
  const usable = nodes.filter(({ metadata, status }) => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')
    return metadata.labels?.[EXCLUDED] === undefined && (ready === undefined || ready.status === 'True')
  })
  return { all: nodes, usable: usable.length > 0 ? usable : nodes }
}
