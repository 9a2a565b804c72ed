/**
 * The network of one node of a settled cluster.
 *
 *     ground ── bridge ── overlay          links, addresses, routes, neighbours, FDB, sysctls
 *     kubelet, kube-proxy ── flannel or masquerade ── host ports      rules, in that order
 *
 * @module
 */
import { FAMILIES, type Family, findIp, type Ip, type Prefix } from '../base/ip.ts'
import { formatConflist } from '../bridge/conflist.ts'
import { type HostPort, type HostPortPod, hostPortRules } from '../bridge/host-ports.ts'
import { masqueradeRules } from '../bridge/masquerade.ts'
import { type BridgedPod, bridgePart } from '../bridge/pods.ts'
import { nodeSysctls } from '../bridge/sysctls.ts'
import { type HostNetwork, type HostPart, joinHost, type VethLink } from '../host/host.ts'
import type { Release } from '../kube-proxy/release.ts'
import type { HostFeatures, ProxyMode } from '../kube-proxy/settings.ts'
import type { IpSet } from '../netfilter/ipset.ts'
import type { NftTable } from '../netfilter/nftables/rule.ts'
import type { Ruleset } from '../netfilter/rule.ts'
import type { EndpointSlice } from '../objects/endpoint-slice.ts'
import { keyOf } from '../objects/meta.ts'
import { type Node, podPrefixesOf } from '../objects/node.ts'
import { type Pod, podAddressesOf } from '../objects/pod.ts'
import type { Service } from '../objects/service.ts'
import { overlayPart, podMtu, type Uplink } from '../overlay/devices.ts'
import { type Lease, leaseNodes } from '../overlay/leases.ts'
import { type FlannelNetwork, formatNetConf } from '../overlay/network.ts'
import { flannelTable } from '../overlay/nft-rules.ts'
import { flannelRules } from '../overlay/rules.ts'
import { formatSubnetEnv } from '../overlay/subnet-env.ts'
import { mergeRulesets, type Part } from './merge-rulesets.ts'
import { type IpvsPart, type ProxyPart, proxyPart } from './proxy-part.ts'
import type { Settings } from './settings.ts'
import { groundPart, nodeNetworks, uplinkOf } from './uplink.ts'

/** A cluster in which nothing is left to do, as far as its nodes' networks go. */
export interface SettledCluster {
  readonly settings: Settings
  readonly seed: number
  readonly nodes: readonly Node[]
  readonly services: readonly Service[]
  readonly slices: readonly EndpointSlice[]
  /** The pods that run on the node. */
  readonly podsOn: (node: string) => readonly Pod[]
}

export interface HostOptions {
  readonly release?: Release
  /** kube-proxy's; default: iptables. */
  readonly mode?: ProxyMode
  /** flannel may write nftables' tables, where its net-conf asks for them. */
  readonly nftTables?: true
  readonly features: HostFeatures
}

/** What a usual node can do. nfacct counters need a kernel module that few load. */
export const DEFAULT_FEATURES: HostFeatures = {
  nfacct: false,
  randomFully: true,
  tcpBeLiberal: false,
  kubeletChains: true,
}

export interface HostState {
  readonly node: string
  readonly network: HostNetwork
  /** Of iptables. */
  readonly rules: Readonly<Record<Family, Ruleset>>
  /** Of nftables. */
  readonly tables: readonly NftTable[]
  /** Of ipset. */
  readonly sets: readonly IpSet[]
  readonly ipvs?: IpvsPart
  /** Files of programs that do not read rules or routes, by their path. */
  readonly texts: ReadonlyMap<string, string>
  /** Whether what the pods' containers find is written beside it, in a folder of its own. */
  readonly podFiles?: boolean
}

/** What all nodes share, worked out once. */
export interface CommonGround {
  readonly cluster: SettledCluster
  readonly families: readonly Family[]
  readonly networks: readonly Prefix[]
  readonly leases: readonly Lease[]
}

export function commonGround(cluster: SettledCluster): CommonGround {
  const { settings, nodes, seed } = cluster
  const used = new Set([...settings.podCidrs, ...settings.serviceCidrs].map(prefix => prefix.family))
  return {
    cluster,
    families: FAMILIES.filter(family => used.has(family)),
    networks: nodeNetworks(nodes),
    leases: settings.overlay ? leaseNodes(settings.overlay, nodes, seed).leases : [],
  }
}

/** Links, addresses and routes of the node, as kube-proxy finds them. */
export function nodeNetwork(ground: CommonGround, node: Node): HostNetwork {
  const { settings } = ground.cluster
  const uplink = uplinkOf(node, ground.networks, settings.uplinkMtu)
  const lease = leaseOf(ground, node)
  const bridge = bridgeOf(ground, node)
  const parts: HostPart[] = [groundPart(uplink), { sysctls: nodeSysctls({ families: ground.families }) }, bridge]
  if (settings.overlay && lease) parts.push(overlayPart(settings.overlay, lease, uplink, ground.leases))
  return joinHost(parts)
}

function leaseOf({ leases }: CommonGround, node: Node): Lease | undefined {
  return leases.find(one => one.node === node.metadata.name)
}

