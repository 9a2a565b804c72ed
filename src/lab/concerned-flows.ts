/**
 * Flows that an event concerns.
 *
 * @module
 */
import { DEFAULT_FEATURES, type SettledCluster } from '../cluster/host-state.ts'
import { questionsOf } from '../trace/ask.ts'
import { clusterWorld } from '../trace/cluster-world.ts'
import { reachOf } from '../trace/directory.ts'
import type { Fault } from '../trace/fault.ts'
import { withFaults } from '../trace/faulty-world.ts'
import type { Flow } from '../trace/journey.ts'
import { traceFlows } from '../trace/trace.ts'
import { createWorld } from '../trace/wiring.ts'
import type { World } from '../trace/world.ts'
import { type DrawnFlow, type FlowOptions, randomFlows } from './random-flows.ts'

/** A cluster, and what is broken in it. */
export interface Condition {
  readonly cluster: SettledCluster
  readonly faults: readonly Fault[]
}

export interface ConcernedOptions extends FlowOptions {
  readonly seed: number
  readonly count: number
  readonly firstPort: number
}

/** So many are drawn for each that is wanted: an event on one node concerns few. */
const DRAWN = 8
/** Ways of chance that are looked at. */
const WAYS = 16

/**
 * So many flows: first those that end in another way by the model than before the event, at most two of three; the
 * others as they were drawn, for the model may be wrong about whom the event concerns.
 */
export function concernedFlows(before: Condition, after: Condition, options: ConcernedOptions): readonly DrawnFlow[] {
  const { count, seed, firstPort } = options
  const worlds = [worldOf(before), worldOf(after)] as const
  const drawn = randomFlows(before.cluster, seed, count * DRAWN, options).filter(
    flow => flow.again === undefined && isThere(flow, after.cluster),
  )
  const concerned = drawn.filter(flow => endsOf(flow, before, worlds[0]) !== endsOf(flow, after, worlds[1]))
  const first = concerned.slice(0, Math.ceil((count * 2) / 3))
  const others = drawn.filter(flow => !first.includes(flow)).slice(0, count - first.length)
  return [...first, ...others].map((flow, i) => ({ ...flow, asked: { ...flow.asked, sport: firstPort + i } }))
}

/** Whoever is gone sends nothing. */
function isThere({ asked: { from } }: DrawnFlow, { nodes, podsOn }: SettledCluster): boolean {
  const [kind, ...names] = from.split('/')
  if (kind !== 'pod') return true
  const [name, namespace = 'default'] = names.toReversed()
  return nodes.some(node =>
    podsOn(node.metadata.name).some(
      ({ metadata }) => metadata.name === name && (metadata.namespace ?? 'default') === namespace,
    ),
  )
}

function worldOf({ cluster, faults }: Condition): World {
  return createWorld(withFaults(clusterWorld(cluster, { features: DEFAULT_FEATURES }), faults))
}

/** In words, where the flow ends by each way of chance, and what its sender meets. */
function endsOf({ asked }: DrawnFlow, { cluster }: Condition, world: World): string {
  const { paths } = traceFlows(flowsOf([asked], cluster, world), world, { ways: 'all', seed: 0, most: WAYS })
  const ends = paths.map(({ exchanges: [exchange] }) => {
    const outcome = exchange?.request.outcome
    const where = outcome && 'machine' in outcome ? outcome.machine : ''
    return `${exchange?.experience} ${outcome?.kind} ${where}`
  })
  return [...new Set(ends)].sort().join(', ')
}

/** The questions of a draw, as flows in a world of that cluster. */
export function flowsOf(asked: readonly DrawnFlow['asked'][], cluster: SettledCluster, world: World): readonly Flow[] {
  const { nodes } = clusterWorld(cluster, { features: DEFAULT_FEATURES })
  const directory = {
    cluster,
    nodes: nodes.map(({ name }) => name),
    namespace: 'default',
    family: 4,
    addressesOf: reachOf(nodes),
    holderOf: (ip: Parameters<World['holderOf']>[0]) => world.holderOf(ip),
  } as const
  return questionsOf(asked, directory, 0).map(({ flow }) => flow)
}
