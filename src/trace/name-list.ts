/**
 * Names in a sentence: the first few, and how many more there are.
 *
 * @module
 */

/** `a, b and 3 more`: the first of `total` names. */
export function listed(names: readonly string[], total = names.length): string {
  return total > names.length ? `${names.join(', ')} and ${total - names.length} more` : names.join(', ')
}

const MOST_NAMED = 5

/** `there are a, b`; `there are none` */
export function thereAre(names: readonly string[]): string {
  if (names.length === 0) return 'there are none'
  return `there ${names.length === 1 ? 'is' : 'are'} ${listed(names.slice(0, MOST_NAMED), names.length)}`
}
