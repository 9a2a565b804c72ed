import fc from 'fast-check'
import t from 'tap'
import {
  checksumOf,
  closeSum,
  pseudoHeaderSum,
  updateChecksum,
  updateChecksumForIp,
} from '../../src/packet/checksum.ts'
import { crc32c } from '../../src/packet/crc32c.ts'
import { get16, getIp, parseBytes, put16, putIp } from '../../src/packet/octets.ts'
import { anyFamily, anyIp } from './arbitrary.ts'

t.test('the example of RFC 1071 section 3', async t => {
  // Words 0001 f203 f4f5 f6f7 sum up to 2ddf0, folded ddf2.
  t.equal(checksumOf(parseBytes('0001f203f4f5f6f7')), ~0xddf2 & 0xffff)
})

t.test('the example of RFC 1624 section 4', async t => {
  // 0x5555 becomes 0x3285 under the checksum 0xdd2f; the earlier formula of RFC 1141 gave 0xffff.
  t.equal(updateChecksum(0xdd2f, 0x5555, 0x3285), 0x0000)
})

/** Each word added with its carry at once. */
function slowChecksum(bytes: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) {
    sum += (bytes[i] ?? 0) * 256 + (bytes[i + 1] ?? 0)
    if (sum > 0xffff) sum -= 0xffff
  }
  return 0xffff - sum
}

t.test('is that of the slow way', async () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 99 }), bytes => checksumOf(bytes) === slowChecksum(bytes)))
})

t.test('an updated checksum is one that was computed anew', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 40 }), fc.nat(0xffff), (all, word) => {
      const bytes = all.slice(0, all.length & ~1)
      // Bytes that are all zero have the one checksum that the two ways write differently.
      bytes[0] = 0x45
      const before = checksumOf(bytes)
      const updated = updateChecksum(before, get16(bytes, 2), word)
      put16(bytes, 2, word)
      return updated === checksumOf(bytes)
    }),
  )
  fc.assert(
    fc.property(
      anyFamily.chain(family => fc.tuple(fc.constant(family), anyIp(family), anyIp(family))),
      ([family, before, after]) => {
        const bytes = new Uint8Array(20)
        bytes[0] = 0x45
        putIp(bytes, 4, before)
        const updated = updateChecksumForIp(checksumOf(bytes), getIp(bytes, 4, family), after)
        putIp(bytes, 4, after)
        return updated === checksumOf(bytes)
      },
    ),
  )
})

t.test('the sum before a transport header is that of its bytes', async () => {
  fc.assert(
    fc.property(
      anyFamily.chain(family => fc.tuple(anyIp(family), anyIp(family))),
      fc.nat(255),
      fc.nat(70_000),
      ([src, dst], protocol, length) => {
        const bytes = new Uint8Array(40)
        putIp(bytes, 0, src)
        putIp(bytes, 16, dst)
        put16(bytes, 32, length >>> 16)
        put16(bytes, 34, length & 0xffff)
        bytes[39] = protocol
        return closeSum(pseudoHeaderSum(src, dst, protocol, length)) === slowChecksum(bytes)
      },
    ),
  )
})

t.test('an address is not updated to one of the other family', async t => {
  const four = getIp(new Uint8Array(4), 0, 4)
  const six = getIp(new Uint8Array(16), 0, 6)
  t.throws(() => updateChecksumForIp(1, four, six), RangeError)
})

// The sequences of RFC 3720 appendix B.4, and the check value of the CRC catalogues.
for (const [name, bytes, crc] of [
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 times 0xff', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['0 to 31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ['31 to 0', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  ['123456789', new TextEncoder().encode('123456789'), 0xe3069283],
  ['nothing', new Uint8Array(0), 0],
] as const) {
  t.test(`CRC32c of ${name}`, async t => {
    t.equal(crc32c(bytes) >>> 0, crc)
  })
}
