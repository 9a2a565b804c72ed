/**
 * The endpoints of one service port, as a proxy sees them in EndpointSlices.
 *
 * @module
 */
import { type Family, familyOf, formatIp, type Ip, isIpv4 } from '../base/ip.ts'
import {
  type EndpointSlice,
  HEADLESS_LABEL,
  PROXY_NAME_LABEL,
  SERVICE_NAME_LABEL,
  type Endpoint as SliceEndpoint,
} from '../objects/endpoint-slice.ts'
import { findIpLeniently } from './lenient-address.ts'
import { isSince, type Release } from './release.ts'
import type { ServicePort } from './service-port.ts'

export interface Endpoint {
  readonly ip: Ip
  readonly port: number
  /** `10.244.1.2:8080`, `[fd00:10:244:1::2]:8080`: identity, order and part of chain names. */
  readonly text: string
  /** Whether it is on the proxy's own node. */
  readonly local: boolean
  readonly ready: boolean
  readonly serving: boolean
  readonly terminating: boolean
  /** Zones and nodes that should prefer it; empty: no hint. */
  readonly zones: readonly string[]
  readonly nodes: readonly string[]
}

/** Who looks at the endpoints. */
export interface Viewpoint {
  readonly family: Family
  readonly release: Release
  readonly nodeName: string
}

const NO_HINTS: readonly string[] = []

/** The service that the slice is about, as its name; nothing if the slice is no proxy's business. */
export function serviceOfSlice(slice: EndpointSlice): string | undefined {
  const labels = slice.metadata.labels
  if (labels?.[HEADLESS_LABEL] !== undefined || labels?.[PROXY_NAME_LABEL] !== undefined) return undefined
  return labels?.[SERVICE_NAME_LABEL]
}

/**
 * The endpoints behind `port`, each address and port once, in byte order of their text.
 *
 * @param slices those of the port's service
 * @see pkg/proxy/endpointslicecache.go of Kubernetes
 */
export function endpointsOf(slices: Iterable<EndpointSlice>, port: ServicePort, view: Viewpoint): Endpoint[] {
  const found: Endpoint[] = []
  for (const slice of slices) {
    if (slice.addressType === ADDRESS_TYPE[view.family]) addEndpoints(found, slice, port, view)
  }
  if (isAscending(found)) return found
  found.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
  return distinct(found, view.release)
}

const ADDRESS_TYPE: Readonly<Record<Family, EndpointSlice['addressType']>> = { 4: 'IPv4', 6: 'IPv6' }

function addEndpoints(found: Endpoint[], slice: EndpointSlice, port: ServicePort, view: Viewpoint): void {
  for (const own of slice.ports ?? []) {
    if (own.name !== port.portName || (own.protocol ?? 'TCP') !== port.protocol || !own.port) continue
    for (const endpoint of slice.endpoints ?? []) {
      const read = readEndpoint(endpoint, own.port, view)
      if (read !== undefined) found.push(read)
    }
  }
}

function readEndpoint(endpoint: SliceEndpoint, port: number, view: Viewpoint): Endpoint | undefined {
  const text = endpoint.addresses[0]
  const ip = text === undefined ? undefined : findIpLeniently(text)
  if (ip === undefined || familyOf(ip) !== view.family) return undefined
  const { conditions, hints } = endpoint
  return {
    ip,
    port,
    text: formatEndpoint(ip, port),
    local: endpoint.nodeName === view.nodeName,
    ready: conditions?.ready ?? true,
    serving: conditions?.serving ?? true,
    terminating: conditions?.terminating ?? false,
    zones: hints?.forZones?.map(zone => zone.name) ?? NO_HINTS,
    nodes: hints?.forNodes?.map(node => node.name) ?? NO_HINTS,
  }
}

/** `10.244.1.2:8080`, `[fd00:10:244:1::2]:8080` */
export function formatEndpoint(ip: Ip, port: number): string {
  return isIpv4(ip) ? `${formatIp(ip)}:${port}` : `[${formatIp(ip)}]:${port}`
}

/** Whether the endpoints are in order, each once. */
function isAscending(endpoints: readonly Endpoint[]): boolean {
  let before = ''
  for (const { text } of endpoints) {
    if (text <= before) return false
    before = text
  }
  return true
}

/** One endpoint for each run of equal texts. */
function distinct(sorted: readonly Endpoint[], release: Release): Endpoint[] {
  const kept: Endpoint[] = []
  for (const endpoint of sorted) {
    const rival = kept.at(-1)
    if (rival?.text !== endpoint.text) kept.push(endpoint)
    else if (wins(endpoint, rival, release)) kept[kept.length - 1] = endpoint
  }
  return kept
}

/** Whether `later` takes the place of `earlier`, both with one address and port. */
function wins(later: Endpoint, earlier: Endpoint, release: Release): boolean {
  // A pod that ends may share its address with the pod that was given it anew.
  if (isSince(release, '1.36') && later.terminating !== earlier.terminating) return earlier.terminating
  return later.local
}
