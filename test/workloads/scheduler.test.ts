import fc from 'fast-check'
import t from 'tap'
import type { Node, Taint } from '../../src/objects/node.ts'
import type { Affinity, Container, Pod, PodSpec } from '../../src/objects/pod.ts'
import { Scheduler } from '../../src/workloads/scheduler.ts'
import { node, pod } from './build.ts'

const owned = (uid: string) => ({
  ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: uid, uid, controller: true }],
})
const requests = (amounts: Record<string, string>): Container => ({ name: 'c', resources: { requests: amounts } })
const asking = (amounts: Record<string, string>): Partial<PodSpec> => ({ containers: [requests(amounts)] })
const hostPort = (port: number, hostIP?: string): Partial<PodSpec> => ({
  containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: port, ...(hostIP && { hostIP }) }] }],
})
const sized = (name: string, allocatable: Record<string, string>): Node => ({ ...node(name), status: { allocatable } })
const tainted = (name: string, ...taints: Taint[]) => node(name, { taints })
const zoned = (name: string, zone: string) => node(name, {}, { zone })

const term = (app: string, topologyKey: string) => ({ topologyKey, labelSelector: { matchLabels: { app } } })
const away = (app: string, key = 'kubernetes.io/hostname'): Affinity => ({
  podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term(app, key)] },
})
const near = (app: string, key = 'zone'): Affinity => ({
  podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term(app, key)] },
})
const onNodes = (key: string, operator: 'In' | 'NotIn' | 'Exists' | 'Gt', ...values: string[]): Affinity => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key, operator, values }] }],
    },
  },
})
const pinned = (name: string): Affinity => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
    },
  },
})
const spread = (more = {}): Partial<PodSpec> => ({
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { app: 'web' } },
      ...more,
    },
  ],
})

/** Where the Pods go, one after the other: `a b c`, and `-` for nowhere. */
function places(nodes: readonly Node[], pods: readonly Pod[]): { placed: string; messages: readonly string[] } {
  const scheduler = new Scheduler(nodes)
  const messages: string[] = []
  const names = pods.map(one => {
    if (one.spec.nodeName) {
      scheduler.add(one)
      return one.spec.nodeName
    }
    const placement = scheduler.place(one)
    if (!('node' in placement)) {
      messages.push(placement.message)
      return '-'
    }
    scheduler.add({ ...one, spec: { ...one.spec, nodeName: placement.node } })
    return placement.node
  })
  return { placed: names.join(' '), messages }
}

const abc = ['a', 'b', 'c'].map(name => node(name))
const alike = (count: number, spec: Partial<PodSpec> = {}, metadata = {}) =>
  Array.from({ length: count }, (_, i) => pod(`p${i}`, spec, metadata))
const taint: Taint = { key: 'k', value: 'v', effect: 'NoSchedule' }
const zones = [zoned('a', '1'), zoned('b', '1'), zoned('c', '2')]
const db = { labels: { app: 'db' } }

