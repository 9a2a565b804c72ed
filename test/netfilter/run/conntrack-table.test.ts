/** The table of connections against a list that is searched from end to end. */
import fc from 'fast-check'
import t from 'tap'
import { equalIp, parseIp } from '../../../src/base/ip.ts'
import { type Connection, opposite, type Tuple } from '../../../src/netfilter/run/conntrack.ts'
import {
  copyConnectionTable,
  createConnectionTable,
  enter,
  expire,
  findEntry,
  fromSameSource,
  remove,
} from '../../../src/netfilter/run/conntrack-table.ts'
import { equalTuple, formatTuple, hashTuple, invertTuple, tupleOf } from '../../../src/netfilter/run/tuple.ts'
import { icmp, other, tcp } from './packets.ts'

const ips = ['10.1.0.2', '10.2.0.2', 'fd01::2', 'fd02::2'].map(parseIp)

/** Few, so that many are the same. */
const tuples: fc.Arbitrary<Tuple> = fc.record({
  src: fc.constantFrom(...ips),
  dst: fc.constantFrom(...ips),
  protocol: fc.constantFrom(6, 17),
  sport: fc.integer({ min: 1, max: 3 }),
  dport: fc.integer({ min: 1, max: 3 }),
})

type Deed =
  | { readonly do: 'enter'; readonly original: Tuple; readonly reply: Tuple; readonly lasts: number }
  | { readonly do: 'remove' | 'find' | 'source'; readonly tuple: Tuple }
  | { readonly do: 'expire' | 'copy' }
  | { readonly do: 'wait'; readonly time: number }

const deeds: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({
    do: fc.constant('enter' as const),
    original: tuples,
    reply: tuples,
    lasts: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({ do: fc.constantFrom('remove' as const, 'find' as const, 'source' as const), tuple: tuples }),
  fc.record({ do: fc.constantFrom('expire' as const, 'copy' as const) }),
  fc.record({ do: fc.constant('wait' as const), time: fc.integer({ min: 1, max: 4 }) }),
)

t.test('the table finds what a search through all connections finds', async () => {
  fc.assert(
    fc.property(fc.array(deeds, { maxLength: 60 }), all => {
      let table = createConnectionTable()
      let list: Connection[] = []
      let now = 0
      const alive = () => list.filter(({ expires }) => expires > now)
      const search = (tuple: Tuple) =>
        alive().find(({ original, reply }) => equalTuple(original, tuple) || equalTuple(reply, tuple))
      for (const deed of all) {
        switch (deed.do) {
          case 'enter': {
            const { original, reply, lasts } = deed
            if (search(original) || search(reply) || equalTuple(original, reply)) break
            const connection = connectionOf(original, reply, now + lasts)
            // What has expired must not stand in the way of what is found by the same tuple.
            expire(table, now)
            list = [...alive(), connection]
            enter(table, connection)
            break
          }
          case 'remove': {
            const found = search(deed.tuple)
            const entry = findEntry(table, deed.tuple, now)
            if (entry) remove(table, entry.connection)
            list = list.filter(connection => connection !== found)
            break
          }
          case 'find': {
            const found = search(deed.tuple)
            const entry = findEntry(table, deed.tuple, now)
            expectEqual(entry?.connection, found)
            if (entry) expectEqual(entry.connection[entry.direction], deed.tuple)
            break
          }
          case 'source': {
            const { src, sport, protocol } = deed.tuple
            const found = alive().filter(
              ({ original }) =>
                equalIp(original.src, src) && original.sport === sport && original.protocol === protocol,
            )
            expectEqual(fromSameSource(table, deed.tuple, now), found.reverse())
            break
          }
          case 'expire':
            expire(table, now)
            expectEqual([...table.connections], alive())
            break
          case 'copy':
            table = copyConnectionTable(table)
            break
          case 'wait':
            now += deed.time
        }
      }
    }),
  )
})

function connectionOf(original: Tuple, reply: Tuple, expires: number): Connection {
  return {
    original,
    reply,
    sourceDone: true,
    destinationDone: true,
    sourceRewritten: false,
    destinationRewritten: false,
    confirmed: true,
    seenReply: false,
    assured: false,
    mark: 0,
    expires,
  }
}

function expectEqual(found: unknown, wanted: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)]
  if (a !== b) throw new Error(`${a} is not ${b}`)
}

