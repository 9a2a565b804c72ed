/**
 * What the API server adds to a Service before it stores it: families, addresses, node ports.
 *
 * @see Kubernetes pkg/registry/core/service/storage/alloc.go
 * @module
 */
import { contains, FAMILIES, type Family, familyOf, findIp, formatIp, type Ip, type Prefix } from '../base/ip.ts'
import type { Random } from '../base/random.ts'
import { selectorOf } from '../endpoints/membership.ts'
import { allocateClusterIps, ClusterIpError, ClusterIps } from '../ipam/cluster-ips.ts'
import {
  allocateHealthCheckNodePort,
  allocateNodePorts,
  DEFAULT_NODE_PORTS,
  NodePortError,
  NodePorts,
} from '../ipam/node-ports.ts'
import { Transaction } from '../ipam/transaction.ts'
import { at, type Field, ROOT } from '../objects/field.ts'
import { type Finding, invalid } from '../objects/finding.ts'
import type { IpFamily, Service, ServiceSpec } from '../objects/service.ts'

/** Who has which service address and node port. */
export interface ServicePools {
  /** The cluster's families, the primary one first. */
  readonly families: readonly Family[]
  readonly ips: Readonly<Partial<Record<Family, ClusterIps>>>
  readonly nodePorts: NodePorts
  /** Whether an address outside of all ranges is refused, or taken as that of a cluster set up otherwise. */
  readonly strict: boolean
}

export interface PoolOptions {
  readonly serviceCidrs: readonly Prefix[]
  readonly strict: boolean
  readonly random: (stream: string) => Random
}

export function createServicePools({ serviceCidrs, strict, random }: PoolOptions): ServicePools {
  return {
    families: serviceCidrs.map(prefix => prefix.family),
    ips: Object.fromEntries(
      serviceCidrs.map(prefix => [prefix.family, new ClusterIps(prefix, random(`clusterIP/${prefix.family}`))]),
    ),
    nodePorts: new NodePorts(DEFAULT_NODE_PORTS, random('nodePort')),
    strict,
  }
}

/** Why a Service is not stored. `field` is absent when the cluster is at fault. */
export interface Refused {
  readonly field?: Field
  /** The API server's words. */
  readonly message: string
}

export type AdmittedService = { readonly service: Service } | { readonly refused: Refused }

const FAMILY: Readonly<Record<IpFamily, Family>> = { IPv4: 4, IPv6: 6 }
const NAME: Readonly<Record<Family, IpFamily>> = { 4: 'IPv4', 6: 'IPv6' }
const SPEC = at(ROOT, 'spec')

/** The Service with everything allocated that it needs, or why not; then nothing is taken. */
export function admitService(service: Service, pools: ServicePools): AdmittedService {
  if (service.spec.type === 'ExternalName') {
    return { service: { ...service, status: { loadBalancer: {}, ...service.status } } }
  }
  const families = familiesFor(service.spec, pools)
  if ('refused' in families) return families
  const ports = new Transaction(pools.nodePorts)
  const ips = Object.fromEntries(
    FAMILIES.flatMap(family => {
      const pool = pools.ips[family]
      return pool ? [[family, new Transaction(pool)] as const] : []
    }),
  )
  const all = [ports, ...Object.values(ips)]
  try {
    const spec = {
      ...service.spec,
      ...families.fields,
      ...addressesFor(service, families.families, ips, pools),
      ...portsFor(service.spec, ports),
    }
    for (const one of all) one.commit()
    return { service: { ...service, spec, status: { loadBalancer: {}, ...service.status } } }
  } catch (cause) {
    for (const one of all) one.revert()
    return { refused: refusalOf(cause, service) }
  }
}

/** Gives back what a deleted Service had. */
export function releaseService({ spec }: Service, pools: ServicePools): void {
  for (const text of spec.clusterIPs ?? []) {
    const ip = findIp(text)
    if (ip !== undefined) pools.ips[familyOf(ip)]?.release(ip)
  }
  for (const { nodePort } of spec.ports ?? []) if (nodePort) pools.nodePorts.release(nodePort)
  if (spec.healthCheckNodePort) pools.nodePorts.release(spec.healthCheckNodePort)
}

function refusalOf(cause: unknown, { spec }: Service): Refused {
  if (cause instanceof ClusterIpError && cause.kind === 'invalid') {
    return {
      field: at(SPEC, 'clusterIPs'),
      message: invalid(SPEC, givenIps(spec).map(formatIp), cause.message).message,
    }
  }
  if (cause instanceof NodePortError && cause.field !== undefined) {
    const index = Number(/\d+/.exec(cause.field)?.[0] ?? 0)
    const port = spec.ports?.[index]?.nodePort
    return { field: at(SPEC, 'ports', index, 'nodePort'), message: invalid(SPEC, port, cause.message).message }
  }
  if (cause instanceof ClusterIpError || cause instanceof NodePortError) {
    return { message: `Internal error occurred: ${cause.message}` }
  }
  throw cause
}

