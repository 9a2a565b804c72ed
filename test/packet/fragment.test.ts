/**
 * Splitting packets, and putting pieces together as Linux does.
 */
import { deepStrictEqual, ok } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { parseIp } from '../../src/base/ip.ts'
import { udpDatagram } from '../../src/packet/first-packet.ts'
import { fragmentPacket } from '../../src/packet/fragment.ts'
import { lengthOf } from '../../src/packet/length.ts'
import { formatBytes, parseBytes } from '../../src/packet/octets.ts'
import type { Packet } from '../../src/packet/packet.ts'
import { decodePacket, encodePacket } from '../../src/packet/packet-bytes.ts'
import {
  copyFragments,
  expireFragments,
  gatherFragment,
  newFragmentQueue,
  reassemble,
} from '../../src/packet/reassembly.ts'
import { anyFamily, wholePacket } from './arbitrary.ts'

const long = anyFamily.chain(family =>
  fc.tuple(wholePacket(family), fc.uint8Array({ minLength: 60, maxLength: 300 })).map(([packet, raw]): Packet => {
    // Without ports, so that any bytes will do; not split by anybody on the way before.
    return { ...packet, tos: packet.tos & 0xfc, df: family === 6, payload: { protocol: 253, raw } }
  }),
)

t.test('pieces fit, are packets, and make the whole again in any order', async () => {
  fc.assert(
    fc.property(
      long,
      fc.integer({ min: 120, max: 260 }),
      fc.integer(),
      fc.array(fc.nat()),
      (packet, mtu, id, order) => {
        const pieces = fragmentPacket(packet, mtu, id)
        for (const piece of pieces) {
          ok(lengthOf(piece) <= mtu, 'fits')
          deepStrictEqual(decodePacket(encodePacket(piece)), piece)
          ok(
            !piece.fragment?.more ||
              (lengthOf(piece) - lengthOf({ ...piece, payload: { protocol: 253, raw: new Uint8Array(0) } })) % 8 === 0,
          )
        }
        deepStrictEqual(reassemble(shuffled(pieces, order)), packet)
        if (pieces.length > 1) deepStrictEqual(reassemble(pieces.slice(1)), undefined)
      },
    ),
  )
})

t.test('pieces of pieces make the whole again', async () => {
  const four = long.filter(({ family }) => family === 4)
  fc.assert(
    fc.property(
      four,
      fc.integer({ min: 140, max: 260 }),
      fc.integer({ min: 100, max: 140 }),
      (packet, wide, narrow) => {
        const pieces = fragmentPacket(packet, wide).flatMap(piece => fragmentPacket(piece, narrow))
        deepStrictEqual(reassemble(pieces), packet)
      },
    ),
  )
})

t.test('whatever pieces come, there is an answer', async () => {
  const piece = fc.tuple(fc.nat(6), fc.nat(30), fc.boolean()).map(([at, length, more]) => pieceAt(at * 8, length, more))
  const seen = new Set<string>()
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
      const queue = newFragmentQueue()
      for (const one of pieces) {
        const gathered = gatherFragment(queue, one, 0)
        seen.add(gathered.kind === 'dropped' ? gathered.why : gathered.kind)
        if (gathered.kind === 'whole') ok(lengthOf(gathered.packet) >= 20)
      }
    }),
    { numRuns: 500, seed: 4 },
  )
  t.strictSame([...seen].sort(), [
    'the fragment contradicts others about where the packet ends',
    'the fragment is empty',
    'the fragment overlaps another',
    'the fragment repeats what is there',
    'waiting',
    'whole',
  ])
})

function shuffled<T>(all: readonly T[], order: readonly number[]): readonly T[] {
  return all
    .map((one, i) => ({ one, by: order[i % Math.max(1, order.length)] ?? 0, i }))
    .sort((a, b) => a.by - b.by || b.i - a.i)
    .map(({ one }) => one)
}

const src = parseIp('10.0.0.1')
const dst = parseIp('10.0.0.2')
const datagram: Packet = { ...udpDatagram({ src, dst, sport: 1, dport: 2, size: 100 }), df: false, id: 9 }
const datagram6 = udpDatagram({ src: parseIp('fd00::1'), dst: parseIp('fd00::2'), sport: 1, dport: 2, size: 200 })

/** A piece of bytes that tell their place: 8 is the ninth of the whole. */
function pieceAt(from: number, length: number, more: boolean, changes: Partial<Packet> = {}): Packet {
  const raw = Uint8Array.from({ length }, (_, i) => from + i)
  return { ...datagram, fragment: { offset: from, more }, payload: { protocol: 253, raw }, ...changes }
}

/** What becomes of the pieces, one word or reason each, and the bytes of the whole. */
function fates(...pieces: readonly Packet[]): readonly string[] {
  const queue = newFragmentQueue()
  return pieces.map(piece => {
    const gathered = gatherFragment(queue, piece, 0)
    if (gathered.kind === 'dropped') return gathered.why
    if (gathered.kind === 'waiting') return `${gathered.pieces} there`
    const { payload, tos, df } = gathered.packet
    return `${'raw' in payload ? formatBytes(payload.raw) : payload.protocol}${tos ? ` tos ${tos}` : ''}${df ? ' df' : ''}`
  })
}

