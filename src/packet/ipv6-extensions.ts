/**
 * IPv6 extension headers and their bytes.
 *
 * On the wire, each header begins with the type of the one behind it. In `options` of a packet each
 * begins with its own type instead, so that the chain can be read by itself, and holds no matter
 * what follows. Lengths are the same.
 *
 *     wire      IPv6[next 0] ─ [60 hop-by-hop] ─ [6 destination] ─ TCP
 *     options                  [0 hop-by-hop]    [60 destination]
 *
 * @see RFC 8200 section 4
 * @module
 */
import type { Ip } from '../base/ip.ts'
import type { Protocol } from '../base/protocol.ts'
import { FRAGMENT_HEADER } from './length.ts'
import { get8, get16, get32, getIp, malformed, NO_BYTES, put16, put32 } from './octets.ts'
import type { Packet } from './packet.ts'

export const HOP_BY_HOP = 0
export const ROUTING = 43
export const FRAGMENT = 44
export const AUTHENTICATION = 51
export const DESTINATION = 60

/** The types of routing header that Linux acts on. @see net/ipv6/exthdrs.c of Linux */
const TYPE_0 = 0
const MOBILE = 2
const SEGMENT_ROUTING = 4

const WHAT = 'IPv6 extension header'
const MORE = 1

export type FragmentHeader = NonNullable<Packet['fragment']>

/** The headers between IPv6's own and the payload. */
export interface Extensions {
  readonly options?: Uint8Array
  readonly fragment?: FragmentHeader
  /** What is behind them, and at which byte it begins. */
  readonly protocol: Protocol
  readonly at: number
}

/** @see ipv6_ext_hdr in net/ipv6/exthdrs_core.c of Linux, which knows the same */
function isExtension(protocol: Protocol): boolean {
  return protocol === HOP_BY_HOP || protocol === ROUTING || protocol === AUTHENTICATION || protocol === DESTINATION
}

/** In bytes; the length field of an authentication header counts other units. @see RFC 4302 section 2.2 */
function extensionLength(type: Protocol, field: number): number {
  return type === AUTHENTICATION ? (field + 2) * 4 : (field + 1) * 8
}

/**
 * Reads the headers from byte `from` on, the first being of type `next`, to the first that is none,
 * or to the fragment header: what is behind that may be a piece of anything.
 *
 * @throws {ParseError} when one is cut short
 */
export function decodeExtensions(bytes: Uint8Array, from: number, next: Protocol): Extensions {
  let at = from
  let protocol = next
  const types: (readonly [at: number, type: Protocol])[] = []
  while (isExtension(protocol)) {
    if (at + 8 > bytes.length) throw malformed(WHAT, bytes, at, `header ${protocol} is cut short`)
    const length = extensionLength(protocol, get8(bytes, at + 1))
    if (at + length > bytes.length) {
      throw malformed(WHAT, bytes, at + 1, `header ${protocol} of ${length} bytes, but there are ${bytes.length - at}`)
    }
    types.push([at - from, protocol])
    protocol = get8(bytes, at)
    at += length
  }
  const options = bytes.slice(from, at)
  for (const [place, type] of types) options[place] = type
  const found = options.length > 0 ? { options } : {}
  if (protocol !== FRAGMENT) return { ...found, protocol, at }
  if (at + FRAGMENT_HEADER > bytes.length) throw malformed(WHAT, bytes, at, 'fragment header is cut short')
  return { ...found, fragment: fragmentAt(bytes, at), protocol: get8(bytes, at), at: at + FRAGMENT_HEADER }
}

function fragmentAt(bytes: Uint8Array, at: number): FragmentHeader {
  const field = get16(bytes, at + 2)
  return { offset: field & 0xfff8, more: (field & MORE) !== 0, id: get32(bytes, at + 4) }
}

/**
 * Writes the headers over all of `bytes`, the fragment header last.
 *
 * @returns the type of the first one, or of the payload where there is none
 * @throws {RangeError} when `options` are no extension headers
 */
export function encodeExtensions(
  bytes: Uint8Array,
  options: Uint8Array = NO_BYTES,
  fragment: FragmentHeader | undefined,
  protocol: Protocol,
): Protocol {
  bytes.set(options)
  const behind = fragment ? FRAGMENT : protocol
  let first: Protocol | undefined
  let last: number | undefined
  for (const [at, type] of headersOf(options)) {
    if (last === undefined) first = type
    else bytes[last] = type
    last = at
  }
  if (last !== undefined) bytes[last] = behind
  if (fragment) {
    const at = options.length
    bytes[at] = protocol
    put16(bytes, at + 2, fragment.offset | (fragment.more ? MORE : 0))
    put32(bytes, at + 4, fragment.id ?? 0)
  }
  return first ?? behind
}

/**
 * Where each header of a packet's `options` begins, and its type.
 *
 * @throws {RangeError} when they are no extension headers
 */
export function* headersOf(options: Uint8Array): Iterable<readonly [at: number, type: Protocol, length: number]> {
  for (let at = 0; at < options.length; ) {
    const type = get8(options, at)
    const length = extensionLength(type, get8(options, at + 1))
    if (!isExtension(type) || at + length > options.length) {
      throw new RangeError(`no IPv6 extension header at byte ${at} of the options`)
    }
    yield [at, type, length]
    at += length
  }
}

/**
 * Where a packet goes in the end: behind a routing header with segments left, `dst` is but the next stop.
 * Checksums cover this one.
 *
 * @see RFC 8200 section 8.1, RFC 6275 section 6.4, RFC 8754 section 2
 */
export function lastDestination(options: Uint8Array | undefined, dst: Ip): Ip {
  if (options === undefined) return dst
  for (const [at, type, length] of headersOf(options)) {
    if (type !== ROUTING || get8(options, at + 3) === 0 || length < 24) continue
    const kind = get8(options, at + 2)
    if (kind === MOBILE || kind === SEGMENT_ROUTING) return getIp(options, at + 8, 6)
    if (kind === TYPE_0) return getIp(options, at + 8 + Math.floor((length - 24) / 16) * 16, 6)
  }
  return dst
}
