/**
 * What ICMP errors quote, and how it is translated.
 */
import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { type Family, parseIp } from '../../src/base/ip.ts'
import { echoRequest, sctpInit, tcpSyn, udpDatagram } from '../../src/packet/first-packet.ts'
import { icmpError } from '../../src/packet/icmp-error.ts'
import { formatBytes, parseBytes } from '../../src/packet/octets.ts'
import { type IcmpMessage, isIcmp, isSctp, isUdp, type Packet } from '../../src/packet/packet.ts'
import { encodePacket } from '../../src/packet/packet-bytes.ts'
import { type QuoteChange, readQuote, rewriteQuote } from '../../src/packet/quote.ts'
import { anyFamily, anyIp, wholePacket } from './arbitrary.ts'

const ENDS = {
  4: { src: parseIp('10.244.1.2'), dst: parseIp('10.96.0.10'), sport: 40_000, dport: 53 },
  6: { src: parseIp('fd00:1::2'), dst: parseIp('fd00:96::10'), sport: 40_000, dport: 53 },
}
const ROUTER = { 4: parseIp('10.244.1.1'), 6: parseIp('fd00:1::1') }

function errorAbout(about: Packet): IcmpMessage {
  const error = icmpError({ about, kind: 'port-unreachable', src: ROUTER[about.family] })
  if (!error || !isIcmp(error.payload)) throw new RangeError('no error about that')
  return error.payload
}

function cut(message: IcmpMessage, length: number): IcmpMessage {
  return { ...message, data: message.data.slice(0, length) }
}

for (const family of [4, 6] as const) {
  const { src, dst, sport, dport } = ENDS[family]
  const header = family === 4 ? 20 : 40
  const icmp = family === 4 ? 1 : 58

  t.test(`quotes of IPv${family}`, async t => {
    const about = (packet: Packet) => readQuote(errorAbout(packet), family)
    t.strictSame(about(tcpSyn(ENDS[family])), { src, dst, protocol: 6, sport, dport })
    t.strictSame(about(udpDatagram(ENDS[family])), { src, dst, protocol: 17, sport, dport })
    t.strictSame(about(sctpInit(ENDS[family])), { src, dst, protocol: 132, sport, dport })
    const type = family === 4 ? 8 : 128
    t.strictSame(about(echoRequest({ src, dst, id: 77 })), {
      src,
      dst,
      protocol: icmp,
      icmp: { type, code: 0, id: 77 },
    })
    const other: Packet = { ...tcpSyn(ENDS[family]), payload: { protocol: 47, raw: new Uint8Array(0) } }
    t.strictSame(about(other), { src, dst, protocol: 47 })
  })

  t.test(`quotes of IPv${family} that are cut short`, async t => {
    const tcp = errorAbout(tcpSyn(ENDS[family]))
    for (let length = 0; length < header + 4; length++) t.equal(readQuote(cut(tcp, length), family), undefined)
    t.match(readQuote(cut(tcp, header + 4), family), { sport, dport })
    const echo = errorAbout(echoRequest({ src, dst }))
    t.equal(readQuote(cut(echo, header + 7), family), undefined)
    t.match(readQuote(cut(echo, header + 8), family), { icmp: { id: 1 } })
  })

  t.test(`what is no quote of IPv${family}`, async t => {
    const error = errorAbout(tcpSyn(ENDS[family]))
    const echo: IcmpMessage = { ...error, type: family === 4 ? 8 : 128 }
    t.equal(readQuote(echo, family), undefined, 'an echo quotes nothing')
    t.equal(rewriteQuote(echo, family, { sport: 1 }), echo)
    const otherVersion = { ...error, data: Uint8Array.from(error.data, (byte, i) => (i === 0 ? 0x50 : byte)) }
    t.equal(readQuote(otherVersion, family), undefined)
    t.equal(rewriteQuote(otherVersion, family, { sport: 1 }), otherVersion)
  })
}

t.test('later fragments tell no ports', async t => {
  const packet: Packet = { ...udpDatagram(ENDS[4]), payload: { protocol: 17, raw: new Uint8Array(16) } }
  const message = (about: Packet): IcmpMessage => ({
    protocol: 1,
    type: 3,
    code: 3,
    rest: 0,
    data: encodePacket(about),
  })
  t.equal(readQuote(message({ ...packet, fragment: { offset: 8, more: false } }), 4), undefined)
  t.match(readQuote(message({ ...packet, fragment: { offset: 0, more: true } }), 4), { sport: 0, dport: 0 })
  const packet6: Packet = { ...udpDatagram(ENDS[6]), payload: { protocol: 17, raw: new Uint8Array(16) } }
  const message6 = (about: Packet): IcmpMessage => ({ ...message(about), protocol: 58, type: 1, code: 4 })
  t.equal(readQuote(message6({ ...packet6, fragment: { offset: 8, more: false, id: 1 } }), 6), undefined)
  t.match(readQuote(message6({ ...packet6, fragment: { offset: 0, more: true, id: 1 } }), 6), {
    protocol: 17,
    sport: 0,
  })
})