t.test('a copy holds each connection once, found by both of its tuples', async t => {
  const table = createConnectionTable()
  const packet = tcp('10.1.0.2:1 > 10.2.0.2:2', 'S')
  const original = tupleOf(packet)
  const reply = original && invertTuple(original)
  if (!original || !reply) throw new RangeError('no tuple')
  enter(table, connectionOf(original, reply, 1))
  const copy = copyConnectionTable(table)
  const [entry, back] = [findEntry(copy, original, 0), findEntry(copy, reply, 0)]
  t.ok(entry && back)
  t.equal(entry?.connection, back?.connection)
  t.equal(back?.direction, opposite('original'))
  t.not(entry?.connection, findEntry(table, original, 0)?.connection)
})

// biome-ignore format: one case, one row
const texts: readonly [packet: Parameters<typeof tupleOf>[0], tuple: string, inverse: string | undefined][] = [
  [tcp('10.1.0.2:1 > 10.2.0.2:2', 'S'),  'src=10.1.0.2 dst=10.2.0.2 sport=1 dport=2',          'src=10.2.0.2 dst=10.1.0.2 sport=2 dport=1'],
  [icmp('10.1.0.2 > 10.2.0.2', 8, 7),    'src=10.1.0.2 dst=10.2.0.2 type=8 code=0 id=7',       'src=10.2.0.2 dst=10.1.0.2 type=0 code=0 id=7'],
  [icmp('10.1.0.2 > 10.2.0.2', 17, 7),   'src=10.1.0.2 dst=10.2.0.2 type=17 code=0 id=7',      'src=10.2.0.2 dst=10.1.0.2 type=18 code=0 id=7'],
  [icmp('fd01::2 > fd02::2', 128, 7),    'src=fd01::2 dst=fd02::2 type=128 code=0 id=7',       'src=fd02::2 dst=fd01::2 type=129 code=0 id=7'],
  [icmp('fd01::2 > fd02::2', 140, 7),    'src=fd01::2 dst=fd02::2 type=140 code=0 id=7',       'src=fd02::2 dst=fd01::2 type=139 code=0 id=7'],
  [icmp('10.1.0.2 > 10.2.0.2', 9, 7),    'src=10.1.0.2 dst=10.2.0.2 type=9 code=0 id=7',       undefined],
  [other('10.1.0.2 > 10.2.0.2', 50),     'src=10.1.0.2 dst=10.2.0.2',                          'src=10.2.0.2 dst=10.1.0.2'],
]

for (const [packet, text, inverse] of texts) {
  t.test(`a tuple and its inverse: ${text}`, async t => {
    const tuple = tupleOf(packet)
    if (!tuple) throw new RangeError('no tuple')
    const answer = invertTuple(tuple)
    t.equal(formatTuple(tuple), text)
    t.equal(answer && formatTuple(answer), inverse)
    if (answer) t.strictSame(invertTuple(answer), tuple, 'the inverse of the inverse')
  })
}

t.test('equal tuples have equal hashes, and others seldom', async t => {
  fc.assert(fc.property(tuples, tuple => hashTuple(tuple) === hashTuple({ ...tuple })))
  const hashes = new Set<number>()
  for (let port = 0; port < 4096; port++) {
    hashes.add(
      hashTuple({ src: ips[0] ?? parseIp('::'), dst: ips[1] ?? parseIp('::'), protocol: 6, sport: port, dport: 80 }),
    )
  }
  t.ok(hashes.size > 4090)
})
