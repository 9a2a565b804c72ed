/**
 * Numbers and addresses in bytes, in network order.
 *
 * Whoever reads has made sure before that the bytes are there.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { type Family, type Ip, isIpv4 } from '../base/ip.ts'
import type { Ipv4 } from '../base/ipv4.ts'
import { ipv6 } from '../base/ipv6.ts'
import type { Mac } from '../base/mac.ts'

export const NO_BYTES = new Uint8Array(0)

/** How many bytes of malformed input an error shows. */
const SHOWN = 24

export function get8(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0
}

export function get16(bytes: Uint8Array, at: number): number {
  return (get8(bytes, at) << 8) | get8(bytes, at + 1)
}

/** Signed. */
export function get32(bytes: Uint8Array, at: number): number {
  return (get16(bytes, at) << 16) | get16(bytes, at + 2)
}

export function put16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

export function put32(bytes: Uint8Array, at: number, value: number): void {
  put16(bytes, at, value >>> 16)
  put16(bytes, at + 2, value)
}

export function getIp(bytes: Uint8Array, at: number, family: Family): Ip {
  if (family === 4) return get32(bytes, at) as Ipv4
  return ipv6(get32(bytes, at), get32(bytes, at + 4), get32(bytes, at + 8), get32(bytes, at + 12))
}

export function putIp(bytes: Uint8Array, at: number, ip: Ip): void {
  if (isIpv4(ip)) {
    put32(bytes, at, ip)
  } else {
    put32(bytes, at, ip.w0)
    put32(bytes, at + 4, ip.w1)
    put32(bytes, at + 8, ip.w2)
    put32(bytes, at + 12, ip.w3)
  }
}

export function getMac(bytes: Uint8Array, at: number): Mac {
  return { high: get16(bytes, at), low: get32(bytes, at + 2) }
}

export function putMac(bytes: Uint8Array, at: number, mac: Mac): void {
  put16(bytes, at, mac.high)
  put32(bytes, at + 2, mac.low)
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** `4500005e`, two digits a byte. */
export function formatBytes(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += (byte < 16 ? '0' : '') + byte.toString(16)
  return text
}

/** @throws {ParseError} unless `text` is an even number of hexadecimal digits */
export function parseBytes(text: string): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/i.test(text)) throw new ParseError('bytes', text, 'not pairs of hexadecimal digits')
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return bytes
}

/** What is wrong with the bytes of `what`, and at which of them. The error shows the first few. */
export function malformed(what: string, bytes: Uint8Array, at: number, problem: string): ParseError {
  const shown = formatBytes(bytes.subarray(0, SHOWN)) + (bytes.length > SHOWN ? '…' : '')
  return new ParseError(what, shown, `at byte ${at}: ${problem}`)
}

/** @throws {ParseError} unless there are at least `length` bytes */
export function requireLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length < length) {
    throw malformed(what, bytes, bytes.length, `ends within its header of ${length} bytes`)
  }
}
