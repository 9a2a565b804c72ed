/**
 * IPv6 addresses and prefixes, as four integers.
 *
 * The same names as in `ipv4.ts` with the other suffix; one table of tests runs over both.
 *
 * @module
 */
import { ParseError } from './error.ts'
import { formatIpv4, type Ipv4, parseIpv4 } from './ipv4.ts'

/** An IPv6 address: four 32-bit words in network order, each a *signed* integer. */
export interface Ipv6 {
  readonly w0: number
  readonly w1: number
  readonly w2: number
  readonly w3: number
}

/** An IPv6 network. Invariant: `base` has no bit behind the first `bits`. */
export interface Prefix6 {
  readonly family: 6
  readonly base: Ipv6
  /** How many leading bits are fixed, 0 to 128. */
  readonly bits: number
}

const GROUP = /^[0-9a-fA-F]{1,4}$/
const LENGTH = /^(?:\d|[1-9]\d|1[01]\d|12[0-8])$/

export function ipv6(w0: number, w1: number, w2: number, w3: number): Ipv6 {
  return { w0: w0 | 0, w1: w1 | 0, w2: w2 | 0, w3: w3 | 0 }
}

/**
 * Reads an address in any of the three text forms, such as `fd00:10:244::1`.
 *
 * Refuses zones (`fe80::1%eth0`): no field of Kubernetes may hold one.
 *
 * @throws {ParseError} when a group is malformed or there are not eight of them
 * @see RFC 4291 section 2.2
 */
export function parseIpv6(text: string): Ipv6 {
  const fail = (problem: string) => new ParseError('IPv6 address', text, problem)
  const halves = text.split('::')
  if (halves.length > 2) throw fail('"::" stands in it twice')
  const head = groups(halves[0] ?? '', halves.length === 1, fail)
  const tail = halves.length === 2 ? groups(halves[1] ?? '', true, fail) : []
  const missing = 8 - head.length - tail.length
  if (halves.length === 2 && missing === 0) throw fail('"::" stands for no group')
  if (halves.length === 1 ? missing !== 0 : missing < 0) throw fail(`${head.length + tail.length} groups, not 8`)
  const all = [...head, ...new Array<number>(missing).fill(0), ...tail]
  const word = (i: number) => ((all[i] ?? 0) << 16) | (all[i + 1] ?? 0)
  return ipv6(word(0), word(2), word(4), word(6))
}

function groups(text: string, mayEndInIpv4: boolean, fail: (problem: string) => ParseError): number[] {
  if (text === '') return []
  const parts = text.split(':')
  const last = parts.at(-1) ?? ''
  const out: number[] = []
  for (const [i, part] of parts.entries()) {
    if (i === parts.length - 1 && mayEndInIpv4 && last.includes('.')) {
      const address = parseIpv4(last)
      out.push(address >>> 16, address & 0xffff)
    } else if (GROUP.test(part)) out.push(Number.parseInt(part, 16))
    else throw fail(`group "${part}" is not one to four hexadecimal digits`)
  }
  return out
}

/**
 * The canonical form: lower case, the longest run of zero groups (two or more) shortened.
 *
 * @see RFC 5952 sections 4 and 5
 */
export function formatIpv6(address: Ipv6): string {
  const { w0, w1, w2, w3 } = address
  if (w0 === 0 && w1 === 0 && w2 === 0xffff) return `::ffff:${formatIpv4(w3 as Ipv4)}`
  const all = [w0 >>> 16, w0 & 0xffff, w1 >>> 16, w1 & 0xffff, w2 >>> 16, w2 & 0xffff, w3 >>> 16, w3 & 0xffff]
  let start = -1
  let length = 1
  for (let i = 0; i < 8; i++) {
    let end = i
    while (end < 8 && all[end] === 0) end++
    if (end - i > length) [start, length] = [i, end - i]
    i = Math.max(i, end - 1)
  }
  const hex = (part: number[]) => part.map(g => g.toString(16)).join(':')
  return start < 0 ? hex(all) : `${hex(all.slice(0, start))}::${hex(all.slice(start + length))}`
}

/** Negative, zero or positive as `a` comes before, is, or comes after `b` in address order. */
export function compareIpv6(a: Ipv6, b: Ipv6): number {
  return (
    (a.w0 >>> 0) - (b.w0 >>> 0) ||
    (a.w1 >>> 0) - (b.w1 >>> 0) ||
    (a.w2 >>> 0) - (b.w2 >>> 0) ||
    (a.w3 >>> 0) - (b.w3 >>> 0)
  )
}

export function equalIpv6(a: Ipv6, b: Ipv6): boolean {
  return a.w3 === b.w3 && a.w2 === b.w2 && a.w1 === b.w1 && a.w0 === b.w0
}

/**
 * Reads a network in CIDR notation, such as `fd00:10:244:1::/64`.
 *
 * @throws {ParseError} when a part is malformed or the address has host bits set
 */
export function parsePrefix6(text: string): Prefix6 {
  const slash = text.indexOf('/')
  const length = text.slice(slash + 1)
  if (slash < 0 || !LENGTH.test(length)) throw new ParseError('IPv6 prefix', text, 'no length of 0 to 128')
  const address = parseIpv6(text.slice(0, slash))
  const prefix = prefix6(address, Number(length))
  if (!equalIpv6(prefix.base, address)) {
    throw new ParseError('IPv6 prefix', text, `host bits are set, the network is ${formatPrefix6(prefix)}`)
  }
  return prefix
}

/** `fd00:10:244:1::/64` */
export function formatPrefix6(prefix: Prefix6): string {
  return `${formatIpv6(prefix.base)}/${prefix.bits}`
}

/** The mask of `bits` leading ones. */
export function mask6(bits: number): Ipv6 {
  const word = (from: number) => {
    const ones = Math.min(32, Math.max(0, bits - from))
    return ones === 0 ? 0 : -1 << (32 - ones)
  }
  return ipv6(word(0), word(32), word(64), word(96))
}

/** The network of `bits` leading bits that `address` is in. */
export function prefix6(address: Ipv6, bits: number): Prefix6 {
  const m = mask6(bits)
  return {
    family: 6,
    base: ipv6(address.w0 & m.w0, address.w1 & m.w1, address.w2 & m.w2, address.w3 & m.w3),
    bits,
  }
}

export function contains6(prefix: Prefix6, address: Ipv6): boolean {
  return equalIpv6(prefix6(address, prefix.bits).base, prefix.base)
}

/** The address `offset` behind `address`, wrapping at the end of the address space. */
export function addIpv6(address: Ipv6, offset: number | bigint): Ipv6 {
  return fromBigint6((toBigint6(address) + BigInt(offset)) & ((1n << 128n) - 1n))
}

/** The address as one number: for allocators, never in the packet path. */
export function toBigint6(address: Ipv6): bigint {
  const word = (w: number) => BigInt(w >>> 0)
  return (word(address.w0) << 96n) | (word(address.w1) << 64n) | (word(address.w2) << 32n) | word(address.w3)
}

export function fromBigint6(value: bigint): Ipv6 {
  const word = (shift: bigint) => Number((value >> shift) & 0xffff_ffffn)
  return ipv6(word(96n), word(64n), word(32n), word(0n))
}