// biome-ignore format: one case, one row
const cases: [name: string, nodes: readonly Node[], pods: Pod[], placed: string][] = [
  ['takes turns by name',                          abc, alike(4), 'a b c a'],
  ['takes the node with the fewest Pods',          abc, [pod('x', { nodeName: 'a' }), ...alike(2)], 'a b c'],
  ['keeps Pods of one owner apart first',          abc, [pod('x', { nodeName: 'a' }, owned('u')), pod('y', { nodeName: 'b' }), pod('z', { nodeName: 'b' }), pod('w', { nodeName: 'c' }), pod('v', { nodeName: 'c' }), ...alike(1, {}, owned('u'))], 'a b b c c b'],
  ['does not count Pods that have ended',          abc, [{ ...pod('x', { nodeName: 'a' }), status: { phase: 'Failed' } }, ...alike(1)], 'a a'],
  ['obeys a node selector',                        [node('a'), node('b', {}, { disk: 'ssd' })], alike(2, { nodeSelector: { disk: 'ssd' } }), 'b b'],
  ['obeys required node affinity',                 [node('a'), node('b', {}, { disk: 'ssd' })], alike(1, { affinity: onNodes('disk', 'Exists') }), 'b'],
  ['compares node labels as numbers',              [node('a', {}, { cores: '4' }), node('b', {}, { cores: '16' })], alike(1, { affinity: onNodes('cores', 'Gt', '8') }), 'b'],
  ['finds the node that a daemon is for',          abc, alike(2, { affinity: pinned('b') }), 'b b'],
  ['keeps off tainted nodes',                      [tainted('a', taint), node('b')], alike(2), 'b b'],
  ['keeps off nodes that evict',                   [tainted('a', { ...taint, effect: 'NoExecute' }), node('b')], alike(2), 'b b'],
  ['does not mind a wish',                         [tainted('a', { ...taint, effect: 'PreferNoSchedule' })], alike(1), 'a'],
  ['goes where it tolerates the taint',            [tainted('a', taint)], alike(1, { tolerations: [{ key: 'k', value: 'v' }] }), 'a'],
  ['goes anywhere if it tolerates all',            [tainted('a', taint)], alike(1, { tolerations: [{ operator: 'Exists' }] }), 'a'],
  ['tells values of a taint apart',                [tainted('a', taint)], alike(1, { tolerations: [{ key: 'k', value: 'w' }] }), '-'],
  ['tells effects of a taint apart',               [tainted('a', taint)], alike(1, { tolerations: [{ key: 'k', operator: 'Exists', effect: 'NoExecute' }] }), '-'],
  ['keeps off cordoned nodes',                     [node('a', { unschedulable: true }), node('b')], alike(2), 'b b'],
  ['goes to cordoned nodes if it tolerates that',  [node('a', { unschedulable: true })], alike(1, { tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }] }), 'a'],
  ['fills nodes to what they have',                [sized('a', { cpu: '1' }), sized('b', { cpu: '2' })], alike(5, asking({ cpu: '600m' })), 'a b b b -'],
  ['counts CPUs without rounding errors',          [sized('a', { cpu: '1' })], alike(11, asking({ cpu: '0.1' })), 'a a a a a a a a a a -'],
  ['counts bytes',                                 [sized('a', { memory: '1Gi' })], alike(3, asking({ memory: '512Mi' })), 'a a -'],
  ['counts Pods',                                  [sized('a', { pods: '2' })], alike(3), 'a a -'],
  ['takes nodes that give no numbers as endless',  [node('a')], alike(2, asking({ cpu: '1000' })), 'a a'],
  ['knows that a node without GPUs has none',      [sized('a', { cpu: '1' }), sized('b', { 'nvidia.com/gpu': '1' })], alike(2, asking({ 'nvidia.com/gpu': '1' })), 'b -'],
  ['lets one Pod have a host port',                abc, alike(4, hostPort(80)), 'a b c -'],
  ['lets two have it at different addresses',      [node('a')], [pod('p', hostPort(80, '10.0.0.1')), pod('q', hostPort(80, '10.0.0.2')), pod('r', hostPort(80))], 'a a -'],
  ['keeps a port at all addresses from one',       [node('a')], [pod('p', hostPort(80)), pod('q', hostPort(80, '10.0.0.2'))], 'a -'],
  ['takes ports of the node\'s network as such',   [node('a')], [pod('p', { hostNetwork: true, containers: [{ name: 'c', ports: [{ containerPort: 80 }] }] }), pod('q', hostPort(80))], 'a -'],
  ['keeps Pods away from each other',              abc, alike(4, { affinity: away('web') }), 'a b c -'],
  ['keeps them away by zone',                      zones, alike(3, { affinity: away('web', 'zone') }), 'a c -'],
  ['respects that others want to be alone',        abc, [pod('x', { nodeName: 'a', affinity: away('db') }), pod('p', {}, db), pod('q', {}, db), pod('r', {}, db)], 'a b c b'],
  ['brings Pods near others',                      zones, [pod('x', { nodeName: 'c' }, db), ...alike(2, { affinity: near('db') })], 'c c c'],
  ['lets the first of a group go anywhere',        zones, alike(3, { affinity: near('web') }), 'a b a'],
  ['leaves one alone without its company',         zones, alike(1, { affinity: near('db') }), '-'],
  ['keeps company within the namespace',           zones, [pod('x', { nodeName: 'c' }, { ...db, namespace: 'other' }), ...alike(1, { affinity: near('db') })], 'c -'],
  ['spreads over zones',                           zones, alike(4, spread()), 'a c b c'],
  ['spreads no further than the skew',             zones, [pod('x', { nodeName: 'a' }), pod('y', { nodeName: 'c' }), ...alike(2, { ...spread(), nodeSelector: { zone: '1' } })], 'a c b a'],
  ['counts nodes that it may not go to if told to', zones, [pod('x', { nodeName: 'a' }), ...alike(1, { ...spread({ nodeAffinityPolicy: 'Ignore' }), nodeSelector: { zone: '1' } })], 'a -'],
  ['does not mind a wish for spread',              zones, [pod('x', { nodeName: 'a' }), ...alike(1, { ...spread({ whenUnsatisfiable: 'ScheduleAnyway' }), nodeSelector: { zone: '1' } })], 'a b'],
  ['wants enough zones if told to',                zones, [pod('x', { nodeName: 'a' }), pod('y', { nodeName: 'c' }), ...alike(1, spread({ minDomains: 3 }))], 'a c -'],
  ['leaves a gated Pod alone',                     abc, alike(1, { schedulingGates: [{ name: 'wait' }] }), '-'],
]