const OVERLAPS = 'the fragment overlaps another'
const REPEATS = 'the fragment repeats what is there'
const CONTRADICTS = 'the fragment contradicts others about where the packet ends'
const WHOLE = '000102030405060708090a'

// biome-ignore format: one case, one row
const QUEUES: readonly (readonly [name: string, pieces: readonly Packet[], fates: readonly string[]])[] = [
  ['two pieces make a whole',                     [pieceAt(0, 8, true), pieceAt(8, 3, false)],                                       ['1 there', WHOLE]],
  ['the later one may come first',                [pieceAt(8, 3, false), pieceAt(0, 8, true)],                                       ['1 there', WHOLE]],
  ['a repeated piece is dropped alone',           [pieceAt(0, 8, true), pieceAt(0, 8, true), pieceAt(8, 3, false)],                  ['1 there', REPEATS, WHOLE]],
  ['also one within several in a row',            [pieceAt(0, 8, true), pieceAt(8, 8, true), pieceAt(0, 16, true)],                  ['1 there', '2 there', REPEATS]],
  ['but not within some that came apart',         [pieceAt(8, 8, true), pieceAt(0, 8, true), pieceAt(0, 16, true), pieceAt(8, 3, false)], ['1 there', '2 there', OVERLAPS, '1 there']],
  ['an overlap costs all pieces',                 [pieceAt(0, 16, true), pieceAt(8, 16, false), pieceAt(8, 3, false)],               ['1 there', OVERLAPS, '1 there']],
  ['an overlap from before, too',                 [pieceAt(8, 8, true), pieceAt(0, 16, true)],                                       ['1 there', OVERLAPS]],
  ['a gap is waited for',                         [pieceAt(0, 8, true), pieceAt(16, 1, false), pieceAt(8, 8, true)],                 ['1 there', '2 there', '000102030405060708090a0b0c0d0e0f10']],
  ['a second end elsewhere costs all pieces',     [pieceAt(8, 3, false), pieceAt(8, 4, false), pieceAt(0, 8, true)],                 ['1 there', CONTRADICTS, '1 there']],
  ['an end before other pieces costs all',        [pieceAt(16, 8, true), pieceAt(8, 3, false)],                                      ['1 there', CONTRADICTS]],
  ['a piece behind the end costs all',            [pieceAt(8, 3, false), pieceAt(16, 8, true)],                                      ['1 there', CONTRADICTS]],
  ['an empty piece costs all',                    [pieceAt(0, 8, true), pieceAt(8, 0, false), pieceAt(8, 3, false)],                 ['1 there', 'the fragment is empty', '1 there']],
  ['IPv4 cuts what is over a multiple of eight',  [pieceAt(0, 10, true), pieceAt(8, 3, false)],                                      ['1 there', WHOLE]],
  ['another identification is another packet',    [pieceAt(0, 8, true), pieceAt(8, 3, false, { id: 10 })],                           ['1 there', '1 there']],
  ['another source is another packet',            [pieceAt(0, 8, true), pieceAt(8, 3, false, { src: dst })],                         ['1 there', '1 there']],
  ['another destination is another packet',       [pieceAt(0, 8, true), pieceAt(8, 3, false, { dst: src })],                         ['1 there', '1 there']],
  ['another protocol is another packet',          [pieceAt(0, 8, true), pieceAt(8, 3, false, { payload: { protocol: 6, raw: new Uint8Array(3) } })], ['1 there', '1 there']],
  ['another family is another packet',            [pieceAt(0, 8, true), { ...datagram6, fragment: { offset: 8, more: false, id: 9 }, payload: { protocol: 253, raw: new Uint8Array(3) } }], ['1 there', '1 there']],
  ['the whole is too long for a packet',          [pieceAt(0, 65_520, true), pieceAt(65_520, 0x10, false)],                          ['1 there', 'the whole packet is too long']],
  ['congestion that one piece met was met',       [pieceAt(0, 8, true, { tos: 2 }), pieceAt(8, 3, false, { tos: 3 })],               ['1 there', `${WHOLE} tos 3`]],
  ['two codes for "capable" keep the first',      [pieceAt(0, 8, true, { tos: 1 }), pieceAt(8, 3, false, { tos: 2 })],               ['1 there', `${WHOLE} tos 1`]],
  ['pieces that contradict on it are no packet',  [pieceAt(0, 8, true, { tos: 0 }), pieceAt(8, 3, false, { tos: 2 })],               ['1 there', 'the fragments contradict each other about congestion (ECN)']],
  ['"do not fragment" of the longest is kept',    [pieceAt(0, 8, true, { df: true }), pieceAt(8, 3, false)],                         ['1 there', `${WHOLE} df`]],
  ['"do not fragment" of a shorter one is not',   [pieceAt(0, 8, true), pieceAt(8, 3, false, { df: true })],                         ['1 there', WHOLE]],
  ['IPv6 drops what is over, alone',              [piece6(0, 9, true), piece6(0, 8, true), piece6(8, 3, false)],                     ['more is to follow, but the fragment is no multiple of 8 bytes', '1 there', `${WHOLE} df`]],
  ['IPv6 does not look at the protocol',          [piece6(0, 8, true), piece6(8, 3, false, 17)],                                     ['1 there', `${WHOLE} df`]],
  ['a fragment that is all of its packet',        [piece6(0, 3, false)],                                                             ['000102 df']],
]

