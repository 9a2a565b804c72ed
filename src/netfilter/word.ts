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
    while (isBlank(line.charCodeAt(at))) at++
    if (at >= line.length) return words
    const word = readWord(line, at)
    words.push(word)
    at = word.end
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c

// Words are cut from the line, not put together letter by letter: of 160,000 rules that was half the time.
function readWord(line: string, start: number): Word {
  let at = start
  let code = line.charCodeAt(at)
  while (at < line.length && code !== QUOTE && !isBlank(code)) code = line.charCodeAt(++at)
  const bare = line.slice(start, at)
  if (code !== QUOTE || at >= line.length) return { text: bare, quoted: false, start, end: at }
  let text = bare
  let cut = ++at
  for (; line.charCodeAt(at) !== QUOTE; at++) {
    if (line.charCodeAt(at) === BACKSLASH) {
      text += line.slice(cut, at)
      cut = ++at
    }
    if (at >= line.length) throw new ParseError('words', line, 'a quote stays open')
  }
  return { text: text + line.slice(cut, at), quoted: true, start, end: at + 1 }
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
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