for (const [name, nodes, pods, placed] of cases) {
  t.test(`the scheduler ${name}`, async t => t.equal(places(nodes, pods).placed, placed))
}

const helpless = 'Preemption is not helpful for scheduling'
const crowded = 'No preemption victims found for incoming pod'

// biome-ignore format: one case, one row
const messages: [nodes: readonly Node[], pods: Pod[], message: string][] = [
  [[], alike(1), 'no nodes available to schedule pods'],
  [[tainted('a', taint)], alike(1), `0/1 nodes are available: 1 node(s) had untolerated taint {k: v}. preemption: 0/1 nodes are available: 1 ${helpless}.`],
  [[node('a', { unschedulable: true }), ...abc.slice(1)], alike(1, { nodeSelector: { x: 'y' } }), `0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 ${helpless}.`],
  [[sized('a', { cpu: '1', memory: '1Gi', pods: '1' }), sized('b', { cpu: '8' })], [pod('x', { nodeName: 'a' }), pod('y', { nodeName: 'b', ...asking({ cpu: '7' }) }), ...alike(1, asking({ cpu: '2', memory: '1Mi' }))], `0/2 nodes are available: 1 Too many pods, 2 Insufficient cpu. preemption: 0/2 nodes are available: 1 ${crowded}, 1 ${helpless}.`],
  [abc, alike(1, { affinity: pinned('gone') }), `0/3 nodes are available: 3 node(s) didn't satisfy plugin(s) [NodeAffinity]. preemption: 0/3 nodes are available: 3 ${helpless}.`],
  [[node('a')], [pod('x', { nodeName: 'a', ...hostPort(80) }), ...alike(1, hostPort(80))], `0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports. preemption: 0/1 nodes are available: 1 ${crowded}.`],
  [[node('a')], [pod('x', { nodeName: 'a' }), ...alike(1, { affinity: away('web') })], `0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules. preemption: 0/1 nodes are available: 1 ${crowded}.`],
  [[node('a')], [pod('x', { nodeName: 'a', affinity: away('web') }), ...alike(1)], `0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules. preemption: 0/1 nodes are available: 1 ${crowded}.`],
  [[zoned('a', '1'), node('b')], alike(1, { affinity: near('db') }), `0/2 nodes are available: 2 node(s) didn't match pod affinity rules. preemption: 0/2 nodes are available: 2 ${helpless}.`],
  [[zoned('a', '1'), node('b')], [pod('x', { nodeName: 'a' }), ...alike(1, spread({ minDomains: 2 }))], `0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) didn't match pod topology spread constraints (missing required label). preemption: 0/2 nodes are available: 1 ${crowded}, 1 ${helpless}.`],
]

