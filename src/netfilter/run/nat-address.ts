/**
 * How NAT spreads flows over a range of addresses: by a hash of both ends, so that the same client
 * is always seen from the same address by the same server.
 *
 * The result is the one of a little-endian kernel, to the bit.
 *
 * @see net/netfilter/nf_nat_core.c of Linux: find_best_ips_proto
 * @module
 */
import { type Ip, isIpv4 } from '../../base/ip.ts'
import type { Ipv4 } from '../../base/ipv4.ts'
import { type Ipv6, ipv6 } from '../../base/ipv6.ts'
import type { AddressRange } from '../rule.ts'
import type { Tuple } from './conntrack.ts'

/** An address of the range, for the flow. `persistent`: the far end does not count. */
export function spreadAddress({ src, dst }: Tuple, { from, to }: AddressRange, persistent: boolean): Ip {
  const ends = wordsOf(dst)
  const spread: Spread = {
    hash: hashWords(padded(wordsOf(src)), persistent ? 0 : swap(ends.at(-1) ?? 0)),
    least: wordsOf(from),
    most: wordsOf(to),
    ends: persistent ? [] : ends,
  }
  const words = spreadWords(spread)
  const [w0 = 0, w1 = 0, w2 = 0, w3 = 0] = words
  return isIpv4(from) ? (w0 as Ipv4) : ipv6(w0, w1, w2, w3)
}

interface Spread {
  readonly hash: number
  readonly least: readonly number[]
  readonly most: readonly number[]
  /** Words of the far end, mixed into the hash from word to word. */
  readonly ends: readonly number[]
}

/** Word by word; behind a word that is below the range's last, all values will do. */
function spreadWords({ hash, least, most, ends }: Spread): readonly number[] {
  let mixed = hash
  let free = false
  return least.map((word, index) => {
    const last = most[index] ?? 0
    const distance = free ? 0xffffffff : (last - word + 1) >>> 0
    const taken = ((free ? 0 : word) + scale(mixed, distance)) | 0
    if (taken !== last) free = true
    mixed ^= swap(ends[index] ?? 0)
    return taken
  })
}

/** `hash` of 2³² scaled to `below`. @see reciprocal_scale */
function scale(hash: number, below: number): number {
  return Number((BigInt(hash >>> 0) * BigInt(below)) >> 32n)
}

/** Signed, in network order. */
function wordsOf(ip: Ip): readonly number[] {
  return isIpv4(ip) ? [ip] : wordsOf6(ip)
}

function wordsOf6({ w0, w1, w2, w3 }: Ipv6): readonly number[] {
  return [w0, w1, w2, w3]
}

/** The kernel keeps addresses of both families in four words and hashes all of them, in its own byte order. */
function padded(words: readonly number[]): readonly number[] {
  return [0, 1, 2, 3].map(index => swap(words[index] ?? 0))
}

function swap(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)
}

/** @see lookup3.c by Bob Jenkins: hashword; include/linux/jhash.h of Linux: jhash2 */
function hashWords([k0 = 0, k1 = 0, k2 = 0, k3 = 0]: readonly number[], seed: number): number {
  let a = (0xdeadbeef + 16 + seed) | 0
  let b = a
  let c = a
  a = (a + k0) | 0
  b = (b + k1) | 0
  c = (c + k2) | 0
  const mix = (x: number, y: number, by: number) => (x - y) ^ rotate(y, by)
  a = mix(a, c, 4)
  c = (c + b) | 0
  b = mix(b, a, 6)
  a = (a + c) | 0
  c = mix(c, b, 8)
  b = (b + a) | 0
  a = mix(a, c, 16)
  c = (c + b) | 0
  b = mix(b, a, 19)
  a = (a + c) | 0
  c = mix(c, b, 4)
  b = (b + a) | 0
  a = (a + k3) | 0
  const last = (x: number, y: number, by: number) => ((x ^ y) - rotate(y, by)) | 0
  c = last(c, b, 14)
  a = last(a, c, 11)
  b = last(b, a, 25)
  c = last(c, b, 16)
  a = last(a, c, 4)
  b = last(b, a, 14)
  return last(c, b, 24)
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by))
}