interface Families {
  readonly families: readonly Family[]
  readonly fields: Pick<ServiceSpec, 'ipFamilies' | 'ipFamilyPolicy'>
}

function familiesFor(spec: ServiceSpec, pools: ServicePools): Families | { readonly refused: Refused } {
  const [primary = 4, secondary] = pools.families
  const asked = askedFamilies(spec)
  const isLoose = isHeadless(spec) && selectorOf({ spec } as Service) === undefined
  const policy = spec.ipFamilyPolicy ?? (asked.length > 1 || isLoose ? 'RequireDualStack' : 'SingleStack')
  if (!isLoose) {
    const unknown = asked.findIndex(family => !pools.families.includes(family))
    if (unknown >= 0) {
      const field = at(SPEC, 'ipFamilies', unknown)
      return refuse(invalid(field, NAME[asked[unknown] ?? 4], 'not configured on this cluster'))
    }
    if (policy === 'RequireDualStack' && secondary === undefined) {
      const detail = 'this cluster is not configured for dual-stack services'
      return refuse(invalid(at(SPEC, 'ipFamilyPolicy'), policy, detail))
    }
  }
  const families = asked.length > 0 ? [...asked] : [primary]
  const other: Family = families[0] === 4 ? 6 : 4
  if (policy !== 'SingleStack' && families.length === 1 && (isLoose || pools.families.includes(other))) {
    families.push(other)
  }
  return { families, fields: { ipFamilies: families.map(family => NAME[family]), ipFamilyPolicy: policy } }
}

/** The families that the Service names, in itself or by its addresses. */
function askedFamilies(spec: ServiceSpec): readonly Family[] {
  const named = (spec.ipFamilies ?? []).map(name => FAMILY[name])
  const given = givenIps(spec).map(familyOf)
  return given.length > named.length ? given : named
}

function givenIps(spec: ServiceSpec): readonly Ip[] {
  const texts = spec.clusterIPs?.length ? spec.clusterIPs : spec.clusterIP ? [spec.clusterIP] : []
  return texts.flatMap(text => findIp(text) ?? [])
}

function isHeadless(spec: ServiceSpec): boolean {
  return spec.clusterIP === 'None' || spec.clusterIPs?.[0] === 'None'
}

function addressesFor(
  service: Service,
  families: readonly Family[],
  ips: Readonly<Partial<Record<Family, Transaction<Ip>>>>,
  pools: ServicePools,
): Pick<ServiceSpec, 'clusterIP' | 'clusterIPs'> {
  const { spec } = service
  if (isHeadless(spec)) return { clusterIP: 'None', clusterIPs: ['None'] }
  const given = givenIps(spec)
  const foreign = (ip: Ip | undefined): ip is Ip => {
    if (ip === undefined || pools.strict) return false
    const range = pools.ips[familyOf(ip)]?.prefix
    return range === undefined || !contains(range, ip)
  }
  const requests = families.map((family, i) => {
    const ip = given[i]
    return ip === undefined ? { family } : { family, ip }
  })
  const drawn = allocateClusterIps(
    service.metadata.name,
    requests.filter(({ ip }) => !foreign(ip)),
    ips,
  )
  let next = 0
  const clusterIPs = requests.map(({ ip }) => formatIp(foreign(ip) ? ip : (drawn[next++] as Ip)))
  return { clusterIP: clusterIPs[0] ?? '', clusterIPs }
}

function portsFor(spec: ServiceSpec, pool: Transaction<number>): Pick<ServiceSpec, 'ports' | 'healthCheckNodePort'> {
  const ports = spec.ports ?? []
  const isBalancer = spec.type === 'LoadBalancer'
  if (spec.type !== 'NodePort' && !isBalancer) return { ports }
  // Without allocation, a load balancer keeps the node ports that it names and gets no others.
  const drawing = !isBalancer || spec.allocateLoadBalancerNodePorts !== false
  const wanting = ports.filter(port => drawing || port.nodePort)
  const requests = wanting.map(({ protocol = 'TCP', port, nodePort }) => ({
    protocol,
    port,
    ...(nodePort ? { nodePort } : {}),
  }))
  const given = allocateNodePorts(requests, pool)
  const byPort = new Map(wanting.map((port, i) => [port, given[i]]))
  return {
    ports: ports.map(port => {
      const nodePort = byPort.get(port)
      return nodePort === undefined ? port : { ...port, nodePort }
    }),
    ...(isBalancer &&
      spec.externalTrafficPolicy === 'Local' && {
        healthCheckNodePort: allocateHealthCheckNodePort(spec.healthCheckNodePort, pool),
      }),
  }
}

function refuse(finding: Finding): { readonly refused: Refused } {
  return { refused: { field: finding.field, message: finding.message } }
}
