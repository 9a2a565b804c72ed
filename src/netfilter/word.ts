/**
 * The words of a line of rules: how `iptables-restore` splits them, and how they are quoted.
 *
 * @see iptables/xshared.c of iptables, add_param_to_argv; libxtables/xtables.c, xtables_save_string
 * @module
 */
import { ParseError } from '../base/error.ts'

/** A word and where it stands in its line, quotes included. */
export interface Word {
  readonly text: string
  readonly quoted: boolean
  readonly start: number
  readonly end: number
}

/**
 * The words of a line from `from` on.
 *
 * Blanks part words. A double quote begins a part in which blanks count and a backslash takes the
 * next character as it is; the quote that ends it ends the word too.
 *
 * @throws {ParseError} when a quote stays open
 */
export function splitWords(line: string, from = 0): Word[] {
  const words: Word[] = []
  let at = from
  while (true) {
    while (isBlank(line[at])) at++
    if (at >= line.length) return words
    const word = readWord(line, at)
    words.push(word)
    at = word.end
  }
}

function readWord(line: string, start: number): Word {
  let text = ''
  let at = start
  while (at < line.length && line[at] !== '"' && !isBlank(line[at])) text += line[at++]
  if (line[at] !== '"') return { text, quoted: false, start, end: at }
  for (at++; line[at] !== '"'; at++) {
    if (line[at] === '\\') at++
    if (at >= line.length) throw new ParseError('words', line, 'a quote stays open')
    text += line[at]
  }
  return { text, quoted: true, start, end: at + 1 }
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}

const BARE = /^[-\w]+$/

/** As `iptables-save` quotes: everything but letters, digits, `-` and `_`. */
export function quoteSaved(text: string): string {
  if (BARE.test(text)) return text
  refuseBreaks(text)
  return `"${text.replace(/["'\\]/g, '\\$&')}"`
}

/** As little as `iptables-restore` needs: what is empty, holds blanks or quotes, or would negate. */
export function quoteIfNeeded(text: string): string {
  refuseBreaks(text)
  const quotes = text.includes('"')
  if (!quotes && !text.includes(' ') && !text.includes('\t') && text !== '' && text !== '!') return text
  if (!quotes && !text.includes('\\')) return `"${text}"`
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

function refuseBreaks(text: string): void {
  if (text.includes('\n')) throw new RangeError(`Cannot write ${JSON.stringify(text)} into a rule: it has a line break`)
}
