/** Octets in, octets out: refusals, EDNS, cuts, transfers; and whatever else may come. */
import { equal, ok } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { seededRandom } from '../../src/base/random.ts'
import { readMessage } from '../../src/dns/decode.ts'
import { encodeMessage } from '../../src/dns/encode.ts'
import { DNSSEC_OK, type Edns, formatRcode, type Message, query } from '../../src/dns/message.ts'
import { parseName } from '../../src/dns/name.ts'
import { kubeadmOptions } from '../../src/dns/options.ts'
import { ReadyAnswers } from '../../src/dns/ready-answers.ts'
import { CLASS_IN, formatRecord, type ResourceRecord, TYPES } from '../../src/dns/record.ts'
import { type Arrival, outsideAnswer, type Response, respond } from '../../src/dns/respond.ts'
import { zoneRecords } from '../../src/dns/transfer.ts'
import { type DnsObjects, Zone } from '../../src/dns/zone.ts'
import { Answerer } from '../../src/server/dns/answerer.ts'
import { faultOf, hostileQuery, hostileZone } from './hostile-queries.ts'
import { namespaceOf, port, serviceOf, sliceOf } from './objects.ts'

const many = Array.from({ length: 60 }, (_, i) => ({ ip: `10.244.1.${i}`, hostname: `many-with-a-long-name-${i}` }))
const OBJECTS: DnsObjects = {
  namespaces: [namespaceOf('a')],
  services: [
    serviceOf('a/web', { clusterIP: '10.96.0.1', ports: [port(80, 'http')] }),
    serviceOf('a/many', { clusterIP: 'None', ports: [port(80, 'http')] }),
    serviceOf('a/ext', { type: 'ExternalName', externalName: 'example.com' }),
  ],
  slices: [sliceOf('a/many', many, [port(80, 'http')])],
  pods: [],
}
const ZONE = new Zone(OBJECTS, { ...kubeadmOptions(), fallthrough: [], transferTo: ['192.0.2.1'] }, 9)
const WEB = { name: parseName('web.a.svc.cluster.local'), type: TYPES.A, class: CLASS_IN }
const MANY = { ...WEB, name: parseName('many.a.svc.cluster.local') }
const UDP: Arrival = { transport: 'udp' }
const TCP: Arrival = { transport: 'tcp', client: '192.0.2.1' }
const edns = (udpSize: number, more: Partial<Edns> = {}): Edns => ({
  udpSize,
  version: 0,
  flags: 0,
  options: [],
  ...more,
})

function octetsOf(response: Response): Uint8Array {
  if (response.kind === 'reply') return response.octets
  if (response.kind === 'forward') return response.otherwise
  throw new Error(`no reply: ${response.kind}`)
}

function ask(message: Message | Uint8Array, arrival = UDP): Message {
  const octets = message instanceof Uint8Array ? message : encodeMessage(message)
  const read = readMessage(octetsOf(respond(ZONE, octets, arrival)))
  if (!read || read.problem !== undefined) throw new Error(`no message: ${read?.problem}`)
  return read.message
}

/** Some octets of a message written over. */
const patched = (message: Message, at: number, ...octets: readonly number[]) => {
  const whole = encodeMessage(message)
  whole.set(octets, at)
  return whole
}

const plain = query(0x1234, WEB)
const record: ResourceRecord = { owner: WEB.name, ttl: 1, type: 'A', address: 1 as never }

