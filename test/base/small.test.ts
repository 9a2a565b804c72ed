/** The small things that everything else stands on. */
import fc from 'fast-check'
import t from 'tap'
import { formatTime } from '../../src/base/clock.ts'
import { InputError, ParseError, within } from '../../src/base/error.ts'
import { drawMac, equalMac, formatMac, parseMac } from '../../src/base/mac.ts'
import { protocolOf } from '../../src/base/protocol.ts'
import { drawInteger, hash32, seededRandom } from '../../src/base/random.ts'

t.test('a MAC', async t => {
  const octet = fc.integer({ min: 0, max: 255 })
  fc.assert(
    fc.property(fc.array(octet, { minLength: 6, maxLength: 6 }), octets => {
      const text = octets.map(one => one.toString(16).padStart(2, '0')).join(':')
      t.equal(formatMac(parseMac(text)), text, 'reads back as it was written')
      t.ok(equalMac(parseMac(text), parseMac(text.toUpperCase())))
    }),
  )
  t.notOk(equalMac(parseMac('02:00:00:00:00:01'), parseMac('02:01:00:00:00:01')))
  for (const text of [
    '',
    '02:00:00:00:00',
    '02:00:00:00:00:00:00',
    '2:0:0:0:0:0',
    '02-00-00-00-00-00',
    '02:00:00:00:00:0g',
  ]) {
    const message = `Cannot parse MAC address ${JSON.stringify(text)}: not six octets such as 02:00:0a:f4:01:00`
    t.throws(() => parseMac(text), { code: 'ERR_PARSE', message })
  }
  t.equal(formatMac(drawMac(() => 0)), '02:00:00:00:00:00', 'is drawn as local')
  t.equal(formatMac(drawMac(() => 1 - 2 ** -32)), 'fe:ff:ff:ff:ff:ff', 'and of one device')
})

t.test('chance', async t => {
  const draw = (seed: number, stream?: string) => Array.from({ length: 4 }, seededRandom(seed, stream))
  t.same(draw(1), draw(1), 'is the same for the same seed')
  t.notSame(draw(1), draw(2), 'another for another')
  t.notSame(draw(1, 'clusterIP'), draw(1, 'nodePort'), 'and for another purpose')
  t.ok(draw(7).every(one => one >= 0 && one < 1))

  const random = seededRandom(42)
  const counts = new Array<number>(10).fill(0)
  for (let i = 0; i < 100_000; i++) {
    const face = drawInteger(random, 10)
    counts[face] = (counts[face] ?? 0) + 1
  }
  t.ok(
    counts.every(count => Math.abs(count - 10_000) < 500),
    'has no favourites',
  )
  t.equal(
    drawInteger(() => 0.999_999, 3),
    2,
  )
})

t.test('hash32() is FNV-1a', async t => {
  for (const [text, hash] of [
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
  ] as const) {
    t.equal(hash32(text) >>> 0, hash, JSON.stringify(text))
  }
  t.not(hash32('a', 1), hash32('a'))
})

t.test('an error says where it happened, from the outside in', async t => {
  const read = () =>
    within('Service default/web', () =>
      within('spec.clusterIP', () => {
        throw new ParseError('IPv4 address', '10.0.0', '3 octets, not 4')
      }),
    )
  t.throws(read, {
    name: 'InputError',
    code: 'ERR_INPUT',
    message: 'Service default/web: spec.clusterIP: Cannot parse IPv4 address "10.0.0": 3 octets, not 4',
  })
  try {
    read()
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    t.equal(error.place, 'Service default/web')
    t.equal((error.cause as InputError).place, 'spec.clusterIP')
    t.match((error.cause as InputError).cause, { code: 'ERR_PARSE', text: '10.0.0' })
  }
  t.equal(
    within('here', () => 7),
    7,
  )
  const refuse = () =>
    within('here', () => {
      throw 'no error'
    })
  try {
    refuse()
    t.fail('it throws')
  } catch (thrown) {
    t.equal(thrown, 'no error', 'what is no error passes through')
  }
})

t.test('a time is written as the API does', async t => {
  t.equal(formatTime(0), '1970-01-01T00:00:00Z')
  t.equal(formatTime(Date.UTC(2026, 10, 21, 9, 30, 5, 999)), '2026-11-21T09:30:05Z')
})

t.test('a protocol has its number', async t => {
  t.same((['TCP', 'UDP', 'SCTP'] as const).map(protocolOf), [6, 17, 132])
})
