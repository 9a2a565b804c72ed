/**
 * What can be read off the octets of a query without making anything of them.
 *
 * @module
 */
import { HEADER_OCTETS } from './decode.ts'
import { LEAST_LIMIT, OPT_OCTETS } from './encode.ts'
import { type Name, nameOctets } from './name.ts'
import { TYPES } from './record.ts'

const SHORTEST_QUERY = HEADER_OCTETS + 5

/** A query with one question and at most one record behind it, in the additional section. */
export function isPlainQuery(octets: Uint8Array, length: number): boolean {
  if (length < SHORTEST_QUERY || ((octets[2] ?? 0) & 0xf8) !== 0) return false
  if (uint16(octets, 4) !== 1 || uint16(octets, 6) !== 0) return false
  return uint16(octets, 8) === 0 && uint16(octets, 10) <= 1
}

/**
 * How long the answer may be.
 *
 * @param at where the question ends
 * @returns 0 when what follows is not just the plainest OPT record, or not just nothing
 * @see RFC 6891 section 6.1.2
 */
export function limitOf(octets: Uint8Array, at: number, length: number): number {
  if (uint16(octets, 10) === 0) return length === at ? LEAST_LIMIT : 0
  const isPlain =
    length === at + OPT_OCTETS &&
    octets[at] === 0 &&
    uint16(octets, at + 1) === TYPES.OPT &&
    uint16(octets, at + 5) === 0 && // the rest of the code, and the version
    uint16(octets, at + 9) === 0
  return isPlain ? Math.max(LEAST_LIMIT, uint16(octets, at + 3)) : 0
}

export function uint16(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0)
}

export function putUint16(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 8
  octets[at + 1] = value
}

/** Lengths of labels are below all letters, so they stay as they are. */
export function lowerOctet(octet: number): number {
  return octet >= 65 && octet <= 90 ? octet | 32 : octet
}

const HASH_START = 0x811c9dc5 | 0

/** FNV-1a of the octets from `start` to `end`, which are lower case; 32 bits, signed. @see draft-eastlake-fnv, section 2 */
export function hashOctets(octets: Uint8Array, start: number, end: number): number {
  let hash = HASH_START
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (octets[i] ?? 0), 0x01000193)
  return hash
}

/** The name as messages have it, its end included. */
export function wireName(name: Name): Uint8Array {
  const wire = new Uint8Array(nameOctets(name))
  let at = 0
  for (const label of name) {
    wire[at++] = label.length
    for (let i = 0; i < label.length; i++) wire[at++] = label.charCodeAt(i)
  }
  return wire
}

/** The labels that start at `at`; there are no pointers. */
export function readLabels(octets: Uint8Array, at: number): Name {
  const labels: string[] = []
  let next = at
  for (let size = octets[next] ?? 0; size > 0; size = octets[next] ?? 0) {
    labels.push(String.fromCharCode(...octets.subarray(next + 1, next + 1 + size)))
    next += 1 + size
  }
  return labels
}
