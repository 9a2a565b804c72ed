/** Names, records and messages: text and octets to values, and back. */
import fc from 'fast-check'
import t from 'tap'
import type { Ipv4 } from '../../src/base/ipv4.ts'
import { ipv6 } from '../../src/base/ipv6.ts'
import { readMessage } from '../../src/dns/decode.ts'
import { encodeMessage } from '../../src/dns/encode.ts'
import { formatRcode, type Message, query } from '../../src/dns/message.ts'
import { equalName, findName, formatName, isWithin, type Name, parseName, zoneAround } from '../../src/dns/name.ts'
import { findType, formatRecord, formatType, type RecordData, type ResourceRecord } from '../../src/dns/record.ts'

// biome-ignore format: one case, one row
const names: [text: string, name: Name, again?: string][] = [
  ['.',                     []],
  ['com.',                  ['com']],
  ['a.b',                   ['a', 'b'],                    'a.b.'],
  ['A.b.',                  ['A', 'b']],
  ['a\\.b.c.',              ['a.b', 'c']],
  ['a\\\\b.',               ['a\\b']],
  ['\\065\\000\\255.',      ['A\0\xff'],                   'A\\000\\255.'],
  ['a b.',                  ['a b'],                       'a\\032b.'],
  ['\\(\\)\\;\\@\\$\\".',   ['();@$"']],
  ['*._tcp.',               ['*', '_tcp']],
]

for (const [text, name, again = text] of names) {
  t.test(`the name ${text}`, async t => {
    t.strictSame(parseName(text), name)
    t.equal(formatName(name), again)
  })
}

// biome-ignore format: one case, one row
const bad: [text: string, problem: RegExp][] = [
  ['',                             /label "" is not 1 to 63 octets/],
  ['a..b',                         /label "" is not 1 to 63 octets/],
  ['.a',                           /label "" is not 1 to 63 octets/],
  ['x'.repeat(64),                 /is not 1 to 63 octets/],
  [`${'x'.repeat(60)}.`.repeat(5), /longer than 255 octets/],
  ['ł',                            /a character is no octet/],
]

for (const [text, message] of bad) {
  t.test(`no name: ${text.slice(0, 20)}`, async t => {
    t.throws(() => parseName(text), { code: 'ERR_PARSE', message })
    t.equal(findName(text), undefined)
  })
}

t.test('names are the same in any case, but for letters of ASCII', async t => {
  t.ok(equalName(['WEB', 'a'], ['web', 'A']))
  t.notOk(equalName(['\xc0'], ['\xe0']))
  t.notOk(equalName(['web'], ['web', 'a']))
  t.ok(isWithin(['a', 'B'], ['b']))
  t.ok(isWithin(['a'], []))
  t.notOk(isWithin(['b'], ['a', 'b']))
  t.strictSame(zoneAround(['x', 'a', 'b'], [['b'], ['a', 'b'], ['c']]), ['a', 'b'])
  t.equal(zoneAround(['x'], [['b']]), undefined)
})

t.test('types have names and numbers', async t => {
  t.strictSame(['A', 'aaaa', 'TYPE999', 'type1'].map(findType), [1, 28, 999, 1])
  t.strictSame(['B', 'TYPE', 'TYPE65536', 'toString'].map(findType), [undefined, undefined, undefined, undefined])
  t.strictSame([1, 33, 999].map(formatType), ['A', 'SRV', 'TYPE999'])
  t.equal(formatRcode(99), 'RCODE99')
})

const owner = parseName('a.b.')
const web = parseName('web.b')
const data = Uint8Array.of(1, 171)
const soa = {
  type: 'SOA',
  mname: web,
  rname: owner,
  serial: 0xffffffff,
  refresh: 1,
  retry: 2,
  expire: 3,
  minimum: 4,
} as const

