/** The store as a state machine: its log, its snapshots and its watches tell the same. */
import fc from 'fast-check'
import t from 'tap'
import type { KubeObject } from '../../src/objects/meta.ts'
import type { Command } from '../../src/store/command.ts'
import type { StatusError } from '../../src/store/status-error.ts'
import type { Store } from '../../src/store/store.ts'
import { deployment, storeOf } from './build.ts'

/** What a client may ask; most of it is refused now and then. */
const action = fc.record({
  do: fc.constantFrom('create', 'update', 'status', 'delete', 'import'),
  name: fc.constantFrom('a', 'b', 'c'),
  namespace: fc.constantFrom('x', 'y'),
  value: fc.nat(3),
  finalizers: fc.constantFrom([], ['example.com/f']),
})

function act(
  store: Store,
  { do: verb, name, namespace, value, finalizers }: typeof action extends fc.Arbitrary<infer A> ? A : never,
): void {
  const object = {
    ...deployment(name, value),
    metadata: { name, namespace, finalizers: [...finalizers] },
    status: { value },
  }
  try {
    if (verb === 'create') store.create(object)
    else if (verb === 'import') store.import(object)
    else if (verb === 'update') store.update(object)
    else if (verb === 'status') store.updateStatus(object)
    else store.delete({ kind: 'Deployment', namespace, name })
  } catch (error) {
    if ((error as StatusError).code !== 'ERR_STATUS') throw error
  }
}

t.test('replaying the commands gives the same store', async () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 30 }), fc.nat(30), (actions, cut) => {
      const journal: Command[] = []
      const store = storeOf({ journal: command => journal.push(command) })
      let middle = store.snapshot()
      let replayFrom = 0
      actions.forEach((one, index) => {
        act(store, one)
        if (index === cut) [middle, replayFrom] = [store.snapshot(), journal.length]
      })
      const again = storeOf({ clock: () => 0, random: () => 0 })
      for (const command of journal) again.apply(command)
      const later = storeOf({ clock: () => 0, random: () => 0, snapshot: middle })
      for (const command of journal.slice(replayFrom)) later.apply(command)
      const text = JSON.stringify(store.snapshot())
      return JSON.stringify(again.snapshot()) === text && JSON.stringify(later.snapshot()) === text
    }),
  )
})

t.test('a list kept by watching is the list', async () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 30 }), actions => {
      const store = storeOf()
      const watch = store.watch('Deployment')
      const kept = new Map<string, KubeObject>()
      for (const one of actions) {
        act(store, one)
        for (const { type, object } of watch.poll()) {
          const key = `${object.metadata.namespace}/${object.metadata.name}`
          if (type === 'DELETED') kept.delete(key)
          else kept.set(key, object)
        }
      }
      const keys = [...kept.keys()].sort()
      return JSON.stringify(keys.map(key => kept.get(key))) === JSON.stringify(store.list('Deployment'))
    }),
  )
})
