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

/** @throws {ParseError} unless the field is there and a number */
export function numberOf(fields: Fields, name: string): number {
  const value = fields.get(name)
  if (typeof value !== 'number') throw wrong(name, value, 'not a number')
  return value
}

/** A flag that is not there is down. */
export function flagOf(fields: Fields, name: string): boolean {
  return fields.get(name) === true
}

/** A list that is not there is empty. @throws {ParseError} if the field is anything else */
export function listOf(fields: Fields, name: string): readonly unknown[] {
  const value = fields.get(name) ?? []
  if (!Array.isArray(value)) throw wrong(name, value, 'not a list')
  return value
}

function wrong(name: string, value: unknown, problem: string): ParseError {
  return new ParseError(`field ${name}`, JSON.stringify(value) ?? 'nothing', problem)
}
