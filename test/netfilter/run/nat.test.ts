/** NAT there and back again, and the ports that it picks. */
import fc from 'fast-check'
import t from 'tap'
import { seededRandom } from '../../../src/base/random.ts'
import { inverseOf, tupleOf } from '../../../src/netfilter/run/tuple.ts'
import type { Packet } from '../../../src/packet/packet.ts'
import { describePacket } from './describe.ts'
import { icmp, tcp, udp } from './packets.ts'
import { createRouter, receive } from './router.ts'

const nat = (...rules: string[]) =>
  ['*nat', ':PREROUTING ACCEPT', ':INPUT ACCEPT', ':OUTPUT ACCEPT', ':POSTROUTING ACCEPT', ...rules, 'COMMIT', ''].join(
    '\n',
  )

/** The packet that answers `packet`. */
function answerTo(packet: Packet): Packet {
  const { src, dst, payload } = packet
  if ('type' in payload)
    return { ...packet, src: dst, dst: src, payload: { ...payload, type: packet.family === 4 ? 0 : 129 } }
  if (!('sport' in payload)) return { ...packet, src: dst, dst: src }
  return { ...packet, src: dst, dst: src, payload: { ...payload, sport: payload.dport, dport: payload.sport } }
}

const destinations4 = ['', ' --random', ' --persistent'].flatMap(how =>
  ['10.2.0.2', '10.2.0.2-10.2.0.4', ':81', '10.2.0.3:8000-8003', '10.2.0.2-10.2.3.4:9000'].map(
    to => `-A PREROUTING -d 10.2.9.0/24 -p udp -j DNAT --to-destination ${to}${how}`,
  ),
)
const sources4 = ['', ' --random', ' --random-fully'].flatMap(how => [
  `-A POSTROUTING -o right -j MASQUERADE${how}`,
  `-A POSTROUTING -o right -p udp -j MASQUERADE --to-ports 3000-3020${how}`,
  `-A POSTROUTING -o right -j SNAT --to-source 10.2.7.0-10.2.7.9${how}`,
  `-A POSTROUTING -o right -p udp -j SNAT --to-source 10.2.7.1:1-5${how}`,
])
const destinations6 = ['fd02::2', '[fd02::2-fd02::9]:80-82'].map(
  to => `-A PREROUTING -d fd02::9:0/112 -p udp -j DNAT --to-destination ${to}`,
)
const sources6 = ['MASQUERADE', 'MASQUERADE --random', 'SNAT --to-source fd02::7:1-fd02::8:7'].map(
  target => `-A POSTROUTING -o right -j ${target}`,
)

interface World {
  readonly rules: readonly string[]
  readonly family: 4 | 6
}

const worlds: fc.Arbitrary<World> = fc.oneof(
  fc.record({
    rules: fc.tuple(fc.constantFrom('', ...destinations4), fc.constantFrom('', ...sources4)),
    family: fc.constant(4 as const),
  }),
  fc.record({
    rules: fc.tuple(fc.constantFrom('', ...destinations6), fc.constantFrom('', ...sources6)),
    family: fc.constant(6 as const),
  }),
)

const wishes = fc.record({
  host: fc.constantFrom(2, 3, 4),
  target: fc.constantFrom('.0.2', '.0.3', '.9.1', '.9.2'),
  sport: fc.constantFrom(1, 511, 512, 700, 1024, 40_000),
  dport: fc.constantFrom(80, 81, 8001),
  kind: fc.constantFrom('udp', 'tcp', 'icmp'),
})

type Wish = typeof wishes extends fc.Arbitrary<infer T> ? T : never

function packetOf({ host, target, sport, dport, kind }: Wish, family: 4 | 6): Packet {
  const [from, to] =
    family === 4
      ? [`10.1.0.${host}`, `10.2${target}`]
      : [`fd01::${host}`, `fd02::${target.slice(1).replace('.', ':').replace(/^0:/, '')}`]
  if (kind === 'icmp') return icmp(`${from} > ${to}`, family === 4 ? 8 : 128, sport)
  const way = family === 4 ? `${from}:${sport} > ${to}:${dport}` : `[${from}]:${sport} > [${to}]:${dport}`
  return kind === 'udp' ? udp(way) : tcp(way, 'S')
}

t.test('what NAT does to a packet it undoes for the answer, and no two flows look the same', async () => {
  fc.assert(
    fc.property(
      worlds,
      fc.array(wishes, { minLength: 1, maxLength: 12 }),
      fc.integer(),
      ({ rules, family }, all, seed) => {
        const router = createRouter({ rules: { [family]: nat(...rules.filter(Boolean)) }, random: seededRandom(seed) })
        for (const wish of all) {
          const packet = packetOf(wish, family)
          const [sent] = receive(router, { by: 'left', packet })
          if (!sent) continue
          const tuple = tupleOf(sent.packet)
          const connection = [...router.memory.connections.connections].find(({ original }) =>
            same(original, tupleOf(packet)),
          )
          if (!tuple || !connection || !same(connection.reply, inverseOf(tuple))) return false
          const [back] = receive(router, { by: 'right', packet: { ...answerTo(sent.packet), ttl: 64 } })
          if (!back || describePacket(back.packet) !== describePacket(answerTo(packet))) return false
        }
        const replies = [...router.memory.connections.connections].map(({ reply }) => JSON.stringify(reply))
        return new Set(replies).size === replies.length
      },
    ),
  )
})

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** What comes out for each of several packets that go to one far end. */
function outcomes(rule: string, packets: readonly Packet[], random: () => number = () => 0): string[] {
  const router = createRouter({ rules: { 4: nat(rule) }, random })
  return packets.map(packet =>
    receive(router, { by: 'left', packet })
      .map(sent => describePacket(sent.packet))
      .join(),
  )
}

