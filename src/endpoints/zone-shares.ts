/**
 * How the CPUs of a cluster are spread over its zones, and how many endpoints each zone may have
 * for itself because of it.
 *
 * @see k8s.io/endpointslice: topologycache/topologycache.go
 * @module
 */
import { ZONE_LABEL } from '../objects/endpoint-slice.ts'
import type { Node } from '../objects/node.ts'
import { parseQuantity } from '../objects/quantity.ts'

/** How far a zone's endpoints may be loaded above the average before hints are given up. */
const OVERLOAD = 0.2

/** Nodes with one of these labels carry no workload of the users. */
const CONTROL_PLANE_LABELS = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master']

/** Why endpoints cannot be shared out among zones, in Kubernetes' words. */
export interface Refusal {
  readonly refused: string
}

/** The part of all CPUs that each zone has; parts add up to 1. */
export type ZoneShares = ReadonlyMap<string, number> | Refusal

/** How many endpoints a zone is to have. */
export interface Allocation {
  readonly desired: number
  readonly maximum: number
}

export function isRefusal(value: object): value is Refusal {
  return 'refused' in value
}

/** Counts the allocatable CPUs of the ready nodes outside the control plane. */
export function shareZones(nodes: Iterable<Node>): ZoneShares {
  const cpus = new Map<string, number>()
  let total = 0
  for (const node of nodes) {
    const { labels = {} } = node.metadata
    if (CONTROL_PLANE_LABELS.some(label => label in labels) || !isReady(node)) continue
    const zone = labels[ZONE_LABEL]
    const own = parseQuantity(node.status?.allocatable?.['cpu'] ?? 0)
    if (!zone || own <= 0) return NO_NODE_INFORMATION
    cpus.set(zone, (cpus.get(zone) ?? 0) + own)
    total += own
  }
  if (total === 0) return NO_NODE_INFORMATION
  if (cpus.size < 2) return { refused: 'Nodes only ready in one zone' }
  return new Map([...cpus].sort(([a], [b]) => (a < b ? -1 : 1)).map(([zone, own]) => [zone, own / total]))
}

const NO_NODE_INFORMATION: Refusal = {
  refused: 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes',
}

function isReady(node: Node): boolean {
  return node.status?.conditions?.some(one => one.type === 'Ready' && one.status === 'True') ?? false
}

/** How many of `count` ready endpoints each zone is to have. */
export function allocate(count: number, shares: ZoneShares): ReadonlyMap<string, Allocation> | Refusal {
  if (isRefusal(shares)) return shares
  const numbers = `(${count} endpoints, ${shares.size} zones)`
  if (shares.size > count) return { refused: `Insufficient number of endpoints ${numbers}` }
  const wanted = [...shares].map(([zone, share]) => {
    const desired = share * count
    return { zone, desired, minimum: Math.ceil(desired / (1 + OVERLOAD)) }
  })
  const spare = wanted.reduce((left, { minimum }) => left - minimum, count)
  if (spare < 0) {
    const what = 'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold'
    return { refused: `${what} ${numbers}` }
  }
  return new Map(
    wanted.map(({ zone, desired, minimum }) => [
      zone,
      { desired: Math.max(desired, minimum), maximum: minimum + spare },
    ]),
  )
}
