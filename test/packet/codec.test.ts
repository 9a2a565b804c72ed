/**
 * Packets and frames to bytes and back; bytes that are none.
 */
import { deepStrictEqual, equal, match, throws } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { ParseError } from '../../src/base/error.ts'
import { parseIp } from '../../src/base/ip.ts'
import { decodeArp, encodeArp } from '../../src/packet/arp.ts'
import { decodeFrame, encodeFrame, frameLength } from '../../src/packet/ethernet.ts'
import { sctpInit, tcpSyn, udpDatagram } from '../../src/packet/first-packet.ts'
import { lengthOf } from '../../src/packet/length.ts'
import { formatBytes, NO_BYTES, parseBytes, put16 } from '../../src/packet/octets.ts'
import { isUdp, type Packet } from '../../src/packet/packet.ts'
import { decodePacket, encodePacket } from '../../src/packet/packet-bytes.ts'
import { decodeSctp } from '../../src/packet/sctp.ts'
import { decodeTcp } from '../../src/packet/tcp.ts'
import { decodeUdp, encodeUdp } from '../../src/packet/udp.ts'
import { decodeVxlan, encodeVxlan } from '../../src/packet/vxlan.ts'
import { anyFrame, anyPacket } from './arbitrary.ts'

t.test('packets come back from their bytes', async () => {
  fc.assert(
    fc.property(anyPacket, packet => {
      const bytes = encodePacket(packet)
      deepStrictEqual(decodePacket(bytes), packet)
      equal(lengthOf(packet), bytes.length)
    }),
    { numRuns: 400 },
  )
})

t.test('frames come back from their bytes, alone and in VXLAN', async () => {
  fc.assert(
    fc.property(anyFrame, fc.nat(0xff_ffff), (frame, vni) => {
      const bytes = encodeFrame(frame)
      deepStrictEqual(decodeFrame(bytes), frame)
      equal(frameLength(frame), bytes.length)
      deepStrictEqual(decodeVxlan(encodeVxlan({ vni, frame })), { vni, frame })
    }),
    { numRuns: 300 },
  )
})

/** A few bytes set, cut or added, at any place. */
const mutation = fc.record({
  sets: fc.array(fc.tuple(fc.nat(120), fc.nat(255)), { maxLength: 4 }),
  cut: fc.option(fc.nat(120), { freq: 3, nil: undefined }),
  added: fc.uint8Array({ maxLength: 3 }),
})

function mutated(bytes: Uint8Array, { sets, cut, added }: typeof mutation extends fc.Arbitrary<infer M> ? M : never) {
  const kept = Uint8Array.from([...bytes.subarray(0, cut ?? bytes.length), ...(cut === undefined ? [] : added)])
  for (const [at, value] of sets) if (at < kept.length) kept[at] = value
  return kept
}

t.test('bytes that are changed at random are refused in words, or read as what they write', async t => {
  let read = 0
  fc.assert(
    fc.property(anyFrame, mutation, (frame, change) => {
      const bytes = mutated(encodeFrame(frame), change)
      try {
        const other = decodeFrame(bytes)
        deepStrictEqual(decodeFrame(encodeFrame(other)), other)
        read++
      } catch (cause) {
        if (!(cause instanceof ParseError)) throw cause
        match(cause.message, /^Cannot parse .* "[0-9a-f]*…?": at byte \d+: ./)
      }
    }),
    { numRuns: 1500 },
  )
  t.ok(read > 50, `${read} were read`)
})

t.test('checksums tell each single bit that is wrong', async () => {
  const covered = anyPacket.filter(
    ({ fragment, payload }) => !fragment && !('raw' in payload) && !('noChecksum' in payload),
  )
  fc.assert(
    fc.property(
      covered,
      fc.nat(7),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (packet, bit, where) => {
        const bytes = encodePacket(packet)
        const from = bytes.length - lengthOf({ ...packet, options: NO_BYTES }) + (packet.family === 4 ? 20 : 40)
        const at = from + Math.floor(where * (bytes.length - from))
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
        // A checksum of UDP may become 0, which says that there is none.
        if (isUdp(packet.payload) && at - from >= 6 && at - from <= 7) return
        throws(() => decodePacket(bytes), ParseError)
      },
    ),
    { numRuns: 300 },
  )
})

