/**
 * A cluster to which things happen: flows, then an event, then flows that it concerns, and so on.
 *
 * @module
 */
import { type Random, seededRandom } from '../base/random.ts'
import { deleteObject, setPodReady } from '../cluster/change.ts'
import { type Cluster, settledCluster } from '../cluster/cluster.ts'
import { DEFAULT_FEATURES, type SettledCluster } from '../cluster/host-state.ts'
import { settle } from '../cluster/settle.ts'
import { keyOf } from '../objects/meta.ts'
import type { Pod } from '../objects/pod.ts'
import { podAddressesOf } from '../objects/pod.ts'
import { breakNetwork } from '../trace/broken-network.ts'
import { clusterWorld } from '../trace/cluster-world.ts'
import { type Fault, formatFault } from '../trace/fault.ts'
import { CLIENT_PORT } from '../trace/flow.ts'
import { concernedFlows } from './concerned-flows.ts'
import { pick, pickWeighted } from './dice.ts'
import { type FaultKind, possibleFaults } from './possible-faults.ts'
import { type DrawnFlow, type FlowOptions, randomFlows } from './random-flows.ts'

export type PhaseEvent =
  /** One that was drawn, by its kind, or one that was asked for. */
  | { readonly kind: FaultKind | 'given'; readonly fault: Fault }
  /** The pod runs on, and is sent nothing new. The nodes' rules change. */
  | { readonly kind: 'pod not ready'; readonly pod: string }
  /** The pod's network goes with it. The nodes' rules change. */
  | { readonly kind: 'pod gone'; readonly pod: string; readonly node: string }

export interface Phase {
  /** What happened before the flows; absent: nothing yet. */
  readonly event?: PhaseEvent
  /** As it is now. */
  readonly cluster: SettledCluster
  /** All that was broken so far, in its order. */
  readonly faults: readonly Fault[]
  readonly flows: readonly DrawnFlow[]
}

export interface PhaseOptions extends FlowOptions {
  readonly seed: number
  /** How many things happen. */
  readonly events: number
  /** How many flows before the first event, and after each. */
  readonly flows: number
}

/** @param cluster at rest; it is taken along, and afterwards is as in the last phase */
export function randomPhases(cluster: Cluster, options: PhaseOptions): readonly Phase[] {
  return [...drawPhases(cluster, options)]
}

/** {@link randomPhases} one by one: what concerns an event takes seconds to find, where many flows are asked for. */
export function* drawPhases(cluster: Cluster, options: PhaseOptions): Generator<Phase, void> {
  const { seed, events, flows: count, firstPort = CLIENT_PORT } = options
  const random = seededRandom(seed, 'events')
  const rested = atRest(cluster)
  let before: Phase = { cluster: rested, faults: [], flows: randomFlows(rested, seed, count, options) }
  yield before
  for (let i = 1; i <= events; i++) {
    const event = drawEvent(random, before)
    if (!event) return
    happen(event, cluster)
    const faults = [...before.faults, ...('fault' in event ? [event.fault] : [])]
    const after = { cluster: atRest(cluster), faults }
    const drawing = { ...options, seed: seed + i, count, firstPort: firstPort + i * count }
    before = { event, ...after, flows: concernedFlows(before, after, drawing) }
    yield before
  }
}

/** `node-1 route del 10.244.2.0/24`, `default/web-1 is gone` */
export function formatEvent(event: PhaseEvent): string {
  if ('fault' in event) return formatFault(event.fault)
  return event.kind === 'pod gone' ? `${event.pod} is gone` : `${event.pod} is not ready any more`
}

/** A value: what happens to the cluster later does not show in it. */
function atRest(cluster: Cluster): SettledCluster {
  const settled = settledCluster(cluster)
  const pods = new Map(settled.nodes.map(({ metadata: { name } }) => [name, settled.podsOn(name)]))
  return { ...settled, podsOn: node => pods.get(node) ?? [] }
}

function happen(event: PhaseEvent, cluster: Cluster): void {
  if ('fault' in event) return
  const [namespace = '', name = ''] = event.pod.split('/')
  if (event.kind === 'pod gone') deleteObject({ kind: 'Pod', namespace, name }, cluster)
  else setPodReady(namespace, name, false, cluster)
  settle(cluster)
}

/** What may be drawn. */
export type DrawnKind = Exclude<PhaseEvent['kind'], 'given'>

const WEIGHTS: Readonly<Record<DrawnKind, number>> = {
  'pod not ready': 3,
  'pod gone': 2,
  route: 3,
  'forwarding entry': 3,
  neighbour: 2,
  'link down': 2,
  MTU: 2,
  sysctl: 3,
  hairpin: 2,
}

/** Nothing when nothing can happen any more. */
function drawEvent(random: Random, phase: Phase): PhaseEvent | undefined {
  const possible = possibleEvents(random, phase)
  const weights = Object.entries(WEIGHTS).map(([kind, weight]) => [kind, possible.has(kind) ? weight : 0] as const)
  if (possible.size === 0) return undefined
  return pick(random, possible.get(pickWeighted(random, Object.fromEntries(weights))) ?? [])
}

/** By kind; what breaks, on a node drawn. */
function possibleEvents(random: Random, { cluster, faults }: Phase): ReadonlyMap<string, readonly PhaseEvent[]> {
  const node = pick(random, cluster.nodes).metadata.name
  const all: PhaseEvent[] = [...podEvents(cluster, faults)]
  const { nodes } = clusterWorld(cluster, { features: DEFAULT_FEATURES })
  const network = nodes.find(({ name }) => name === node)?.host().network
  if (network) {
    const broken = faults.filter(fault => fault.node === node).reduce(breakNetwork, network)
    for (const [kind, some] of Object.entries(possibleFaults(node, broken)))
      all.push(...some.map(fault => ({ kind: kind as FaultKind, fault })))
  }
  const byKind = new Map<string, PhaseEvent[]>()
  for (const event of all) byKind.set(event.kind, [...(byKind.get(event.kind) ?? []), event])
  return byKind
}

function podEvents(cluster: SettledCluster, faults: readonly Fault[]): readonly PhaseEvent[] {
  const behind = new Set(
    cluster.slices.flatMap(({ endpoints }) =>
      (endpoints ?? []).filter(({ conditions }) => conditions?.ready).flatMap(({ addresses }) => addresses),
    ),
  )
  return cluster.nodes.flatMap(({ metadata: { name: node } }) =>
    cluster
      .podsOn(node)
      .filter(pod => podAddressesOf(pod).some(ip => behind.has(ip)))
      .flatMap((pod): readonly PhaseEvent[] => {
        const key = keyOf(pod.metadata)
        const stays = pod.spec.hostNetwork || isBroken(pod, faults)
        return [
          ...(isReady(pod) ? [{ kind: 'pod not ready', pod: key } as const] : []),
          ...(stays ? [] : [{ kind: 'pod gone', pod: key, node } as const]),
        ]
      }),
  )
}

function isReady({ status, metadata }: Pod): boolean {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
  return ready && metadata.deletionTimestamp === undefined
}

/** A fault of its link would be a fault of nothing once it is gone. */
function isBroken({ metadata }: Pod, faults: readonly Fault[]): boolean {
  return faults.some(fault => 'link' in fault && fault.link === `pod/${keyOf(metadata)}`)
}
