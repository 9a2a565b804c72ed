/**
 * Values of options and their text: numbers, ports, marks, lists, addresses.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import {
  type Family,
  familyOf,
  formatIp,
  formatPrefix,
  hostPrefix,
  type Ip,
  type Prefix,
  parseIp,
  prefixOf,
  widthOf,
} from '../base/ip.ts'
import { type Ipv4, parseIpv4 } from '../base/ipv4.ts'
import type { Ipv6 } from '../base/ipv6.ts'
import { formatMac, type Mac, parseMac } from '../base/mac.ts'
import type { Protocol } from '../base/protocol.ts'
import { formatProtocol, parsePort, parseProtocol } from './name.ts'
import type { Codec, Context } from './option.ts'
import type { AddressRange, PortRange } from './rule.ts'
import { quoteIfNeeded, quoteSaved } from './word.ts'

/**
 * A number as C reads it: decimal, `0x` hexadecimal, `0` octal.
 *
 * @throws {ParseError} unless it is one, 0 to `most`
 */
export function parseNumber(text: string, what: string, most = 0xffff_ffff): number {
  const value = /^0[0-7]+$/.test(text)
    ? Number.parseInt(text, 8)
    : /^(?:\d{1,16}|0[xX][0-9a-fA-F]{1,13})$/.test(text)
      ? Number(text)
      : Number.NaN
  if (!(value <= most)) throw new ParseError(what, text, `not a number of 0 to ${most}`)
  return value
}

export function number(what: string, most = 0xffff_ffff): Codec<number> {
  return { parse: text => parseNumber(text, what, most), format: String }
}

/** A word that is quoted where need be. */
export const quoted: Codec<string> = {
  parse: text => text,
  format: (text, context) => (context.form === 'save' ? quoteSaved(text) : quoteIfNeeded(text)),
}

/** A word that the tools print as it is. */
export const bare: Codec<string> = { parse: text => text, format: text => text }

/** Nothing: the option itself says all. */
export const nothing: Codec<object> = { words: 0, parse: () => ({}), format: () => '' }

/** One word of a fixed list, letters of either case. */
export function oneOf<const T extends string>(what: string, words: readonly T[]): Codec<T> {
  return {
    parse: text => {
      const found = words.find(word => word.toLowerCase() === text.toLowerCase())
      if (found === undefined) throw new ParseError(what, text, `not one of ${words.join(', ')}`)
      return found
    },
    format: word => word,
  }
}

/** Words of a fixed list, joined by commas; they are held and saved in the order of the list. */
export function someOf<const T extends string>(what: string, words: readonly T[]): Codec<readonly T[]> {
  const one = oneOf(what, words)
  const order = (list: readonly T[]) => words.filter(word => list.includes(word))
  return {
    parse: (text, context) => order(text.split(',').map(word => one.parse(word, context))),
    format: (list, context) => (list.length < 2 || context.form === 'restore' ? list : order(list)).join(','),
  }
}

/** Holds the value of another codec in the field `in`. */
export function inside<T>(codec: Codec<T>): Codec<{ readonly in: T }> {
  return {
    parse: (text, context) => ({ in: codec.parse(text, context) }),
    format: (value, context) => codec.format(value.in, context),
  }
}

/** Holds the value of another codec in the field `is`. */
export function exactly<T>(codec: Codec<T>): Codec<{ readonly is: T }> {
  return {
    parse: (text, context) => ({ is: codec.parse(text, context) }),
    format: (value, context) => codec.format(value.is, context),
  }
}

/** Holds the value of another codec in a field of the given name. */
export function under<K extends string, T>(key: K, codec: Codec<T>): Codec<Readonly<Record<K, T>>> {
  return {
    parse: (text, context) => ({ [key]: codec.parse(text, context) }) as Record<K, T>,
    format: (value, context) => codec.format(value[key], context),
  }
}

/** `80` or `1024:65535`; an absent end is the first or last port. */
export const portRange: Codec<PortRange> = {
  parse: text => parseRange(text, ':', 0xffff, parsePort),
  format: range => formatRange(range, ':'),
}

/** Numbers from 0 to `most`, `5` or `5:10`. */
export function numberRange(what: string, most = 0xffff_ffff): Codec<{ readonly from: number; readonly to: number }> {
  return {
    parse: text => parseRange(text, ':', most, word => parseNumber(word, what, most)),
    format: range => formatRange(range, ':'),
  }
}

export function parseRange(
  text: string,
  mark: string,
  most: number,
  parse: (word: string) => number,
): { readonly from: number; readonly to: number } {
  const at = text.indexOf(mark)
  if (at < 0) {
    const only = parse(text)
    return { from: only, to: only }
  }
  const [first, last] = [text.slice(0, at), text.slice(at + 1)]
  const from = first === '' ? 0 : parse(first)
  const to = last === '' ? most : parse(last)
  if (from > to) throw new ParseError('range', text, `it ends before it begins`)
  return { from, to }
}

