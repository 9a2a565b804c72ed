/**
 * The text of sets and maps, as `nft list ruleset` writes it.
 *
 * @see src/rule.c of nftables 1.0.6, `set_print_declaration`; src/expression.c, `set_expr_print`
 * @module
 */
import { formatNftDuration } from './duration.ts'
import type { NftElement, NftExpression } from './expression.ts'
import { formatNftElement, formatNftExpression } from './expression-text.ts'
import type { NftSet, NftType } from './rule.ts'

/** How many elements stand in a line where it is not one, by the type of the key. */
const PER_LINE: ReadonlyMap<NftType, number> = new Map([
  ['inet_proto', 5],
  ['inet_service', 5],
  ['mark', 5],
  ['ipv4_addr', 2],
])

/** What stands before elements in lines behind the first. */
const INDENT = '\t\t\t     '

/** `set` or `map`, as the set is named in commands. */
export function nftSetKind(set: NftSet): 'set' | 'map' {
  return set.data === undefined ? 'set' : 'map'
}

/** The lines between the braces, without the two tabs before each. */
export function formatNftSetBody(set: NftSet): string[] {
  if (set.spelling) return [...set.spelling]
  const lines = formatNftSetHead(set)
  if (set.elements.length > 0) lines.push(`elements = { ${formatNftElements(set)} }`)
  return lines
}

/** As {@link formatNftSetBody}, without elements. */
export function formatNftSetHead(set: NftSet): string[] {
  const lines = [formatTypes(set)]
  if (set.policy !== undefined) lines.push(`policy ${set.policy}`)
  if (set.size !== undefined) lines.push(`size ${set.size}`)
  if (set.flags?.length) lines.push(`flags ${set.flags.join(',')}`)
  if (set.timeout !== undefined) lines.push(`timeout ${formatNftDuration(set.timeout)}`)
  if (set.gcInterval !== undefined) lines.push(`gc-interval ${formatNftDuration(set.gcInterval)}`)
  if (set.autoMerge) lines.push('auto-merge')
  if (set.counter) lines.push('counter')
  if (set.unknown) lines.push(...set.unknown)
  if (set.comment !== undefined) lines.push(`comment "${set.comment}"`)
  return lines
}

function formatTypes({ type, data, typeof: by }: NftSet): string {
  if (by) {
    const known = data === 'verdict' ? 'verdict' : by.data && formatParts(by.data)
    return known === undefined ? `typeof ${formatParts(by.key)}` : `typeof ${formatParts(by.key)} : ${known}`
  }
  if (data === undefined) return `type ${type.join(' . ')}`
  return `type ${type.join(' . ')} : ${data === 'verdict' ? data : data.join(' . ')}`
}

function formatParts(parts: readonly NftExpression[]): string {
  return parts.map(formatNftExpression).join(' . ')
}

/** All elements, some of them in a line. */
export function formatNftElements({ type, elements }: Pick<NftSet, 'type' | 'elements'>): string {
  const [only = 'string'] = type
  const perLine = type.length === 1 ? (PER_LINE.get(only) ?? 1) : 1
  let text = ''
  for (const [i, element] of elements.entries()) {
    if (i > 0) text += i % perLine === 0 ? `,\n${INDENT}` : ', '
    text += formatNftElement(element as NftElement)
  }
  return text
}
