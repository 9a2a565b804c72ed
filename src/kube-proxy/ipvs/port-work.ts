/**
 * One service port with everything that is done for it in IPVS mode.
 *
 * @see pkg/proxy/ipvs/proxier.go of Kubernetes: syncProxyRules, syncEndpoint
 * @module
 */
import { contains, equalIp, type Ip } from '../../base/ip.ts'
import { protocolOf } from '../../base/protocol.ts'
import type { SetElement } from '../../netfilter/ipset.ts'
import type { RealServer, VirtualServer } from '../../netfilter/ipvs/virtual-server.ts'
import type { Rule } from '../../netfilter/rule.ts'
import type { DraftPort, WrittenPort } from '../draft.ts'
import type { Endpoint } from '../endpoint.ts'
import type { ServicePort } from '../service-port.ts'
import { type Categories, categorize } from '../topology.ts'
import type { Claims, EntryClaim } from './claims.ts'
import { refusalFor } from './rules.ts'
import type { SetName } from './sets.ts'
import type { IpvsSettings } from './settings.ts'

export interface PortWork extends WrittenPort, Claims {
  /** Rules that keep the node itself from load balancers whose source ranges leave it out. */
  readonly refusals: readonly Rule[]
}

interface Making {
  readonly port: ServicePort
  readonly settings: IpvsSettings
}

export function portWorkOf(
  { port, endpoints }: Pick<DraftPort<PortWork>, 'port' | 'endpoints'>,
  settings: IpvsSettings,
): PortWork {
  const making = { port, settings }
  return {
    port,
    endpoints: endpoints.length,
    servers: serversOf(making, categorize(endpoints, port, settings)),
    entries: [
      ...endpoints.filter(({ local }) => local).map(endpoint => loopBack(endpoint, making)),
      ...addressEntries(making),
      ...nodePortEntries(making),
    ],
    refusals: isOpenToNode(making) ? [] : port.vips.map(vip => refusalFor(port, vip)),
  }
}

function serversOf(making: Making, categories: Categories): readonly VirtualServer[] {
  const { port, settings } = making
  const internal = realServers(categories, port.internalLocal)
  const external = port.externalLocal === port.internalLocal ? internal : realServers(categories, port.externalLocal)
  const servers = [
    serverAt(port.clusterIp, port.port, internal, making),
    ...[...port.externalIps, ...port.vips].map(ip => serverAt(ip, port.port, external, making)),
  ]
  if (port.nodePort === undefined) return servers
  const { nodePort } = port
  return [...servers, ...settings.nodePortIps.map(ip => serverAt(ip, nodePort, external, making))]
}

/** Where traffic shall stay on the node but nobody is there, it goes to the others: nothing is dropped. */
function realServers({ cluster, local }: Categories, stays: boolean): readonly RealServer[] {
  const chosen = stays && local.length > 0 ? local : cluster
  return chosen.map(({ ip, port }): RealServer => ({ ip, port, forwarding: 'masquerade', weight: 1 }))
}

function serverAt(ip: Ip, number: number, reals: readonly RealServer[], { port, settings }: Making): VirtualServer {
  const { scheduler } = settings
  return {
    at: { by: 'address', protocol: protocolOf(port.protocol), ip, port: number },
    scheduler,
    ...(port.affinity !== undefined && { persistence: { timeout: port.affinity } }),
    ...(scheduler === 'mh' && { flags: ['mh-port'] as const }),
    reals,
  }
}

function entry(set: SetName, ...elements: readonly SetElement[]): EntryClaim {
  return { set, entry: { elements } }
}

function ipElement(ip: Ip): SetElement {
  return { kind: 'ip', ip }
}

function portElement(port: number, { protocol }: ServicePort): SetElement {
  return { kind: 'port', port, protocol: protocolOf(protocol) }
}

