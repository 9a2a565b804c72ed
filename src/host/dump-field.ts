/**
 * The fields of one object in the JSON of `ip` and `bridge`.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'

export type Fields = ReadonlyMap<string, unknown>

/** @throws {ParseError} unless `value` is an object; nothing counts as one without fields */
export function fieldsOf(value: unknown): Fields {
  if (value === undefined) return new Map()
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong('entry', value, 'not an object')
  return new Map(Object.entries(value))
}

/** @throws {ParseError} unless the field is there and a text */
export function textOf(fields: Fields, name: string): string {
  const value = fields.get(name)
  if (typeof value !== 'string') throw wrong(name, value, 'not a text')
  return value
}

/** The text, or nothing. */
export function findText(fields: Fields, name: string): string | undefined {
  return fields.has(name) ? textOf(fields, name) : undefined
}

/** @throws {ParseError} unless the field is there and a whole number from 0 to `most` */
export function numberOf(fields: Fields, name: string, most = 0xffff_ffff): number {
  const value = fields.get(name)
  if (typeof value !== 'number') throw wrong(name, value, 'not a number')
  if (!Number.isInteger(value) || value < 0 || value > most) throw wrong(name, value, `not a number from 0 to ${most}`)
  return value
}

/** The number, or nothing. */
export function findNumber(fields: Fields, name: string, most?: number): number | undefined {
  return fields.has(name) ? numberOf(fields, name, most) : undefined
}

/** A flag that is not there is down; older tools write `null` for one that is up, in place of `true`. */
export function flagOf(fields: Fields, name: string): boolean {
  return fields.has(name) && fields.get(name) !== false
}

/** A list that is not there is empty. @throws {ParseError} if the field is anything else */
export function listOf(fields: Fields, name: string): readonly unknown[] {
  const value = fields.get(name) ?? []
  if (!Array.isArray(value)) throw wrong(name, value, 'not a list')
  return value
}

const LONGEST_QUOTE = 60

/** A value as a message quotes it. What may be deep or long is not quoted in full. */
export function quoteValue(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? '[]' : '[…]'
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0 ? '{}' : '{…}'
  const text = JSON.stringify(value)
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text
}

function wrong(name: string, value: unknown, problem: string): ParseError {
  return new ParseError(`field ${name}`, quoteValue(value), problem)
}
