/**
 * The options of TCP's first segments.
 *
 * @see tcp_options_write and tcp_parse_options in net/ipv4 of Linux; RFC 9293 section 3.2, RFC 7323, RFC 2018
 * @module
 */
import { get8, get16, get32, put16, put32 } from './octets.ts'

export interface TcpOptions {
  /** Bytes of the largest segment that the sender takes. */
  readonly mss?: number
  readonly sackPermitted?: true
  /** 32 bits each, signed. */
  readonly timestamps?: { readonly value: number; readonly echo: number }
  /** How many bits to shift windows by. */
  readonly windowScale?: number
}

const END = 0
const NOP = 1
const MSS = 2
const WINDOW_SCALE = 3
const SACK_PERMITTED = 4
const TIMESTAMPS = 8

/** The options in Linux's order and padding. */
export function encodeTcpOptions({ mss, sackPermitted, timestamps, windowScale }: TcpOptions): Uint8Array {
  const bytes = new Uint8Array(40)
  let at = 0
  const add = (...octets: readonly number[]) => {
    bytes.set(octets, at)
    at += octets.length
  }
  if (mss !== undefined) {
    add(MSS, 4, 0, 0)
    put16(bytes, at - 2, mss)
  }
  // SACK-permitted takes the two bytes of padding that timestamps need otherwise.
  const sack = sackPermitted ? [SACK_PERMITTED, 2] : [NOP, NOP]
  if (timestamps) {
    add(...sack, TIMESTAMPS, 10, 0, 0, 0, 0, 0, 0, 0, 0)
    put32(bytes, at - 8, timestamps.value)
    put32(bytes, at - 4, timestamps.echo)
  } else if (sackPermitted) add(NOP, NOP, ...sack)
  if (windowScale !== undefined) add(NOP, WINDOW_SCALE, 3, windowScale)
  return bytes.slice(0, at)
}

/** What is known in the options of a segment, up to the first malformed one: nobody drops a segment for those. */
export function decodeTcpOptions(bytes: Uint8Array): TcpOptions {
  let found: TcpOptions = {}
  for (let at = 0; at < bytes.length; ) {
    const kind = get8(bytes, at)
    if (kind === END) break
    const length = kind === NOP ? 1 : get8(bytes, at + 1)
    if (length < (kind === NOP ? 1 : 2) || at + length > bytes.length) break
    found = { ...found, ...optionAt(bytes, at, kind, length) }
    at += length
  }
  return found
}

function optionAt(bytes: Uint8Array, at: number, kind: number, length: number): TcpOptions {
  if (kind === MSS && length === 4) return { mss: get16(bytes, at + 2) }
  if (kind === WINDOW_SCALE && length === 3) return { windowScale: get8(bytes, at + 2) }
  if (kind === SACK_PERMITTED && length === 2) return { sackPermitted: true }
  if (kind !== TIMESTAMPS || length !== 10) return {}
  return { timestamps: { value: get32(bytes, at + 2), echo: get32(bytes, at + 6) } }
}
