/**
 * The list that `ip -j` or `bridge -j` prints, entry by entry.
 *
 * @module
 */
import { ParseError, within } from '../base/error.ts'
import { type Fields, fieldsOf, quoteValue } from './dump-field.ts'

/** What was read, and what podwire has no word for: in words, with the reason. */
export interface Reading<T> {
  readonly values: readonly T[]
  readonly skipped: readonly string[]
}

/** Says what of an entry, or about it, is not in the values that were read. */
export type Skip = (reason: string) => void

/**
 * Reads every entry of a tool's list.
 *
 * @throws {InputError} naming the tool and the entry, counted from 0, for which `read` throws
 * @throws {ParseError} when `json` is no list
 */
export function readEntries<T>(
  tool: string,
  json: unknown,
  read: (fields: Fields, skip: Skip) => readonly T[],
): Reading<T> {
  if (!Array.isArray(json)) throw new ParseError(`JSON of ${tool}`, quoteValue(json), 'not a list')
  const values: T[] = []
  const skipped: string[] = []
  const skip: Skip = reason => void skipped.push(reason)
  for (const [i, one] of json.entries()) {
    const given = within(`${tool} ${i}`, () => {
      const fields = fieldsOf(one)
      // For what a filter hid, the tools leave an object without fields.
      return fields.size === 0 ? [] : read(fields, skip)
    })
    for (const value of given) values.push(value)
  }
  return { values, skipped }
}
