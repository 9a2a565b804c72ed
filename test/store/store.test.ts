import t from 'tap'
import type { KubeObject } from '../../src/objects/meta.ts'
import type { Pod } from '../../src/objects/pod.ts'
import { parseSelector } from '../../src/objects/selector.ts'
import type { Service } from '../../src/objects/service.ts'
import type { StatusError } from '../../src/store/status-error.ts'
import { deployment, pod, service, storeOf } from './build.ts'

t.test('create() gives an object its identity', async t => {
  const store = storeOf()
  const created = store.create(service('web'))
  t.strictSame(created.metadata, {
    name: 'web',
    namespace: 'default',
    uid: created.metadata.uid,
    creationTimestamp: '2026-11-21T09:00:01Z',
    resourceVersion: '1',
  })
  t.match(
    created.metadata.uid,
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    'a UUID, version 4',
  )
  t.equal(store.get('Service', 'default', 'web'), created, 'what is stored is what was returned')
  t.equal(store.find('Service', 'other', 'web'), undefined)
  t.equal(store.create(deployment('web', 1)).metadata.generation, 1, 'kinds that count changes start at 1')
  t.equal(
    store.create(service('b', {}, { uid: 'mine' })).metadata.uid === 'mine',
    false,
    'a uid is not the client’s to choose',
  )
  const nameless: Pod = { ...pod(''), metadata: { name: '', generateName: 'web-', namespace: 'default' } }
  const made = store.create(nameless)
  t.match(made.metadata.name, /^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/, 'a name drawn behind generateName')
  t.equal(store.revision, 4)
})

t.test('import() keeps the identity that an object had', async t => {
  const given: Service = service(
    'web',
    {},
    {
      uid: 'u-1',
      creationTimestamp: '2020-01-01T00:00:00Z',
      resourceVersion: '99',
      deletionTimestamp: '2020-01-02T00:00:00Z',
    },
  )
  const { metadata } = storeOf().import(given)
  t.match(metadata, {
    uid: 'u-1',
    creationTimestamp: '2020-01-01T00:00:00Z',
    deletionTimestamp: '2020-01-02T00:00:00Z',
  })
  t.equal(metadata.resourceVersion, '1', 'but not its version, which is of this store')
  t.equal(storeOf().create(given).metadata.deletionTimestamp, undefined, 'a created object is not being deleted')
})

t.test('update() replaces what a client may replace', async t => {
  const store = storeOf()
  const first = store.create({ ...deployment('web', 1), status: { replicas: 1 } })
  const scaled = store.update({ ...first, spec: { replicas: 2 }, status: { replicas: 7 } })
  t.equal(scaled.metadata.generation, 2, 'a change of what is wanted is counted')
  t.equal(scaled.metadata.resourceVersion, '2')
  t.same(scaled.status, { replicas: 1 }, 'status is left as it was')
  const labelled = store.update({
    ...scaled,
    metadata: { ...scaled.metadata, labels: { a: 'b' }, uid: first.metadata.uid ?? '' },
  })
  t.equal(labelled.metadata.generation, 2, 'a change of labels is not counted')
  const observed = store.updateStatus({ ...labelled, spec: { replicas: 9 }, status: { replicas: 2 } })
  t.same([observed.spec, observed.status], [{ replicas: 2 }, { replicas: 2 }], 'updateStatus() changes status only')
  t.equal(store.update(observed), observed, 'an update that changes nothing')
  t.equal(store.revision, 4, 'makes no new version')
  const { resourceVersion: _, ...rest } = observed.metadata
  const blind: KubeObject = { ...observed, metadata: { ...rest, labels: {} } }
  t.equal(store.update(blind).metadata.resourceVersion, '5', 'without a version the last writer wins')
})