// biome-ignore format: one case, one row
const records: [record: RecordData, text: string][] = [
  [{ type: 'A', address: 0x0a600001 as Ipv4 },                               'A 10.96.0.1'],
  [{ type: 'A', address: (0xfffffffe | 0) as Ipv4 },                         'A 255.255.255.254'],
  [{ type: 'AAAA', address: ipv6(0xfd000096, 0, 0, 1) },                     'AAAA fd00:96::1'],
  [{ type: 'CNAME', target: web },                                           'CNAME web.b.'],
  [{ type: 'NS', target: [] },                                               'NS .'],
  [{ type: 'PTR', target: owner },                                           'PTR a.b.'],
  [{ type: 'MX', preference: 10, target: web },                              'MX 10 web.b.'],
  [{ type: 'SRV', priority: 1, weight: 2, port: 65535, target: web },        'SRV 1 2 65535 web.b.'],
  [soa,                                                                      'SOA web.b. a.b. 4294967295 1 2 3 4'],
  [{ type: 'TXT', texts: ['a "b"\\', '\x01', ''] },                          'TXT "a \\"b\\"\\\\" "\\001" ""'],
  [{ type: 'other', code: 999, class: 1, data },                             'TYPE999 \\# 2 01ab'],
  [{ type: 'other', code: 1, class: 3, data: new Uint8Array() },             'A \\# 0'],
]

for (const [data, text] of records) {
  t.test(`a record: ${text}`, async t => {
    const record = { owner, ttl: 30, ...data }
    t.equal(formatRecord(record), `a.b. 30 ${text}`)
    const message: Message = { ...query(1, { name: owner, type: 1, class: 1 }), answer: [record, record] }
    t.strictSame(readMessage(encodeMessage(message))?.message, message)
  })
}

t.test('names are written once', async t => {
  const target = parseName('x.a.b')
  const srv: ResourceRecord = { owner, ttl: 0, type: 'SRV', priority: 0, weight: 0, port: 1, target }
  const message: Message = {
    ...query(1, { name: owner, type: 33, class: 1 }),
    answer: [srv],
    additional: [
      { owner: target, ttl: 0, type: 'A', address: 1 as Ipv4 },
      { owner: parseName('X.a.b'), ttl: 0, ...soa },
    ],
  }
  const octets = encodeMessage(message)
  // The target of SRV stands in full (RFC 2782), but others may point at it; what is spelled otherwise may not.
  const question = 12 + 5 + 4
  const inSrv = question + 2 + 10 + 6
  t.strictSame([...octets.slice(question, question + 2)], [0xc0, 12])
  t.strictSame([...octets.slice(inSrv, inSrv + 7)], [1, 120, 1, 97, 1, 98, 0])
  t.strictSame([...octets.slice(inSrv + 7, inSrv + 9)], [0xc0, inSrv])
  t.strictSame([...octets.slice(inSrv + 7 + 16, inSrv + 7 + 20)], [1, 88, 0xc0, 12])
  t.strictSame(readMessage(octets)?.message, message)
})

