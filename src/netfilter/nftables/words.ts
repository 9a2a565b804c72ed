/**
 * The words of a line of a listing, read one after the other.
 *
 * @see src/scanner.l of nftables 1.0.6
 * @module
 */

/** Words stand between single spaces; what is in quotes is one, and spaces in it are its own. */
const QUOTED_WORD = /(?:[^ "]|"[^"]*"?)+|(?<= )(?= )|^(?= )|(?<= )$/g

/** Commas behind words and brackets around them are words of their own. */
export function splitNftWords(line: string): string[] {
  const words = line.includes('"') ? (line.match(QUOTED_WORD) ?? []) : line.split(' ')
  return /, |\(|\)|,$/.test(line) ? words.flatMap(splitMarks) : words
}

function splitMarks(word: string): string[] {
  const comma = word.length > 1 && word.endsWith(',') ? [','] : []
  const own = comma.length > 0 ? word.slice(0, -1) : word
  if (own.length < 2 || own.includes('"')) return [own, ...comma]
  if (own.startsWith('(')) return ['(', own.slice(1), ...comma]
  return own.endsWith(')') ? [own.slice(0, -1), ')', ...comma] : [own, ...comma]
}

/** Thrown where words are none that podwire knows; who reads a line keeps it, or a part of it, as it is. */
export class NotKnown extends Error {
  override readonly name = 'NotKnown'
  /** How many words were read before. */
  readonly at: number

  constructor(at: number) {
    super('not known')
    this.at = at
  }
}

/** A place among words. */
export class Words {
  readonly #words: string[]
  #at: number

  constructor(words: string[], at = 0) {
    this.#words = words
    this.#at = at
  }

  get at(): number {
    return this.#at
  }

  set at(at: number) {
    this.#at = at
  }

  get atEnd(): boolean {
    return this.#at >= this.#words.length
  }

  /** The next word, which stays the next one; `undefined` at the end. */
  get peek(): string | undefined {
    return this.#words[this.#at]
  }

  /** @throws {NotKnown} at the end */
  next(): string {
    const word = this.#words[this.#at]
    if (word === undefined) this.fail()
    this.#at++
    return word
  }

  /** Goes past the next word if it is this one. */
  take(word: string): boolean {
    if (this.#words[this.#at] !== word) return false
    this.#at++
    return true
  }

  /** @throws {NotKnown} when the next word is another */
  expect(word: string): void {
    if (!this.take(word)) this.fail()
  }

  /** The words from `from` to here, as they stood in the line. */
  since(from: number): string {
    return joinNftWords(this.#words.slice(from, this.#at))
  }

  /** Goes back by a word and reads on from there, with that word in another form. */
  again<T>(word: string, read: () => T): T {
    const at = --this.#at
    const own = this.#words[at] ?? ''
    this.#words[at] = word
    try {
      return read()
    } finally {
      this.#words[at] = own
    }
  }

  fail(): never {
    throw new NotKnown(this.#at)
  }
}

/** The text that {@link splitNftWords} made these words of. */
function joinNftWords(words: readonly string[]): string {
  let text = ''
  for (const [i, word] of words.entries()) {
    const close = i === 0 || word === ',' || word === ')' || words[i - 1] === '('
    text += close ? word : ` ${word}`
  }
  return text
}

/** What is between the quotes of a word that is nothing else; nothing of another. */
export function findQuoted(word: string): string | undefined {
  const end = word.length - 1
  return end > 0 && word.indexOf('"') === 0 && word.indexOf('"', 1) === end ? word.slice(1, end) : undefined
}
