/**
 * One cluster in two of kube-proxy's modes: how much each puts on the nodes, and what each does differently.
 *
 * @module
 */
import type { ServiceProtocol } from '../base/protocol.ts'
import type { HostNetwork } from '../host/host.ts'
import { formatEndpoint } from '../kube-proxy/endpoint.ts'
import {
  type Contrast,
  contrastsOf,
  DIFFERENCES,
  type Instance,
  instancesOf,
  type ModePair,
} from '../kube-proxy/modes/comparison.ts'
import { ENTRIES, type Entry, nodeViewOf, type Place } from '../kube-proxy/modes/view.ts'
import { NEWEST_RELEASE, type Release } from '../kube-proxy/release.ts'
import { createServiceMap, type ServiceMap } from '../kube-proxy/service-map.ts'
import type { ProxyMode } from '../kube-proxy/settings.ts'
import type { Node } from '../objects/node.ts'
import { type CommonGround, commonGround, type HostOptions, nodeNetwork, type SettledCluster } from './host-state.ts'
import { addSizes, type ModeSize, modeSize, NO_SIZE } from './mode-size.ts'
import { informed, proxyOptions, proxyPart } from './proxy-part.ts'

export interface ModeDiff {
  readonly release: Release
  readonly modes: ModePair
  /** Those that were looked at. */
  readonly nodes: readonly string[]
  /** In the order of the modes. */
  readonly sizes: readonly [NodesSize, NodesSize]
  /** What applies to this cluster, in the order of the table of differences. */
  readonly findings: readonly Finding[]
  /** What would apply to other objects. */
  readonly others: readonly Contrast[]
}

/** What one mode puts on all nodes together, and on the one that gets most bytes. */
export interface NodesSize {
  readonly mode: ProxyMode
  readonly all: ModeSize
  /** Absent: there are no nodes. */
  readonly biggest?: { readonly node: string; readonly size: ModeSize }
}

export interface Finding extends Contrast {
  readonly nodes: readonly string[]
  /** Empty: it is about the nodes themselves. */
  readonly spots: readonly Spot[]
}

/** An entry of a service port, and the nodes at which it matters. */
export interface Spot {
  readonly namespace: string
  readonly service: string
  /** Empty: the only port, without a name. */
  readonly portName: string
  readonly protocol: ServiceProtocol
  readonly entry: Entry
  /** `10.96.0.10:80`, or the port alone where it is that of the node's addresses. */
  readonly address: string
  readonly nodes: readonly string[]
}

/** @throws {InputError} when a field of kube-proxy's configuration cannot be used */
export function modeDiff(
  cluster: SettledCluster,
  nodes: readonly Node[],
  modes: ModePair,
  options: Omit<HostOptions, 'mode'>,
  onNode: (done: number) => void = () => {},
): ModeDiff {
  const ground = commonGround(cluster)
  const gathered: Gathered = new Map()
  const sizes = [createTally(modes[0]), createTally(modes[1])] as const
  const map = informed(createServiceMap(), cluster)
  for (const [index, node] of nodes.entries()) {
    onNode(index)
    const own = { ground, node, network: nodeNetwork(ground, node), options }
    gather(gathered, own, map, modes)
    for (const tally of sizes) measure(tally, own)
  }
  const all = [...gathered.values()].sort((a, b) => placeOf(a) - placeOf(b))
  return {
    release: options.release ?? NEWEST_RELEASE,
    modes,
    nodes: nodes.map(({ metadata }) => metadata.name),
    sizes,
    findings: all.filter(isApplied).map(findingOf),
    others: onceEach(all.filter(one => !isApplied(one) && !all.some(other => isSame(one, other) && isApplied(other)))),
  }
}

/** A tally is changed by {@link measure} alone. */
interface Tally extends NodesSize {
  all: ModeSize
  biggest?: { readonly node: string; readonly size: ModeSize }
}

function createTally(mode: ProxyMode): Tally {
  return { mode, all: NO_SIZE }
}

