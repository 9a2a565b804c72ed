/**
 * Which Services are there, by the octets that messages name them with.
 *
 * @module
 */
import { lowerName } from './name.ts'
import { hashOctets, wireName } from './question-octets.ts'
import type { Zone } from './zone.ts'

/** A power of two. */
const LEAST_WORDS = 64
/** Of the 32 in a word. */
const MOST_BITS_USED = 2

export class ServiceLabels {
  readonly #zone: Zone
  /** Their keys, by the hash of the two labels. */
  readonly #keys = new Map<number, Set<string>>()
  /** A bit for the hash of each that was there; small enough to stay at hand, so that what is missing is seen there. */
  #bits = new Int32Array(LEAST_WORDS)

  constructor(zone: Zone) {
    this.#zone = zone
    for (const key of zone.services.keys()) this.notice(key)
  }

  /** Notes whether the Service is there now. */
  notice(key: string): void {
    const wire = wireName(lowerName(key.split('.')))
    const hash = hashOctets(wire, 0, wire.length - 1)
    const keys = this.#keys.get(hash) ?? new Set()
    if (this.#zone.services.get(key)?.service) keys.add(key)
    else keys.delete(key)
    if (keys.size === 0) this.#keys.delete(hash)
    else if (keys.size === 1) this.#put(hash, keys)
  }

  #put(hash: number, keys: Set<string>): void {
    this.#keys.set(hash, keys)
    if (this.#keys.size > this.#bits.length * MOST_BITS_USED) {
      this.#bits = new Int32Array(2 * this.#bits.length)
      for (const one of this.#keys.keys()) this.#mark(one)
    } else this.#mark(hash)
  }

  #mark(hash: number): void {
    const word = this.#wordOf(hash)
    this.#bits[word] = (this.#bits[word] ?? 0) | (1 << hash)
  }

  /** By the upper bits; the lower five choose the bit. */
  #wordOf(hash: number): number {
    return (hash >>> 5) & (this.#bits.length - 1)
  }

  /** Whether the labels from `start` to `end`, which are lower case, may be a Service's and its namespace's; if not, there is none. */
  mayHave(octets: Uint8Array, start: number, end: number): boolean {
    const hash = hashOctets(octets, start, end)
    return ((this.#bits[this.#wordOf(hash)] ?? 0) & (1 << hash)) !== 0 && this.#keys.has(hash)
  }
}
