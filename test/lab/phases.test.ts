/** What happens to a cluster drawn at random, and the flows that it concerns. */
import t from 'tap'
import { commonGround, DEFAULT_FEATURES, hostState, type SettledCluster } from '../../src/cluster/host-state.ts'
import { flowsOf } from '../../src/lab/concerned-flows.ts'
import { formatEvent, type Phase, randomPhases } from '../../src/lab/phases.ts'
import { bringUp, randomCluster } from '../../src/lab/random-cluster.ts'
import { traceWords } from '../../src/lab/random-flows.ts'
import { keyOf } from '../../src/objects/meta.ts'
import { clusterWorld } from '../../src/trace/cluster-world.ts'
import { parseFault } from '../../src/trace/fault.ts'
import { withFaults } from '../../src/trace/faulty-world.ts'
import { traceFlows } from '../../src/trace/trace.ts'
import { createWorld } from '../../src/trace/wiring.ts'
import type { World } from '../../src/trace/world.ts'

t.setTimeout(900_000)

const SEEDS = 40
const FLOWS = 6
const EVENTS = 4

const stories = Array.from({ length: SEEDS }, (_, seed) =>
  randomPhases(bringUp(randomCluster(seed)), { seed, events: EVENTS, flows: FLOWS }),
)

function worldOf({ cluster, faults }: Phase): World {
  return createWorld(withFaults(clusterWorld(cluster, { features: DEFAULT_FEATURES }), faults))
}

function endOf(phase: Phase, i: number): string {
  const world = worldOf(phase)
  const [flow] = flowsOf(
    phase.flows.slice(i, i + 1).map(({ asked }) => asked),
    phase.cluster,
    world,
  )
  if (!flow) return 'nothing'
  const { paths } = traceFlows([flow], world, { ways: 'all', seed: 0, most: 64 })
  const met = paths.flatMap(({ exchanges }) => exchanges.map(({ experience }) => experience))
  return [...new Set(met)].sort().join(', ')
}

t.test('all kinds of events come', async t => {
  const kinds = stories.flat().flatMap(({ event }) => event?.kind ?? [])
  // biome-ignore format: one list
  for (const kind of ['pod not ready', 'pod gone', 'route', 'forwarding entry', 'neighbour', 'link down', 'MTU', 'sysctl', 'hairpin'] as const)
    t.ok(kinds.filter(one => one === kind).length >= 3, kind)
  t.equal(kinds.length, SEEDS * EVENTS)
})

t.test('every flow of every phase can be followed, with all that is broken by then', async t => {
  for (const phase of stories.flat()) {
    t.equal(phase.flows.length, FLOWS)
    for (const i of phase.flows.keys()) {
      const met = endOf(phase, i)
      const says = `${phase.event ? formatEvent(phase.event) : 'at first'}: ${traceWords(phase.flows[i]?.asked ?? NONE).join(' ')}`
      if (met === 'nothing' || met.includes('undecided')) t.fail(`${says}: ${met}`)
    }
  }
})

const NONE = { from: '', to: '', after: 0 }

t.test('no two flows of a story have one source port, but for those of one connection', async t => {
  for (const story of stories) {
    const ports = story.flatMap(({ flows }) =>
      flows.filter(({ again }) => again !== 'same connection').map(({ asked }) => asked.sport),
    )
    t.equal(new Set(ports).size, ports.length)
  }
})

t.test('faults are told as a trace reads them, and add up', async t => {
  for (const story of stories) {
    for (const [i, { event, faults }] of story.entries()) {
      t.strictSame(faults.slice(0, story[i - 1]?.faults.length ?? 0), story[i - 1]?.faults ?? [])
      if (event && 'fault' in event) t.strictSame(parseFault(formatEvent(event)), event.fault)
    }
  }
})

const podsOf = ({ nodes, podsOn }: SettledCluster) => nodes.flatMap(({ metadata }) => podsOn(metadata.name))
const readyAddresses = ({ slices }: SettledCluster) =>
  new Set(
    slices.flatMap(({ endpoints }) =>
      (endpoints ?? [])
        .filter(({ conditions }) => conditions?.serving)
        .flatMap(({ targetRef }) => targetRef?.name ?? []),
    ),
  )

t.test('a pod that is gone is no longer there; one that is not ready is, and serves nobody', async t => {
  for (const story of stories) {
    for (const [i, { event, cluster }] of story.entries()) {
      if (!event || 'fault' in event) continue
      const isIn = (one: SettledCluster) => podsOf(one).some(({ metadata }) => keyOf(metadata) === event.pod)
      const before = story[i - 1]?.cluster
      t.ok(before && isIn(before), 'the phase before stays as it was')
      t.equal(isIn(cluster), event.kind === 'pod not ready')
      t.notOk(readyAddresses(cluster).has(event.pod.replace('default/', '')), formatEvent(event))
    }
  }
})

t.test('only objects change rules, and only faults change what they say', async t => {
  const rulesOf = ({ cluster }: Phase) => {
    const ground = commonGround(cluster)
    return cluster.nodes.map(node => hostState(ground, node, { features: DEFAULT_FEATURES }).rules)
  }
  for (const story of stories.slice(0, 10)) {
    for (const [i, phase] of story.entries()) {
      const before = story[i - 1]
      if (!before || !phase.event) continue
      if ('fault' in phase.event) t.strictSame(rulesOf(phase), rulesOf(before))
      else t.strictSame(phase.faults, before.faults)
    }
  }
})

t.test('an event concerns flows that come after it', async t => {
  const after = stories.flatMap(story =>
    story.flatMap((phase, i) => (story[i - 1] ? [[story[i - 1], phase] as const] : [])),
  )
  const touched = after.filter(([before, phase]) =>
    phase.flows.some((_, i) => before && endOf(phase, i) !== endOf({ ...before, flows: phase.flows }, i)),
  )
  // A setting that is one of several guards, or a route beside another, may change nothing for anybody.
  t.ok(touched.length > after.length / 3, `${touched.length} of ${after.length}`)
})

t.test('the seed alone decides', async t => {
  const again = randomPhases(bringUp(randomCluster(7)), { seed: 7, events: EVENTS, flows: FLOWS })
  const told = (story: readonly Phase[]) =>
    story.map(({ event, flows }) => [
      event && formatEvent(event),
      flows.map(({ asked }) => traceWords(asked).join(' ')),
    ])
  t.strictSame(told(again), told(stories[7] ?? []))
})
