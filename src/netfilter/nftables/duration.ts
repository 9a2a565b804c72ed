/** Durations as nft writes them: `3h10m10s`, `59s980ms`. */
import type { Millis } from '../../base/clock.ts'

const UNITS: readonly (readonly [name: string, millis: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]
const DURATION = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?$/

/** @see src/datatype.c of nftables 1.0.6, `time_print` */
export function formatNftDuration(millis: Millis): string {
  let left = millis
  let text = ''
  for (const [name, size] of UNITS) {
    const count = Math.floor(left / size)
    if (count > 0) text += `${count}${name}`
    left -= count * size
  }
  return text === '' ? '0s' : text
}

/** Nothing where the text is no duration. */
export function findNftDuration(text: string): Millis | undefined {
  const counts = text === '' ? null : DURATION.exec(text)
  if (!counts) return undefined
  return UNITS.reduce((sum, [, size], i) => sum + Number(counts[i + 1] ?? 0) * size, 0)
}
