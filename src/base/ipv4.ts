/**
 * IPv4 addresses and prefixes, as integers.
 *
 * Text becomes an integer once, at the edge, and text again only to be shown.
 * Nothing in between holds an address as a string.
 *
 * @module
 */
import { ParseError } from './error.ts'

declare const brand: unique symbol

/**
 * An IPv4 address: 32 bits in network order, kept as a *signed* integer.
 *
 * Signed, because V8 keeps a signed 32-bit integer in place and boxes an
 * unsigned one from 128.0.0.0 up. Order addresses with {@link compareIpv4},
 * never with `<`.
 */
export type Ipv4 = number & { readonly [brand]: 'Ipv4' }

/** An IPv4 network. Invariant: `base` has no bit outside `mask`. */
export interface Prefix4 {
  readonly family: 4
  readonly base: Ipv4
  /** How many leading bits are fixed, 0 to 32. */
  readonly bits: number
  readonly mask: number
}

const OCTET = /^(?:0|[1-9]\d{0,2})$/
const LENGTH = /^(?:\d|[12]\d|3[0-2])$/

/**
 * Reads an address in dotted decimal, such as `10.96.0.10`.
 *
 * Refuses leading zeros: to some readers `010` is eight and to others ten, and a
 * filter that reads it unlike its host can be walked around.
 *
 * @throws {ParseError} unless `text` is four octets of 0 to 255
 * @see RFC 6943 section 3.1.1
 */
export function parseIpv4(text: string): Ipv4 {
  const octets = text.split('.')
  if (octets.length !== 4) throw new ParseError('IPv4 address', text, `${octets.length} octets, not 4`)
  let address = 0
  for (const octet of octets) {
    if (!OCTET.test(octet) || Number(octet) > 255) {
      throw new ParseError('IPv4 address', text, `octet "${octet}" is not 0 to 255`)
    }
    address = (address << 8) | Number(octet)
  }
  return address as Ipv4
}

/** `10.96.0.10` */
export function formatIpv4(address: Ipv4): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`
}

/** Negative, zero or positive as `a` comes before, is, or comes after `b` in address order. */
export function compareIpv4(a: Ipv4, b: Ipv4): number {
  return (a >>> 0) - (b >>> 0)
}

/**
 * Reads a network in CIDR notation, such as `10.244.1.0/24`.
 *
 * @throws {ParseError} when a part is malformed or the address has host bits set
 */
export function parsePrefix4(text: string): Prefix4 {
  const slash = text.indexOf('/')
  const length = text.slice(slash + 1)
  if (slash < 0 || !LENGTH.test(length)) throw new ParseError('IPv4 prefix', text, 'no length of 0 to 32')
  const address = parseIpv4(text.slice(0, slash))
  const prefix = prefix4(address, Number(length))
  if (prefix.base !== address) {
    throw new ParseError('IPv4 prefix', text, `host bits are set, the network is ${formatPrefix4(prefix)}`)
  }
  return prefix
}

/** `10.244.1.0/24` */
export function formatPrefix4(prefix: Prefix4): string {
  return `${formatIpv4(prefix.base)}/${prefix.bits}`
}

/** The mask of `bits` leading ones. */
export function mask4(bits: number): number {
  // In JavaScript a shift by 32 is a shift by 0, hence the branch for /0.
  return bits === 0 ? 0 : -1 << (32 - bits)
}

/** The network of `bits` leading bits that `address` is in. */
export function prefix4(address: Ipv4, bits: number): Prefix4 {
  const mask = mask4(bits)
  return { family: 4, base: (address & mask) as Ipv4, bits, mask }
}

export function contains4(prefix: Prefix4, address: Ipv4): boolean {
  return ((address ^ prefix.base) & prefix.mask) === 0
}

/** The address `offset` behind `address`, wrapping at the end of the address space. */
export function addIpv4(address: Ipv4, offset: number): Ipv4 {
  return ((address + offset) | 0) as Ipv4
}
