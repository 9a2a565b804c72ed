/** Traces of scenarios, asked and told as the command line does it. */
import type { SettledCluster } from '../../src/cluster/host-state.ts'
import { DEFAULT_FEATURES } from '../../src/cluster/host-state.ts'
import { type Asked, questionsOf } from '../../src/trace/ask.ts'
import { clusterWorld } from '../../src/trace/cluster-world.ts'
import type { TraceContext } from '../../src/trace/context.ts'
import { parseFault } from '../../src/trace/fault.ts'
import { withFaults } from '../../src/trace/faulty-world.ts'
import type { Trace } from '../../src/trace/journey.ts'
import { explainPath, type TraceOptions, traceFlows } from '../../src/trace/trace.ts'
import { createWorld } from '../../src/trace/wiring.ts'

export interface Asking extends Partial<Omit<Asked, 'from' | 'to'>> {
  readonly from: string
  readonly to: string
  readonly then?: readonly Partial<Asked>[]
  readonly namespace?: string
  readonly family?: 4 | 6
  readonly faults?: readonly string[]
  readonly via?: string
}

export interface Asked2 {
  readonly trace: Trace
  readonly context: TraceContext
}

const OPTIONS: TraceOptions = { ways: 'all', seed: 0, most: 256 }

/** @param explained the shown path is told with the rules that did not match */
export function ask(cluster: SettledCluster, asking: Asking, explained = false): Asked2 {
  const { then = [], namespace = 'default', family = 4, faults = [], via, ...first } = asking
  const options = { features: DEFAULT_FEATURES, ...(via === undefined ? {} : { via }) }
  const config = withFaults(clusterWorld(cluster, options), faults.map(parseFault))
  const world = createWorld(config)
  const nodes = config.nodes.map(({ name }) => name)
  const directory = { cluster, nodes, namespace, family, holderOf: world.holderOf.bind(world) }
  const asked: Asked[] = [{ after: 0, ...first, ...(via === undefined ? {} : { via }) }]
  for (const next of then) asked.push({ ...(asked.at(-1) as Asked), after: 0, ...next })
  const questions = questionsOf(asked, directory, 0)
  const flows = questions.map(({ flow }) => flow)
  const trace = traceFlows(flows, world, OPTIONS)
  const [path] = trace.paths
  const shown = path && (explained ? explainPath(path, flows, world, OPTIONS) : path)
  return { trace, context: { world, cluster, questions, ...(shown ? { shown } : {}), input: '-f manifests/' } }
}
