/** Answers that are ready, against those that are made: always the same. */
import { deepStrictEqual, equal } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { readMessage } from '../../src/dns/decode.ts'
import { encodeMessage } from '../../src/dns/encode.ts'
import { DNSSEC_OK, type Edns, query } from '../../src/dns/message.ts'
import { type Name, parseName } from '../../src/dns/name.ts'
import { kubeadmOptions } from '../../src/dns/options.ts'
import { ReadyAnswers } from '../../src/dns/ready-answers.ts'
import { CLASS_IN, TYPES } from '../../src/dns/record.ts'
import { respond } from '../../src/dns/respond.ts'
import { Zone } from '../../src/dns/zone.ts'
import { namespaceOf, port, serviceOf, sliceOf } from './objects.ts'
import { cluster, drawn, names, objectsOf, options, types } from './random-zone.ts'

const edns: fc.Arbitrary<Edns | undefined> = fc.option(
  fc.record({
    udpSize: fc.constantFrom(0, 512, 600, 1232, 4096),
    version: fc.constantFrom(0, 0, 0, 1),
    flags: fc.constantFrom(0, DNSSEC_OK, 0xffff),
    options: fc.constantFrom([], [], [{ code: 10, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }]),
  }),
  { nil: undefined },
)

const question = fc.record({ name: names, type: types, edns, turn: fc.nat(5), id: fc.nat(0xffff), cd: fc.boolean() })
const out = new Uint8Array(0x10000)

function asked({
  name,
  type,
  edns,
  id,
  cd,
}: {
  name: Name
  type: number
  edns?: Edns | undefined
  id: number
  cd: boolean
}) {
  return encodeMessage({ ...query(id, { name, type, class: CLASS_IN }, edns), checkingDisabled: cd })
}

t.test('a ready answer says what respond() says', async t => {
  let ready = 0
  fc.assert(
    fc.property(cluster, options, fc.array(question, { minLength: 1, maxLength: 20 }), (all, options, questions) => {
      const zone = new Zone(objectsOf(all), options, 0xc00cc00c)
      const answers = new ReadyAnswers(zone)
      for (const one of [...questions, ...questions]) {
        const octets = asked(one)
        const length = answers.answer(octets, octets.length, out, one.turn)
        if (length === 0) continue
        ready++
        const slow = respond(zone, octets, { transport: 'udp' }, { turn: one.turn })
        equal(slow.kind, 'reply')
        if (slow.kind === 'reply') deepStrictEqual(readMessage(out.slice(0, length)), readMessage(slow.octets))
      }
    }),
    { numRuns: 1500 },
  )
  t.ok(ready > 2000, `${ready} were ready`)
})

t.test('a ready answer follows each change', async t => {
  let compared = 0
  const steps = fc.array(fc.tuple(drawn, fc.array(question, { maxLength: 6 }), fc.boolean()), { maxLength: 8 })
  fc.assert(
    fc.property(cluster, options, steps, (all, options, steps) => {
      const zone = new Zone(objectsOf(all), options, 1)
      const answers = new ReadyAnswers(zone)
      const every = steps.flatMap(([, questions]) => questions)
      for (const [i, [{ name, namespace, service, slices }, , toggles]] of steps.entries()) {
        zone.changeService(name, namespace, service, slices, i + 2)
        if (toggles) zone.changeNamespace('shop', i % 2 === 0 ? undefined : namespaceOf('shop'), i + 2)
        for (const one of every) {
          const octets = asked(one)
          const length = answers.answer(octets, octets.length, out, one.turn)
          const slow = respond(zone, octets, { transport: 'udp' }, { turn: one.turn })
          compared++
          if (length === 0 || slow.kind !== 'reply') equal(length, 0)
          else deepStrictEqual(readMessage(out.slice(0, length)), readMessage(slow.octets))
        }
      }
      answers.close()
    }),
    { numRuns: 300 },
  )
  t.ok(compared > 1000)
})

