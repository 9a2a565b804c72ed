/** What each controller makes of its object, once all has settled. */
import t from 'tap'
import { controllerOf, type KubeObject } from '../../src/objects/meta.ts'
import type { Pod } from '../../src/objects/pod.ts'
import type { Deployment, ReplicaSet } from '../../src/objects/workload.ts'
import {
  daemonSet,
  deployment,
  job,
  node,
  nodes,
  pod,
  replicaSet,
  replicationController,
  statefulSet,
  Toy,
  template,
} from './build.ts'

const taint = (key: string, effect: 'NoSchedule' | 'NoExecute' = 'NoSchedule') => [{ key, effect }]
const unready = template({}, { labels: { app: 'web' }, annotations: { 'podwire.dev/ready': 'false' } })
const onSsd = { nodeSelector: { disk: 'ssd' } }
const ended = (name: string, phase: 'Succeeded' | 'Failed', owner: KubeObject): Pod => {
  const { apiVersion, kind, metadata } = owner
  const ownerReferences = [{ apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true }]
  const labels = { app: 'web', 'batch.kubernetes.io/controller-uid': metadata.uid ?? '' }
  return { ...pod(name, { nodeName: 'node-1' }, { ownerReferences, labels }), status: { phase } }
}

// biome-ignore format: one case, one row
const cases: [name: string, objects: KubeObject[], pods: number, running?: number][] = [
  ['a Deployment has its replicas',                       [deployment(), ...nodes(3)], 3],
  ['a Deployment of none has none',                       [deployment({ replicas: 0 }), ...nodes(3)], 0],
  ['a paused Deployment starts none',                     [deployment({ paused: true }), ...nodes(3)], 0],
  ['a ReplicaSet has its replicas',                       [replicaSet({ replicas: 4 }), ...nodes(3)], 4],
  ['a ReplicaSet counts Pods that it may adopt',          [replicaSet(), pod('a'), pod('b'), ...nodes(3)], 3],
  ['a ReplicaSet deletes Pods that are too many',         [replicaSet({ replicas: 1 }), pod('a'), pod('b'), ...nodes(3)], 1],
  ['a ReplicaSet replaces Pods that have ended',          [replicaSet({ replicas: 1 }), ended('a', 'Failed', replicaSet()), ...nodes(3)], 2, 1],
  ['a ReplicationController has its replicas',            [replicationController(2), ...nodes(3)], 2],
  ['a StatefulSet has its replicas',                      [statefulSet(), ...nodes(3)], 3],
  ['a StatefulSet waits for a Pod that is not ready',     [statefulSet({ template: unready }), ...nodes(3)], 1],
  ['a parallel StatefulSet does not wait',                [statefulSet({ template: unready, podManagementPolicy: 'Parallel' }), ...nodes(3)], 3],
  ['a DaemonSet has a Pod on each node',                  [daemonSet(), ...nodes(4)], 4],
  ['a DaemonSet keeps off nodes that it does not want',   [daemonSet({ template: template(onSsd) }), node('node-1'), node('node-2', {}, { disk: 'ssd' })], 1],
  ['a DaemonSet keeps off tainted nodes',                 [daemonSet(), node('node-1'), node('node-2', { taints: taint('a') })], 1],
  ['a DaemonSet goes to cordoned nodes',                  [daemonSet(), node('node-1', { unschedulable: true, taints: taint('node.kubernetes.io/unschedulable') })], 1],
  ['a DaemonSet without nodes has none',                  [daemonSet()], 0],
  ['a Job runs one Pod',                                  [job(), ...nodes(1)], 1],
  ['a Job runs no more at once than it may',              [job({ parallelism: 2, completions: 5 }), ...nodes(1)], 2],
  ['a Job runs no more than are missing',                 [job({ parallelism: 3, completions: 2 }), ended('a', 'Succeeded', job()), ...nodes(1)], 2, 1],
  ['a suspended Job runs none',                           [job({ suspend: true }), ...nodes(1)], 0],
  ['Pods without a node wait',                            [deployment()], 3, 0],
]

for (const [name, objects, count, running = objects.some(one => one.kind === 'Node') ? count : 0] of cases) {
  t.test(name, async t => {
    const toy = new Toy(objects)
    toy.settle()
    t.equal(toy.all('Pod').length, count, 'Pods')
    t.equal(toy.all<Pod>('Pod').filter(one => one.status?.phase === 'Running').length, running, 'running')
    t.notOk(toy.step(), 'and it stays so')
  })
}

t.test('a Deployment makes a ReplicaSet of its template, and that makes Pods', async t => {
  const toy = new Toy([deployment(), ...nodes(3)])
  toy.settle()
  const set = toy.only<ReplicaSet>('ReplicaSet')
  t.match(set.metadata.name, /^web-[bcdf4-9]{6,10}$/)
  const hash = set.metadata.name.slice(4)
  t.strictSame(set.spec.selector, { matchLabels: { app: 'web', 'pod-template-hash': hash } })
  for (const one of toy.all<Pod>('Pod')) {
    t.match(one.metadata.name, new RegExp(`^${set.metadata.name}-[bcdfghjklmnpqrstvwxz2456789]{5}$`))
    t.strictSame(one.metadata.labels, { app: 'web', 'pod-template-hash': hash })
    t.equal(controllerOf(one.metadata)?.uid, set.metadata.uid)
  }
  t.strictSame(toy.only<Deployment>('Deployment').status, {
    observedGeneration: 1,
    replicas: 3,
    updatedReplicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    unavailableReplicas: 0,
  })
  t.strictSame(new Set(toy.all<Pod>('Pod').map(one => one.spec.nodeName)).size, 3, 'each on a node of its own')
})

