/**
 * Packets and frames of all kinds, for properties.
 *
 * @module
 */
import fc from 'fast-check'
import type { Family, Ip } from '../../src/base/ip.ts'
import type { Ipv4 } from '../../src/base/ipv4.ts'
import { ipv6 } from '../../src/base/ipv6.ts'
import type { Mac } from '../../src/base/mac.ts'
import type { ArpMessage, Frame, FrameBody, Packet, Payload } from '../../src/packet/packet.ts'

/** Objects as literals make them. */
function record<T>(members: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(members, { noNullPrototype: true })
}

const octet = fc.nat(0xff)
const port = fc.nat(0xffff)
const word = fc.integer()

/** Bytes of `least` to `most`, in whole groups of `unit`. */
function bytes(least: number, most: number, unit = 1): fc.Arbitrary<Uint8Array> {
  return fc
    .integer({ min: least / unit, max: most / unit })
    .chain(count => fc.uint8Array({ minLength: count * unit, maxLength: count * unit }))
}

/** Mostly a few values, so that addresses meet; now and then any. */
export function anyIp(family: Family): fc.Arbitrary<Ip> {
  if (family === 4) return fc.oneof(fc.constantFrom(0x0af40114, 0x0a601150), word).map(n => n as Ipv4)
  return fc.oneof(
    fc.nat(3).map(n => ipv6(0xfd00_0000, 0, 0, n)),
    fc.tuple(word, word, word, word).map(all => ipv6(...all)),
  )
}

const tcp = record({
  protocol: fc.constant(6 as const),
  sport: port,
  dport: port,
  seq: word,
  ack: word,
  flags: fc.nat(0xfff),
  window: port,
  urgent: port,
  options: bytes(0, 40, 4),
  data: bytes(0, 40),
})

const udp = fc.oneof(
  record({ protocol: fc.constant(17 as const), sport: port, dport: port, data: bytes(0, 60) }),
  record({
    protocol: fc.constant(17 as const),
    sport: port,
    dport: port,
    noChecksum: fc.constant(true as const),
    data: bytes(0, 10),
  }),
)

const sctp = record({
  protocol: fc.constant(132 as const),
  sport: port,
  dport: port,
  tag: word,
  chunks: fc.array(record({ type: octet, flags: octet, value: bytes(0, 20) }), { maxLength: 3 }),
})

function icmp(family: Family): fc.Arbitrary<Payload> {
  return record({
    protocol: fc.constant(family === 4 ? (1 as const) : (58 as const)),
    type: octet,
    code: octet,
    rest: word,
    data: bytes(0, 40),
  })
}

const raw = record({ protocol: fc.constantFrom(47, 50, 59, 89, 253), raw: bytes(0, 40) })

export function anyPayload(family: Family): fc.Arbitrary<Payload> {
  return fc.oneof(tcp, udp, sctp, icmp(family), raw)
}

const OPTIONS4 = [
  [0x94, 4, 0, 0],
  [7, 7, 4, 0, 0, 0, 0, 0],
  [1, 1, 1, 0],
  [0x44, 12, 5, 0, 1, 2, 3, 4, 5, 6, 7, 8],
].map(option => Uint8Array.from(option))

const OPTIONS6 = [
  [0, 0, 5, 2, 0, 0, 1, 0],
  [60, 0, 1, 4, 0, 0, 0, 0],
  [0, 0, 1, 4, 0, 0, 0, 0, 60, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  [43, 2, 4, 1, 0, 0, 0, 0, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9],
  [43, 2, 0, 1, 0, 0, 0, 0, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8],
  [51, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
].map(option => Uint8Array.from(option))

function header(family: Family) {
  return {
    family: fc.constant(family),
    src: anyIp(family),
    dst: anyIp(family),
    ttl: octet,
    tos: octet,
    id: family === 4 ? port : fc.nat(0xf_ffff),
    df: family === 4 ? fc.boolean() : fc.constant(true),
  }
}

function withOptions(family: Family): fc.Arbitrary<{ readonly options?: Uint8Array }> {
  const some = fc.constantFrom(...(family === 4 ? OPTIONS4 : OPTIONS6))
  return fc.oneof(
    { weight: 3, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: some.map(options => ({ options })) },
  )
}

/** A packet that is no fragment. */
export function wholePacket(family: Family): fc.Arbitrary<Packet> {
  return fc
    .tuple(record(header(family)), withOptions(family), anyPayload(family))
    .map(([head, options, payload]) => ({ ...head, ...options, payload }))
}

function fragment(family: Family): fc.Arbitrary<Packet> {
  const offset = fc.nat(0x1fff).map(n => n * 8)
  const places =
    family === 4
      ? record({ offset, more: fc.boolean() }).map(place => (place.offset === 0 ? { ...place, more: true } : place))
      : record({ offset, more: fc.boolean(), id: word })
  return fc
    .tuple(record(header(family)), withOptions(family), places, fc.constantFrom(6, 17, 132, 253), bytes(0, 40))
    .map(([head, options, place, protocol, piece]) => ({
      ...head,
      ...options,
      fragment: place,
      payload: { protocol, raw: piece },
    }))
}

export const anyFamily: fc.Arbitrary<Family> = fc.constantFrom(4, 6)

export const anyPacket: fc.Arbitrary<Packet> = anyFamily.chain(family =>
  fc.oneof({ weight: 5, arbitrary: wholePacket(family) }, { weight: 1, arbitrary: fragment(family) }),
)

const mac: fc.Arbitrary<Mac> = record({ high: port, low: word })
const station = record({ mac, ip: anyIp(4) })

const arp: fc.Arbitrary<ArpMessage> = record({
  operation: fc.constantFrom('request' as const, 'reply' as const),
  sender: station,
  target: station,
})

const body: fc.Arbitrary<FrameBody> = fc.oneof(
  anyPacket.map(packet => ({ kind: 'ip' as const, packet })),
  arp.map(message => ({ kind: 'arp' as const, ...message })),
  record({ kind: fc.constant('raw' as const), etherType: fc.constantFrom(0x8100, 0x88cc, 46), bytes: bytes(0, 40) }),
)

export const anyFrame: fc.Arbitrary<Frame> = record({ src: mac, dst: mac, body })
