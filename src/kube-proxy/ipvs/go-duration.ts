/**
 * Lengths of time as Go writes them in configuration: `15m0s`, `1h30m`, `1.5s`.
 *
 * @module
 */
import type { Seconds } from '../../base/clock.ts'
import { ParseError } from '../../base/error.ts'

const SECONDS: Readonly<Record<string, number>> = {
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ns: 1e-9,
}

const WHOLE = /^\+?(?:(?:\d+\.?\d*|\.\d+)(?:h|ms|m|s|us|µs|μs|ns))+$/
const PART = /([\d.]+)(h|ms|m|s|us|µs|μs|ns)/g

/**
 * Reads one that is not negative.
 *
 * @throws {ParseError} unless it is one
 * @see time.ParseDuration of Go
 */
export function parseGoDuration(text: string): Seconds {
  if (text === '0') return 0
  if (!WHOLE.test(text)) throw new ParseError('duration', text, 'not as "1h30m", "90s", "1.5s"')
  let seconds = 0
  for (const [, count, unit] of text.matchAll(PART)) seconds += Number(count) * (SECONDS[unit ?? ''] ?? 0)
  return seconds
}
