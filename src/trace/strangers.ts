/**
 * Machines of which little is known: those that a dump saw beside its host, those outside, and those
 * that are taken to be where an address says.
 *
 * @module
 */
import type { Ip } from '../base/ip.ts'
import type { Mac } from '../base/mac.ts'
import type { Listener } from '../node/step.ts'
import { POD_LINK } from './machines.ts'
import { stationKey } from './station.ts'
import type { Plug } from './world.ts'

/** A machine of which little more is known than the link that it is behind. */
export interface Stranger {
  readonly home: Plug
  readonly mac: Mac
  /** All of its addresses; absent: the one that it is named by. */
  readonly ips?: readonly Ip[]
  /** Nobody told of it: it is taken to be there. */
  readonly invented?: true
}

export const INVENTED: Listener = { listens: 'unknown', what: 'no dump tells of this address; it is taken to be there' }

/** Grows as packets come to them. */
export class Strangers {
  readonly #all = new Map<string, Stranger>()
  readonly #stations = new Map<number, Plug>()

  get(name: string): Stranger | undefined {
    return this.#all.get(name)
  }

  has(name: string): boolean {
    return this.#all.has(name)
  }

  /** Their links, by MAC. */
  get stations(): ReadonlyMap<number, Plug> {
    return this.#stations
  }

  /** @returns whoever had the name before, or else the new one */
  add(name: string, stranger: Stranger): Stranger {
    const there = this.#all.get(name)
    if (there) return there
    this.#all.set(name, stranger)
    this.#stations.set(stationKey(stranger.mac), { machine: name, link: POD_LINK })
    return stranger
  }
}
