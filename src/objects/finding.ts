/**
 * What is wrong with an object, in the API server's words.
 *
 * @see staging/src/k8s.io/apimachinery/pkg/util/validation/field/errors.go of Kubernetes
 *
 * @module
 */
import { type Field, formatField } from './field.ts'

export type Reason =
  | 'FieldValueInvalid'
  | 'FieldValueRequired'
  | 'FieldValueNotSupported'
  | 'FieldValueDuplicate'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'FieldValueNotFound'

/** One thing that is wrong, and where. */
export interface Finding {
  readonly reason: Reason
  /** What the message names, which now and then is not how the manifest spells it. */
  readonly field: Field
  /** Where it stands in the manifest, when the message names another place. */
  readonly origin?: Field
  /** `Invalid value: 0: must be between 1 and 65535, inclusive` */
  readonly message: string
}

export function invalid(field: Field, value: unknown, detail: string): Finding {
  return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${show(value)}: ${detail}` }
}

export function required(field: Field, detail = ''): Finding {
  return { reason: 'FieldValueRequired', field, message: withDetail('Required value', detail) }
}

export function forbidden(field: Field, detail: string): Finding {
  return { reason: 'FieldValueForbidden', field, message: withDetail('Forbidden', detail) }
}

/** `supported` is printed in the order given: upstream sorts some lists and not others. */
export function unsupported(field: Field, value: unknown, supported: readonly string[]): Finding {
  const list = supported.map(quote).join(', ')
  return {
    reason: 'FieldValueNotSupported',
    field,
    message: `Unsupported value: ${show(value)}: supported values: ${list}`,
  }
}

export function duplicate(field: Field, value: unknown, detail = ''): Finding {
  return { reason: 'FieldValueDuplicate', field, message: withDetail(`Duplicate value: ${show(value)}`, detail) }
}

export function notFound(field: Field, value: unknown): Finding {
  return { reason: 'FieldValueNotFound', field, message: `Not found: ${show(value)}` }
}

export function tooLong(field: Field, most: number): Finding {
  return { reason: 'FieldValueTooLong', field, message: `Too long: may not be more than ${most} bytes` }
}

export function tooMany(field: Field, actual: number, most: number): Finding {
  const message = `Too many: ${actual}: must have at most ${most} ${most === 1 ? 'item' : 'items'}`
  return { reason: 'FieldValueTooMany', field, message }
}

/** One finding for each thing wrong with the value. */
export function invalids(field: Field, value: unknown, problems: readonly string[]): Finding[] {
  return problems.map(problem => invalid(field, value, problem))
}

/** A number below 0, where none may be. */
export function negative(field: Field, value: unknown): Finding[] {
  return typeof value === 'number' && value < 0 ? [invalid(field, value, NOT_NEGATIVE)] : []
}

export const NOT_NEGATIVE = 'must be greater than or equal to 0'

/** The same finding, standing at another place of the manifest than the message says. */
export function located(finding: Finding, origin: Field): Finding {
  return { ...finding, origin }
}

/** `spec.ports[0].port: Invalid value: 0: must be …`, as the API server lists it. */
export function formatFinding(finding: Finding): string {
  return `${formatField(finding.field)}: ${finding.message}`
}

/** Control characters that Go has a letter for and JSON has not. */
const LETTERS: Readonly<Record<string, string>> = { '07': '\\a', '0b': '\\v' }

/** Text as Go quotes it, in double quotes. */
export function quote(text: string): string {
  return JSON.stringify(text)
    .replace(/\\(?:u00([0-7][0-9a-f])|.)/g, (whole, hex) => (hex === undefined ? whole : (LETTERS[hex] ?? `\\x${hex}`)))
    .replaceAll('\u007f', '\\x7f')
}

function show(value: unknown): string {
  return typeof value === 'string' ? quote(value) : (JSON.stringify(value) ?? 'null')
}

function withDetail(text: string, detail: string): string {
  return detail === '' ? text : `${text}: ${detail}`
}
