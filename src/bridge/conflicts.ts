/**
 * What cannot work in a cluster's network, found before a node finds out.
 *
 * None of these is refused by Kubernetes or flannel; each loses packets or nodes.
 *
 * @module
 */
import { compareIp, type Family, formatPrefix, overlaps, type Prefix } from '../base/ip.ts'

export interface NodeNetworks {
  readonly name: string
  readonly podPrefixes: readonly Prefix[]
  /** The networks that the node's uplink is in. */
  readonly lanPrefixes: readonly Prefix[]
  /** How many pods hang on the node's bridge. */
  readonly ports: number
  /** Bytes. */
  readonly uplinkMtu: number
}

export interface ClusterNetworks {
  readonly podPrefixes: readonly Prefix[]
  readonly servicePrefixes: readonly Prefix[]
  /** Bytes that pods are told to use. */
  readonly podMtu: number
  /** Bytes that the overlay puts in front of each packet, by the outer header's family; absent: no overlay. */
  readonly overhead?: Readonly<Partial<Record<Family, number>>>
}

/**
 * `error`: something will not work. `warning`: it works only as long as senders heed what routers tell
 * them about packet sizes.
 */
export interface Conflict {
  readonly kind: 'overlap' | 'shared-pod-network' | 'mtu' | 'bridge-ports'
  readonly severity: 'error' | 'warning'
  readonly message: string
  /** The nodes that it concerns; empty: the whole cluster. */
  readonly nodes: readonly string[]
}

/**
 * Ports that a bridge can have: of the kernel's 1,024 numbers it never gives out the first, and refuses the next
 * port with "Exchange full" (measured on Linux 6.18).
 *
 * @see BR_MAX_PORTS and find_portno in net/bridge/br_if.c of Linux
 */
export const MOST_BRIDGE_PORTS = 1023

/** The least that a link must carry for each family. @see RFC 791 section 3.1, RFC 8200 section 5 */
const LEAST_MTU: Readonly<Record<Family, number>> = { 4: 68, 6: 1280 }

export function findConflicts(cluster: ClusterNetworks, nodes: readonly NodeNetworks[]): readonly Conflict[] {
  return [
    ...networkOverlaps(cluster, nodes),
    ...sharedPodNetworks(nodes),
    ...mtuConflicts(cluster, nodes),
    ...portConflicts(nodes),
  ]
}

interface NamedNetwork {
  readonly what: string
  readonly prefix: Prefix
}

/** Pods, Services and the nodes' own networks must keep apart, or routes and rules take one for the other. */
function networkOverlaps(cluster: ClusterNetworks, nodes: readonly NodeNetworks[]): Conflict[] {
  const lans = new Map(nodes.flatMap(node => node.lanPrefixes).map(prefix => [formatPrefix(prefix), prefix]))
  const all: NamedNetwork[] = [
    ...cluster.podPrefixes.map(prefix => ({ what: 'pod', prefix })),
    ...cluster.servicePrefixes.map(prefix => ({ what: 'service', prefix })),
    ...[...lans.values()].map(prefix => ({ what: 'node', prefix })),
  ]
  const out: Conflict[] = []
  for (const [i, a] of all.entries()) {
    for (const b of all.slice(i + 1)) {
      // Two networks of nodes that overlap are routed by people who know why.
      if (!overlaps(a.prefix, b.prefix) || (a.what === 'node' && b.what === 'node')) continue
      const message = `${a.what} network ${formatPrefix(a.prefix)} overlaps ${b.what} network ${formatPrefix(b.prefix)}`
      out.push({ kind: 'overlap', severity: 'error', message, nodes: [] })
    }
  }
  return out
}

/** In address order a network stands right before those inside it, so that one pass finds all. */
function sharedPodNetworks(nodes: readonly NodeNetworks[]): Conflict[] {
  const all = nodes
    .flatMap(({ name, podPrefixes }) => podPrefixes.map(prefix => ({ name, prefix })))
    .sort((a, b) => compareIp(a.prefix.base, b.prefix.base) || a.prefix.bits - b.prefix.bits)
  const out: Conflict[] = []
  let open: (typeof all)[number] | undefined
  for (const next of all) {
    if (open === undefined || !overlaps(open.prefix, next.prefix)) {
      open = next
      continue
    }
    const [own, other] = [formatPrefix(open.prefix), formatPrefix(next.prefix)]
    const message =
      own === other
        ? `nodes ${open.name} and ${next.name} have one PodCIDR, ${own}: only one of them is reached`
        : `PodCIDR ${own} of node ${open.name} overlaps PodCIDR ${other} of node ${next.name}`
    out.push({ kind: 'shared-pod-network', severity: 'error', message, nodes: [open.name, next.name] })
  }
  return out
}

/** One conflict for all nodes whose uplinks carry the same. */
function mtuConflicts(cluster: ClusterNetworks, nodes: readonly NodeNetworks[]): Conflict[] {
  const byUplink = new Map<number, string[]>()
  for (const { uplinkMtu, name } of nodes) {
    const names = byUplink.get(uplinkMtu)
    if (names === undefined) byUplink.set(uplinkMtu, [name])
    else names.push(name)
  }
  const families = new Set(cluster.podPrefixes.map(({ family }) => family))
  return [...byUplink].flatMap(([uplinkMtu, names]) =>
    [...families].flatMap(family => mtuConflict(cluster, family, uplinkMtu, names)),
  )
}

function mtuConflict(
  cluster: ClusterNetworks,
  family: Family,
  uplinkMtu: number,
  nodes: readonly string[],
): readonly Conflict[] {
  const overhead = cluster.overhead?.[family] ?? 0
  const carried = uplinkMtu - overhead
  const way = overhead === 0 ? `an uplink of ${uplinkMtu}` : `an overlay of ${carried} (${uplinkMtu} less ${overhead})`
  const make = (severity: Conflict['severity'], problem: string): Conflict[] => [
    { kind: 'mtu', severity, message: `MTU of IPv${family}: ${problem}`, nodes },
  ]
  if (Math.min(carried, cluster.podMtu) < LEAST_MTU[family]) {
    return make('error', `pods of ${cluster.podMtu} over ${way}, but IPv${family} needs ${LEAST_MTU[family]} bytes`)
  }
  if (cluster.podMtu <= carried) return []
  return make(
    'warning',
    `pods send up to ${cluster.podMtu} bytes into ${way}; larger packets count on path MTU discovery`,
  )
}

function portConflicts(nodes: readonly NodeNetworks[]): Conflict[] {
  return nodes
    .filter(({ ports }) => ports > MOST_BRIDGE_PORTS)
    .map(({ name, ports }) => ({
      kind: 'bridge-ports',
      severity: 'error',
      message: `node ${name} has ${ports} pods on its bridge, which takes ${MOST_BRIDGE_PORTS} ports`,
      nodes: [name],
    }))
}
