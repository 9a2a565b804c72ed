/**
 * One port of one Service in one family: what a proxy makes rules for.
 *
 * @module
 */
import type { Seconds } from '../base/clock.ts'
import { type Family, familyOf, type Ip, type Prefix } from '../base/ip.ts'
import type { ServiceProtocol } from '../base/protocol.ts'
import { PROXY_NAME_LABEL } from '../objects/endpoint-slice.ts'
import type { Service } from '../objects/service.ts'
import { addressesOfFamily, findIpLeniently, prefixesOfFamily } from './lenient-address.ts'

export interface ServicePort {
  readonly namespace: string
  readonly service: string
  /** Empty for the only port of a service that has no name. */
  readonly portName: string
  readonly protocol: ServiceProtocol
  /** `namespace/service:port`, or `namespace/service` for an unnamed port: as comments and hashes show it. */
  readonly name: string
  readonly clusterIp: Ip
  readonly port: number
  /** Undefined: none was allocated. */
  readonly nodePort: number | undefined
  readonly externalIps: readonly Ip[]
  /** Addresses of load balancers that the node itself must answer for. */
  readonly vips: readonly Ip[]
  /** Empty: any source may use the load balancer. */
  readonly sourceRanges: readonly Prefix[]
  readonly internalLocal: boolean
  readonly externalLocal: boolean
  /** How long a client stays with its endpoint; undefined: every connection is drawn anew. */
  readonly affinity: Seconds | undefined
  readonly healthCheckNodePort: number | undefined
  /** The annotation for topology-aware routing, which old releases ask for. */
  readonly topologyMode: string | undefined
}

/** @see pkg/apis/core/v1/defaults.go of Kubernetes: DefaultClientIPServiceAffinitySeconds */
const DEFAULT_AFFINITY: Seconds = 10_800

const TOPOLOGY_ANNOTATIONS = ['service.kubernetes.io/topology-mode', 'service.kubernetes.io/topology-aware-hints']

/** Whether a proxy has anything to do with the service. */
export function isProxied(service: Service): boolean {
  const { clusterIP, type } = service.spec
  if (clusterIP === undefined || clusterIP === '' || clusterIP === 'None' || type === 'ExternalName') return false
  return service.metadata.labels?.[PROXY_NAME_LABEL] === undefined
}

/**
 * The service's ports in one family, by (name, protocol); none if the service has no address there.
 *
 * @param allowExternalIps the AllowServiceExternalIPs gate: off, `spec.externalIPs` counts as empty
 * @see pkg/proxy/serviceport.go of Kubernetes
 */
export function servicePortsOf(service: Service, family: Family, allowExternalIps: boolean): ServicePort[] {
  if (!isProxied(service)) return []
  const clusterIp = clusterIpOf(service, family)
  if (clusterIp === undefined) return []
  const { spec, metadata } = service
  const namespace = metadata.namespace ?? 'default'
  const allExternalIps = allowExternalIps ? (spec.externalIPs ?? []) : []
  const externalLocal = isExternalLocal(service, allExternalIps)
  const externalIps = addressesOfFamily(allExternalIps, family)
  const vips = vipsOf(service, family)
  const sourceRanges = sourceRangesOf(service, family)
  const affinity = spec.sessionAffinity === 'ClientIP' ? affinityOf(service) : undefined
  // 0 is what Go keeps for "none".
  const healthCheckNodePort = (spec.type === 'LoadBalancer' && externalLocal && spec.healthCheckNodePort) || undefined
  const topologyMode = topologyModeOf(service)
  const ports = (spec.ports ?? []).map((port): ServicePort => {
    const portName = port.name ?? ''
    return {
      namespace,
      service: metadata.name,
      portName,
      protocol: port.protocol ?? 'TCP',
      name: portName === '' ? `${namespace}/${metadata.name}` : `${namespace}/${metadata.name}:${portName}`,
      clusterIp,
      port: port.port,
      nodePort: port.nodePort || undefined,
      externalIps,
      vips,
      sourceRanges,
      internalLocal: spec.internalTrafficPolicy === 'Local',
      externalLocal,
      affinity,
      healthCheckNodePort,
      topologyMode,
    }
  })
  return ports.sort(comparePorts)
}

function topologyModeOf({ metadata: { annotations } }: Service): string | undefined {
  return annotations && TOPOLOGY_ANNOTATIONS.map(key => annotations[key]).find(value => value !== undefined)
}

function affinityOf(service: Service): Seconds {
  return service.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY
}

function comparePorts(a: ServicePort, b: ServicePort): number {
  if (a.portName !== b.portName) return a.portName < b.portName ? -1 : 1
  return a.protocol < b.protocol ? -1 : a.protocol > b.protocol ? 1 : 0
}

function clusterIpOf(service: Service, family: Family): Ip | undefined {
  const { clusterIP = '', clusterIPs, ipFamilies } = service.spec
  const at = ipFamilies?.indexOf(family === 4 ? 'IPv4' : 'IPv6') ?? -1
  const text = ipFamilies === undefined || ipFamilies.length === 0 ? clusterIP : (clusterIPs?.[at] ?? '')
  const ip = findIpLeniently(text)
  return ip !== undefined && familyOf(ip) === family ? ip : undefined
}

/** @see pkg/api/v1/service/util.go of Kubernetes: ExternalPolicyLocal */
function isExternalLocal(service: Service, externalIps: readonly string[]): boolean {
  const { type, externalTrafficPolicy } = service.spec
  const reachable = type === 'LoadBalancer' || type === 'NodePort' || externalIps.length > 0
  return reachable && externalTrafficPolicy === 'Local'
}

function vipsOf(service: Service, family: Family): Ip[] {
  const ingress = service.status?.loadBalancer?.ingress ?? []
  // `Proxy`: packets come with the node's address as destination, the load balancer has rewritten it.
  const own = ingress.filter(({ ipMode }) => (ipMode ?? 'VIP') === 'VIP')
  return addressesOfFamily(
    own.map(({ ip }) => ip ?? ''),
    family,
  )
}

/** A range that holds every address makes the others moot: the list then counts as empty. */
function sourceRangesOf(service: Service, family: Family): Prefix[] {
  const ranges = prefixesOfFamily(service.spec.loadBalancerSourceRanges, family)
  return ranges.some(range => range.bits === 0) ? [] : ranges
}

/** Whether anything but the cluster IP leads to the port. */
export function isExternallyAccessible(port: ServicePort): boolean {
  return port.nodePort !== undefined || port.vips.length > 0 || port.externalIps.length > 0
}

/** Whether some traffic of the port goes to endpoints on any node. */
export function usesClusterEndpoints(port: ServicePort): boolean {
  return !port.internalLocal || isExternallyAccessible(port)
}

/** Whether some traffic of the port goes to endpoints on this node only. */
export function usesLocalEndpoints(port: ServicePort): boolean {
  return port.internalLocal || (port.externalLocal && isExternallyAccessible(port))
}