const from = (...ends: string[]) => ends.map(end => udp(`${end} > 10.2.0.2:80`))

// biome-ignore format: one case, one row
const ports: readonly [name: string, rule: string, packets: readonly Packet[], outcomes: readonly string[], random?: () => number][] = [
  ['a port stays if it is free',                       '-A POSTROUTING -j MASQUERADE', from('10.1.0.2:1000'),                                 ['10.2.0.1:1000 > 10.2.0.2:80']],
  ['ports below 512 are exchanged for such',           '-A POSTROUTING -j MASQUERADE', from('10.1.0.2:500', '10.1.0.3:500', '10.1.0.4:500'), ['10.2.0.1:500 > 10.2.0.2:80', '10.2.0.1:1 > 10.2.0.2:80', '10.2.0.1:2 > 10.2.0.2:80']],
  ['those below 1024 for ones from 600',               '-A POSTROUTING -j MASQUERADE', from('10.1.0.2:512', '10.1.0.3:512'),                 ['10.2.0.1:512 > 10.2.0.2:80', '10.2.0.1:600 > 10.2.0.2:80']],
  ['all others for ones from 1024',                    '-A POSTROUTING -j MASQUERADE', from('10.1.0.2:1024', '10.1.0.3:1024'),               ['10.2.0.1:1024 > 10.2.0.2:80', '10.2.0.1:1025 > 10.2.0.2:80']],
  ['the draw says where the search begins',            '-A POSTROUTING -j MASQUERADE', from('10.1.0.2:2000', '10.1.0.3:2000'),               ['10.2.0.1:2000 > 10.2.0.2:80', '10.2.0.1:33792 > 10.2.0.2:80'], () => 0.5],
  ['random ports are drawn even if theirs are free',   '-A POSTROUTING -j MASQUERADE --random', from('10.1.0.2:2000'),                       ['10.2.0.1:33792 > 10.2.0.2:80'], () => 0.5],
  ['ports of the rule are taken',                      '-A POSTROUTING -p udp -j MASQUERADE --to-ports 5000-5001', from('10.1.0.2:1', '10.1.0.3:1'), ['10.2.0.1:5000 > 10.2.0.2:80', '10.2.0.1:5001 > 10.2.0.2:80']],
  ['and when all are gone, the packet is dropped',     '-A POSTROUTING -p udp -j MASQUERADE --to-ports 5000-5000', from('10.1.0.2:1', '10.1.0.3:1'), ['10.2.0.1:5000 > 10.2.0.2:80', '']],
  ['a port of the client’s in the range stays',        '-A POSTROUTING -p udp -j MASQUERADE --to-ports 5000-5009', from('10.1.0.2:5007'),           ['10.2.0.1:5007 > 10.2.0.2:80']],
  ['identifiers of pings are exchanged as ports are',  '-A POSTROUTING -j MASQUERADE', [2, 3].map(host => icmp(`10.1.0.${host} > 10.2.0.2`, 8, 9)), ['10.2.0.1 > 10.2.0.2 icmp 8/0', '10.2.0.1 > 10.2.0.2 icmp 8/0']],
]

for (const [name, rule, packets, expected, random] of ports) {
  t.test(name, async t => {
    t.strictSame(outcomes(rule, packets, random), expected)
  })
}

t.test('a connection that is over makes room for a new one when ports are few', async t => {
  const router = createRouter({ rules: { 4: nat('-A POSTROUTING -p tcp -j MASQUERADE --to-ports 5000-5001') } })
  const through = (packet: Packet) => receive(router, { by: 'left', packet }).map(sent => describePacket(sent.packet))
  const back = (packet: Packet) => receive(router, { by: 'right', packet })
  const open = (host: number, seq: number) => through(tcp(`10.1.0.${host}:9 > 10.2.0.2:80`, 'S', { seq }))
  t.strictSame(open(2, 1000), ['10.2.0.1:5000 > 10.2.0.2:80'])
  t.strictSame(open(3, 1000), ['10.2.0.1:5001 > 10.2.0.2:80'])
  t.strictSame(open(4, 2000), [], 'both ports are taken')
  back(tcp('10.2.0.2:80 > 10.2.0.1:5001', 'SA', { seq: 4999, ack: 1001 }))
  through(tcp('10.1.0.3:9 > 10.2.0.2:80', 'R', { seq: 1001 }))
  t.strictSame(open(4, 500), [], 'its numbers would come before those of the old one')
  t.strictSame(open(4, 2000), ['10.2.0.1:5001 > 10.2.0.2:80'])
})