t.test('extension headers and options are passed over', async t => {
  const packet6: Packet = { ...tcpSyn(ENDS[6]), options: parseBytes('00000104000000003c00010400000000') }
  t.match(readQuote(errorAbout(packet6), 6), { protocol: 6, sport: 40_000, dport: 53 })
  t.equal(readQuote(cut(errorAbout(packet6), 50), 6), undefined, 'if they are whole')
  const packet4: Packet = { ...tcpSyn(ENDS[4]), options: parseBytes('94040000') }
  t.match(readQuote(errorAbout(packet4), 4), { protocol: 6, sport: 40_000, dport: 53 })
})

function anyChange(family: Family): fc.Arbitrary<QuoteChange> {
  const port = fc.nat(0xffff)
  return fc.record(
    { src: anyIp(family), dst: anyIp(family), sport: port, dport: port, icmpId: port },
    { requiredKeys: [], noNullPrototype: true },
  )
}

/** The packet as NAT would have it, the slow way. */
function translated(packet: Packet, { src, dst, sport, dport, icmpId }: QuoteChange): Packet {
  const { payload } = packet
  const ends = { ...packet, ...(src === undefined ? {} : { src }), ...(dst === undefined ? {} : { dst }) }
  if ('sport' in payload)
    return { ...ends, payload: { ...payload, sport: sport ?? payload.sport, dport: dport ?? payload.dport } }
  const identified =
    isIcmp(payload) && (packet.family === 4 ? [0, 8, 13, 14, 15, 16, 17, 18] : [128, 129]).includes(payload.type)
  if (!identified || icmpId === undefined) return ends
  return { ...ends, payload: { ...payload, rest: (icmpId << 16) | (payload.rest & 0xffff) } }
}

t.test('a rewritten quote is that of the rewritten packet', async () => {
  const told = anyFamily.chain(family => {
    // No routing headers, under which checksums cover another address; no errors, about which none is told.
    const packet = wholePacket(family).map(({ options: _, ...rest }): Packet => rest)
    return fc.tuple(packet, anyChange(family), fc.nat(120))
  })
  fc.assert(
    fc.property(told, ([packet, change, length]) => {
      const header = packet.family === 4 ? 20 : 40
      const message: IcmpMessage = {
        protocol: packet.family === 4 ? 1 : 58,
        type: packet.family === 4 ? 11 : 3,
        code: 0,
        rest: 0,
        data: encodePacket(packet).slice(0, header + 8 + length),
      }
      const expected = encodePacket(translated(packet, change)).slice(0, message.data.length)
      const got = rewriteQuote(message, packet.family, change)
      deepStrictEqual(comparable(got.data, packet), comparable(expected, packet))
      deepStrictEqual({ ...got, data: 0 }, { ...message, data: 0 })
    }),
    { numRuns: 600 },
  )
})

/** Without what cannot be the same: SCTP's checksum over less than the whole, TCP's where it is not rewritten. */
function comparable(data: Uint8Array, { family, payload }: Packet): string {
  const at = family === 4 ? 20 : 40
  const copy = data.slice()
  if (isSctp(payload)) copy.fill(0, at + 8, at + 12)
  if (payload.protocol === 6 && data.length < at + 20) copy.fill(0, at + 16)
  return formatBytes(copy)
}

t.test('SCTP has its checksum anew over what is quoted', async t => {
  const sent = sctpInit(ENDS[4])
  const message = rewriteQuote(errorAbout(sent), 4, { dport: 99 })
  t.equal(formatBytes(message.data), formatBytes(encodePacket(translated(sent, { dport: 99 }))))
  const short = cut(errorAbout(sent), 28)
  t.equal(formatBytes(rewriteQuote(short, 4, { dport: 99 }).data.slice(20)), '9c40006300000000')
})

t.test('a UDP checksum that comes out as 0 is written as 0xffff, and none stays none', async t => {
  const about = udpDatagram({ ...ENDS[4], data: Uint8Array.of(0, 0) })
  const sum = (message: IcmpMessage) => formatBytes(message.data.slice(26, 28))
  // The destination port for which all words sum up to 0xffff.
  const before = Number.parseInt(sum(errorAbout(about)), 16)
  const dport = ((before + ENDS[4].dport - 1) % 0xffff) + 1
  t.equal(sum(rewriteQuote(errorAbout(about), 4, { dport })), 'ffff')
  if (!isUdp(about.payload)) throw new RangeError('no datagram')
  const unsummed = errorAbout({ ...about, payload: { ...about.payload, noChecksum: true } })
  t.equal(sum(rewriteQuote(unsummed, 4, { dport })), '0000')
})
