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
