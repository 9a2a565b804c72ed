/**
 * What a step changed: field by field, and back.
 */
import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { ParseError } from '../../src/base/error.ts'
import { parseIp } from '../../src/base/ip.ts'
import { applyChanges, type Change, type ChangedField, changesOf } from '../../src/packet/changes.ts'
import { echoRequest, sctpInit, tcpSyn, udpDatagram } from '../../src/packet/first-packet.ts'
import { icmpError } from '../../src/packet/icmp-error.ts'
import { formatBytes, parseBytes } from '../../src/packet/octets.ts'
import { isIcmp, isSctp, isTcp, isUdp, type Packet, type Payload } from '../../src/packet/packet.ts'
import { encodePacket } from '../../src/packet/packet-bytes.ts'
import { rewriteQuote } from '../../src/packet/quote.ts'
import { anyFamily, anyPacket } from './arbitrary.ts'

const pair = anyFamily.chain(family => {
  const packet = anyPacket.filter(one => one.family === family)
  // Mostly packets that differ in one part only, as steps make them.
  return fc.tuple(packet, packet, fc.nat(3)).map(([before, other, kind]): readonly [Packet, Packet] => {
    if (kind === 0) return [before, other]
    if (kind === 1) return [before, { ...before, src: other.src, ttl: other.ttl, tos: other.tos, id: other.id }]
    if (kind === 2) return [before, { ...before, dst: other.dst, payload: other.payload }]
    return [before, { ...before }]
  })
})

t.test('changes make the one packet of the other', async () => {
  fc.assert(
    fc.property(pair, ([before, after]) => {
      const changes = changesOf(before, after)
      deepStrictEqual(applyChanges(before, changes), after)
      deepStrictEqual(applyChanges(after, changesOf(after, before)), before)
      for (const { from, to } of changes) if (from === to) throw new RangeError('no change')
      deepStrictEqual(changesOf(after, after), [])
      deepStrictEqual(changesOf(after, { ...after, payload: { ...after.payload } }), [])
    }),
    { numRuns: 600 },
  )
})

const ends = { src: parseIp('10.244.1.2'), dst: parseIp('10.96.0.10'), sport: 40_000, dport: 80 }
const syn = tcpSyn(ends)
const datagram = udpDatagram(ends)
const init = sctpInit(ends)
const ping = echoRequest(ends)
const error = need(icmpError({ about: datagram, kind: 'port-unreachable', src: ends.dst }))
const errorAboutPing = need(icmpError({ about: ping, kind: 'host-unreachable', src: ends.dst }))
const piece: Packet = {
  ...datagram,
  fragment: { offset: 8, more: true },
  payload: { protocol: 17, raw: Uint8Array.of(1) },
}
const other = parseIp('10.244.2.9')

function need<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError('nothing')
  return value
}

function changed<P extends Payload>(
  packet: Packet,
  is: (payload: Payload) => payload is P,
  change: Partial<P>,
): Packet {
  if (!is(packet.payload)) throw new RangeError('another payload')
  return { ...packet, payload: { ...packet.payload, ...change } }
}

function requoted(packet: Packet, change: Parameters<typeof rewriteQuote>[2]): Packet {
  if (!isIcmp(packet.payload)) throw new RangeError('no error')
  return { ...packet, payload: rewriteQuote(packet.payload, packet.family, change) }
}

type Row = readonly [field: ChangedField, from: string, to: string]