const label = fc.string({ unit: fc.constantFrom('a', 'b', 'C', '\0', '.', '\xff', '\\'), minLength: 1, maxLength: 4 })
const name = fc.array(label, { maxLength: 5 })
const uint16 = fc.nat(0xffff)
const uint32 = fc.nat(0xffffffff)
const int32 = fc.integer()
const anyData: fc.Arbitrary<RecordData> = fc.oneof(
  fc.record({ type: fc.constant('A' as const), address: int32.map(value => value as Ipv4) }),
  fc.record({
    type: fc.constant('AAAA' as const),
    address: fc.tuple(int32, int32, int32, int32).map(words => ipv6(...words)),
  }),
  fc.record({ type: fc.constantFrom('CNAME' as const, 'NS' as const, 'PTR' as const), target: name }),
  fc.record({ type: fc.constant('MX' as const), preference: uint16, target: name }),
  fc.record({ type: fc.constant('SRV' as const), priority: uint16, weight: uint16, port: uint16, target: name }),
  fc.record({
    ...{ type: fc.constant('SOA' as const), mname: name, rname: name, serial: uint32 },
    ...{ refresh: uint32, retry: uint32, expire: uint32, minimum: uint32 },
  }),
  fc.record({ type: fc.constant('TXT' as const), texts: fc.array(label, { minLength: 1, maxLength: 3 }) }),
  fc.record({
    type: fc.constant('other' as const),
    code: fc.constantFrom(13, 64, 999),
    class: fc.constantFrom(1, 3),
    data: fc.uint8Array({ maxLength: 9 }),
  }),
)
const record = fc.tuple(name, uint32, anyData).map(([owner, ttl, data]): ResourceRecord => ({ owner, ttl, ...data }))
const section = fc.array(record, { maxLength: 4 })
const drawn: fc.Arbitrary<Message> = fc.record(
  {
    ...{ id: uint16, response: fc.boolean(), opcode: fc.nat(15), authoritative: fc.boolean(), truncated: fc.boolean() },
    ...{ recursionDesired: fc.boolean(), recursionAvailable: fc.boolean(), authenticData: fc.boolean() },
    ...{ checkingDisabled: fc.boolean(), rcode: fc.nat(15) },
    questions: fc.array(fc.record({ name, type: uint16, class: uint16 }), { maxLength: 2 }),
    ...{ answer: section, authority: section, additional: section },
    edns: fc.record({
      ...{ udpSize: uint16, version: fc.nat(255), flags: uint16 },
      options: fc.array(fc.record({ code: uint16, data: fc.uint8Array({ maxLength: 5 }) }), { maxLength: 2 }),
    }),
  },
  {
    requiredKeys: [
      'id',
      'response',
      'opcode',
      'authoritative',
      'truncated',
      'recursionDesired',
      'recursionAvailable',
      'authenticData',
      'checkingDisabled',
      'rcode',
      'questions',
      'answer',
      'authority',
      'additional',
    ],
  },
)

/** As plain objects, which those of `fc.record` are not. */
const message = drawn.map(one => structuredClone(one))

t.test('what is written is read back', async t => {
  fc.assert(
    fc.property(message, message => t.strictSame(readMessage(encodeMessage(message))?.message, message)),
    {
      numRuns: 400,
    },
  )
})

t.test('a cut message is the whole one up to a record, and says so', async t => {
  fc.assert(
    fc.property(message, fc.integer({ min: 0, max: 1500 }), (whole, limit) => {
      const octets = encodeMessage(whole, limit)
      const cut = readMessage(octets)?.message
      const all = (one: Message | undefined) =>
        [one?.answer, one?.authority, one?.additional].flatMap(list => list ?? [])
      const kept = all(cut)
      t.ok(octets.length <= Math.max(limit, 512))
      t.strictSame(kept, all(whole).slice(0, kept.length))
      t.equal(cut?.truncated, whole.truncated || kept.length < all(whole).length)
      t.strictSame(cut?.edns, whole.edns)
    }),
    { numRuns: 400 },
  )
})

t.test('extended codes are in the OPT record', async t => {
  const edns = { udpSize: 0, version: 0, flags: 0, options: [] }
  const message = { ...query(1, { name: owner, type: 1, class: 1 }, edns), rcode: 0xabc }
  t.equal(readMessage(encodeMessage(message))?.message.rcode, 0xabc)
})

t.test('of two OPT records the last is taken, and none may stand among answers', async t => {
  const opt = (size: number) => [0, 0, 41, size >> 8, size & 255, 0, 0, 0, 0, 0, 0]
  const head = (answers: number, additional: number) => [0, 1, 0, 0, 0, 0, 0, answers, 0, 0, 0, additional]
  t.equal(readMessage(Uint8Array.of(...head(0, 2), ...opt(600), ...opt(700)))?.message.edns?.udpSize, 700)
  t.match(readMessage(Uint8Array.of(...head(1, 0), ...opt(600))), { problem: /outside the additional section/ })
})