// biome-ignore format: one case, one row
const refusals: [why: string, octets: Message | Uint8Array, rcode: string, questions: number][] = [
  ['a query',                                    plain,                                                        'NOERROR',  1],
  ['an operation that is not known',             { ...plain, opcode: 2 },                                      'NOTIMP',   0],
  ['an update',                                  { ...plain, opcode: 5 },                                      'NOTIMP',   0],
  ['a notice is answered like a query',          { ...plain, opcode: 4 },                                      'NOERROR',  1],
  ['no question',                                { ...plain, questions: [] },                                  'FORMERR',  0],
  ['two questions',                              { ...plain, questions: [WEB, WEB] },                          'FORMERR',  0],
  ['an answer in the query',                     { ...plain, answer: [record] },                               'NOERROR',  1],
  ['two answers',                                { ...plain, answer: [record, record] },                       'FORMERR',  0],
  ['two authorities',                            { ...plain, authority: [record, record] },                    'FORMERR',  0],
  ['two additional records',                     { ...plain, additional: [record], edns: edns(512) },          'NOERROR',  1],
  ['three additional records',                   { ...plain, additional: [record, record], edns: edns(512) },  'FORMERR',  0],
  ['another class',                              query(1, { ...WEB, class: 3 }),                               'REFUSED',  1],
  ['another version of EDNS',                    query(1, WEB, edns(1232, { version: 1 })),                    'BADVERS',  1],
  ['a question cut off',                         encodeMessage(plain).slice(0, 30),                            'FORMERR',  0],
  ['a question without its class',               encodeMessage(plain).slice(0, -2),                            'FORMERR',  0],
  ['only a header',                              encodeMessage(plain).slice(0, 12),                            'FORMERR',  0],
  ['a record that was promised',                 patched(plain, 10, 0, 1),                                     'FORMERR',  1],
  ['a name that points at itself',               patched(plain, 12, 0xc0, 12),                                 'FORMERR',  0],
  ['a label of an unknown kind',                 patched(plain, 12, 0x80),                                     'FORMERR',  0],
  ['an option longer than its record',           patched(query(1, WEB, edns(512, { options: [{ code: 10, data: Uint8Array.of(1) }] })), 55, 9), 'FORMERR', 1],
  ['octets behind the message do no harm',       Uint8Array.of(...encodeMessage(plain), 1, 2, 3),              'NOERROR',  1],
  ['a transfer over UDP',                        query(1, { ...WEB, name: parseName('cluster.local'), type: TYPES.AXFR }), 'REFUSED', 1],
  ['a name outside',                             query(1, { ...WEB, name: parseName('example.com') }),         'SERVFAIL', 1],
]

for (const [why, message, rcode, questions] of refusals) {
  t.test(`${why}: ${rcode}`, async t => {
    const answer = ask(message)
    t.equal(formatRcode(answer.rcode), rcode)
    t.equal(answer.questions.length, questions)
    t.equal(answer.response, true)
    t.equal(answer.authoritative, rcode === 'NOERROR')
    t.equal(answer.recursionAvailable, false)
  })
}

t.test('answers and scraps are not answered', async t => {
  t.strictSame(respond(ZONE, encodeMessage({ ...plain, response: true }), UDP), { kind: 'silence' })
  t.strictSame(respond(ZONE, encodeMessage(plain).slice(0, 11), UDP), { kind: 'silence' })
  t.strictSame(respond(ZONE, new Uint8Array(), TCP), { kind: 'silence' })
})

t.test('the number, RD and CD come back; AD does not', async t => {
  t.match(ask({ ...plain, checkingDisabled: true, authenticData: true }), {
    id: 0x1234,
    recursionDesired: true,
    checkingDisabled: true,
    authenticData: false,
  })
  t.match(ask({ ...plain, recursionDesired: false }), { recursionDesired: false, checkingDisabled: false })
})

t.test('EDNS comes back where it came', async t => {
  t.notOk('edns' in ask(plain))
  const cookie = { code: 10, data: new Uint8Array(8) }
  const sent = edns(1400, { flags: DNSSEC_OK | 1, options: [cookie] })
  t.strictSame(ask(query(1, WEB, sent)).edns, edns(1400, { flags: DNSSEC_OK }))
  t.strictSame(ask(query(1, { ...WEB, class: 3 }, sent)).edns, edns(1400, { flags: DNSSEC_OK }))
  t.strictSame(ask(query(1, WEB, edns(1400, { version: 3 }))).edns, edns(0))
})

// biome-ignore format: one case, one row
const cuts: [why: string, message: Message, arrival: Arrival, most: number, cut: boolean][] = [
  ['without EDNS, 512 octets',           query(1, MANY),              UDP, 512,   true],
  ['with less, 512 all the same',        query(1, MANY, edns(100)),   UDP, 512,   true],
  ['with EDNS, what it says',            query(1, MANY, edns(700)),   UDP, 700,   true],
  ['with EDNS, if it fits, all',         query(1, MANY, edns(1232)),  UDP, 1232,  false],
  ['over TCP, all',                      query(1, MANY),              TCP, 65535, false],
  ['records behind cut ones are left out', query(1, { ...MANY, type: TYPES.SRV }, edns(1232)), UDP, 1232, true],
]