// biome-ignore format: one case, one row
const CASES: readonly (readonly [name: string, before: Packet, after: Packet, changes: readonly Row[]])[] = [
  ['destination NAT',           syn, { ...changed(syn, isTcp, { dport: 8080 }), dst: other },    [['dst', '10.96.0.10', '10.244.2.9'], ['dport', '80', '8080']]],
  ['source NAT',                datagram, { ...changed(datagram, isUdp, { sport: 1 }), src: other }, [['src', '10.244.1.2', '10.244.2.9'], ['sport', '40000', '1']]],
  ['a hop',                     syn, { ...syn, ttl: 63 },                                        [['ttl', '64', '63']]],
  ['marks of class and way',    syn, { ...syn, tos: 0xb8, id: 5, df: false },                    [['tos', '0x00', '0xb8'], ['id', '0', '5'], ['df', 'true', 'false']]],
  ['a piece',                   piece, { ...piece, fragment: { offset: 0, more: false, id: -1 } }, [['fragment', '8 more', '0 last 4294967295']]],
  ['a piece made whole',        piece, datagram,                                                 [['fragment', '8 more', 'none'], ['payload', 'raw 17 01', `17 9c4000500008${udpSum()}`]]],
  ['options',                   syn, { ...syn, options: parseBytes('94040000') },                [['options', '', '94040000']]],
  ['segments',                  syn, changed(syn, isTcp, { seq: -1, ack: 1, flags: 0x10, window: 9, urgent: 1, options: parseBytes('01010101'), data: parseBytes('ff') }),
    [['seq', '1000000', '4294967295'], ['ack', '0', '1'], ['flags', '0x02', '0x10'], ['window', '64240', '9'], ['urgent', '0', '1'], ['tcp-options', '020405b40402080a000003e80000000001030307', '01010101'], ['data', '', 'ff']]],
  ['no checksum',               datagram, changed(datagram, isUdp, { noChecksum: true }),        [['checksum', 'present', 'absent']]],
  ['SCTP',                      init, changed(init, isSctp, { tag: -2, chunks: [{ type: 6, flags: 1, value: parseBytes('0a') }, { type: 0, flags: 0, value: parseBytes('') }] }),
    [['tag', '0', '4294967294'], ['chunks', '1/0/000f42400001a000000affff000f4240000c00060005000080000004c0000004', '6/1/0a 0/0/']]],
  ['a ping’s identifier',       ping, changed(ping, isIcmp, { rest: (7 << 16) | 2 }),            [['icmp-id', '1', '7'], ['icmp-seq', '1', '2']]],
  ['a ping made an error',      changed(ping, isIcmp, { data: parseBytes('') }), changed(ping, isIcmp, { type: 3, code: 4, rest: -1, data: parseBytes('') }), [['type', '8', '3'], ['code', '0', '4'], ['rest', '65537', '4294967295']]],
  ['a translated error',        error, { ...requoted(error, { src: other, dst: ends.src, sport: 1, dport: 2 }), dst: other },
    [['dst', '10.244.1.2', '10.244.2.9'], ['quote-src', '10.244.1.2', '10.244.2.9'], ['quote-dst', '10.96.0.10', '10.244.1.2'], ['quote-sport', '40000', '1'], ['quote-dport', '80', '2']]],
  ['an error about a ping',     errorAboutPing, requoted(errorAboutPing, { icmpId: 9 }),         [['quote-icmp-id', '1', '9']]],
  ['another quote',             changed(error, isIcmp, { data: parseBytes('45') }), changed(error, isIcmp, { data: parseBytes('46') }), [['data', '45', '46']]],
  ['a quote with another TTL',  requoting(error, { ttl: 9 }), requoting(error, { ttl: 8, src: other }), [['data', quoted({ ttl: 9 }), quoted({ ttl: 8, src: other })]]],
  ['another payload',           syn, { ...syn, payload: { protocol: 47, raw: parseBytes('0102') } }, [['payload', '6 …', 'raw 47 0102']]],
]

/** The bytes that an error about the datagram quotes, with another header. */
function quoted(header: Partial<Packet>): string {
  return formatBytes(encodePacket({ ...datagram, ...header }))
}

function requoting(packet: Packet, header: Partial<Packet>): Packet {
  return changed(packet, isIcmp, { data: parseBytes(quoted(header)) })
}

/** Of that datagram between no addresses. */
function udpSum(): string {
  const sum = 0xffff - ((17 + 8 + 0x9c40 + 0x0050 + 8) % 0xffff)
  return sum.toString(16).padStart(4, '0')
}

const seen = new Set<ChangedField>()
for (const [name, before, after, rows] of CASES) {
  t.test(`changes: ${name}`, async t => {
    const changes = changesOf(before, after)
    const expected = rows.map(([field, from, to]): Change => ({ field, from, to }))
    // A whole segment is not spelled out here.
    t.strictSame(
      changes,
      name === 'another payload' ? expected.map(one => ({ ...one, from: changes[0]?.from })) : expected,
    )
    t.strictSame(applyChanges(before, changes), after)
  })
  for (const [field] of rows) seen.add(field)
}

t.test('each field was seen to change', async t => {
  const all: Readonly<Record<ChangedField, true>> = {
    src: true,
    dst: true,
    ttl: true,
    tos: true,
    id: true,
    df: true,
    fragment: true,
    options: true,
    sport: true,
    dport: true,
    seq: true,
    ack: true,
    flags: true,
    window: true,
    urgent: true,
    'tcp-options': true,
    data: true,
    checksum: true,
    tag: true,
    chunks: true,
    type: true,
    code: true,
    rest: true,
    'icmp-id': true,
    'icmp-seq': true,
    'quote-src': true,
    'quote-dst': true,
    'quote-sport': true,
    'quote-dport': true,
    'quote-icmp-id': true,
    payload: true,
  }
  t.strictSame([...seen].sort(), Object.keys(all).sort())
})

t.test('packets of different families have no changes', async t => {
  const six = tcpSyn({ src: parseIp('fd00::1'), dst: parseIp('fd00::2'), sport: 1, dport: 2 })
  t.throws(() => changesOf(syn, six), RangeError)
})

// biome-ignore format: one case, one row
const REFUSED: readonly (readonly [packet: Packet, field: ChangedField, to: string])[] = [
  [syn, 'src', 'nowhere'], [syn, 'ttl', '-1'], [syn, 'ttl', 'x'], [syn, 'df', 'yes'], [syn, 'options', '0'],
  [syn, 'fragment', '8'], [syn, 'fragment', '8 more 1 2'], [syn, 'fragment', 'x more'], [syn, 'tag', '1'],
  [datagram, 'seq', '1'], [syn, 'payload', 'tcp 00'], [syn, 'payload', '6 00'], [syn, 'quote-src', '10.0.0.1'],
  [init, 'chunks', 'x/0/'], [piece, 'sport', '1'], [ping, 'icmp-id', ''],
]
for (const [packet, field, to] of REFUSED) {
  t.test(`"${to}" is no ${field} of ${packet.payload.protocol}`, async t => {
    t.throws(() => applyChanges(packet, [{ field, from: '', to }]), ParseError)
  })
}
