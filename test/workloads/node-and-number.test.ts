/** StatefulSets and DaemonSets: Pods with a number or a node of their own, and how they are replaced. */
import t from 'tap'
import type { KubeObject } from '../../src/objects/meta.ts'
import type { Taint } from '../../src/objects/node.ts'
import type { Pod } from '../../src/objects/pod.ts'
import type { StatefulSet, WorkloadStatus } from '../../src/objects/workload.ts'
import { daemonSet, node, nodes, statefulSet, Toy, template } from './build.ts'

const taint = (key: string, effect: Taint['effect'] = 'NoSchedule') => [{ key, effect }]
const unready = template({}, { labels: { app: 'web' }, annotations: { 'podwire.dev/ready': 'false' } })

t.test('a StatefulSet numbers its Pods', async t => {
  const volumeClaimTemplates = [{ metadata: { name: 'data' } }]
  const volumes = [
    { name: 'data', emptyDir: {} },
    { name: 'tmp', emptyDir: {} },
  ]
  const toy = new Toy([
    statefulSet({ ordinals: { start: 5 }, replicas: 2, volumeClaimTemplates, template: template({ volumes }) }),
    ...nodes(1),
  ])
  toy.settle()
  t.strictSame(toy.names('Pod'), ['db-5', 'db-6'])
  const [first] = toy.all<Pod>('Pod')
  t.match(first?.metadata.labels, {
    app: 'web',
    'statefulset.kubernetes.io/pod-name': 'db-5',
    'apps.kubernetes.io/pod-index': '5',
    'controller-revision-hash': /^db-/,
  })
  t.match(first?.spec, { hostname: 'db-5', subdomain: 'db' })
  t.strictSame(first?.spec['volumes'], [
    { name: 'data', persistentVolumeClaim: { claimName: 'data-db-5' } },
    { name: 'tmp', emptyDir: {} },
  ])
})

t.test('a StatefulSet makes and deletes its Pods one after the other', async t => {
  const toy = new Toy([statefulSet(), ...nodes(1)])
  const seen = [toy.names('Pod').length]
  while (toy.step()) seen.push(toy.names('Pod').length)
  t.strictSame([...new Set(seen)], [0, 1, 2, 3])
  toy.put({ ...toy.only<StatefulSet>('StatefulSet'), ...statefulSet({ replicas: 1 }, 2) })
  const left = []
  while (toy.step()) left.push(toy.names('Pod').length)
  t.strictSame([...new Set(left)], [2, 1])
  t.strictSame(toy.names('Pod'), ['db-0'])
})

t.test('a new template replaces Pods of StatefulSets and DaemonSets', async t => {
  for (const [kind, first, second] of [
    ['StatefulSet', statefulSet(), statefulSet({ template: template({ hostNetwork: true }) }, 2)],
    ['DaemonSet', daemonSet(), daemonSet({ template: template({ hostNetwork: true }) }, 2)],
  ] as const) {
    const toy = new Toy([first, ...nodes(3)])
    toy.settle()
    const status = toy.only<KubeObject & { status: WorkloadStatus }>(kind).status
    toy.put({ ...second, ...{ status } })
    toy.settle()
    t.equal(toy.all('Pod').length, 3, kind)
    t.ok(
      toy.all<Pod>('Pod').every(one => one.spec.hostNetwork),
      `${kind} has new Pods only`,
    )
  }
})

t.test('Pods of a parallel StatefulSet are replaced one after the other all the same', async t => {
  const spec = { podManagementPolicy: 'Parallel' } as const
  const toy = new Toy([statefulSet(spec), ...nodes(3)])
  toy.settle()
  const { status } = toy.only<StatefulSet>('StatefulSet')
  const next = statefulSet({ ...spec, template: template({ hostNetwork: true }) }, 2)
  toy.put({ ...next, ...(status && { status }) })
  const isUp = (one: Pod) => one.status?.phase === 'Running'
  while (toy.step()) t.ok(toy.all<Pod>('Pod').filter(isUp).length >= 2, 'two of three run')
  toy.put({ ...toy.only<StatefulSet>('StatefulSet'), ...statefulSet({ ...spec, template: unready }, 3) })
  toy.settle()
  const left = toy.all<Pod>('Pod').filter(one => one.spec.hostNetwork)
  t.equal(left.length, 2, 'it stops at the first that does not become ready')
})