for (const [nodes, pods, message] of messages) {
  t.test(message, async t => t.strictSame(places(nodes, pods).messages, [message]))
}

t.test('room comes back when a Pod goes', async t => {
  const scheduler = new Scheduler([sized('a', { cpu: '1', pods: '9' })])
  const big = pod('big', { nodeName: 'a', affinity: away('web'), ...asking({ cpu: '1' }), ...hostPort(80) })
  const next = pod('next', hostPort(80))
  scheduler.add(big)
  scheduler.add(big)
  t.match(scheduler.place(next), { reason: 'Unschedulable' })
  t.match(scheduler.place(next), { reason: 'Unschedulable' }, 'asked again, the same')
  scheduler.remove(big)
  scheduler.remove(big)
  t.strictSame(scheduler.place(next), { node: 'a' })
})

t.test('a refusal is forgotten when a Pod goes', async t => {
  const scheduler = new Scheduler([sized('a', { cpu: '1' })])
  const big = pod('big', { nodeName: 'a', ...asking({ cpu: '1' }) })
  const next = pod('next', asking({ cpu: '1' }))
  scheduler.add(big)
  t.match(scheduler.place(next), { message: /Insufficient cpu/ })
  t.equal(scheduler.place(next), scheduler.place(next), 'meanwhile it is remembered')
  scheduler.remove(big)
  t.strictSame(scheduler.place(next), { node: 'a' })
})

t.test('a Pod that has gone is in no group that is asked about later', async t => {
  const scheduler = new Scheduler(zones)
  scheduler.place(pod('first', { affinity: away('db') }))
  scheduler.add(pod('x', { nodeName: 'a' }))
  scheduler.remove(pod('x'))
  t.strictSame(scheduler.place(pod('p', { affinity: away('web', 'zone') })), { node: 'a' })
})

t.test('a group is counted from the Pods there are when it is first asked about', async t => {
  const scheduler = new Scheduler(abc)
  for (const name of ['a', 'b']) scheduler.add(pod(`x${name}`, { nodeName: name }))
  t.strictSame(scheduler.place(pod('p', { affinity: away('web') })), { node: 'c' })
  scheduler.remove(pod('xa'))
  t.strictSame(scheduler.place(pod('p', { affinity: away('web') })), { node: 'a' })
})

t.test('a term may reach into other namespaces, by name or by label', async t => {
  const reach = (more: object) => ({
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ ...term('db', 'kubernetes.io/hostname'), ...more }],
    },
  })
  const scheduler = new Scheduler(abc, name => (name === 'prod' ? { stage: 'prod' } : {}))
  scheduler.add(pod('x', { nodeName: 'a' }, { ...db, namespace: 'prod' }))
  const placed = (more: object) => scheduler.place(pod('p', { affinity: reach(more) }))
  t.strictSame(placed({}), { node: 'b' }, 'the fewest Pods')
  scheduler.add(pod('y', { nodeName: 'b' }))
  scheduler.add(pod('z', { nodeName: 'c' }))
  t.strictSame(placed({}), { node: 'a' }, 'not its namespace')
  t.strictSame(placed({ namespaces: ['prod'] }), { node: 'b' })
  t.strictSame(placed({ namespaceSelector: { matchLabels: { stage: 'prod' } } }), { node: 'b' })
  t.strictSame(placed({ namespaceSelector: {} }), { node: 'b' }, 'all namespaces')
})

