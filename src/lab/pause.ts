/**
 * Time that has to pass before the next flow: connections and affinity grow old by no other means.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Millis, Seconds } from '../base/clock.ts'

export interface Pause {
  /** That have passed, of the whole. */
  readonly done: Seconds
  readonly whole: Seconds
}

export interface PauseOptions {
  readonly signal?: AbortSignal
  /** Told as it begins, and with each second. */
  readonly pausing?: (pause: Pause) => void
}

const SECOND: Millis = 1000

/**
 * Resolves at that time of the clock, or at once when it is over.
 *
 * @throws the signal's reason when it is given
 */
export async function pauseUntil(end: Millis, { signal, pausing }: PauseOptions = {}): Promise<void> {
  const start = Date.now()
  const whole = Math.ceil((end - start) / SECOND)
  for (let now = start; now < end; now = Date.now()) {
    signal?.throwIfAborted()
    pausing?.({ done: Math.floor((now - start) / SECOND), whole })
    const next = Math.min(end - now, SECOND - ((now - start) % SECOND))
    await delay(next, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted())
  }
}