const zone = new Zone(
  {
    namespaces: [namespaceOf('default')],
    services: [
      serviceOf('default/web', { clusterIPs: ['10.96.0.1', 'fd00::1'], ports: [port(80, 'http')] }),
      serviceOf('default/db', { clusterIP: 'None', ports: [port(80, 'http')] }),
      serviceOf('default/ext', { type: 'ExternalName', externalName: 'example.com' }),
    ],
    slices: [sliceOf('default/db', [{ ip: '10.244.0.1' }, { ip: '10.244.0.2' }], [port(80, 'http')])],
    pods: [],
  },
  kubeadmOptions(),
  1,
)
const answers = new ReadyAnswers(zone)

// biome-ignore format: one case, one row
const rows: [name: string, type: keyof typeof TYPES, ready: boolean, why: string][] = [
  ['web.default.svc.cluster.local',            'A',     true,  'a Service'],
  ['WEB.default.svc.cluster.local',            'A',     true,  'a Service in other letters'],
  ['web.default.svc.cluster.local',            'HTTPS', true,  'a record that is not there'],
  ['_http._tcp.web.default.svc.cluster.local', 'SRV',   true,  'a port'],
  ['db.default.svc.cluster.local',             'A',     true,  'endpoints'],
  ['10-244-0-1.db.default.svc.cluster.local',  'A',     true,  'one endpoint'],
  ['1.0.96.10.in-addr.arpa',                   'PTR',   true,  'an address'],
  ['nope.default.svc.cluster.local',           'A',     true,  'a Service that is not there'],
  ['web.nope.svc.cluster.local',               'MX',    true,  'a namespace that is not there'],
  ['www.example.com.default.svc.cluster.local','AAAA',  true,  'the first step of a search'],
  ['www.example.com.svc.cluster.local',        'A',     true,  'the second step of a search'],
  ['www.example.com.cluster.local',            'A',     true,  'the third step of a search'],
  ['www.example.com',                          'A',     false, 'the last step of a search, which is for somebody else'],
  ['ext.default.svc.cluster.local',            'A',     false, 'a name outside'],
  ['_HTTP._tcp.web.default.svc.cluster.local', 'SRV',   false, 'a port in other letters'],
  ['10-1-1-1.default.pod.cluster.local',       'A',     false, 'a Pod, of which there is no end'],
  ['cluster.local',                            'SOA',   false, 'the zone itself'],
  ['9.9.9.9.in-addr.arpa',                     'PTR',   false, 'an address that somebody else may have'],
]

for (const [name, type, ready, why] of rows) {
  t.test(`${ready ? 'ready' : 'not ready'}: ${why}`, async t => {
    const octets = asked({ name: parseName(name), type: TYPES[type], id: 7, cd: false })
    for (const again of ['at first', 'again']) {
      t.equal(answers.answer(octets, octets.length, out) > 0, ready, again)
    }
  })
}

t.test('a long answer goes to who can cut it', async t => {
  const many = Array.from({ length: 40 }, (_, i) => ({ ip: `10.244.1.${i}` }))
  const zone = new Zone(
    {
      namespaces: [namespaceOf('default')],
      services: [serviceOf('default/many', { clusterIP: 'None' })],
      slices: [sliceOf('default/many', many)],
      pods: [],
    },
    kubeadmOptions(),
    1,
  )
  const answers = new ReadyAnswers(zone)
  const name = parseName('many.default.svc.cluster.local')
  const plain = asked({ name, type: TYPES.A, id: 1, cd: false })
  t.equal(answers.answer(plain, plain.length, out), 0)
  const wide = asked({
    name,
    type: TYPES.A,
    id: 1,
    cd: false,
    edns: { udpSize: 4096, version: 0, flags: 0, options: [] },
  })
  t.ok(answers.answer(wide, wide.length, out) > 512)
})
