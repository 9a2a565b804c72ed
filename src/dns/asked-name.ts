/**
 * The name that a query asks for, read off its octets without making anything.
 *
 * In lower case it is kept in words of four octets, by which it is hashed and compared; one octet after the other takes
 * three times as long.
 *
 * @module
 */
import { HEADER_OCTETS } from './decode.ts'
import { MOST_NAME_OCTETS } from './name.ts'
import { lowerOctet } from './question-octets.ts'

const MOST_LABELS = 127
const MOST_WORDS = Math.ceil((MOST_NAME_OCTETS + 1) / 4)
const HASH_START = 0x811c9dc5 | 0

/** By FNV-1a, over words. @see draft-eastlake-fnv, section 2 */
function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x01000193)
  // A product carries nothing down, and the table looks at the lower bits.
  return mixed ^ (mixed >>> 15)
}

export class AskedName {
  /** In lower case, as messages have it; zeros behind the end fill the last word. */
  readonly words = new Int32Array(MOST_WORDS)
  /** The same octets. */
  readonly lower: Uint8Array = new Uint8Array(this.words.buffer)
  /** Where its labels start in {@link lower}, its end included. */
  readonly starts = new Uint16Array(MOST_LABELS + 1)
  /** How many labels it has. */
  labels = 0
  /** How many octets it has. */
  octets = 0
  /** Whether a letter of it is upper case. */
  isMixed = false

  /**
   * Reads the name at its place behind the header, and repeats it there.
   *
   * @param length of the message
   * @returns whether there is a name without pointers, and something behind it
   */
  read(message: Uint8Array, length: number, out: Uint8Array): boolean {
    const { lower, starts } = this
    let at = 0
    let labels = 0
    let isMixed = false
    for (;;) {
      const size = message[HEADER_OCTETS + at] ?? 0
      const end = at + size
      if (size > 63 || HEADER_OCTETS + end >= length || end >= MOST_NAME_OCTETS) return false
      starts[labels] = at
      for (; at <= end; at++) {
        const octet = message[HEADER_OCTETS + at] ?? 0
        const low = lowerOctet(octet)
        if (low !== octet) isMixed = true
        lower[at] = low
        out[HEADER_OCTETS + at] = octet
      }
      if (size === 0) break
      labels++
    }
    this.labels = labels
    this.octets = at
    this.isMixed = isMixed
    for (; (at & 3) !== 0; at++) lower[at] = 0
    return true
  }

  /** Of the name in lower case and the type; signed. */
  hash(type: number): number {
    const { words } = this
    let hash = mix(HASH_START, type)
    for (let i = 0; i < this.octets; i += 4) hash = mix(hash, words[i >> 2] ?? 0)
    return hash
  }

  /** Whether `wire`, which is lower case, stands from `start` to `end`. */
  has(wire: Uint8Array, start: number, end: number): boolean {
    if (end - start !== wire.length) return false
    for (let i = 0; i < wire.length; i++) if (this.lower[start + i] !== wire[i]) return false
    return true
  }
}
