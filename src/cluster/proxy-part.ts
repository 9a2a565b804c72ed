/**
 * What kube-proxy puts on one node, in the mode that is asked for.
 *
 * @module
 */
import { FAMILIES, type Family, familyOf, parseIp } from '../base/ip.ts'
import type { HostNetwork, HostPart } from '../host/host.ts'
import { kubeletRuleset } from '../kube-proxy/iptables/kubelet-rules.ts'
import { createProxy, syncFull } from '../kube-proxy/iptables/proxy.ts'
import { boundAddress, IPVS_DEVICE } from '../kube-proxy/ipvs/device.ts'
import { createIpvsProxy, type IpvsProxy, syncFull as syncIpvs } from '../kube-proxy/ipvs/proxy.ts'
import { createNftProxy, syncFull as syncNft } from '../kube-proxy/nftables/proxy.ts'
import { type ServiceMap, setService, setSlice } from '../kube-proxy/service-map.ts'
import type { ProxyMode, ProxyOptions } from '../kube-proxy/settings.ts'
import { iptablesSysctls } from '../kube-proxy/sysctls.ts'
import type { IpSet } from '../netfilter/ipset.ts'
import type { IpvsTimeouts } from '../netfilter/ipvs/ipvsadm-text.ts'
import type { VirtualServer } from '../netfilter/ipvs/virtual-server.ts'
import type { NftTable } from '../netfilter/nftables/rule.ts'
import type { Ruleset } from '../netfilter/rule.ts'
import { ZONE_LABEL } from '../objects/endpoint-slice.ts'
import { type Node, podPrefixesOf } from '../objects/node.ts'
import type { HostOptions, SettledCluster } from './host-state.ts'
import { internalIps } from './uplink.ts'

export const PROXY_MODES = ['iptables', 'ipvs', 'nftables'] as const satisfies readonly ProxyMode[]

export interface ProxyPart {
  /** Rules of iptables, with kubelet's. */
  readonly rules: Readonly<Record<Family, Ruleset>>
  /** Tables of nftables. */
  readonly tables: readonly NftTable[]
  /** Of ipset, which the rules ask. */
  readonly sets: readonly IpSet[]
  readonly ipvs?: IpvsPart
  /** What else the node needs for them. */
  readonly host: HostPart
}

/** Virtual servers, and how long the kernel remembers their connections, where that is said. */
export interface IpvsPart {
  readonly servers: readonly VirtualServer[]
  readonly timeouts?: IpvsTimeouts
  /** There may be virtual servers of others, which stay. */
  readonly shared?: true
}

/** @throws {InputError} when a field of kube-proxy's configuration cannot be used */
export function proxyPart(cluster: SettledCluster, node: Node, network: HostNetwork, options: HostOptions): ProxyPart {
  const wishes = proxyOptions(cluster, node, network, options)
  switch (options.mode ?? 'iptables') {
    case 'iptables': {
      const proxy = informed(createProxy(wishes), cluster)
      const rules = { 4: syncFull(proxy, 4), 6: syncFull(proxy, 6) }
      return { rules, tables: [], sets: [], host: { sysctls: iptablesSysctls(proxy.families[4].settings) } }
    }
    case 'nftables': {
      const proxy = informed(createNftProxy(wishes), cluster)
      const tables = FAMILIES.map(family => syncNft(proxy, family))
      return { rules: kubeletsOwn(options), tables, sets: [], host: {} }
    }
    case 'ipvs':
      return ipvsPart(informed(createIpvsProxy(wishes), cluster))
  }
}

function ipvsPart(proxy: IpvsProxy): ProxyPart {
  const [of4, of6] = [syncIpvs(proxy, 4), syncIpvs(proxy, 6)]
  const states = [of4, of6]
  const { timeouts, shared } = of4
  return {
    rules: { 4: of4.rules, 6: of6.rules },
    tables: [],
    sets: states.flatMap(({ sets }) => sets),
    ipvs: {
      servers: states.flatMap(({ servers }) => servers),
      ...(timeouts && { timeouts }),
      ...(shared && { shared }),
    },
    host: {
      links: [IPVS_DEVICE],
      addresses: states.flatMap(({ addresses }) => addresses.map(boundAddress)),
      sysctls: of4.sysctls,
    },
  }
}

function kubeletsOwn({ features }: HostOptions): Readonly<Record<Family, Ruleset>> {
  const rulesOf = (family: Family): Ruleset =>
    features.kubeletChains ? kubeletRuleset(family) : { family, tables: new Map() }
  return { 4: rulesOf(4), 6: rulesOf(6) }
}

/** The same proxy, once it knows the cluster's objects. */
export function informed<P extends ServiceMap>(proxy: P, { services, slices }: SettledCluster): P {
  for (const service of services) setService(proxy, service)
  for (const slice of slices) setSlice(proxy, slice)
  return proxy
}

/** What kube-proxy is told on the node, in whatever mode. */
export function proxyOptions(
  { settings }: SettledCluster,
  node: Node,
  network: HostNetwork,
  { features, release }: HostOptions,
): ProxyOptions {
  const zone = node.metadata.labels?.[ZONE_LABEL]
  const nodeIps = internalIps(node)
  return {
    config: settings.proxy,
    host: {
      nodeName: node.metadata.name,
      ...(zone === undefined ? {} : { zone }),
      podPrefixes: podPrefixesOf(node),
      nodeIps: FAMILIES.flatMap(family => nodeIps.find(ip => familyOf(ip) === family) ?? []),
      interfaceIps: [parseIp('127.0.0.1'), parseIp('::1'), ...network.addresses.map(({ own }) => own.address)],
      features,
    },
    ...(release ? { release } : {}),
    // A range that was guessed may be another's.
    ...(settings.serviceCidrsGiven ? { serviceCidrs: settings.serviceCidrs } : {}),
  }
}
