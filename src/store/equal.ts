/**
 * Whether two values of JSON say the same. A field that is `undefined` is one that is not there.
 *
 * Values that are the same value are equal at once, so that comparing an object with a changed copy costs the parts
 * that were copied.
 */
export function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && equalLists(a, b)
  return equalFields(a as Fields, b as Fields) && equalFields(b as Fields, a as Fields, true)
}

type Fields = Readonly<Record<string, unknown>>

function equalLists(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => equal(item, b[index]))
}

/** Whether `b` says all that `a` says, or, for the second look, at least has the fields. */
function equalFields(a: Fields, b: Fields, onlyPresence = false): boolean {
  for (const field of Object.keys(a)) {
    const value = a[field]
    if (value === undefined) continue
    if (!Object.hasOwn(b, field) || b[field] === undefined) return false
    if (!onlyPresence && !equal(value, b[field])) return false
  }
  return true
}
