/**
 * Which endpoints a service port may use from this node.
 *
 * @see pkg/proxy/topology.go of Kubernetes: CategorizeEndpoints
 * @module
 */
import type { Endpoint } from './endpoint.ts'
import { isSince, type Release } from './release.ts'
import { type ServicePort, usesClusterEndpoints, usesLocalEndpoints } from './service-port.ts'

/** Whose hints the proxy follows; absent: nobody's. */
export type TopologyMode = 'PreferSameNode' | 'PreferSameZone'

/** Where the proxy's node is. */
export interface Place {
  readonly nodeName: string
  /** Absent: the node has no zone label. */
  readonly zone?: string
  readonly release: Release
}

/** All lists are in the order of the endpoints they were taken from. */
export interface Categories {
  /** For traffic with policy Cluster. */
  readonly cluster: readonly Endpoint[]
  /** For traffic with policy Local. */
  readonly local: readonly Endpoint[]
  /** All that either kind of traffic may reach. */
  readonly reachable: readonly Endpoint[]
  /** Whether the service has an endpoint that works, on any node. */
  readonly any: boolean
}

const NONE: Categories = { cluster: [], local: [], reachable: [], any: false }

export function categorize(endpoints: readonly Endpoint[], port: ServicePort, place: Place): Categories {
  if (endpoints.length === 0) return NONE
  const usesCluster = usesClusterEndpoints(port)
  const mode = usesCluster ? topologyModeOf(endpoints, port, place) : undefined
  const cluster = usesCluster ? clusterEndpoints(endpoints, mode, place) : NONE.cluster
  if (!usesLocalEndpoints(port)) return { cluster, local: NONE.local, reachable: cluster, any: cluster.length > 0 }

  const any = cluster.length > 0 || endpoints.some(endpoint => endpoint.ready || isDraining(endpoint))
  const local = localEndpoints(endpoints)
  if (!usesCluster) return { cluster, local, reachable: local, any }
  const union = new Set([...cluster, ...local])
  const reachable = endpoints.filter(endpoint => union.has(endpoint))
  return { cluster, local, reachable, any }
}

/** Ends, but still answers: better than nothing. */
function isDraining(endpoint: Endpoint): boolean {
  return endpoint.serving && endpoint.terminating
}

function clusterEndpoints(endpoints: readonly Endpoint[], mode: TopologyMode | undefined, place: Place) {
  const chosen = endpoints.filter(endpoint => endpoint.ready && isPreferred(endpoint, mode, place))
  return chosen.length > 0 ? chosen : endpoints.filter(isDraining)
}

function localEndpoints(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const here = endpoints.filter(endpoint => endpoint.local)
  const ready = here.filter(endpoint => endpoint.ready)
  return ready.length > 0 ? ready : here.filter(isDraining)
}

function isPreferred(endpoint: Endpoint, mode: TopologyMode | undefined, place: Place): boolean {
  if (mode === undefined) return true
  return mode === 'PreferSameNode'
    ? endpoint.nodes.includes(place.nodeName)
    : place.zone !== undefined && endpoint.zones.includes(place.zone)
}

/**
 * The mode in which every ready endpoint has a hint and one of them is for this node or zone.
 *
 * One endpoint without a hint, and nobody's hints count.
 */
export function topologyModeOf(
  endpoints: readonly Endpoint[],
  port: ServicePort,
  place: Place,
): TopologyMode | undefined {
  const { nodeName, zone, release } = place
  // Node hints came behind a gate in 1.33 and are on since 1.34.
  if (isSince(release, '1.34') && areHinted(endpoints, 'nodes', nodeName)) return 'PreferSameNode'
  // Until 1.30 hints counted only for services that asked by annotation.
  if (!isSince(release, '1.31') && /^(?:disabled)?$/i.test(port.topologyMode ?? '')) return undefined
  return zone && areHinted(endpoints, 'zones', zone) ? 'PreferSameZone' : undefined
}

/** Whether all that are ready have hints of the kind, and one of them names `here`. */
function areHinted(endpoints: readonly Endpoint[], kind: 'zones' | 'nodes', here: string): boolean {
  let named = false
  for (const endpoint of endpoints) {
    if (!endpoint.ready) continue
    if (endpoint[kind].length === 0) return false
    named ||= endpoint[kind].includes(here)
  }
  return named
}