/** One node, and what decides what is put on it. */
interface Own {
  readonly ground: CommonGround
  readonly node: Node
  readonly network: HostNetwork
  readonly options: Omit<HostOptions, 'mode'>
}

function measure(tally: Tally, { ground, node, network, options }: Own): void {
  const features = { ...options.features, kubeletChains: false }
  const size = modeSize(proxyPart(ground.cluster, node, network, { ...options, features, mode: tally.mode }))
  tally.all = addSizes(tally.all, size)
  if (!tally.biggest || size.bytes > tally.biggest.size.bytes) tally.biggest = { node: node.metadata.name, size }
}

/** One difference in the same words on several nodes. */
interface Group {
  readonly contrast: Contrast
  readonly nodes: Set<string>
  readonly spots: Map<string, Omit<Spot, 'nodes'> & { readonly nodes: Set<string> }>
}

/** By code and words. Changed by {@link gather} alone. */
type Gathered = Map<string, Group>

function gather(gathered: Gathered, own: Own, map: ServiceMap, modes: ModePair): void {
  const { ground, node, network, options } = own
  const wishes = proxyOptions(ground.cluster, node, network, options)
  const { name } = node.metadata
  for (const family of ground.families) {
    const view = nodeViewOf(wishes, family)
    const contrasts = contrastsOf(view, modes)
    for (const contrast of contrasts) {
      const group = groupOf(gathered, contrast)
      if (contrast.difference.about === 'node') group.nodes.add(name)
    }
    for (const instance of instancesOf(view, map, contrasts))
      enter(groupOf(gathered, instance.contrast), instance, name)
  }
}

function groupOf(gathered: Gathered, contrast: Contrast): Group {
  const key = JSON.stringify([contrast.difference.code, ...contrast.does])
  const known = gathered.get(key)
  if (known) return known
  const group: Group = { contrast, nodes: new Set(), spots: new Map() }
  gathered.set(key, group)
  return group
}

function enter(group: Group, { port, places }: Instance, node: string): void {
  group.nodes.add(node)
  for (const place of places) {
    const { namespace, service, portName, protocol } = port
    const address = formatPlace(place)
    const key = JSON.stringify([namespace, service, portName, protocol, place.entry, address])
    const known = group.spots.get(key)
    if (known) known.nodes.add(node)
    else {
      const { entry } = place
      group.spots.set(key, { namespace, service, portName, protocol, entry, address, nodes: new Set([node]) })
    }
  }
}

/** `10.96.0.10:80`, `[fd00:96::10]:80`, `30080` */
function formatPlace({ ip, port }: Place): string {
  return ip === undefined ? `${port}` : formatEndpoint(ip, port)
}

function placeOf({ contrast }: Group): number {
  return DIFFERENCES.indexOf(contrast.difference)
}

function isApplied({ nodes }: Group): boolean {
  return nodes.size > 0
}

function isSame(a: Group, b: Group): boolean {
  return a.contrast.difference === b.contrast.difference
}

/** Of a difference that is worded in several ways, the first: none of them applies. */
function onceEach(groups: readonly Group[]): readonly Contrast[] {
  return groups.filter((group, i) => groups.findIndex(other => isSame(group, other)) === i).map(one => one.contrast)
}

function findingOf({ contrast, nodes, spots }: Group): Finding {
  return {
    ...contrast,
    nodes: [...nodes],
    spots: [...spots.values()].map(spot => ({ ...spot, nodes: [...spot.nodes] })).sort(bySpot),
  }
}

function bySpot(a: Spot, b: Spot): number {
  return (
    compareTexts(a.namespace, b.namespace) ||
    compareTexts(a.service, b.service) ||
    compareTexts(a.portName, b.portName) ||
    compareTexts(a.protocol, b.protocol) ||
    ENTRIES.indexOf(a.entry) - ENTRIES.indexOf(b.entry)
  )
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