for (const [why, message, arrival, most, cut] of cuts) {
  t.test(`an answer is cut to size: ${why}`, async t => {
    const octets = octetsOf(respond(ZONE, encodeMessage(message), arrival))
    const answer = ask(message, arrival)
    t.ok(octets.length <= most, `${octets.length} octets`)
    t.equal(answer.truncated, cut)
    t.equal('edns' in answer, 'edns' in message)
    if (cut) t.ok(octets.length > most - 100, 'there was no room for another')
    else t.equal(answer.answer.length, many.length)
    if (cut) t.strictSame(answer.additional, [])
  })
}

t.test('addresses are turned', async t => {
  const turned = (turn: number) => {
    const response = respond(ZONE, encodeMessage(query(1, MANY)), TCP, { turn })
    return readMessage(octetsOf(response))?.message.answer.map(formatRecord) ?? []
  }
  const first = turned(0)
  t.strictSame(turned(1), [...first.slice(1), ...first.slice(0, 1)])
  t.strictSame(turned(61), turned(1))
  t.strictSame([...turned(33)].sort(), [...first].sort())
})

t.test('a name outside is asked for, and what was said goes in', async t => {
  const ext = encodeMessage(query(1, { ...WEB, name: parseName('ext.a.svc.cluster.local') }))
  const name = parseName('example.com')
  t.strictSame(respond(ZONE, ext, UDP, { outside: () => undefined }), { kind: 'ask', name, type: TYPES.A })
  const said = encodeMessage({ ...query(1, { ...WEB, name }), response: true, answer: [{ ...record, owner: name }] })
  const response = respond(ZONE, ext, UDP, { outside: () => outsideAnswer(said) })
  t.equal(readMessage(octetsOf(response))?.message.answer.length, 2)
  t.strictSame(outsideAnswer(new Uint8Array(3)), { records: [], truncated: false })
})

const whole = (type: number, more: Partial<Message> = {}) =>
  encodeMessage({ ...query(1, { ...WEB, name: parseName('cluster.local'), type }), ...more })
const soaOf = (serial: number) => zoneRecords(ZONE).flatMap(one => (one.type === 'SOA' ? [{ ...one, serial }] : []))

// biome-ignore format: one case, one row
const transfers: [why: string, octets: Uint8Array, arrival: Arrival, records: number | string][] = [
  ['the whole zone',                        whole(TYPES.AXFR),                            TCP, 1 + 3 + 1 + many.length * 3 + 1],
  ['to nobody else',                        whole(TYPES.AXFR),                            { transport: 'tcp', client: '192.0.2.2' }, 'REFUSED'],
  ['to nobody unknown',                     whole(TYPES.AXFR),                            { transport: 'tcp' }, 'REFUSED'],
  ['what changed since another serial: all', whole(TYPES.IXFR, { authority: soaOf(8) }),  TCP, 1 + 3 + 1 + many.length * 3 + 1],
  ['what changed since this serial: nothing', whole(TYPES.IXFR, { authority: soaOf(9) }), TCP, 1],
  ['what changed since nobody knows',       whole(TYPES.IXFR),                            TCP, 'SERVFAIL'],
]

for (const [why, octets, arrival, wanted] of transfers) {
  t.test(`a transfer: ${why}`, async t => {
    const response = respond(ZONE, octets, arrival)
    if (typeof wanted === 'string') {
      t.equal(formatRcode(readMessage(octetsOf(response))?.message.rcode ?? 0), wanted)
      return
    }
    if (response.kind !== 'replies') throw new Error(response.kind)
    const records = [...response.messages].flatMap(one => readMessage(one)?.message.answer ?? [])
    t.equal(records.length, wanted)
    t.equal(records[0]?.type, 'SOA')
    t.equal(records.at(-1)?.type, 'SOA')
  })
}

t.test('a large transfer comes in several messages, each of which TCP can carry', async t => {
  const slices = Array.from({ length: 30 }, (_, n) =>
    sliceOf(
      'a/many',
      many.map((one, i) => ({ ip: `10.245.${n}.${i}`, hostname: `${one.hostname}-${n}` })),
      [port(80, 'http')],
      n,
    ),
  )
  const zone = new Zone({ ...OBJECTS, slices }, ZONE.options, 9)
  const response = respond(zone, whole(TYPES.AXFR), TCP)
  if (response.kind !== 'replies') throw new Error(response.kind)
  const messages = [...response.messages]
  t.ok(messages.length > 2)
  const read = messages.map(one => readMessage(one)?.message)
  t.ok(read.every(one => one?.truncated === false && one.authoritative))
  t.strictSame(read.flatMap(one => one?.answer ?? []).slice(0, -1), zoneRecords(zone))
})

