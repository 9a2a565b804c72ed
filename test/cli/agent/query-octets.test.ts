/** What of all that comes to a port of DNS is a query. */
import fc from 'fast-check'
import t from 'tap'
import { parseIp } from '../../../src/base/ip.ts'
import { beginsQuery, isQuery } from '../../../src/cli/agent/query-octets.ts'
import { readMessage } from '../../../src/dns/decode.ts'
import { encodeMessage } from '../../../src/dns/encode.ts'
import { query } from '../../../src/dns/message.ts'
import { type Name, parseName, ROOT } from '../../../src/dns/name.ts'
import { CLASS_IN, TYPES } from '../../../src/dns/record.ts'
import { formatAnswer } from '../../../src/lab/answer-line.ts'

const queryFor = (name: Name) => encodeMessage(query(0xffff, { name, type: TYPES.A, class: CLASS_IN }))
const plain = queryFor(parseName('web.default.svc.cluster.local'))
const ends = { src: parseIp('192.0.2.1'), sport: 1, dst: parseIp('192.0.2.2'), dport: 53 }
const text = (line: string) => new TextEncoder().encode(line)
const response = Uint8Array.from(plain, (octet, at) => (at === 2 ? octet | 0x80 : octet))

// biome-ignore format: one case, one row
const DATAGRAMS: readonly (readonly [says: string, octets: Uint8Array, wanted: boolean])[] = [
  ['a query',                     plain,                                                                     true],
  ['one for the root',            queryFor(ROOT),                                     true],
  ['an answer',                   response,                                                                  false],
  ['half of a header',            plain.subarray(0, 11),                                                     false],
  ['a header alone',              plain.subarray(0, 12),                                                     false],
  ['nothing',                     new Uint8Array(0),                                                         false],
  ['a line of text',              text('who is there, at this port of all ports?\n'),                        false],
  ['what the lab itself answers', text(formatAnswer({ machine: 'a', what: 'b', protocol: 'UDP', ...ends })), false],
]
for (const [says, octets, wanted] of DATAGRAMS) {
  t.test(`isQuery() says ${wanted ? 'yes' : 'no'} to ${says}`, async t => {
    t.equal(isQuery(octets), wanted)
  })
}

t.test('no datagram of a verification is a query, however long', async t => {
  for (let length = 0; length <= 65_507; length = length < 2000 ? length + 1 : length + 997) {
    const octets = Uint8Array.from({ length }, (_, i) => i)
    if (isQuery(octets)) t.fail(`${length} octets are one`)
  }
})

t.test('beginsQuery() tells a length from a letter', async t => {
  for (const length of [17, 45, 255, 512, 1280])
    t.ok(beginsQuery(Uint8Array.of(length >> 8, length & 255)), `${length}`)
  for (const line of ['podwire\n', 'GET / HTTP/1.1\r\n', '\n', '\r\n', ' ', '{}', '\t'])
    t.notOk(beginsQuery(text(line)), line)
  t.notOk(beginsQuery(new Uint8Array(0)), 'nothing')
})

t.test('isQuery() takes any octets, and only what has the form of one question', async t => {
  const isSound = fc.property(fc.uint8Array({ maxLength: 64 }), octets => {
    const read = readMessage(octets)
    return !isQuery(octets) || (read?.counts.questions === 1 && !read.message.response)
  })
  t.doesNotThrow(() => fc.assert(isSound))
})
