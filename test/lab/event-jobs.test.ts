/** What happens to a cluster, as calls of stock tools in its lab. */
import t from 'tap'
import { DEFAULT_FEATURES } from '../../src/cluster/host-state.ts'
import { eventStages } from '../../src/lab/event-jobs.ts'
import type { Job } from '../../src/lab/lab.ts'
import { type DrawnKind, type Phase, type PhaseEvent, randomPhases } from '../../src/lab/phases.ts'
import { labPlan } from '../../src/lab/plan.ts'
import { bringUp, randomCluster } from '../../src/lab/random-cluster.ts'

t.setTimeout(900_000)

const OPTIONS = { id: 'test', variant: 'legacy', features: DEFAULT_FEATURES } as const

interface Happened {
  readonly event: PhaseEvent
  readonly before: Phase
  readonly after: Phase
  readonly jobs: readonly Job[]
  readonly namespaces: ReadonlySet<string>
}

const happened: readonly Happened[] = Array.from({ length: 30 }, (_, seed) => {
  const story = randomPhases(bringUp(randomCluster(seed)), { seed, events: 4, flows: 1 })
  const [first] = story
  const namespaces = new Set(first ? labPlan(first.cluster, OPTIONS).machines.map(({ namespace }) => namespace) : [])
  return story.flatMap((after, i): readonly Happened[] => {
    const before = story[i - 1]
    const { event } = after
    const jobs = before ? eventStages(before, after, OPTIONS).flatMap(stage => stage.jobs) : []
    return before && event ? [{ event, before, after, jobs, namespaces }] : []
  })
}).flat()

const called = ({ tool, args }: Job) => [tool, ...args].join(' ')

/** What each job of an event of the kind looks like. */
const CALLS: Readonly<Record<DrawnKind, RegExp>> = {
  'pod not ready': /^(ip6?tables-legacy-restore --noflush|ip -batch -)$/,
  'pod gone': /^(ip6?tables-legacy-restore --noflush|ip -batch -|ip link delete dev veth\w+)$/,
  route: /^ip -[46] route del [0-9a-f.:]+\/\d+$/,
  'forwarding entry': /^bridge fdb del [0-9a-f:]{17} dev flannel\S+ dst [0-9a-f.:]+$/,
  neighbour: /^ip -[46] neigh del [0-9a-f.:]+ dev flannel\S+$/,
  'link down': /^ip link set dev \S+ down$/,
  MTU: /^ip link set dev \S+ mtu \d+$/,
  sysctl: /^sysctl -q -w net\.\S+=[01]$/,
  hairpin: /^bridge link set dev veth\w+ hairpin off$/,
}

for (const [kind, call] of Object.entries(CALLS)) {
  t.test(`${kind} is done by the stock tools, inside the lab`, async t => {
    const own = happened.filter(({ event }) => event.kind === kind)
    t.ok(own.length > 0, 'it happens')
    for (const { jobs, namespaces } of own) {
      t.ok(jobs.length > 0)
      for (const job of jobs) {
        t.match(called(job), call)
        t.ok(namespaces.has(job.namespace ?? ''), called(job))
      }
    }
  })
}

t.test('every node gets the rules of both families when objects change, and the router its ways', async t => {
  for (const { event, after, jobs } of happened.filter(({ event }) => !('fault' in event))) {
    const nodes = after.cluster.nodes.length
    t.equal(jobs.filter(({ tool }) => tool.endsWith('-restore')).length, nodes * 2)
    t.equal(jobs.filter(({ about }) => about.startsWith('router')).length, 1)
    t.equal(jobs.filter(({ args }) => args.includes('delete')).length, event.kind === 'pod gone' ? 1 : 0)
  }
})

t.test('at first nothing has happened', async t => {
  const [first] = randomPhases(bringUp(randomCluster(0)), { seed: 0, events: 0, flows: 1 })
  if (!first) throw new Error('there is a first phase')
  t.strictSame(eventStages(first, first, OPTIONS), [])
})

t.test('what was never there cannot be broken or go', async t => {
  const [{ after } = { after: undefined }] = happened
  if (!after) throw new Error('something happened')
  const gone = { kind: 'pod gone', pod: 'default/nobody', node: after.cluster.nodes[0]?.metadata.name ?? '' } as const
  t.throws(() => eventStages(after, { ...after, event: gone }, OPTIONS), { name: 'RangeError' })
  const fault = { node: 'nowhere', do: 'set link', link: 'eth0', down: true } as const
  t.throws(() => eventStages(after, { ...after, event: { kind: 'link down', fault } }, OPTIONS), { name: 'RangeError' })
})
