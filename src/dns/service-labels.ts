/**
 * Which Services are there, by the octets that messages name them with.
 *
 * @module
 */
import { hashOctets, wireName } from './question-octets.ts'
import type { Zone } from './zone.ts'

export class ServiceLabels {
  readonly #zone: Zone
  /** Their keys, by the hash of the two labels. */
  readonly #keys = new Map<number, Set<string>>()

  constructor(zone: Zone) {
    this.#zone = zone
    for (const key of zone.services.keys()) this.notice(key)
  }

  /** Notes whether the Service is there now. */
  notice(key: string): void {
    const wire = wireName(key.split('.'))
    const hash = hashOctets(wire, 0, wire.length - 1)
    const keys = this.#keys.get(hash) ?? new Set()
    if (this.#zone.services.get(key)?.service) keys.add(key)
    else keys.delete(key)
    if (keys.size > 0) this.#keys.set(hash, keys)
    else this.#keys.delete(hash)
  }

  /** Whether the labels from `start` to `end` may be a Service's and its namespace's; if not, there is none. */
  mayHave(octets: Uint8Array, start: number, end: number): boolean {
    return this.#keys.has(hashOctets(octets, start, end))
  }
}