function piece6(from: number, length: number, more: boolean, protocol = 253): Packet {
  const raw = Uint8Array.from({ length }, (_, i) => from + i)
  return { ...datagram6, fragment: { offset: from, more, id: 7 }, payload: { protocol, raw } }
}

for (const [name, pieces, expected] of QUEUES) {
  t.test(name, async t => {
    t.strictSame(fates(...pieces), expected)
  })
}

t.test('a packet that is no fragment is whole', async t => {
  t.strictSame(gatherFragment(newFragmentQueue(), datagram, 0), { kind: 'whole', packet: datagram, pieces: 1 })
  t.equal(reassemble([]), undefined)
})

t.test('a whole with a wrong checksum is no packet', async t => {
  const [first, ...later] = fragmentPacket(datagram, 60)
  if (!first || !('raw' in first.payload)) throw new RangeError('not split')
  const damaged: Packet = { ...first, payload: { ...first.payload, raw: first.payload.raw.map(byte => byte ^ 1) } }
  t.match(fates(damaged, ...later).at(-1), /^Cannot parse UDP datagram .* length/)
})

for (const { family, piece, patience } of [
  { family: 4, piece: pieceAt(0, 8, true), patience: 30_000 },
  { family: 6, piece: piece6(0, 8, true), patience: 60_000 },
]) {
  t.test(`pieces of IPv${family} wait ${patience} ms for the others, from the first on`, async t => {
    const last = { ...piece, fragment: { ...piece.fragment, offset: 16, more: false } }
    const queue = newFragmentQueue()
    gatherFragment(queue, piece, 1000)
    gatherFragment(queue, last, 20_000)
    t.strictSame(expireFragments(queue, 1000 + patience - 1), [])
    const copy = copyFragments(queue)
    t.strictSame(expireFragments(queue, 1000 + patience), [piece], 'and the sender hears of the first')
    t.strictSame(expireFragments(queue, 1000 + patience), [], 'once')
    t.strictSame(expireFragments(copy, 1000 + patience), [piece], 'a copy is its own')
    const other = newFragmentQueue()
    gatherFragment(other, last, 0)
    t.match(gatherFragment(other, piece, patience), { kind: 'waiting', pieces: 1 }, 'late pieces start over')
    gatherFragment(other, last, patience)
    t.strictSame(expireFragments(other, 2 * patience), [piece])
    const later = newFragmentQueue()
    gatherFragment(later, last, 0)
    t.strictSame(expireFragments(later, patience), [], 'nobody hears of packets without a first piece')
  })
}

t.test('the last piece may be longer than the others', async t => {
  const raw = new Uint8Array(56 + 63)
  const packet: Packet = { ...datagram, payload: { protocol: 253, raw } }
  t.strictSame(
    fragmentPacket(packet, 83).map(({ fragment, payload }) => [
      fragment?.offset,
      'raw' in payload && payload.raw.length,
    ]),
    [
      [0, 56],
      [56, 63],
    ],
  )
})

t.test('what fits is not split', async t => {
  t.strictSame(fragmentPacket(datagram, 100), [datagram])
  t.strictSame(fragmentPacket({ ...datagram, df: true }, 100), [{ ...datagram, df: true }])
})

for (const [name, packet, mtu] of [
  ['a packet that says so', { ...datagram, df: true }, 60],
  ['into pieces of less than eight bytes', datagram, 27],
  ['a fragment of IPv6', { ...datagram6, fragment: { offset: 0, more: true, id: 1 } }, 100],
] as const) {
  t.test(`${name} is not split`, async t => {
    t.throws(() => fragmentPacket(packet, mtu), RangeError)
  })
}

t.test('options of IPv4 are in each piece if they say so', async t => {
  // Router alert (copied), record route (not copied), end.
  const options = parseBytes('940400000707040000000000')
  const [first, second] = fragmentPacket({ ...datagram, options }, 80)
  t.equal(formatBytes(first?.options ?? new Uint8Array(0)), '940400000707040000000000')
  t.equal(formatBytes(second?.options ?? new Uint8Array(0)), '940400000101010101010100')
})

t.test('extension headers of IPv6 that only the destination reads are split with the payload', async t => {
  // Hop-by-hop, destination, routing; then destination again.
  const kept = '00000104000000003c000104000000002b02040000000000fd000000000000000000000000000009'
  const moved = '3c00010400000000'
  const packet: Packet = { ...datagram6, options: parseBytes(kept + moved) }
  const pieces = fragmentPacket(packet, 160, 5)
  t.equal(pieces.length, 3)
  for (const { options, payload } of pieces) {
    t.equal(formatBytes(options ?? new Uint8Array(0)), kept)
    t.equal(payload.protocol, 60)
  }
  t.strictSame(reassemble(pieces), packet)
})
