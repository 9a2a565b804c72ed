import type { EndpointSlice } from '../endpoint-slice.ts'
import type { Endpoints } from '../endpoints.ts'
import { formatLabels } from '../labels.ts'
import type { Service } from '../service.ts'
import { AGE, type Column, firstThree, NAME, NONE, orNone } from './column.ts'

/** @see Kubernetes pkg/printers/internalversion/printers.go: loadBalancerWidth */
const LOAD_BALANCER_WIDTH = 16

export const SERVICE_COLUMNS: readonly Column<Service>[] = [
  NAME,
  { name: 'Type', cell: service => service.spec.type ?? 'ClusterIP' },
  { name: 'Cluster-IP', cell: service => orNone(service.spec.clusterIPs?.[0] ?? service.spec.clusterIP) },
  { name: 'External-IP', cell: service => externalIp(service) },
  { name: 'Port(s)', cell: service => ports(service) },
  AGE,
  { name: 'Selector', wide: true, cell: service => formatLabels(service.spec.selector) },
]

function externalIp({ spec, status }: Service): string {
  const external = spec.externalIPs ?? []
  if (spec.type === 'ExternalName') return spec.externalName ?? ''
  if (spec.type !== 'LoadBalancer') return orNone(external.join(','))
  const ingress = [...new Set((status?.loadBalancer?.ingress ?? []).map(one => one.ip ?? one.hostname ?? ''))]
  const balancers = ingress.filter(Boolean).join(',')
  if (external.length > 0) return [...ingress.filter(Boolean), ...external].join(',')
  if (balancers === '') return '<pending>'
  return balancers.length > LOAD_BALANCER_WIDTH ? `${balancers.slice(0, LOAD_BALANCER_WIDTH - 3)}...` : balancers
}

function ports({ spec }: Service): string {
  const list = (spec.ports ?? []).map(({ port, nodePort, protocol = 'TCP' }) =>
    nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`,
  )
  return orNone(list.join(','))
}

export const ENDPOINTS_COLUMNS: readonly Column<Endpoints>[] = [
  NAME,
  { name: 'Endpoints', cell: endpoints => firstThree(addresses(endpoints), NONE) },
  AGE,
]

function addresses(endpoints: Endpoints): string[] {
  return (endpoints.subsets ?? []).flatMap(subset => {
    const ips = (subset.addresses ?? []).map(address => address.ip)
    if (!subset.ports?.length) return ips
    return subset.ports.flatMap(({ port }) => ips.map(ip => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)))
  })
}

const UNSET = '<unset>'

export const ENDPOINT_SLICE_COLUMNS: readonly Column<EndpointSlice>[] = [
  NAME,
  { name: 'AddressType', cell: slice => slice.addressType },
  {
    name: 'Ports',
    cell: slice =>
      firstThree(
        (slice.ports ?? []).map(port => String(port.port ?? '*')),
        UNSET,
      ),
  },
  {
    name: 'Endpoints',
    cell: slice =>
      firstThree(
        (slice.endpoints ?? []).flatMap(endpoint => endpoint.addresses),
        UNSET,
      ),
  },
  AGE,
]