t.test('a name that is too long to be sent is the failure of the server', async t => {
  const label = 'x'.repeat(63)
  const objects: DnsObjects = {
    namespaces: [namespaceOf(label)],
    services: [serviceOf(`${label}/${label}`, { clusterIP: 'None' })],
    slices: [sliceOf(`${label}/${label}`, [{ ip: '10.0.0.1', hostname: label }], [port(80, 'http')])],
    pods: [],
  }
  const zone = new Zone(objects, kubeadmOptions(parseName(`${'y'.repeat(60)}.local`)), 1)
  const question = { name: [label, label, 'svc', 'y'.repeat(60), 'local'], type: TYPES.SRV, class: CLASS_IN }
  const octets = encodeMessage(query(1, question))
  t.equal(formatRcode(readMessage(octetsOf(respond(zone, octets, UDP)))?.message.rcode ?? 0), 'SERVFAIL')
  t.equal(new ReadyAnswers(zone).answer(octets, octets.length, out), 0)
  t.strictSame(
    zoneRecords(zone).map(one => one.type),
    ['SOA', 'A'],
  )
})

const CODES = new Set(['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED', 'BADVERS'])
const ready = new ReadyAnswers(ZONE)
const out = new Uint8Array(0x10000)

/** Whatever comes: a message of a fitting size with a known code, or nothing. */
function survives(octets: Uint8Array, arrival: Arrival): void {
  const response = respond(ZONE, octets, arrival, { outside: () => undefined })
  if (response.kind === 'reply' || response.kind === 'forward') check(octets, octetsOf(response))
  if (response.kind === 'replies') for (const one of response.messages) check(octets, one)
  const length = ready.answer(octets, octets.length, out)
  if (length > 0) check(octets, out.slice(0, length))
}

function check(octets: Uint8Array, answer: Uint8Array): void {
  const read = readMessage(answer)
  ok(read?.problem === undefined && read?.message.response, 'an answer that can be read')
  ok(CODES.has(formatRcode(read.message.rcode)), formatRcode(read.message.rcode))
  ok(answer[0] === octets[0] && answer[1] === octets[1], 'the number of the query')
}

const seeds = [
  encodeMessage(plain),
  encodeMessage(
    query(2, { ...MANY, type: TYPES.SRV }, edns(4096, { options: [{ code: 10, data: new Uint8Array(8) }] })),
  ),
  whole(TYPES.IXFR, { authority: soaOf(8), edns: edns(1232) }),
  encodeMessage(query(3, { ...WEB, name: parseName('1.0.96.10.in-addr.arpa'), type: TYPES.PTR })),
]
const mutated = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.array(fc.tuple(fc.nat(120), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 63, 64, 0xc0, 0xff))), { maxLength: 6 }),
    fc.nat(140),
    fc.uint8Array({ maxLength: 8 }),
  )
  .map(([seed, patches, length, tail]) => {
    const copy = Uint8Array.from(seed)
    for (const [at, octet] of patches) if (at < copy.length) copy[at] = octet
    return Uint8Array.of(...copy.slice(0, length), ...tail)
  })

t.test('any octets get an answer with a known code, or none', async t => {
  const arrival = fc.constantFrom(UDP, TCP)
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), arrival, survives), { numRuns: 20_000 })
  t.pass()
})

t.test('so do queries that were tampered with', async t => {
  fc.assert(fc.property(mutated, fc.constantFrom(UDP, TCP), survives), { numRuns: 30_000 })
  t.pass()
})

t.test('so do those that npm run fuzz:dns sends', async t => {
  const zone = hostileZone()
  const answerer = new Answerer(zone)
  const random = seededRandom(1, 'hostile queries')
  for (let i = 0; i < 20_000; i++) {
    const octets = hostileQuery(random)
    const transport = i % 4 === 0 ? 'tcp' : 'udp'
    const reply = await answerer.answer(octets, { transport, client: '127.0.0.1' })
    const answers = reply.kind === 'reply' ? [reply.octets] : reply.kind === 'replies' ? reply.messages : []
    for (const answer of answers)
      equal(faultOf(octets, answer, transport), undefined, Buffer.from(octets).toString('hex'))
  }
  t.pass()
})