export function hostState(ground: CommonGround, node: Node, options: HostOptions): HostState {
  const uplink = uplinkOf(node, ground.networks, ground.cluster.settings.uplinkMtu)
  const lease = leaseOf(ground, node)
  const below = nodeNetwork(ground, node)
  const proxy = proxyPart(ground.cluster, node, below, options)
  const network = joinHost([below, proxy.host])
  const asking = hostPortPods(ground.cluster.podsOn(node.metadata.name), below)
  const writers: Writers = { ground, proxy, lease, asking, options }
  return {
    node: node.metadata.name,
    network,
    // kube-proxy writes both families on every node, whatever the cluster uses.
    rules: { 4: rulesOf(writers, 4), 6: rulesOf(writers, 6) },
    tables: [...proxy.tables, ...flannelTables(writers)],
    sets: proxy.sets,
    ...(proxy.ipvs ? { ipvs: proxy.ipvs } : {}),
    texts: textsOf(ground, node, uplink, lease),
  }
}

/** Bytes of the largest packet that pods send. */
function podMtuOf({ overlay, uplinkMtu }: Settings): number {
  return overlay ? podMtu(overlay.backend, uplinkMtu) : uplinkMtu
}

function bridgeOf({ cluster }: CommonGround, node: Node): HostPart {
  const { settings, seed } = cluster
  const podPrefixes = podPrefixesOf(node)
  const pods = cluster.podsOn(node.metadata.name).flatMap((pod): BridgedPod[] => {
    const addresses = podIps(pod)
    return pod.spec.hostNetwork || addresses.length === 0 ? [] : [{ key: keyOf(pod.metadata), addresses }]
  })
  return bridgePart({ name: node.metadata.name, podPrefixes }, pods, {
    mtu: podMtuOf(settings),
    clusterPrefixes: settings.podCidrs,
    seed,
  })
}

function podIps(pod: Pod): readonly Ip[] {
  return podAddressesOf(pod).flatMap(text => findIp(text) ?? [])
}

interface Writers {
  readonly ground: CommonGround
  readonly proxy: ProxyPart
  readonly lease: Lease | undefined
  readonly asking: readonly HostPortPod[]
  readonly options: HostOptions
}

function rulesOf({ ground, proxy, lease, asking, options }: Writers, family: Family): Ruleset {
  const { settings } = ground.cluster
  const parts: Part[] = [{ rules: proxy.rules[family], enters: 'first' }]
  if (settings.overlay && lease && !isInNftables(settings.overlay, options)) {
    const { randomFully } = options.features
    parts.push({
      rules: flannelRules(settings.overlay, lease, family, { ipMasq: true, forward: true, randomFully }),
      enters: 'last',
    })
  }
  const unowned = settings.podCidrs.find(prefix => prefix.family === family)
  if (unowned && settings.overlay?.pods[family] === undefined)
    parts.push({ rules: masqueradeRules(unowned), enters: 'last' })
  const ports = hostPortRules(asking, family)
  parts.push({ rules: ports.last, enters: 'last' }, { rules: ports.first, enters: 'first' })
  return mergeRulesets(family, parts)
}

function flannelTables({ ground, lease, options }: Writers): readonly NftTable[] {
  const { overlay } = ground.cluster.settings
  if (!overlay || !lease || !isInNftables(overlay, options)) return []
  return FAMILIES.map(family => flannelTable(overlay, lease, family))
}

/** Traces and labs know flannel by its iptables rules. */
function isInNftables({ nftables }: FlannelNetwork, { nftTables }: HostOptions): boolean {
  return nftables && nftTables === true
}

/** The pods that want a port of the node, with the addresses that the bridge gave them. */
function hostPortPods(pods: readonly Pod[], network: HostNetwork): readonly HostPortPod[] {
  const peers = new Map(
    network.links
      .filter((link): link is VethLink => link.kind === 'veth')
      .map(({ peer }) => [peer.pod, peer.addresses]),
  )
  return pods.flatMap(pod => {
    const key = keyOf(pod.metadata)
    const addresses = peers.get(key)
    const ports = hostPortsOf(pod)
    return addresses && ports.length > 0 ? [{ key, addresses, ports }] : []
  })
}

function hostPortsOf({ spec }: Pod): readonly HostPort[] {
  return spec.containers.flatMap(container =>
    (container.ports ?? []).flatMap(({ hostPort, containerPort, protocol = 'TCP', hostIP }): HostPort[] => {
      const hostIp = hostIP ? findIp(hostIP) : undefined
      return hostPort ? [{ protocol, hostPort, containerPort, ...(hostIp === undefined ? {} : { hostIp }) }] : []
    }),
  )
}

function textsOf(
  ground: CommonGround,
  node: Node,
  uplink: Uplink,
  lease: Lease | undefined,
): ReadonlyMap<string, string> {
  const { settings } = ground.cluster
  const texts = new Map<string, string>()
  const podPrefixes = podPrefixesOf(node)
  if (podPrefixes.length > 0) {
    texts.set(
      'cni/10-podwire.conflist',
      formatConflist({ podPrefixes, clusterPrefixes: settings.podCidrs, mtu: podMtuOf(settings) }),
    )
  }
  if (settings.overlay) {
    texts.set('flannel/net-conf.json', formatNetConf(settings.overlay))
    if (lease) {
      const mtu = podMtu(settings.overlay.backend, uplink.link.mtu)
      texts.set('flannel/subnet.env', formatSubnetEnv(settings.overlay, lease, mtu, true))
    }
  }
  return texts
}
