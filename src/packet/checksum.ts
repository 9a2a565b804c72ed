/**
 * The Internet checksum: ones' complement of the ones' complement sum of 16-bit words.
 *
 * @see RFC 1071; RFC 1624 for changing a word under a checksum
 * @module
 */
import { type Ip, isIpv4 } from '../base/ip.ts'
import type { Protocol } from '../base/protocol.ts'

/**
 * The sum of the 16-bit words of `bytes`, an odd last byte padded with a zero one, added to `sum`.
 * Not folded; exact for anything shorter than 2^37 bytes.
 */
export function addSum(sum: number, bytes: Uint8Array): number {
  let total = sum
  const even = bytes.length & ~1
  for (let i = 0; i < even; i += 2) total += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)
  return even < bytes.length ? total + ((bytes[even] ?? 0) << 8) : total
}

/** The checksum for a sum: folded to 16 bits and inverted. */
export function closeSum(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded % 0x1_0000) + Math.floor(folded / 0x1_0000)
  return ~folded & 0xffff
}

/**
 * The checksum to write over `bytes` whose checksum field is zero; or, over bytes with their
 * checksum in place, 0 when it is right.
 */
export function checksumOf(bytes: Uint8Array, sum = 0): number {
  return closeSum(addSum(sum, bytes))
}

/** The words of an address, as they count in a sum. */
function sumOfIp(ip: Ip): number {
  return isIpv4(ip) ? sumOfWord(ip) : sumOfWord(ip.w0) + sumOfWord(ip.w1) + sumOfWord(ip.w2) + sumOfWord(ip.w3)
}

function sumOfWord(word: number): number {
  return (word >>> 16) + (word & 0xffff)
}

/**
 * What goes before a transport header into its checksum.
 *
 * @see RFC 9293 section 3.1 for IPv4, RFC 8200 section 8.1 for IPv6: the sums are alike
 */
export function pseudoHeaderSum(src: Ip, dst: Ip, protocol: Protocol, length: number): number {
  return sumOfIp(src) + sumOfIp(dst) + protocol + (length >>> 16) + (length & 0xffff)
}

/**
 * The checksum after a 16-bit word under it changed.
 *
 * @see RFC 1624 equation 3
 */
export function updateChecksum(checksum: number, before: number, after: number): number {
  return closeSum((~checksum & 0xffff) + (~before & 0xffff) + (after & 0xffff))
}

/** The checksum after an address under it changed to another of its family. */
export function updateChecksumForIp(checksum: number, before: Ip, after: Ip): number {
  if (isIpv4(before) !== isIpv4(after)) throw new RangeError('an address of another family')
  // The complement of each word of `before`, all at once: as many times 0xffff as it has words.
  const complements = (isIpv4(before) ? 2 : 8) * 0xffff - sumOfIp(before)
  return closeSum((~checksum & 0xffff) + complements + sumOfIp(after))
}