const src = parseIp('10.0.0.1')
const dst = parseIp('10.0.0.2')
const src6 = parseIp('fd00::1')
const dst6 = parseIp('fd00::2')
const syn = tcpSyn({ src, dst, sport: 1, dport: 2 })
const syn6 = tcpSyn({ src: src6, dst: dst6, sport: 1, dport: 2 })
const hello = udpDatagram({ src, dst, sport: 1, dport: 2, data: Uint8Array.of(1, 2, 3) })
const init = sctpInit({ src, dst, sport: 1, dport: 2 })
const optioned: Packet = { ...hello, options: Uint8Array.of(0x94, 4, 0, 0) }
const extended: Packet = { ...syn6, options: Uint8Array.of(0, 0, 1, 4, 0, 0, 0, 0) }
const piece6: Packet = {
  ...syn6,
  fragment: { offset: 0, more: true, id: 1 },
  payload: { protocol: 6, raw: new Uint8Array(8) },
}

/** The packet's bytes with some replaced from `at` on. */
function changed(packet: Packet, at: number, ...values: readonly number[]): Uint8Array {
  const bytes = encodePacket(packet)
  bytes.set(values, at)
  return bytes
}

function resized(packet: Packet, by: number): Uint8Array {
  const bytes = encodePacket(packet)
  return by < 0 ? bytes.slice(0, by) : Uint8Array.from([...bytes, ...new Uint8Array(by)])
}

