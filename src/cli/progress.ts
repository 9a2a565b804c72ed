/**
 * Progress of long work, on one line of a terminal that is wiped at the end.
 *
 * @module
 */
import type { Clock, Millis } from '../base/clock.ts'
import type { Io } from './io.ts'

export interface Progress {
  /** Says what goes on: `done` of `total` of it, if that is known. */
  readonly at: (what: string, done?: number, total?: number) => void
  readonly end: () => void
}

/** Work shorter than this shows nothing. */
const QUIET: Millis = 400
const STEP: Millis = 100
const WIDTH = 24
const WIPE = '\r\u001b[K'

export function showProgress(io: Io, clock: Clock): Progress {
  if (!io.live) return { at: () => {}, end: () => {} }
  const start = clock()
  let shown = start
  let dirty = false
  return {
    at(what, done, total) {
      const now = clock()
      if (now - start < QUIET || now - shown < STEP) return
      shown = now
      dirty = true
      io.err(`${WIPE}${what}${total ? ` ${bar(done ?? 0, total)}` : ''}`)
    },
    end() {
      if (dirty) io.err(WIPE)
      dirty = false
    },
  }
}

function bar(done: number, total: number): string {
  const full = Math.round((WIDTH * Math.min(done, total)) / total)
  return `[${'='.repeat(full)}${' '.repeat(WIDTH - full)}] ${done}/${total}`
}
