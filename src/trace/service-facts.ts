/**
 * What the objects say of a Service: which one a packet was for, who is behind it, and why nobody is.
 *
 * @module
 */
import { contains, equalIp, type Family, familyOf, findIp, type Ip } from '../base/ip.ts'
import { protocolOf } from '../base/protocol.ts'
import type { SettledCluster } from '../cluster/host-state.ts'
import { internalIps } from '../cluster/uplink.ts'
import { resolvePorts, selectorOf } from '../endpoints/membership.ts'
import { keyOf } from '../objects/meta.ts'
import { type ContainerPort, isPodReady, type Pod, podAddressesOf } from '../objects/pod.ts'
import { formatSelector, matches, selectorOfMap } from '../objects/selector.ts'
import type { Service, ServicePort } from '../objects/service.ts'
import { type Packet, portsOf } from '../packet/packet.ts'
import { outerAddresses } from './cluster-world.ts'
import { podsOf, type TraceContext } from './context.ts'
import { listed } from './name-list.ts'
import { slicesOf } from './service-slices.ts'

/** A Service at which a packet was aimed, by one of its addresses. */
export interface Aimed {
  readonly service: Service
  /** Absent: the Service has no such port. */
  readonly port?: ServicePort
  readonly entry: 'ClusterIP' | 'external address' | 'NodePort'
}

/** The Service that has the packet's destination. */
export function aimedAt({ dst, payload }: Packet, cluster: SettledCluster): Aimed | undefined {
  const number = portsOf(payload)?.dport
  const isPort = (one: ServicePort, wanted: number | undefined) =>
    wanted === number && protocolOf(one.protocol ?? 'TCP') === payload.protocol
  for (const service of cluster.services) {
    const entry = entryAt(service, dst)
    if (!entry) continue
    const port = service.spec.ports?.find(one => isPort(one, one.port))
    return { service, entry, ...(port ? { port } : {}) }
  }
  if (!cluster.nodes.some(node => internalIps(node).some(ip => equalIp(ip, dst)))) return undefined
  for (const service of cluster.services) {
    const port = service.spec.ports?.find(one => one.nodePort !== undefined && isPort(one, one.nodePort))
    if (port) return { service, port, entry: 'NodePort' }
  }
  return undefined
}

function entryAt(service: Service, dst: Ip): 'ClusterIP' | 'external address' | undefined {
  const own = (service.spec.clusterIPs ?? [service.spec.clusterIP ?? '']).flatMap(text => findIp(text) ?? [])
  if (own.some(ip => equalIp(ip, dst))) return 'ClusterIP'
  return outerAddresses(service).some(ip => equalIp(ip, dst)) ? 'external address' : undefined
}

export function serviceOf(
  { namespace, name }: { readonly namespace?: string; readonly name: string },
  cluster: SettledCluster,
): Service | undefined {
  return cluster.services.find(
    ({ metadata }) => metadata.name === name && metadata.namespace === (namespace ?? 'default'),
  )
}

/** An endpoint as a slice has it. */
export interface FoundEndpoint {
  readonly address: Ip
  /** Absent: the slice gives no number. */
  readonly port?: number
  readonly ready: boolean
  readonly serving: boolean
  readonly node?: string
}

/** The endpoints of a Service's port in one family, in the order of the slices. */
export function endpointsOf(
  service: Service,
  port: ServicePort | undefined,
  family: Family,
  { slices }: SettledCluster,
): readonly FoundEndpoint[] {
  return slicesOf(service, slices).flatMap(slice => {
    const number = slice.ports?.find(one => (one.name ?? '') === (port?.name ?? ''))?.port
    if (number === undefined) return []
    return (slice.endpoints ?? []).flatMap(({ addresses, conditions, nodeName }): FoundEndpoint[] => {
      const address = findIp(addresses[0] ?? '')
      if (address === undefined || familyOf(address) !== family) return []
      const ready = conditions?.ready ?? true
      return [
        {
          address,
          ...(number === null ? {} : { port: number }),
          ready,
          serving: conditions?.serving ?? ready,
          ...(nodeName === undefined ? {} : { node: nodeName }),
        },
      ]
    })
  })
}

const MOST_NAMED = 4

