/**
 * Whether two plain values (as JSON has them) are equal, member by member and in any order of keys.
 * A member that is `undefined` is the same as none.
 */
export function equalValue(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) return Array.isArray(b) && equalList(a, b)
  return !Array.isArray(b) && equalMembers(a as Members, b as Members)
}

type Members = Readonly<Record<string, unknown>>

function equalList(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (!equalValue(a[i], b[i])) return false
  return true
}

function equalMembers(a: Members, b: Members): boolean {
  for (const key of Object.keys(a)) if (!equalValue(a[key], ownValue(b, key))) return false
  for (const key of Object.keys(b)) if (b[key] !== undefined && ownValue(a, key) === undefined) return false
  return true
}

function ownValue(of: Members, key: string): unknown {
  return Object.hasOwn(of, key) ? of[key] : undefined
}
