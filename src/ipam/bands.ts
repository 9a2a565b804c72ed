/**
 * How cluster IPs and node ports are drawn: at random from the upper part of their range, so that those
 * which people write down by hand in the lower part stay free as long as can be.
 *
 * @see KEP-3070 (cluster IPs) and KEP-3668 (node ports) of Kubernetes
 * @module
 */
import { drawInteger, type Random } from '../base/random.ts'
import type { Bitmap } from './bitmap.ts'

/** How the lower part grows with the range: a `step`th of it, but never outside `least` and `most`. */
export interface BandRule {
  readonly step: number
  readonly least: number
  readonly most: number
}

/** How many numbers the lower part has; none in a range that is no larger than the least. */
export function lowerBand(size: number, { step, least, most }: BandRule): number {
  return size <= least ? 0 : Math.min(Math.max(least, Math.floor(size / step)), most)
}

/**
 * A clear bit of those from `from` up to, not including, `to`: from a random place of the upper
 * part on and round, and only when that is full, likewise of the lower `lower` ones.
 */
export function drawClear(bits: Bitmap, from: number, to: number, lower: number, random: Random): number | undefined {
  const middle = Math.min(from + lower, to)
  return drawBetween(bits, middle, to, random) ?? drawBetween(bits, from, middle, random)
}

function drawBetween(bits: Bitmap, from: number, to: number, random: Random): number | undefined {
  if (from >= to) return undefined
  return bits.findClearFrom(from + drawInteger(random, to - from), from, to)
}