/** Why no endpoint of the Service takes packets, in the cluster's own terms. */
export function whyNoEndpoints(
  service: Service,
  port: ServicePort | undefined,
  family: Family,
  context: TraceContext,
): string {
  const key = keyOf(service.metadata)
  const wanted = selectorOf(service)
  if (!wanted) {
    return `Service ${key} has no selector, so nobody makes its EndpointSlices, and none was given that has a ready endpoint`
  }
  const selector = selectorOfMap(wanted)
  const selects = `Service ${key} selects ${formatSelector(selector)}`
  const { namespace } = service.metadata
  const there = podsOf(context).filter(({ metadata }) => metadata.namespace === namespace)
  const pods = there.filter(({ metadata }) => matches(selector, metadata.labels))
  if (pods.length === 0)
    return `${selects}; no pod of namespace ${namespace ?? 'default'} has these labels${labelsThere(there, wanted)}`
  const match = `${selects}; ${counted(pods.length, 'pod matches', 'pods match')}`
  const ready = pods.filter(pod => whyNotReady(pod, family) === undefined)
  if (ready.length === 0) {
    const named = pods.slice(0, MOST_NAMED).map(pod => `${pod.metadata.name} (${whyNotReady(pod, family)})`)
    return `${match}; 0 ready: ${listed(named, pods.length)}`
  }
  const offered = ready.filter(pod => resolvePorts(service, pod).some(({ name }) => name === (port?.name ?? '')))
  if (offered.length === 0 && typeof port?.targetPort === 'string') {
    return `${match}; none of them declares a port named ${port.targetPort}, which port ${portText(port)} of the Service sends to${portsThere(ready)}`
  }
  return `${match}, ${ready.length} ready, and yet no EndpointSlice of the Service has a ready endpoint for port ${port ? portText(port) : '?'}`
}

/** What keeps the pod from being an endpoint; absent: nothing. */
function whyNotReady(pod: Pod, family: Family): string | undefined {
  const { phase = 'Pending', conditions } = pod.status ?? {}
  if (pod.metadata.deletionTimestamp !== undefined) return 'terminating'
  if (phase !== 'Running') {
    const reason = conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False')?.reason
    return reason === undefined ? phase : `${phase}, ${reason}`
  }
  const addresses = podAddressesOf(pod).flatMap(text => findIp(text) ?? [])
  if (addresses.length === 0) return 'no address'
  if (!addresses.some(ip => familyOf(ip) === family)) return `no IPv${family} address`
  return isPodReady(pod) ? undefined : 'readiness false'
}

/** What the pods have instead, of the labels that are asked for. */
function labelsThere(pods: readonly Pod[], wanted: Readonly<Record<string, string>>): string {
  const values = Object.keys(wanted).flatMap(key =>
    pods.flatMap(pod => {
      const value = pod.metadata.labels?.[key]
      return value === undefined ? [] : [`${key}=${value}`]
    }),
  )
  const known = [...new Set(values)]
  return known.length === 0 ? '' : `; there are ${listed(known.slice(0, MOST_NAMED), known.length)}`
}

function portsThere(pods: readonly Pod[]): string {
  const known = declaredPorts(pods).map(({ name, containerPort }) => `${name ? `${name} ` : ''}${containerPort}`)
  const names = [...new Set(known)]
  return names.length === 0
    ? '; they declare no ports'
    : `; they declare ${listed(names.slice(0, MOST_NAMED), names.length)}`
}

/** The ports that containers which run all the time say they listen at. */
export function declaredPorts(pods: readonly Pod[]): readonly ContainerPort[] {
  return pods.flatMap(({ spec: { containers, initContainers = [] } }) =>
    [...containers, ...initContainers.filter(one => one.restartPolicy === 'Always')].flatMap(
      ({ ports }) => ports ?? [],
    ),
  )
}

/** `http 80/TCP` */
export function portText({ name, port, protocol = 'TCP' }: ServicePort): string {
  return `${name ? `${name} ` : ''}${port}/${protocol}`
}

export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}

/** The nodes of the endpoints that can take packets. */
export function nodesWithEndpoints(endpoints: readonly FoundEndpoint[]): readonly string[] {
  return [...new Set(endpoints.flatMap(({ ready, node }) => (ready && node !== undefined ? [node] : [])))]
}

/** Whether the address is of a network that the cluster gives to Services. */
export function isServiceAddress(ip: Ip, { settings, services }: SettledCluster): boolean {
  return (
    settings.serviceCidrs.some(prefix => contains(prefix, ip)) ||
    services.some(service => entryAt(service, ip) === 'ClusterIP')
  )
}
