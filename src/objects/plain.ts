/**
 * Values as a document gives them, before anything is known of their types.
 *
 * @module
 */

/** An object of JSON. */
export type Plain = Readonly<Record<string, unknown>>

export function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object with `change` applied to that field, if the field is an object. */
export function changePlain(object: Plain, field: string, change: (value: Plain) => Plain): Plain {
  const value = object[field]
  return isPlain(value) ? { ...object, [field]: change(value) } : object
}

/** The object with `change` applied to each object in that list, if the field is a list. */
export function changeEach(object: Plain, field: string, change: (item: Plain) => Plain): Plain {
  const list = object[field]
  if (!Array.isArray(list)) return object
  return { ...object, [field]: list.map((item: unknown) => (isPlain(item) ? change(item) : item)) }
}

/** The object with a field under another name. A field that is not there stays away. */
export function renamePlain(object: Plain, from: string, to: string): Plain {
  if (!Object.hasOwn(object, from)) return object
  const { [from]: value, ...rest } = object
  return { ...rest, [to]: value }
}

/** The object in that field. */
export function objectIn(object: Plain, field: string): Plain | undefined {
  const value = object[field]
  return isPlain(value) ? value : undefined
}

/** The text in that field; empty if there is none, as Go has it. */
export function textIn(object: Plain, field: string): string {
  const value = object[field]
  return typeof value === 'string' ? value : ''
}

/** The number in that field; 0 if there is none, as Go has it. */
export function numberIn(object: Plain, field: string): number {
  const value = object[field]
  return typeof value === 'number' ? value : 0
}

/** The objects in that list. */
export function objectsIn(object: Plain, field: string): readonly Plain[] {
  const value = object[field]
  return Array.isArray(value) ? value.filter(isPlain) : []
}

/** The texts in that list. */
export function textsIn(object: Plain, field: string): readonly string[] {
  const value = object[field]
  return Array.isArray(value) ? value.filter(item => typeof item === 'string') : []
}

/** The entries of that map of texts, in the order of keys: Go walks maps at random. */
export function entriesIn(object: Plain, field: string): readonly (readonly [string, string])[] {
  const value = object[field]
  if (!isPlain(value)) return []
  return Object.entries(value)
    .map(([key, text]) => [key, `${text}`] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
}