export function formatRange(range: PortRange, mark: string): string {
  return range.from === range.to ? `${range.from}` : `${range.from}${mark}${range.to}`
}

export const protocol: Codec<Protocol> = {
  parse: parseProtocol,
  format: formatProtocol,
}

export const mac: Codec<Mac> = { parse: parseMac, format: formatMac }

/** `0x4000`; kube-proxy writes eight digits. */
export function formatHex(value: number, context: Context): string {
  const digits = (value >>> 0).toString(16)
  return context.form === 'save' ? `0x${digits}` : `0x${digits.padStart(8, '0')}`
}

/** A number of 32 bits, held as a signed integer. */
export const word32: Codec<number> = { parse: text => parseNumber(text, 'mark') | 0, format: formatHex }

/** `0x4000/0x4000`, whose mask may be left out when all its bits are set. */
export const maskedMark: Codec<{ readonly is: number; readonly mask: number }> = {
  parse: text => {
    const { value, mask } = parseMasked(text)
    return { is: value, mask }
  },
  format: ({ is, mask }, context) =>
    (mask | 0) === -1 ? formatHex(is, context) : `${formatHex(is, context)}/${formatHex(mask, context)}`,
}

/** `VALUE[/MASK]` */
export function parseMasked(text: string): { readonly value: number; readonly mask: number } {
  const slash = text.indexOf('/')
  const value = parseNumber(slash < 0 ? text : text.slice(0, slash), 'mark') | 0
  return { value, mask: slash < 0 ? -1 : parseNumber(text.slice(slash + 1), 'mask') | 0 }
}

/** An address of the rules' own family. */
export function parseIpOf(text: string, family: Family): Ip {
  const ip = parseIp(text)
  if (familyOf(ip) !== family) throw new ParseError('IP address', text, `not an IPv${family} address`)
  return ip
}

export const address: Codec<Ip> = {
  parse: (text, context) => parseIpOf(text, context.family),
  format: formatIp,
}

/** A network, as `-s` reads it: host bits are dropped; a mask may be a length or an address. */
export function parseNetwork(text: string, family: Family): Prefix {
  const slash = text.indexOf('/')
  const ip = parseIpOf(slash < 0 ? text : text.slice(0, slash), family)
  return slash < 0 ? hostPrefix(ip) : prefixOf(ip, parseMaskBits(text.slice(slash + 1), family))
}

/** How many leading bits a mask fixes, given as a length or as an address. */
function parseMaskBits(text: string, family: Family): number {
  if (/^\d{1,3}$/.test(text)) return parseNumber(`${Number(text)}`, 'network length', widthOf(family))
  const mask = parseIpOf(text, family)
  const words = typeof mask === 'number' ? [mask] : [mask.w0, mask.w1, mask.w2, mask.w3]
  let bits = 0
  for (const word of words) bits += Math.clz32(~word)
  const whole = prefixOf(familyOf(mask) === 4 ? (-1 as Ipv4) : ALL_ONES, bits).base
  if (formatIp(whole) !== formatIp(mask)) throw new ParseError('network mask', text, 'its ones are not all in front')
  return bits
}

const ALL_ONES: Ipv6 = { w0: -1, w1: -1, w2: -1, w3: -1 }

/** A network; one address stands without a length, as most extensions print it. */
export const network: Codec<Prefix> = {
  parse: (text, context) => parseNetwork(text, context.family),
  format: prefix => (prefix.bits === widthOf(prefix.family) ? formatIp(prefix.base) : formatPrefix(prefix)),
}

/** `10.0.0.1-10.0.0.9`; one address may stand alone when read. */
export const addressRange: Codec<AddressRange> = {
  parse: (text, context) => {
    const dash = text.indexOf('-')
    const from = parseIpOf(dash < 0 ? text : text.slice(0, dash), context.family)
    return { from, to: dash < 0 ? from : parseIpOf(text.slice(dash + 1), context.family) }
  },
  format: range => `${formatIp(range.from)}-${formatIp(range.to)}`,
}

/** A mask of addresses: `255.255.255.0` or, when read, a length. */
export const addressMask: Codec<Ip> = {
  parse: (text, context) =>
    /^\d{1,3}$/.test(text) ? maskOf(parseMaskBits(text, context.family), context) : parseIpOf(text, context.family),
  format: formatIp,
}

function maskOf(bits: number, context: Context): Ip {
  return prefixOf(context.family === 4 ? (-1 as Ipv4) : ALL_ONES, bits).base
}

/** The mask that leaves the whole address. */
export const FULL_MASK: Readonly<Record<Family, Ip>> = { 4: parseIpv4('255.255.255.255'), 6: ALL_ONES }
