/** Flows drawn at random: that all kinds come, that each can be asked again by its words, and how they end. */
import t from 'tap'
import { familyOf } from '../../src/base/ip.ts'
import { ICMP, SCTP, TCP, UDP } from '../../src/base/protocol.ts'
import { DEFAULT_FEATURES } from '../../src/cluster/host-state.ts'
import { flowsOf } from '../../src/lab/concerned-flows.ts'
import { TARGETS } from '../../src/lab/flow-targets.ts'
import { labWorld } from '../../src/lab/lab-world.ts'
import { labPlan } from '../../src/lab/plan.ts'
import { flagsOf, randomCluster, settleRandom, toYaml } from '../../src/lab/random-cluster.ts'
import { type DrawnFlow, randomFlows, traceWords } from '../../src/lab/random-flows.ts'
import { clusterWorld } from '../../src/trace/cluster-world.ts'
import type { Experience, Flow } from '../../src/trace/journey.ts'
import { traceFlows } from '../../src/trace/trace.ts'
import { createWorld } from '../../src/trace/wiring.ts'
import { podwire } from '../cli/capture.ts'

t.setTimeout(900_000)

const SEEDS = 300
const EACH = 20

interface Traced {
  readonly seed: number
  readonly drawn: DrawnFlow
  readonly flow: Flow
  /** What its sender meets, the likeliest first. */
  readonly met: readonly Experience[]
  readonly complete: boolean
}

/** Each flow alone, in the world of a lab. */
function tracedFlows(seed: number): readonly Traced[] {
  const cluster = settleRandom(randomCluster(seed))
  const plan = labPlan(cluster, { id: 'test', variant: 'nft', features: DEFAULT_FEATURES })
  const world = createWorld(labWorld(cluster, plan))
  const besides = plan.machines.filter(({ kind }) => kind === 'beside').flatMap(({ addresses }) => addresses)
  const drawn = randomFlows(cluster, seed, EACH, { besides })
  const flows = flowsOf(
    drawn.map(({ asked }) => asked),
    cluster,
    world,
  )
  return drawn.flatMap((one, i): readonly Traced[] => {
    const flow = flows[i]
    if (!flow) return []
    const { paths, complete } = traceFlows([flow], world, OPTIONS)
    const met = paths.flatMap(({ exchanges }) => exchanges.map(({ experience }) => experience))
    return [{ seed, drawn: one, flow, met, complete }]
  })
}

const OPTIONS = { ways: 'all', seed: 0, most: 256 } as const

const all = Array.from({ length: SEEDS }, (_, seed) => tracedFlows(seed)).flat()

t.test('every flow can be followed to its end by all ways, and nothing stays open', async t => {
  t.equal(all.length, SEEDS * EACH)
  for (const { seed, drawn, met, complete } of all) {
    const says = `seed ${seed}: ${traceWords(drawn.asked).join(' ')}`
    if (!complete) t.fail(`${says} has too many ways`)
    if (met.includes('undecided') || met.includes('unknown')) t.fail(`${says} is not known`)
  }
})

/** Of a hundred flows, at least so many end so; likeliest way. */
const ENDS: Readonly<Partial<Record<Experience, number>>> = {
  answered: 33,
  refused: 10,
  timeout: 10,
  'host unreachable': 3,
  'network unreachable': 1,
  'time exceeded': 0.2,
  'not permitted': 0.2,
  'message too long': 0.2,
}

t.test('a third is answered, and all failures come', async t => {
  const counts = countBy(all, ({ met }) => met[0] ?? 'nothing')
  for (const [experience, least] of Object.entries(ENDS)) {
    const share = (100 * (counts.get(experience) ?? 0)) / all.length
    t.ok(share >= least, `${experience}: ${share.toFixed(1)} %`)
  }
})

t.test('all senders, targets, protocols and families come', async t => {
  const senders = countBy(all, ({ drawn }) => drawn.sender)
  for (const sender of ['pod', 'node', 'pod on its node', 'outside', 'beside'])
    t.ok((senders.get(sender) ?? 0) >= all.length / 100, `${sender}: ${senders.get(sender)}`)
  const targets = countBy(all, ({ drawn }) => drawn.target)
  for (const target of Object.keys(TARGETS)) t.ok((targets.get(target) ?? 0) >= 20, `${target}: ${targets.get(target)}`)
  const protocols = countBy(all, ({ drawn }) => drawn.asked.protocol)
  for (const protocol of [TCP, UDP, ICMP, SCTP]) t.ok((protocols.get(protocol) ?? 0) >= all.length / 200, `${protocol}`)
  const families = countBy(all, ({ flow }) => familyOf(flow.packet.dst))
  for (const family of [4, 6]) t.ok((families.get(family) ?? 0) >= all.length / 5, `IPv${family}`)
  t.ok(all.filter(({ drawn }) => drawn.asked.ttl !== undefined).length > all.length / 20, 'small TTLs')
  t.ok(all.filter(({ drawn }) => drawn.asked.size !== undefined).length > all.length / 20, 'sizes')
  const again = countBy(all, ({ drawn }) => drawn.again ?? 'no')
  t.ok((again.get('same client') ?? 0) > all.length / 20, 'the same client again')
  t.ok((again.get('same connection') ?? 0) > all.length / 100, 'the same connection again')
})

t.test('flows of one client are apart but where the connection is the same', async t => {
  for (const { drawn, seed } of all.filter(({ seed }) => seed < 50)) {
    const ports = new Set(
      all
        .filter(other => other.seed === seed && other.drawn !== drawn && other.drawn.again !== 'same connection')
        .map(({ drawn: { asked } }) => asked.sport),
    )
    if (drawn.again !== 'same connection') t.notOk(ports.has(drawn.asked.sport), `seed ${seed} ${drawn.asked.sport}`)
  }
})

t.test('fewer flows are the first of more, and others begin behind', async t => {
  const cluster = settleRandom(randomCluster(3))
  t.strictSame(randomFlows(cluster, 5, 10), randomFlows(cluster, 5, 40).slice(0, 10))
  t.notSame(randomFlows(cluster, 6, 10), randomFlows(cluster, 5, 10))
  const later = randomFlows(cluster, 5, 10, { firstPort: 50_000 })
  t.equal(later[0]?.asked.sport, 50_000)
})

t.test('podwire trace repeats each flow by its words', async t => {
  for (const seed of [0, 1, 2, 3, 4, 5]) {
    const drawn = randomCluster(seed)
    const cluster = settleRandom(drawn)
    const world = createWorld(clusterWorld(cluster, { features: DEFAULT_FEATURES }))
    const asked = randomFlows(cluster, seed, 8).map(one => one.asked)
    const flows = flowsOf(asked, cluster, world)
    for (const [i, one] of asked.entries()) {
      const call = ['trace', '-f', '-', ...flagsOf(drawn), ...traceWords(one), '-o', 'json']
      const told = await podwire(call, toYaml(drawn))
      t.not(told.code, 2, told.err)
      const flow = flows[i]
      const [path] = flow ? traceFlows([flow], world, OPTIONS).paths : []
      const { paths } = JSON.parse(told.out) as Told
      t.equal(paths[0]?.exchanges[0]?.experience, path?.exchanges[0]?.experience, traceWords(one).join(' '))
    }
  }
})

interface Told {
  readonly paths: readonly { readonly exchanges: readonly { readonly experience: string }[] }[]
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => unknown): ReadonlyMap<unknown, number> {
  const counts = new Map<unknown, number>()
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1)
  return counts
}