t.test('a term may depend on labels of the Pod itself', async t => {
  const keyed = (keys: object): Affinity => ({
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [{ ...term('web', 'kubernetes.io/hostname'), ...keys }],
    },
  })
  const version = (hash: string) => ({ labels: { app: 'web', hash } })
  const scheduler = new Scheduler(abc)
  scheduler.add(pod('x', { nodeName: 'a' }, version('1')))
  for (const name of ['b', 'c']) for (const i of [1, 2]) scheduler.add(pod(`${name}${i}`, { nodeName: name }, db))
  const placed = (keys: object, hash: string) => scheduler.place(pod('p', { affinity: keyed(keys) }, version(hash)))
  t.strictSame(placed({ matchLabelKeys: ['hash'] }, '1'), { node: 'b' }, 'the same version is kept away from')
  t.strictSame(placed({ matchLabelKeys: ['hash'] }, '2'), { node: 'a' }, 'another one is not')
  t.strictSame(placed({ mismatchLabelKeys: ['hash'] }, '1'), { node: 'a' })
  t.strictSame(placed({ mismatchLabelKeys: ['hash'] }, '2'), { node: 'b' })
})

/** The rule in one sentence, by looking at every node. */
function obvious(nodes: readonly Node[], there: readonly Pod[], one: Pod): string {
  const uid = (of: Pod) => of.metadata.ownerReferences?.[0]?.uid
  const on = (name: string) => there.filter(each => each.spec.nodeName === name)
  const feasible = nodes.filter(({ metadata: { name, labels }, status }) => {
    if (one.spec.nodeSelector?.['zone'] && one.spec.nodeSelector['zone'] !== labels?.['zone']) return false
    const used = on(name).reduce((sum, each) => sum + cpuOf(each), cpuOf(one))
    return used <= Number(status?.allocatable?.['cpu'])
  })
  const ranked = feasible.map(({ metadata: { name } }) => ({
    name,
    fellows: uid(one) ? on(name).filter(each => uid(each) === uid(one)).length : 0,
    load: on(name).length,
  }))
  ranked.sort((a, b) => a.fellows - b.fellows || a.load - b.load || (a.name < b.name ? -1 : 1))
  return ranked[0]?.name ?? '-'
}

const cpuOf = (of: Pod) => Number(of.spec.containers[0]?.resources?.requests?.['cpu'] ?? 0)

const randomNodes = fc
  .array(fc.record({ cpu: fc.integer({ min: 1, max: 6 }), zone: fc.constantFrom('1', '2') }), {
    minLength: 1,
    maxLength: 40,
  })
  .map(all => all.map(({ cpu, zone }, i) => ({ ...zoned(`n${i}`, zone), status: { allocatable: { cpu: `${cpu}` } } })))
const randomPods = fc
  .array(
    fc.record({
      cpu: fc.nat(3),
      owner: fc.constantFrom('', 'u', 'v'),
      zone: fc.constantFrom('', '1', '2'),
      leaves: fc.option(fc.nat(20), { nil: undefined }),
    }),
    { maxLength: 60 },
  )
  .map(all =>
    all.map(({ cpu, owner, zone, leaves }, i) => ({
      leaves,
      pod: pod(
        `p${i}`,
        { ...asking({ cpu: `${cpu}` }), ...(zone && { nodeSelector: { zone } }) },
        owner ? owned(owner) : {},
      ),
    })),
  )

t.test('the scheduler places as one does who looks at every node', async () => {
  fc.assert(
    fc.property(randomNodes, randomPods, (nodes, steps) => {
      const scheduler = new Scheduler(nodes)
      const there: Pod[] = []
      for (const { pod: one, leaves } of steps) {
        const placement = scheduler.place(one)
        const name = 'node' in placement ? placement.node : '-'
        const wanted = obvious(nodes, there, one)
        if (name !== wanted) throw new Error(`${one.metadata.name} went to ${name} instead of ${wanted}`)
        const placed = { ...one, spec: { ...one.spec, nodeName: name } }
        scheduler.add(placed)
        if (name !== '-') there.push(placed)
        const [leaver] = leaves === undefined ? [] : there.splice(leaves, 1)
        if (leaver) scheduler.remove(leaver)
      }
    }),
  )
})
