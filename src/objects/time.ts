/**
 * Times in text.
 *
 * @see time.Parse of Go with the layout RFC3339, whose messages the API server passes on
 *
 * @module
 */
import { quote } from './finding.ts'

const LAYOUT = '2006-01-02T15:04:05Z07:00'

/** The parts of the layout, and what stands for each in a time. */
const PARTS: readonly (readonly [name: string, form: RegExp])[] = [
  ['2006', /^\d{4}/],
  ['-', /^-/],
  ['01', /^\d{2}/],
  ['-', /^-/],
  ['02', /^\d{2}/],
  ['T', /^T/],
  ['15', /^\d{1,2}/],
  [':', /^:/],
  ['04', /^\d{2}/],
  [':', /^:/],
  ['05', /^\d{2}(?:[.,]\d+)?/],
  ['Z07:00', /^(?:Z|[+-]\d{2}:\d{2})/],
]

const LIMITS: Readonly<Record<string, readonly [least: number, most: number, name: string]>> = {
  '01': [1, 12, 'month'],
  '02': [1, 31, 'day'],
  '15': [0, 23, 'hour'],
  '04': [0, 59, 'minute'],
  '05': [0, 59.999_999_999, 'second'],
}

/** What is wrong with a time such as `2026-11-21T09:00:00Z`, if anything is. */
export function timeProblem(text: string): string | undefined {
  let rest = text
  for (const [name, form] of PARTS) {
    const found = form.exec(rest)?.[0]
    if (found === undefined) {
      return `parsing time ${quote(text)} as ${quote(LAYOUT)}: cannot parse ${quote(rest)} as ${quote(name)}`
    }
    const limit = LIMITS[name]
    const value = Number(found.replace(',', '.'))
    if (limit !== undefined && (value < limit[0] || value > limit[1])) {
      return `parsing time ${quote(text)}: ${limit[2]} out of range`
    }
    rest = rest.slice(found.length)
  }
  return rest === '' ? undefined : `parsing time ${quote(text)}: extra text: ${quote(rest)}`
}
