/**
 * One node as each mode would set it up, and a service port as kube-proxy sees it there: what decides whether the modes
 * do different things.
 *
 * @module
 */
import { equalIp, type Family, familyOf, type Ip, isLoopback } from '../../base/ip.ts'
import { endpointsOf } from '../endpoint.ts'
import { type IpvsSettings, ipvsSettingsOf } from '../ipvs/settings.ts'
import { type ServiceMap, slicesOf } from '../service-map.ts'
import { type ServicePort, servicePortsOf } from '../service-port.ts'
import { type ProxyMode, type ProxyOptions, type Settings, settingsOf } from '../settings.ts'
import { type Categories, categorize } from '../topology.ts'
import { type Verdict, verdictOf } from '../verdict.ts'

/** A node in one family. */
export interface NodeView {
  readonly node: string
  readonly family: Family
  readonly modes: {
    readonly iptables: Settings
    readonly ipvs: IpvsSettings
    readonly nftables: Settings
  }
  /** `nodePortAddresses` as it is configured. */
  readonly nodePortWishes: readonly string[]
  /** Addresses of the node's links, loopback among them. */
  readonly ownIps: readonly Ip[]
}

/** A service port at a node. */
export interface PortView {
  readonly at: NodeView
  readonly port: ServicePort
  readonly categories: Categories
  readonly verdict: Verdict
}

/** By which address a service port is met. */
export const ENTRIES = ['ClusterIP', 'ExternalIP', 'LoadBalancer', 'NodePort', 'HealthCheckNodePort'] as const

export type Entry = (typeof ENTRIES)[number]

export interface Place {
  readonly entry: Entry
  /** Absent: addresses of the node. */
  readonly ip?: Ip
  readonly port: number
}

/** @throws {InputError} when a field of the configuration cannot be used in one of the modes */
export function nodeViewOf(options: ProxyOptions, family: Family): NodeView {
  const { config, host } = options
  return {
    node: host.nodeName,
    family,
    modes: {
      iptables: settingsOf(options, family, 'iptables'),
      ipvs: ipvsSettingsOf(options, family),
      nftables: settingsOf(options, family, 'nftables'),
    },
    nodePortWishes: config.nodePortAddresses ?? [],
    ownIps: host.interfaceIps.filter(ip => familyOf(ip) === family),
  }
}

/** All service ports of the family, by namespace and name of their Service. */
export function* portViewsOf(at: NodeView, map: ServiceMap): Iterable<PortView> {
  const settings = at.modes.iptables
  for (const key of [...map.entries.keys()].sort()) {
    const entry = map.entries.get(key)
    if (entry?.service === undefined) continue
    const slices = slicesOf(entry)
    for (const port of servicePortsOf(entry.service, at.family, settings.allowExternalIps)) {
      const categories = categorize(endpointsOf(slices, port, settings), port, settings)
      yield { at, port, categories, verdict: verdictOf(port, categories) }
    }
  }
}

export function clusterIpPlace({ port: { clusterIp, port } }: PortView): Place {
  return { entry: 'ClusterIP', ip: clusterIp, port }
}

/** External and load balancer addresses. */
export function addressPlaces({ port: { externalIps, vips, port } }: PortView): readonly Place[] {
  return [
    ...externalIps.map((ip): Place => ({ entry: 'ExternalIP', ip, port })),
    ...vips.map((ip): Place => ({ entry: 'LoadBalancer', ip, port })),
  ]
}

/** Wherever the node's addresses answer, loopback alone not among them. */
export function nodePortPlaces(view: PortView): readonly Place[] {
  return MODES.some(mode => nodePortIpsOf(view.at, mode).length > 0) ? loopbackPlaces(view) : []
}

/** NodePorts, wherever they answer. */
export function loopbackPlaces({ port: { nodePort } }: PortView): readonly Place[] {
  return nodePort === undefined ? [] : [{ entry: 'NodePort', port: nodePort }]
}

/** The node's addresses at which NodePorts answer in the mode, loopback apart. */
export function nodePortIpsOf({ modes, ownIps }: NodeView, mode: ProxyMode): readonly Ip[] {
  if (mode === 'ipvs') return modes.ipvs.nodePortIps
  const { at } = modes[mode].nodePortAddresses
  return (at === 'any' ? ownIps : at).filter(ip => !isLoopback(ip))
}

const MODES: readonly ProxyMode[] = ['iptables', 'ipvs', 'nftables']

/** Whatever leads to the port from outside of the cluster. */
export function externalPlaces(view: PortView): readonly Place[] {
  return [...addressPlaces(view), ...nodePortPlaces(view)]
}

export function allPlaces(view: PortView): readonly Place[] {
  return [clusterIpPlace(view), ...externalPlaces(view)]
}

/** External and load balancer addresses that the node does not have on a link of its own. */
export function foreignPlaces(view: PortView): readonly Place[] {
  return addressPlaces(view).filter(({ ip }) => ip !== undefined && !view.at.ownIps.some(own => equalIp(own, ip)))
}