t.test('a DaemonSet replaces no more Pods than may be missing', async t => {
  const toy = new Toy([daemonSet(), ...nodes(4)])
  toy.settle()
  const change = (next: ReturnType<typeof daemonSet>) => toy.put({ ...toy.only('DaemonSet'), ...next })
  const isReady = (one: Pod) => one.status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True') === true
  const updateStrategy = { rollingUpdate: { maxUnavailable: '50%' } }
  change(daemonSet({ template: template({ hostNetwork: true }), updateStrategy }, 2))
  while (toy.step()) t.ok(toy.all<Pod>('Pod').filter(isReady).length >= 2, 'half of them')
  t.ok(
    toy.all<Pod>('Pod').every(one => one.spec.hostNetwork),
    'until all are new',
  )
  change(daemonSet({ template: unready }, 3))
  toy.settle()
  t.equal(toy.all<Pod>('Pod').filter(isReady).length, 3, 'and stops at the first that does not become ready')
  change(daemonSet({}, 4))
  toy.settle()
  t.equal(toy.all<Pod>('Pod').filter(one => isReady(one) && !one.spec.hostNetwork).length, 4, 'which goes first later')
})

t.test('a DaemonSet that was changed before it was exported goes on with it', async t => {
  const source = new Toy([daemonSet(), ...nodes(3)])
  source.settle()
  const [first, ...others] = source.all<Pod>('Pod').map(one => one.metadata.name)
  const behind = (object: KubeObject) => ({
    ...object,
    metadata: { ...object.metadata, labels: { app: 'web', 'controller-revision-hash': 'former' } },
  })
  const toy = new Toy(
    [...source.objects.values()].map(object =>
      others.includes(object.metadata.name)
        ? behind(object)
        : object.kind === 'DaemonSet'
          ? { ...object, status: { observedGeneration: 1, updatedNumberScheduled: 1 } }
          : object,
    ),
  )
  toy.settle()
  t.notOk(toy.all<Pod>('Pod').some(one => one.metadata.labels?.['controller-revision-hash'] === 'former'))
  t.ok(toy.names('Pod').includes(first ?? ''))
  t.equal(toy.all('Pod').length, 3)
})

t.test('Pods that a live cluster made are not replaced for a hash that differs', async t => {
  const source = new Toy([statefulSet(), daemonSet(), ...nodes(3)])
  source.settle()
  const renamed = [...source.objects.values()].map(object => {
    const { 'controller-revision-hash': hash, ...labels } = object.metadata.labels ?? {}
    return hash
      ? { ...object, metadata: { ...object.metadata, labels: { ...labels, 'controller-revision-hash': 'x' } } }
      : object
  })
  const exported = renamed.map(object =>
    object.kind === 'StatefulSet' ? { ...object, status: { observedGeneration: 1, updateRevision: 'x' } } : object,
  )
  const toy = new Toy(exported)
  const before = toy.names('Pod')
  toy.settle()
  t.strictSame(toy.names('Pod'), before)
})

t.test('a DaemonSet follows the nodes', async t => {
  const toy = new Toy([daemonSet(), ...nodes(2)])
  toy.settle()
  toy.put(node('node-3'))
  toy.settle()
  t.strictSame(
    toy
      .all<Pod>('Pod')
      .map(one => one.spec.nodeName)
      .sort(),
    ['node-1', 'node-2', 'node-3'],
  )
  toy.put(node('node-2', { taints: taint('a') }))
  toy.settle()
  t.equal(toy.all('Pod').length, 3, 'a taint against new Pods lets those stay that are there')
  toy.put(node('node-2', { taints: taint('a', 'NoExecute') }))
  toy.settle()
  t.strictSame(
    toy
      .all<Pod>('Pod')
      .map(one => one.spec.nodeName)
      .sort(),
    ['node-1', 'node-3'],
  )
  t.match(toy.only<KubeObject & { status: WorkloadStatus }>('DaemonSet').status, {
    desiredNumberScheduled: 2,
    currentNumberScheduled: 2,
    numberReady: 2,
    numberUnavailable: 0,
  })
})
