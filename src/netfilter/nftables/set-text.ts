/**
 * The text of sets and maps, as `nft list ruleset` writes it.
 *
 * @see src/rule.c of nftables 1.0.6, `set_print_declaration`; src/expression.c, `set_expr_print`
 * @module
 */
import { formatNftDuration } from './duration.ts'
import type { NftExpression } from './expression.ts'
import { formatNftElement, formatNftExpression } from './expression-text.ts'
import type { NftSet, NftType } from './rule.ts'

/** How many elements stand in a line where it is not one, by the type of the key. */
const PER_LINE: ReadonlyMap<NftType, number> = new Map<NftType, number>([
  ...types(5, 'arp_op dccp_pkttype gid iface_index inet_proto inet_service integer mark nf_proto tcp_flag uid'),
  ...types(2, 'ct_dir ct_state ct_status ipv4_addr pkt_type'),
])

function types(count: number, names: string): [NftType, number][] {
  return names.split(' ').map(name => [name as NftType, count])
}

/** What stands before elements in lines behind the first, besides the two tabs of all lines. */
const INDENT = '\t     '

/** `set` or `map`, as the set is named in commands. */
export function nftSetKind(set: Pick<NftSet, 'data'>): 'set' | 'map' {
  return set.data === undefined ? 'set' : 'map'
}

/** The lines between the braces, without the two tabs before each. */
export function formatNftSetBody(set: NftSet): string[] {
  if (set.spelling) return [...set.spelling]
  const lines = formatNftSetHead(set)
  return set.elements.length > 0 ? [...lines, ...formatElementLines(set)] : lines
}

/** As {@link formatNftSetBody}, without elements. */
export function formatNftSetHead(set: NftSet): string[] {
  const lines = [formatTypes(set)]
  if (set.policy !== undefined) lines.push(`policy ${set.policy}`)
  if (set.size !== undefined) lines.push(`size ${set.size}`)
  const flags = listedFlags(set)
  if (flags.length > 0) lines.push(`flags ${flags.join(',')}`)
  if (set.counter) lines.push('counter')
  if (set.unknown) lines.push(...set.unknown)
  if (set.timeout !== undefined) lines.push(`timeout ${formatNftDuration(set.timeout)}`)
  if (set.gcInterval !== undefined) lines.push(`gc-interval ${formatNftDuration(set.gcInterval)}`)
  if (set.autoMerge) lines.push('auto-merge')
  if (set.comment !== undefined) lines.push(`comment "${set.comment}"`)
  return lines
}

const FLAGS = ['constant', 'dynamic', 'interval', 'timeout'] as const

/** That elements may have a timeout goes without saying where all have one. */
function listedFlags({ flags = [], timeout }: NftSet): readonly string[] {
  const all = FLAGS.filter(flag => flags.includes(flag))
  return timeout !== undefined && all.every(flag => flag === 'timeout') ? [] : all
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

/** The lines of `elements = { … }`, several elements in each where their type is a short one. */
function formatElementLines({ type, elements }: NftSet): string[] {
  const [only = 'string'] = type
  const perLine = type.length === 1 ? (PER_LINE.get(only) ?? 1) : 1
  const lines: string[] = []
  let line = 'elements = { '
  for (const [i, element] of elements.entries()) {
    if (i > 0) line += ', '
    if (i > 0 && i % perLine === 0) {
      lines.push(line.slice(0, -1))
      line = INDENT
    }
    line += formatNftElement(element)
  }
  lines.push(`${line} }`)
  return lines
}