/** With a header checksum that fits, for what is found behind it. */
function resummed(bytes: Uint8Array): Uint8Array {
  const header = ((bytes[0] ?? 0) & 15) * 4
  put16(bytes, 10, 0)
  let sum = 0
  for (let i = 0; i < header; i += 2) sum += (bytes[i] ?? 0) * 256 + (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  put16(bytes, 10, ~sum & 0xffff)
  return bytes
}

const tcpBytes = encodePacket(syn).slice(20)
const udpBytes = encodePacket(hello).slice(20)
const sctpBytes = encodePacket(init).slice(20)
const asTcp = (bytes: Uint8Array) => decodeTcp(bytes, src, dst)
const asUdp = (bytes: Uint8Array) => decodeUdp(bytes, src, dst)
const set = (bytes: Uint8Array, at: number, ...values: readonly number[]) => {
  const copy = bytes.slice()
  copy.set(values, at)
  return copy
}
const arp = encodeArp({
  operation: 'request',
  sender: { mac: { high: 1, low: 2 }, ip: src },
  target: { mac: { high: 0, low: 0 }, ip: dst },
})

function inFrame(etherType: number, packet: Uint8Array): Uint8Array {
  return Uint8Array.from([...new Uint8Array(12), etherType >>> 8, etherType & 255, ...packet])
}

/** Bytes, who reads them, and what is wrong with them. */
const MALFORMED: readonly (readonly [bytes: Uint8Array, read: (bytes: Uint8Array) => unknown, problem: string])[] = [
  [NO_BYTES, decodePacket, 'IP packet "": at byte 0: no bytes'],
  [Uint8Array.of(0x50), decodePacket, 'IP packet "50": at byte 0: version 5, neither 4 nor 6'],
  [resized(syn, -41), decodePacket, 'at byte 19: ends within its header of 20 bytes'],
  [changed(syn, 0, 0x44), decodePacket, 'at byte 0: header length (IHL) of 16 bytes, which is less than 20'],
  [
    changed(syn, 0, 0x4f),
    bytes => decodePacket(bytes.slice(0, 59)),
    'at byte 0: options up to byte 60, but there are 59',
  ],
  [changed(syn, 2, 0, 19), decodePacket, 'at byte 2: total length 19, but the header has 20 bytes'],
  [resized(syn, -1), decodePacket, 'at byte 2: total length 60, but there are 59 bytes'],
  [resized(syn, 2), decodePacket, 'at byte 60: 2 bytes behind its end'],
  [
    changed(syn, 8, 1),
    decodePacket,
    'IPv4 packet "4500003c00004000010626ba0a0000010a00000200010002…": at byte 10: wrong header checksum',
  ],
  [resummed(changed(optioned, 20, 0x94, 1)), decodePacket, 'at byte 20: option 148 without a length'],
  [resummed(changed(optioned, 20, 1, 1, 1, 7)), decodePacket, 'at byte 23: option 7 without a length'],
  [resummed(changed(optioned, 20, 0x94, 5)), decodePacket, 'at byte 21: option 148 of 5 bytes ends behind the header'],
  [resized(syn6, -41), decodePacket, 'IPv6 packet "60000000002806'],
  [changed(syn6, 4, 0, 41), decodePacket, 'at byte 4: payload up to byte 81, but there are 80'],
  [resized(syn6, 1), decodePacket, 'at byte 80: 1 bytes behind its end'],
  [changed(extended, 41, 9), decodePacket, 'IPv6 extension header'],
  [changed(extended, 41, 9), decodePacket, 'at byte 41: header 0 of 80 bytes, but there are 48'],
  [set(encodePacket(extended).slice(0, 44), 4, 0, 4), decodePacket, 'at byte 40: header 0 is cut short'],
  [set(encodePacket(piece6).slice(0, 44), 4, 0, 4), decodePacket, 'at byte 40: fragment header is cut short'],
  [tcpBytes.slice(0, 19), asTcp, 'TCP segment'],
  [set(tcpBytes, 12, 0x40), asTcp, 'at byte 12: header of 16 bytes, which is less than 20'],
  [set(tcpBytes, 12, 0xf0), asTcp, 'at byte 12: options up to byte 60, but there are 40'],
  [set(tcpBytes, 0, 1), asTcp, 'at byte 16: wrong checksum'],
  [udpBytes.slice(0, 7), asUdp, 'at byte 7: ends within its header of 8 bytes'],
  [set(udpBytes, 4, 0, 7), asUdp, 'at byte 4: length 7, which is less than 8'],
  [set(udpBytes, 4, 0, 12), asUdp, 'at byte 4: length 12, but there are 11 bytes'],
  [set(udpBytes, 4, 0, 10), asUdp, 'at byte 10: 1 bytes behind its end'],
  [set(udpBytes, 0, 9), asUdp, 'UDP datagram "0901'],
  [set(sctpBytes, 0, 9), decodeSctp, 'at byte 8: wrong checksum'],
  [encodePacket(init).slice(20, 30), decodeSctp, 'at byte 10: ends within its header of 12 bytes'],
  [changed(syn6, 6, 58), decodePacket, 'ICMPv6 message'],
  [resummed(changed(syn, 9, 1)), decodePacket, 'ICMP message'],
  [inFrame(0x0800, changed(syn, 2, 0, 19)), decodeFrame, 'at byte 2: total length 19, but the header has 20 bytes'],
  [inFrame(0x86dd, encodePacket(syn6).slice(0, 39)), decodeFrame, 'at byte 39: ends within its header of 40 bytes'],
  [new Uint8Array(13), decodeFrame, 'Ethernet frame'],
  [arp.slice(0, 27), decodeArp, 'at byte 27: ends within its header of 28 bytes'],
  [set(arp, 0, 0, 6), decodeArp, 'at byte 0: hardware type 6, not Ethernet'],
  [set(arp, 2, 0x86, 0xdd), decodeArp, 'at byte 2: protocol 34525, not IPv4'],
  [set(arp, 5, 16), decodeArp, 'at byte 4: addresses of 6 and 16 bytes, not 6 and 4'],
  [set(arp, 6, 0, 3), decodeArp, 'at byte 6: operation 3, neither request nor reply'],
  [new Uint8Array(7), decodeVxlan, 'VXLAN packet'],
  [new Uint8Array(22), decodeVxlan, 'at byte 0: the flag of the network identifier (I) is not set'],
  [set(new Uint8Array(22), 0, 8, 0, 0, 0, 0, 0, 0, 1), decodeVxlan, 'at byte 0: reserved bits are set'],
  [set(new Uint8Array(22), 0, 0x88), decodeVxlan, 'at byte 0: reserved bits are set'],
]
for (const [bytes, read, problem] of MALFORMED) {
  t.test(problem, async t => {
    try {
      read(bytes)
      t.fail('was read')
    } catch (cause) {
      if (!(cause instanceof ParseError)) throw cause
      t.ok(cause.message.includes(problem), cause.message)
    }
  })
}

/** Chunks with lengths that cannot be, under a checksum that fits. */
for (const [chunk, problem] of [
  ['010000', 'at byte 12: ends within a chunk’s header of 4 bytes'],
  ['01000003', 'at byte 14: chunk of length 3, which is less than 4'],
  ['01000000', 'at byte 14: chunk of length 0, which is less than 4'],
  ['01000005', 'at byte 14: chunk of length 5, but there are 4 bytes'],
  ['0100000561', 'at byte 17: the chunk is not padded to four bytes'],
] as const) {
  t.test(`SCTP ${chunk}: ${problem}`, async t => {
    const bytes = withSctpChecksum(parseBytes(`${formatBytes(sctpBytes.slice(0, 12))}${chunk}`))
    t.throws(() => decodeSctp(bytes), { message: new RegExp(problem.replace(/[()’]/g, '.')) })
  })
}

function withSctpChecksum(bytes: Uint8Array): Uint8Array {
  // The slow way, bit by bit. @see RFC 9260 appendix A
  bytes.fill(0, 8, 12)
  let crc = 0xffff_ffff
  for (const byte of bytes) {
    crc ^= byte
    for (let i = 0; i < 8; i++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  new DataView(bytes.buffer).setUint32(8, ~crc, true)
  return bytes
}

// biome-ignore format: one case, one row
const ROUTING: readonly (readonly [name: string, options: string, last: string])[] = [
  ['segment routing',                      '2b02040100000000fd000000000000000000000000000009', 'fd00::9'],
  ['a home address',                       '2b02020100000000fd000000000000000000000000000009', 'fd00::9'],
  ['source routing',                       '2b04000200000000fd000000000000000000000000000008fd000000000000000000000000000009', 'fd00::9'],
  ['segment routing that is done',         '2b02040000000000fd000000000000000000000000000009', 'fd00::2'],
  ['a routing header of an unknown type',  '2b02630100000000fd000000000000000000000000000009', 'fd00::2'],
  ['a routing header without address',     '2b00040100000000',                                 'fd00::2'],
  ['segment routing behind other headers', '00000104000000002b02040100000000fd000000000000000000000000000009', 'fd00::9'],
]
for (const [name, options, last] of ROUTING) {
  t.test(`checksums under ${name} cover ${last}`, async t => {
    const bytes = encodePacket({ ...syn6, options: parseBytes(options) })
    const plain = encodePacket({ ...syn6, dst: parseIp(last) })
    t.equal(formatBytes(bytes.slice(-40)), formatBytes(plain.slice(-40)))
  })
}

t.test('a UDP checksum that comes out as 0 is written as 0xffff; none is written as 0', async t => {
  const empty = { protocol: 17, sport: 0, dport: 0 } as const
  const sum = encodeUdp({ ...empty, data: Uint8Array.of(0, 0) }, src, dst)
  const data = sum.slice(6, 8)
  const bytes = encodeUdp({ ...empty, data }, src, dst)
  t.equal(formatBytes(bytes.slice(6, 8)), 'ffff')
  t.strictSame(decodeUdp(bytes, src, dst), { ...empty, data })
  t.equal(formatBytes(encodeUdp({ ...empty, noChecksum: true, data }, src, dst).slice(6, 8)), '0000')
})

const INVALID: readonly (readonly [name: string, packet: Packet])[] = [
  ['options that are no whole words', { ...syn, options: Uint8Array.of(1, 1) }],
  ['more options than fit', { ...syn, options: new Uint8Array(44) }],
  ['more than a header can say', { ...syn, payload: { protocol: 253, raw: new Uint8Array(65_516) } }],
  ['more than a header can say, IPv6', { ...syn6, payload: { protocol: 253, raw: new Uint8Array(65_536) } }],
  ['a fragment between two multiples of eight', { ...syn, fragment: { offset: 4, more: true } }],
  ['a fragment behind the end', { ...syn, fragment: { offset: 65_536, more: true } }],
  ['extension headers that are none', { ...syn6, options: Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0) }],
  [
    'TCP options that are no whole words',
    { ...syn, payload: { ...syn.payload, options: Uint8Array.of(1) } as Packet['payload'] },
  ],
]
for (const [name, packet] of INVALID) {
  t.test(`no bytes for ${name}`, async t => {
    t.throws(() => encodePacket(packet), RangeError)
  })
}

t.test('ARP is for IPv4', async t => {
  const end = { mac: { high: 1, low: 2 }, ip: src6 }
  t.throws(() => encodeArp({ operation: 'reply', sender: end, target: end }), RangeError)
})

t.test('bytes as text', async t => {
  t.equal(formatBytes(parseBytes('00ff10')), '00ff10')
  for (const text of ['0', 'zz', '0 0']) t.throws(() => parseBytes(text), ParseError)
})
