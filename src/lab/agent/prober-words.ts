/**
 * What a prober is asked and says.
 *
 * @module
 */
import type { Met, Probe } from '../probe.ts'

export interface Asked {
  readonly id: number
  readonly probe: Probe
}

/** The prober listens: it says so once. */
export interface Ready {
  readonly ready: true
}

export type Told = { readonly id: number } & ({ readonly met: Met } | { readonly error: string })
