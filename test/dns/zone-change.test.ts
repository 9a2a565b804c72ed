/** Changes between two zones: they make the one of the other, and touch nothing else. */
import { deepStrictEqual, ok } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { kubeadmOptions } from '../../src/dns/options.ts'
import { type DnsObjects, Zone } from '../../src/dns/zone.ts'
import { changeZone, updateBetween, zoneChanges } from '../../src/dns/zone-change.ts'
import { namespaceOf, podOf, port, serviceOf, sliceOf } from './objects.ts'
import { cluster, objectsOf, options } from './random-zone.ts'

const contentOf = ({ services, byAddress, pods, namespaces }: Zone) => ({ services, byAddress, pods, namespaces })

t.test('the changes between two clusters make the zone of the one that of the other', async t => {
  fc.assert(
    fc.property(cluster, cluster, options, (one, other, options) => {
      const [before, after] = [objectsOf(one), objectsOf(other)]
      const zone = new Zone(before, options, 1)
      changeZone(zone, zoneChanges(before, after), 2)
      deepStrictEqual(contentOf(zone), contentOf(new Zone(after, options, 2)))
    }),
    { seed: 1, numRuns: 500 },
  )
  t.pass()
})

const WEB = serviceOf('a/web', { clusterIP: '10.96.0.1', ports: [port(80, 'http')] })
const DB = serviceOf('a/db', { clusterIP: 'None', ports: [port(5432)] })
const DB_SLICE = sliceOf('a/db', [{ ip: '10.244.0.1' }], [port(5432)])
const OBJECTS: DnsObjects = { namespaces: [namespaceOf('a')], services: [WEB, DB], slices: [DB_SLICE], pods: [] }
const renumbered = { ...WEB, metadata: { ...WEB.metadata, resourceVersion: '99' } }
const labelled = { ...WEB, metadata: { ...WEB.metadata, labels: { a: 'b' } } }
const moved = serviceOf('a/web', { clusterIP: '10.96.0.2', ports: [port(80, 'http')] })
const empty = sliceOf('a/db', [{ ip: '10.244.0.1', ready: false }], [port(5432)])
const pod = podOf('a/p', '10.244.0.9')

// biome-ignore format: one case, one row
const CASES: [why: string, change: Partial<DnsObjects>, changes: string[]][] = [
  ['nothing changes',                   {},                                            []],
  ['what no answer tells of changes',   { services: [renumbered, DB] },                []],
  ['the order changes',                 { services: [DB, WEB] },                       []],
  ['an address changes',                { services: [moved, DB] },                     ['service web']],
  ['labels change, which may select',   { services: [labelled, DB] },                  ['service web']],
  ['an endpoint is no longer ready',    { slices: [empty] },                           ['service db']],
  ['a Service goes',                    { services: [DB] },                            ['service web']],
  ['its slice goes',                    { slices: [] },                                ['service db']],
  ['a namespace comes',                 { namespaces: [namespaceOf('a'), namespaceOf('b')] }, ['namespace b']],
  ['a namespace goes',                  { namespaces: [] },                            ['namespace a']],
  ['a Pod comes',                       { pods: [pod] },                               ['pod ']],
]

for (const [why, change, wanted] of CASES) {
  t.test(`${why}: ${wanted.join() || 'no change'}`, async t => {
    const changes = zoneChanges(OBJECTS, { ...OBJECTS, ...change })
    t.strictSame(
      changes.map(one => `${one.kind} ${'name' in one ? one.name : ''}`),
      wanted,
    )
  })
}

t.test('another setup makes the zone anew', async t => {
  const before = { objects: OBJECTS, options: kubeadmOptions(), serial: 1 }
  t.equal(updateBetween(before, { ...before, serial: 2 }), undefined)
  t.equal(updateBetween(before, { ...before, options: { ...before.options, ttl: 9 }, serial: 2 })?.kind, 'makings')
  const update = updateBetween(before, { ...before, objects: { ...OBJECTS, services: [] }, serial: 2 })
  t.equal(update?.kind === 'changes' && update.serial, 2)
})

t.test('only what changed is touched', async t => {
  const zone = new Zone(OBJECTS, kubeadmOptions(), 1)
  const touched: string[] = []
  zone.listen(one => touched.push(one?.service ?? 'all'))
  changeZone(zone, zoneChanges(OBJECTS, { ...OBJECTS, services: [moved, DB] }), 2)
  t.strictSame(touched, ['web.a'])
  ok(zone.serial === 2)
})
