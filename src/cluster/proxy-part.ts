/**
 * What kube-proxy puts on one node, in the mode that is asked for.
 *
 * @module
 */
import { FAMILIES, type Family, familyOf, parseIp } from '../base/ip.ts'
import type { HostNetwork, HostPart } from '../host/host.ts'
import { kubeletRuleset } from '../kube-proxy/iptables/kubelet-rules.ts'
import { createProxy, syncFull } from '../kube-proxy/iptables/proxy.ts'
import { createNftProxy, syncFull as syncNft } from '../kube-proxy/nftables/proxy.ts'
import { type ServiceMap, setService, setSlice } from '../kube-proxy/service-map.ts'
import type { ProxyMode, ProxyOptions } from '../kube-proxy/settings.ts'
import { iptablesSysctls } from '../kube-proxy/sysctls.ts'
import type { NftTable } from '../netfilter/nftables/rule.ts'
import type { Ruleset } from '../netfilter/rule.ts'
import { ZONE_LABEL } from '../objects/endpoint-slice.ts'
import { type Node, podPrefixesOf } from '../objects/node.ts'
import type { HostOptions, SettledCluster } from './host-state.ts'
import { internalIps } from './uplink.ts'

/** Modes whose rules podwire writes. */
export const PROXY_MODES = ['iptables', 'nftables'] as const satisfies readonly ProxyMode[]

export type WrittenMode = (typeof PROXY_MODES)[number]

export interface ProxyPart {
  /** Rules of iptables, with kubelet's. */
  readonly rules: Readonly<Record<Family, Ruleset>>
  /** Tables of nftables. */
  readonly tables: readonly NftTable[]
  /** What else the node needs for them. */
  readonly host: HostPart
}

/** @throws {InputError} when a field of kube-proxy's configuration cannot be used */
export function proxyPart(cluster: SettledCluster, node: Node, network: HostNetwork, options: HostOptions): ProxyPart {
  const wishes = proxyOptions(cluster, node, network, options)
  switch (options.mode ?? 'iptables') {
    case 'iptables': {
      const proxy = informed(createProxy(wishes), cluster)
      const rules = { 4: syncFull(proxy, 4), 6: syncFull(proxy, 6) }
      return { rules, tables: [], host: { sysctls: iptablesSysctls(proxy.families[4].settings) } }
    }
    case 'nftables': {
      const proxy = informed(createNftProxy(wishes), cluster)
      return { rules: kubeletsOwn(options), tables: FAMILIES.map(family => syncNft(proxy, family)), host: {} }
    }
  }
}

function kubeletsOwn({ features }: HostOptions): Readonly<Record<Family, Ruleset>> {
  const rulesOf = (family: Family): Ruleset =>
    features.kubeletChains ? kubeletRuleset(family) : { family, tables: new Map() }
  return { 4: rulesOf(4), 6: rulesOf(6) }
}

function informed<P extends ServiceMap>(proxy: P, { services, slices }: SettledCluster): P {
  for (const service of services) setService(proxy, service)
  for (const slice of slices) setSlice(proxy, slice)
  return proxy
}

function proxyOptions(
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