t.test('a new template rolls out, step by step', async t => {
  const toy = new Toy([deployment({ replicas: 8 }), ...nodes(3)])
  toy.settle()
  const [old = ''] = toy.names('ReplicaSet')
  toy.put({
    ...toy.only<Deployment>('Deployment'),
    ...deployment({ replicas: 8, template: template({ hostNetwork: true }) }, 2),
  })
  let fewest = 8
  let most = 8
  while (toy.step()) {
    const active = toy.all<Pod>('Pod').length
    fewest = Math.min(fewest, toy.all<Pod>('Pod').filter(one => one.status?.phase === 'Running').length)
    most = Math.max(most, active)
  }
  t.ok(fewest >= 6, `a quarter may be missing, and ${fewest} ran`)
  t.ok(most <= 10, `a quarter may be added, and there were ${most}`)
  const replicas = new Map(toy.all<ReplicaSet>('ReplicaSet').map(set => [set.metadata.name, set.spec.replicas]))
  t.equal(replicas.size, 2)
  t.equal(replicas.get(old), 0, 'the old set stays, empty')
  t.equal(toy.all('Pod').length, 8)
})

t.test('a new template that never becomes ready does not replace the old one', async t => {
  const toy = new Toy([deployment({ replicas: 4 }), ...nodes(3)])
  toy.settle()
  toy.put({ ...toy.only<Deployment>('Deployment'), ...deployment({ replicas: 4, template: unready }, 2) })
  toy.settle()
  const ready = toy
    .all<Pod>('Pod')
    .filter(one => one.status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True'))
  t.equal(ready.length, 3, 'one may be unavailable')
  t.equal(toy.all('Pod').length, 5, 'and one more may be there')
})

t.test('recreating lets the old Pods go first', async t => {
  const strategy = { type: 'Recreate' }
  const toy = new Toy([deployment({ strategy }), ...nodes(3)])
  toy.settle()
  const [old = ''] = toy.names('ReplicaSet')
  toy.put({
    ...toy.only<Deployment>('Deployment'),
    ...deployment({ strategy, template: template({ hostNetwork: true }) }, 2),
  })
  while (toy.step()) {
    const owners = new Set(toy.all<Pod>('Pod').map(one => controllerOf(one.metadata)?.name))
    t.ok(owners.size <= 1, 'never both')
  }
  t.equal(toy.all('Pod').length, 3)
  t.notOk(toy.all<Pod>('Pod').some(one => controllerOf(one.metadata)?.name === old))
})

t.test('scaling keeps the Pods that are there', async t => {
  const toy = new Toy([deployment({ replicas: 2 }), ...nodes(3)])
  toy.settle()
  const before = toy.names('Pod')
  toy.put({ ...toy.only<Deployment>('Deployment'), ...deployment({ replicas: 5 }, 2) })
  toy.settle()
  t.equal(toy.all('Pod').length, 5)
  t.strictSame(
    toy.names('Pod').filter(name => before.includes(name)),
    before,
  )
  t.equal(toy.all('ReplicaSet').length, 1)
})

t.test('Pods of an export whose ReplicaSet is not in it are kept, with its name', async t => {
  const ownerReferences = [
    { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d4f8', uid: 'elsewhere', controller: true },
  ]
  const labels = { app: 'web', 'pod-template-hash': '5d4f8' }
  const exported = ['web-5d4f8-aaaaa', 'web-5d4f8-bbbbb', 'web-5d4f8-ccccc'].map(name =>
    pod(name, {}, { labels, ownerReferences }),
  )
  const toy = new Toy([deployment(), ...exported, ...nodes(3)])
  toy.settle()
  t.strictSame(toy.names('ReplicaSet'), ['web-5d4f8'])
  t.strictSame(
    toy.names('Pod'),
    exported.map(one => one.metadata.name),
  )
})

t.test('an export with all its parts is left as it is', async t => {
  const source = new Toy([deployment(), statefulSet(), daemonSet(), ...nodes(3)])
  source.settle()
  const again = new Toy([...source.objects.values()])
  t.notOk(again.step())
})

t.test('an indexed Job numbers its Pods', async t => {
  const toy = new Toy([job({ completionMode: 'Indexed', parallelism: 2, completions: 3 }), ...nodes(1)])
  toy.settle()
  t.match(toy.names('Pod'), [/^job-0-.{5}$/, /^job-1-.{5}$/])
  t.strictSame(
    toy
      .all<Pod>('Pod')
      .map(one => one.spec.hostname)
      .sort(),
    ['job-0', 'job-1'],
  )
  const [first] = toy.all<Pod>('Pod')
  t.match(first?.metadata.labels, { 'job-name': 'job', 'batch.kubernetes.io/job-completion-index': '0' })
})