t.test('refusals are the API server’s', async t => {
  const store = storeOf()
  const web = store.create(service('web'))
  store.create(deployment('web', 1))
  const newer = store.update({ ...web, spec: { type: 'NodePort' } })
  const custom = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'a' } }
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [why: string, act: () => unknown, reason: string, status: number, message: string])[] = [
    ['a name twice', () => store.create(service('web')), 'AlreadyExists', 409, 'services "web" already exists'],
    ['a name twice in a named group', () => store.create(deployment('web', 1)), 'AlreadyExists', 409, 'deployments.apps "web" already exists'],
    ['nothing to get', () => store.get('Deployment', 'default', 'db'), 'NotFound', 404, 'deployments.apps "db" not found'],
    ['nothing to update', () => store.update(service('db')), 'NotFound', 404, 'services "db" not found'],
    ['nothing to delete', () => store.delete({ kind: 'Service', namespace: 'default', name: 'db' }), 'NotFound', 404, 'services "db" not found'],
    ['nothing of a custom kind', () => store.update(custom), 'NotFound', 404, 'things.example.com "a" not found'],
    ['an old version', () => store.update(web), 'Conflict', 409, 'Operation cannot be fulfilled on services "web": the object has been modified; please apply your changes to the latest version and try again'],
    ['an old version to delete', () => store.delete({ kind: 'Service', namespace: 'default', name: 'web' }, { resourceVersion: '1' }), 'Conflict', 409, 'Operation cannot be fulfilled on services "web": the object has been modified; please apply your changes to the latest version and try again'],
    ['another incarnation', () => store.delete({ kind: 'Service', namespace: 'default', name: 'web' }, { uid: 'x' }), 'Conflict', 409, `Operation cannot be fulfilled on services "web": Precondition failed: UID in precondition: x, UID in object meta: ${web.metadata.uid}`],
    ['another incarnation to update', () => store.update({ ...newer, metadata: { ...newer.metadata, uid: 'x' } }), 'Conflict', 409, `Operation cannot be fulfilled on services "web": Precondition failed: UID in precondition: x, UID in object meta: ${web.metadata.uid}`],
  ]
  const before = store.revision
  for (const [why, act, reason, status, message] of rows) {
    t.throws(act, { name: 'StatusError', code: 'ERR_STATUS', reason, status, message } as unknown as StatusError, why)
  }
  t.equal(store.revision, before, 'and nothing was changed')
})

t.test('list() is in order, by scope, and does not change afterwards', async t => {
  const store = storeOf()
  for (const [name, namespace] of [
    ['b', 'y'],
    ['a', 'y'],
    ['c', 'x'],
    ['a-b', 'y'],
  ] as const)
    store.create(pod(name, { name }, namespace))
  const names = (list: readonly KubeObject[]) => list.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
  const all = store.list('Pod')
  t.same(names(all), ['x/c', 'y/a', 'y/a-b', 'y/b'])
  t.same(names(store.list('Pod', { namespace: 'y' })), ['y/a', 'y/a-b', 'y/b'])
  t.same(names(store.list('Pod', { selector: parseSelector('name in (a,c)') })), ['x/c', 'y/a'])
  t.same(store.list('Pod', { namespace: 'z' }), [])
  t.same(store.list('Node'), [])
  t.equal(store.list('Pod'), all, 'asked again it is the same list')
  store.delete({ kind: 'Pod', namespace: 'y', name: 'a' })
  store.create(pod('a', { name: 'new' }, 'y'))
  store.create(pod('d', {}, 'x'))
  t.same(names(store.list('Pod')), ['x/c', 'x/d', 'y/a', 'y/a-b', 'y/b'], 'a name that came back is there once')
  t.same(names(all), ['x/c', 'y/a', 'y/a-b', 'y/b'], 'the old list is as it was')
  t.equal(store.count('Pod'), 5)
  t.equal(store.count('Node'), 0)
})