/** A pod that reaches itself must not see its own address as source. */
function loopBack({ ip, port: number }: Endpoint, { port }: Making): EntryClaim {
  return entry('KUBE-LOOP-BACK', ipElement(ip), portElement(number, port), ipElement(ip))
}

function addressEntries(making: Making): readonly EntryClaim[] {
  const { port } = making
  const at = (set: SetName, ip: Ip) => entry(set, ipElement(ip), portElement(port.port, port))
  return [
    at('KUBE-CLUSTER-IP', port.clusterIp),
    entry('KUBE-IPVS-IPS', ipElement(port.clusterIp)),
    ...port.externalIps.flatMap(ip => [
      at(port.externalLocal ? 'KUBE-EXTERNAL-IP-LOCAL' : 'KUBE-EXTERNAL-IP', ip),
      ...bound(ip, making),
    ]),
    ...port.vips.flatMap(vip => [
      at('KUBE-LOAD-BALANCER', vip),
      ...(port.externalLocal ? [at('KUBE-LOAD-BALANCER-LOCAL', vip)] : []),
      ...(port.sourceRanges.length > 0 ? [at('KUBE-LOAD-BALANCER-FW', vip), ...sourceEntries(vip, making)] : []),
      ...bound(vip, making),
    ]),
  ]
}

/** An address that the machine has on another link stays there. */
function bound(ip: Ip, { settings }: Making): readonly EntryClaim[] {
  return settings.localIps.some(own => equalIp(own, ip)) ? [] : [entry('KUBE-IPVS-IPS', ipElement(ip))]
}

function sourceEntries(vip: Ip, making: Making): readonly EntryClaim[] {
  const { port } = making
  const start = [ipElement(vip), portElement(port.port, port)]
  return [
    ...port.sourceRanges.map(net => entry('KUBE-LOAD-BALANCER-SOURCE-CIDR', ...start, { kind: 'net', net })),
    ...(isOpenToNode(making) ? [entry('KUBE-LOAD-BALANCER-SOURCE-IP', ...start, ipElement(vip))] : []),
  ]
}

/** Whether the node itself is among those that may use the load balancer. */
function isOpenToNode({ port: { sourceRanges }, settings: { nodeIp } }: Making): boolean {
  return sourceRanges.length === 0 || (nodeIp !== undefined && sourceRanges.some(range => contains(range, nodeIp)))
}

const NODE_PORT_SETS = {
  TCP: ['KUBE-NODE-PORT-TCP', 'KUBE-NODE-PORT-LOCAL-TCP'],
  UDP: ['KUBE-NODE-PORT-UDP', 'KUBE-NODE-PORT-LOCAL-UDP'],
  SCTP: ['KUBE-NODE-PORT-SCTP-HASH', 'KUBE-NODE-PORT-LOCAL-SCTP-HASH'],
} as const satisfies Readonly<Record<ServicePort['protocol'], readonly [SetName, SetName]>>

function nodePortEntries({ port, settings }: Making): readonly EntryClaim[] {
  const { nodePort, protocol, externalLocal, healthCheckNodePort } = port
  // kube-proxy goes on to the next port of a service here, and so leaves the health check's port out as well.
  if (nodePort !== undefined && settings.nodePortIps.length === 0) return []
  const [all, local] = NODE_PORT_SETS[protocol]
  const entriesIn = (set: SetName): readonly EntryClaim[] => {
    if (nodePort === undefined) return []
    if (protocol !== 'SCTP') return [entry(set, { kind: 'port', port: nodePort })]
    return settings.nodePortIps.map(ip => entry(set, ipElement(ip), portElement(nodePort, port)))
  }
  const checked = healthCheckNodePort === undefined ? [] : [healthCheckNodePort]
  return [
    ...entriesIn(all),
    ...(externalLocal ? entriesIn(local) : []),
    ...checked.map(number => entry('KUBE-HEALTH-CHECK-NODE-PORT', { kind: 'port', port: number })),
  ]
}
