/** Traces of scenarios, asked and told as the command line does it. */
import { DEFAULT_FEATURES, type SettledCluster } from '../../src/cluster/host-state.ts'
import type { Pod } from '../../src/objects/pod.ts'
import { type Asked, questionsOf } from '../../src/trace/ask.ts'
import { type ClusterWorldOptions, clusterWorld } from '../../src/trace/cluster-world.ts'
import type { TraceContext } from '../../src/trace/context.ts'
import { reachOf } from '../../src/trace/directory.ts'
import { parseFault } from '../../src/trace/fault.ts'
import { withFaults } from '../../src/trace/faulty-world.ts'
import type { Trace } from '../../src/trace/journey.ts'
import { explainPath, type TraceOptions, traceFlows } from '../../src/trace/trace.ts'
import { createWorld } from '../../src/trace/wiring.ts'

export interface Asking extends Partial<Omit<Asked, 'from' | 'to'>> {
  readonly from: string
  readonly to: string
  readonly later?: readonly Partial<Asked>[]
  readonly namespace?: string
  readonly family?: 4 | 6
  readonly faults?: readonly string[]
  readonly via?: string
  readonly hosts?: Exclude<ClusterWorldOptions['hosts'], undefined>
  readonly assume?: 'match' | 'miss'
  readonly pods?: readonly Pod[]
  /** The shown path is told with the rules that did not match. */
  readonly explained?: boolean
}

export interface Told {
  readonly trace: Trace
  readonly context: TraceContext
}

export function ask(cluster: SettledCluster, asking: Asking): Told {
  const {
    later = [],
    namespace = 'default',
    family = 4,
    faults = [],
    via,
    hosts,
    assume,
    pods,
    explained,
    ...first
  } = asking
  const config = withFaults(
    clusterWorld(cluster, {
      features: DEFAULT_FEATURES,
      ...(via === undefined ? {} : { via }),
      ...(hosts ? { hosts } : {}),
    }),
    faults.map(parseFault),
  )
  const world = createWorld(config)
  const nodes = config.nodes.map(({ name }) => name)
  const addressesOf = reachOf(config.nodes)
  const directory = { cluster, nodes, namespace, family, addressesOf, holderOf: world.holderOf.bind(world) }
  const start: Asked = { after: 0, ...first, ...(via === undefined ? {} : { via }) }
  const asked = [start, ...later.map(next => ({ ...start, after: 0, ...next }))]
  const questions = questionsOf(asked, directory, Date.UTC(2026, 0, 1))
  const flows = questions.map(({ flow }) => flow)
  const options: TraceOptions = { ways: 'all', seed: 0, most: 256, ...(assume ? { assume } : {}) }
  const trace = traceFlows(flows, world, options)
  const [path] = trace.paths
  if (!path) throw new Error('no path')
  const shown = explained ? explainPath(path, flows, world, options) : path
  return { trace, context: { world, cluster, questions, shown, input: '-f manifests/', ...(pods ? { pods } : {}) } }
}