t.test('delete() waits for finalizers and grace periods', async t => {
  const store = storeOf()
  const key = { kind: 'Pod', namespace: 'default', name: 'a' }
  store.create(pod('a'))
  const marked = store.delete(key, { gracePeriodSeconds: 30 })
  t.match(marked.metadata, { deletionTimestamp: '2026-11-21T09:00:32Z', deletionGracePeriodSeconds: 30 })
  t.equal(store.delete(key, { gracePeriodSeconds: 60 }), marked, 'a grace period is not extended')
  t.equal(store.delete(key, { gracePeriodSeconds: 30 }), marked, 'nor started anew')
  t.match(store.delete(key, { gracePeriodSeconds: 5 }).metadata, { deletionGracePeriodSeconds: 5 }, 'but shortened')
  store.delete(key)
  t.equal(store.find('Pod', 'default', 'a'), undefined, 'and without one it is gone')

  store.create({ ...service('web'), metadata: { name: 'web', namespace: 'default', finalizers: ['example.com/a'] } })
  const held = store.delete({ kind: 'Service', namespace: 'default', name: 'web' }) as Service
  t.ok(held.metadata.deletionTimestamp, 'a finalizer holds it')
  const { finalizers: _, ...metadata } = held.metadata
  store.update({ ...held, metadata })
  t.equal(store.find('Service', 'default', 'web'), undefined, 'until it is taken away')
})

t.test('watch() tells changes in order', async t => {
  const store = storeOf()
  const early = store.watch('Pod')
  const web = store.watch('Pod', { selector: parseSelector('app=web') })
  const other = store.watch('Pod', { namespace: 'other' })
  const a = store.create(pod('a', { app: 'web' }))
  const since = store.revision
  store.create(service('unrelated'))
  const b = store.update({ ...a, metadata: { ...a.metadata, labels: { app: 'db' } } })
  store.delete({ kind: 'Pod', namespace: 'default', name: 'a' })
  const told = (events: ReturnType<typeof early.poll>) => events.map(({ type, revision }) => `${type} ${revision}`)
  const events = early.poll()
  t.same(told(events), ['ADDED 1', 'MODIFIED 3', 'DELETED 4'])
  t.equal(events[1]?.previous, a)
  t.equal(events[1]?.object, b)
  t.equal(events[2]?.object.metadata.resourceVersion, '4', 'a deleted object carries the version of its deletion')
  t.same(early.poll(), [], 'once')
  t.equal(early.revision, 4)
  t.same(told(web.poll()), ['ADDED 1', 'DELETED 3'], 'what no longer matches is deleted to those who select')
  t.same(other.poll(), [], 'other namespaces are not told')
  const c = store.create(pod('c'))
  const selected = store.watch('Pod', { selector: parseSelector('app=web') })
  store.update({ ...c, metadata: { ...c.metadata, labels: { app: 'web' } } })
  t.same(told(selected.poll()), ['ADDED 6'], 'what begins to match is added')
  store.delete({ kind: 'Pod', namespace: 'default', name: 'c' })
  t.same(
    told(store.watch('Pod', {}, since).poll()),
    ['MODIFIED 3', 'DELETED 4', 'ADDED 5', 'MODIFIED 6', 'DELETED 7'],
    'from a resource version',
  )
})

t.test('history is bounded', async t => {
  const store = storeOf({ historyLimit: 10 })
  const slow = store.watch('Pod')
  for (let i = 0; i < 25; i++) store.create(pod(`p${i}`))
  t.throws(() => slow.poll(), {
    reason: 'Expired',
    status: 410,
    message: 'too old resource version: 0 (10)',
  } as unknown as StatusError)
  t.throws(() => store.watch('Pod', {}, 9), { reason: 'Expired' } as unknown as StatusError)
  t.equal(store.watch('Pod', {}, 10).poll().length, 15, 'what is kept is told in full')
  t.equal(store.watch('Pod', {}, 25).poll().length, 0)
})

t.test('what the journal cannot take does not happen', async t => {
  let full = false
  const store = storeOf({
    journal: () => {
      if (full) throw new RangeError('the disk is full')
    },
  })
  store.create(service('a'))
  full = true
  t.throws(() => store.create(service('b')), { message: 'the disk is full' })
  t.equal(store.revision, 1)
  t.equal(store.count('Service'), 1)
})

t.test('subscribe() tells every change at once', async t => {
  const store = storeOf()
  const seen: string[] = []
  const stop = store.subscribe(({ type, object }) => seen.push(`${type} ${object.kind}`))
  const web = store.create(service('web'))
  store.update(web)
  store.create(pod('a'))
  stop()
  store.create(pod('b'))
  t.same(seen, ['ADDED Service', 'ADDED Pod'])
})
