import fc from 'fast-check'
import t from 'tap'
import { ParseError } from '../../src/base/error.ts'
import { parseIp } from '../../src/base/ip.ts'
import { decodeObserved, tracedOf } from '../../src/lab/observed-packet.ts'
import { parseBytes } from '../../src/packet/octets.ts'
import type { Packet } from '../../src/packet/packet.ts'
import { decodePacket, encodePacket } from '../../src/packet/packet-bytes.ts'
import { summaryOf } from '../../src/packet/summary.ts'
import { anyPacket } from '../packet/arbitrary.ts'

const V4 = '450000%s00010000%t%p00007f0000017f000002'

/** An IPv4 packet of a TTL of 64, wrong checksum and all. */
function v4(protocol: string, payload: string, { length, ihl = '5' }: { length?: number; ihl?: string } = {}): string {
  const total = (length ?? 20 + payload.length / 2).toString(16).padStart(2, '0')
  return `4${ihl}${V4.slice(2).replace('%s', total).replace('%t', '40').replace('%p', protocol)}${payload}`
}

function v6(length: string, next: string, payload: string): string {
  return `60000000${length}${next}40${'0'.repeat(31)}1${'0'.repeat(31)}2${payload}`
}

// biome-ignore format: one case, one row
const CASES: readonly (readonly [name: string, bytes: string, summary: string])[] = [
  ['a datagram whose checksum is left to a device',  v4('11', '9c400035000afe1d6869'),                       '127.0.0.1:40000 > 127.0.0.2:53 udp 2 bytes'],
  ['a datagram without checksum',                    v4('11', '9c400035000a00006869'),                       '127.0.0.1:40000 > 127.0.0.2:53 udp 2 bytes'],
  ['a connection whose checksum is left to a device', v4('06', '9c40005000000001000000005002ffff12340000'),  '127.0.0.1:40000 > 127.0.0.2:80 tcp syn'],
  ['an echo of wrong checksum',                      v4('01', '0800000000010002'),                           '127.0.0.1 > 127.0.0.2 icmp echo request id 1 seq 2'],
  ['SCTP of wrong checksum',                         v4('84', '9c4000500000000000000000'),                   '127.0.0.1:40000 > 127.0.0.2:80 sctp'],
  ['a datagram that is cut short',                   v4('11', '9c40'),                                       '127.0.0.1 > 127.0.0.2 udp 2 bytes'],
  ['a datagram longer than its packet',              v4('11', '9c400035ffff000068'),                         '127.0.0.1 > 127.0.0.2 udp 9 bytes'],
  ['a packet longer than it says',                   v4('11', '9c400035000a00006869', { length: 24 }),        '127.0.0.1 > 127.0.0.2 udp 10 bytes'],
  ['options that are none',                          v4('11', '44ff00009c4000350008000000', { ihl: '6' }),    '127.0.0.1 > 127.0.0.2 udp 9 bytes'],
  ['IPv6 of a wrong length',                         v6('0005', '11', '9c40003500080000'), '::1 > ::2 udp 8 bytes'],
  ['IPv6 with a header cut short',                   v6('0002', '3c', '1102'), '::1 > ::2 protocol 60 2 bytes'],
]

for (const [name, bytes, summary] of CASES) {
  t.test(`decodeObserved() reads ${name}`, async t => {
    t.equal(summaryOf(decodeObserved(parseBytes(bytes))), summary)
  })
}

t.test('decodeObserved() refuses what is no packet', async t => {
  for (const bytes of ['', '45', '60', '30000000', `46${'00'.repeat(19)}`, `44${'00'.repeat(19)}`]) {
    t.throws(() => decodeObserved(parseBytes(bytes)), ParseError, bytes)
  }
})

t.test('decodeObserved() reads whatever decodePacket() does, and the same', async t => {
  fc.assert(
    fc.property(anyPacket, (one: Packet) => {
      const bytes = encodePacket(one)
      t.strictSame(decodeObserved(bytes), decodePacket(bytes))
    }),
    { numRuns: 200 },
  )
})

t.test('decodeObserved() reads a packet with any byte spoilt, or refuses it', async () => {
  fc.assert(
    fc.property(anyPacket, fc.nat(), fc.nat(255), fc.nat(), (one, at, value, end) => {
      const bytes = encodePacket(one)
      bytes[at % bytes.length] = value
      try {
        decodeObserved(end % 2 ? bytes : bytes.subarray(0, end % (bytes.length + 1)))
      } catch (error) {
        if (!(error instanceof ParseError)) throw error
      }
    }),
    { numRuns: 1000 },
  )
})

t.test('tracedOf() takes the identifier of an echo for its port', async t => {
  const echo = decodeObserved(parseBytes(v4('01', '0800000000010002')))
  const ends = { src: parseIp('127.0.0.1'), dst: parseIp('127.0.0.2'), ttl: 64 }
  t.strictSame(tracedOf(echo), { protocol: 1, ...ends, sport: 1 })
  const error = decodeObserved(parseBytes(v4('01', '0303000000010002')))
  t.strictSame(tracedOf(error), { protocol: 1, ...ends })
})
