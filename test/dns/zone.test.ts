/** A zone that follows changes, against one made anew. */
import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { answerQuestion } from '../../src/dns/answer.ts'
import { kubeadmOptions } from '../../src/dns/options.ts'
import { CLASS_IN } from '../../src/dns/record.ts'
import { zoneRecords } from '../../src/dns/transfer.ts'
import { type Touched, Zone } from '../../src/dns/zone.ts'
import { namespaceOf, podOf, port, serviceOf, sliceOf } from './objects.ts'
import { cluster, type Drawn, drawn, names, objectsOf, options, types } from './random-zone.ts'

const SERIAL = 7
const questions = fc.array(fc.record({ name: names, type: types, class: fc.constant(CLASS_IN) }), { maxLength: 30 })

t.test('changes one by one give the zone that all objects at once give', async t => {
  fc.assert(
    fc.property(
      cluster,
      fc.array(drawn, { maxLength: 8 }),
      options,
      questions,
      (first, changes, options, questions) => {
        const now = new Map<string, Drawn>(first.map(one => [`${one.namespace}/${one.name}`, one]))
        const followed = new Zone(objectsOf(first), options, 1)
        for (const change of changes) {
          now.set(`${change.namespace}/${change.name}`, change)
          followed.changeService(change.name, change.namespace, change.service, change.slices, SERIAL)
        }
        followed.changeNamespace('shop', undefined, SERIAL)
        const anew = new Zone(objectsOf([...now.values()], ['default']), options, SERIAL)
        deepStrictEqual(followed.byAddress, anew.byAddress)
        deepStrictEqual(zoneRecords(followed), zoneRecords(anew))
        for (const question of questions) {
          deepStrictEqual(answerQuestion(followed, question), answerQuestion(anew, question))
        }
      },
    ),
  )
  t.pass()
})

t.test('a change touches that Service and its addresses, before and after', async t => {
  const zone = new Zone({ namespaces: [namespaceOf('a')], services: [], slices: [], pods: [] }, kubeadmOptions(), 1)
  const heard: (Touched | undefined)[] = []
  const stop = zone.listen(touched => heard.push(touched))
  const service = serviceOf('a/web', { clusterIP: '10.96.0.1', ports: [port(80)] })
  zone.changeService('web', 'a', service, [sliceOf('a/web', [{ ip: '10.244.0.1' }])], 2)
  zone.changeService('web', 'a', service, [sliceOf('a/web', [{ ip: '10.244.0.2' }])], 3)
  zone.changeService('web', 'a', undefined, [], 4)
  zone.changeNamespace('a', undefined, 5)
  stop()
  zone.changeNamespace('a', namespaceOf('a'), 6)
  t.strictSame(heard, [
    { service: 'web.a', addresses: new Set(['10.96.0.1', '10.244.0.1']) },
    { service: 'web.a', addresses: new Set(['10.96.0.1', '10.244.0.1', '10.244.0.2']) },
    { service: 'web.a', addresses: new Set(['10.96.0.1', '10.244.0.2']) },
    undefined,
  ])
  t.equal(zone.serial, 6)
  t.equal(zone.services.size, 0)
  t.equal(zone.byAddress.size, 0)
})

t.test('Pods come and go', async t => {
  const zone = new Zone(
    { namespaces: [], services: [], slices: [], pods: [podOf('a/p', '10.0.0.1')] },
    kubeadmOptions(),
    1,
  )
  zone.changePod(undefined, podOf('a/q', '10.0.0.1', 'fd00::1'), 2)
  t.strictSame(
    zone.pods,
    new Map([
      ['10.0.0.1', new Map([['a', 2]])],
      ['fd00::1', new Map([['a', 1]])],
    ]),
  )
  const going = podOf('a/q', '10.0.0.1', 'fd00::1')
  zone.changePod(going, { ...going, metadata: { ...going.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } }, 3)
  zone.changePod(podOf('a/p', '10.0.0.1'), undefined, 4)
  const over = podOf('a/r', '10.0.0.9')
  zone.changePod(undefined, { ...over, status: { ...over.status, phase: 'Succeeded' } }, 5)
  t.strictSame(zone.pods, new Map())
  t.equal(zone.serial, 5)
})
