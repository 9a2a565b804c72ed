/**
 * Extensions whose options are kept as a list: podwire reads and writes them, and does not ask what
 * they mean.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { parseMasked, parseNumber } from './codec.ts'
import type { Context, Draft, Extension, Option } from './option.ts'
import type { ExtensionOption } from './rule.ts'
import { quoteSaved } from './word.ts'

/** What a list of options is kept in. */
export interface Listed {
  readonly options: readonly ExtensionOption[]
}

/** How one word is spelled by `iptables-save`. */
export type Spelling = (text: string, context: Context) => string

const asWritten: Spelling = text => text
export const asNumber: Spelling = text => `${parseNumber(text, 'number')}`
export const asQuoted: Spelling = quoteSaved
/** Some extensions quote even what needs no quotes. */
export const asAlwaysQuoted: Spelling = text => {
  const quoted = quoteSaved(text)
  return quoted.startsWith('"') ? quoted : `"${quoted}"`
}
/** `5:65535` for `5:`. */
export function asRange(most: number): Spelling {
  return text => {
    const [from = '', to, ...more] = text.split(':')
    if (more.length > 0) throw new ParseError('range', text, 'more than two ends')
    const first = from === '' ? 0 : parseNumber(from, 'range', most)
    if (to === undefined) return `${first}`
    const last = to === '' ? most : parseNumber(to, 'range', most)
    return first === last ? `${first}` : `${first}:${last}`
  }
}
export function asHex(digits: number): Spelling {
  return text => hex(parseNumber(text, 'number'), digits)
}
/** `0x5` or `0x5/0xff`. */
export const asMaskedHex: Spelling = text => {
  const { value, mask } = parseMasked(text)
  return mask === -1 ? hex(value, 1) : `${hex(value, 1)}/${hex(mask, 1)}`
}
/** As above, with a mask at all times. */
export const asFullyMaskedHex: Spelling = text => {
  const { value, mask } = parseMasked(text)
  return `${hex(value, 1)}/${hex(mask, 1)}`
}

export function hex(value: number, digits: number): string {
  return `0x${(value >>> 0).toString(16).padStart(digits, '0')}`
}

/** An option of one word, or with `words` of as many. */
export function listed(
  names: string | readonly [string, ...string[]],
  spelling: Spelling = asWritten,
  words = 1,
): Option<Listed> {
  const all = typeof names === 'string' ? ([names] as const) : names
  const [name] = all
  return {
    names: all,
    words,
    negatable: true,
    read: (draft, text, not, context) => {
      const own = { name, words: words === 0 ? [] : [spelling(text, context)], ...(not && { not: true as const }) }
      draft['options'] = [...optionsOfDraft(draft), own]
    },
    write: ({ options }) =>
      options
        .filter(option => option.name === name)
        .map(option => `${option.not ? ' !' : ''} --${[name, ...option.words].join(' ')}`)
        .join(''),
  }
}

/** An option without words. */
export function bareOption(name: string): Option<Listed> {
  return listed(name, asWritten, 0)
}

/** An option that is another way to write one of the list. */
export function alias(name: string, of: string, spelling: Spelling): Option<Listed> {
  return { ...listed(of, spelling), names: [name], write: () => '' }
}

function optionsOfDraft(draft: Draft): readonly ExtensionOption[] {
  return (draft['options'] as readonly ExtensionOption[] | undefined) ?? []
}

/** What is peculiar to an extension with a list of options. */
interface Peculiarities {
  /** Options that stand for those that are not said. */
  readonly usual?: (said: readonly ExtensionOption[], context: Context) => readonly ExtensionOption[]
  /** Whether the option says nothing, so that iptables does not print it. */
  readonly idle?: (option: ExtensionOption) => boolean
  /** The order in which options are written means something. */
  readonly ordered?: true
}

/** An extension with a list of options, held in the order of the table. */
export function listedExtension(
  name: string,
  options: readonly Option<Listed>[],
  { usual, idle, ordered }: Peculiarities = {},
): Extension<Listed> {
  const rank = (option: ExtensionOption) => options.findIndex(known => known.names[0] === option.name)
  return {
    name,
    options,
    complete: (draft, context) => {
      const said = optionsOfDraft(draft).filter(option => !idle?.(option))
      const unsaid = (usual?.(said, context) ?? []).filter(option => !said.some(({ name }) => name === option.name))
      const all = [...said, ...unsaid]
      return { options: ordered ? all : all.sort((a, b) => rank(a) - rank(b)) }
    },
  }
}
