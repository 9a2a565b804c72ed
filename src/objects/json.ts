/**
 * JSON, read strictly and with places.
 *
 * Unlike `JSON.parse` it refuses a name that occurs twice in one object, keeps `__proto__` as plain data, reads
 * several documents written one behind the other, and can tell where a value stands.
 *
 * @see RFC 8259
 *
 * @module
 */
import type { Path } from './field.ts'
import { TextError } from './position.ts'

/** @see maxDepth in the decoder of sigs.k8s.io/json */
const MAX_DEPTH = 10_000
const QUOTE = 0x22
const BACKSLASH = 0x5c
const BLANK = 0x20
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y
const WORD = /true|false|null/y
const WORDS: Readonly<Record<string, unknown>> = { true: true, false: false, null: null }

/**
 * Reads the document that starts at or behind `offset`.
 *
 * @returns its value and the offset behind it
 * @throws {TextError} when the text is not JSON, or names a member twice
 */
export function readJson(text: string, offset = 0): { readonly value: unknown; readonly end: number } {
  const scanner = new Scanner(text, offset)
  const value = scanner.value(0)
  return { value, end: scanner.offset }
}

/** The offset of the next character that is no white space. */
export function skipSpace(text: string, offset: number): number {
  let next = offset
  for (;;) {
    switch (text.charCodeAt(next)) {
      case 0x20:
      case 0x09:
      case 0x0a:
      case 0x0d:
        next++
        break
      default:
        return next
    }
  }
}

/**
 * Tells where values stand in the document that starts at `offset`: a member at its name, an element at itself; if
 * there is no such value, the nearest one above it. The places of a list's `items` are looked for only once.
 */
export function jsonLocator(text: string, offset: number): (path: Path) => number {
  let items: readonly number[] | undefined
  return path => {
    const [first, second, ...rest] = path
    if (first !== 'items' || typeof second !== 'number') return new Scanner(text, offset).locate(path)
    items ??= new Scanner(text, offset).itemOffsets()
    const item = items[second]
    return item === undefined ? new Scanner(text, offset).locate(['items']) : new Scanner(text, item).locate(rest)
  }
}

class Scanner {
  readonly text: string
  offset: number

  constructor(text: string, offset: number) {
    this.text = text
    this.offset = offset
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new TextError('exceeded max depth', this.offset)
    this.space()
    switch (this.text[this.offset]) {
      case '{':
        return this.object(depth)
      case '[':
        return this.array(depth)
      case '"':
        return this.string()
      default:
        return this.scalar()
    }
  }

  locate(path: Path): number {
    this.space()
    let place = this.offset
    for (const step of path) {
      const found = typeof step === 'number' ? this.findElement(step) : this.findMember(step)
      if (found === undefined) return place
      place = found
    }
    return place
  }

  /** Where each element of the member `items` stands. */
  itemOffsets(): number[] {
    const offsets: number[] = []
    this.space()
    if (this.findMember('items') === undefined || this.text[this.offset] !== '[') return offsets
    this.elements(() => {
      this.space()
      offsets.push(this.offset)
      return this.skip()
    })
    return offsets
  }

  private object(depth: number): unknown {
    const entries: Record<string, unknown> = {}
    this.members(name => {
      if (Object.hasOwn(entries, name.text)) throw new TextError(`duplicate field ${name.text}`, name.offset)
      const value = this.value(depth + 1)
      if (name.text !== '__proto__') entries[name.text] = value
      else Object.defineProperty(entries, name.text, { value, enumerable: true, configurable: true, writable: true })
      return true
    })
    return entries
  }

  private array(depth: number): unknown {
    const values: unknown[] = []
    this.elements(() => values.push(this.value(depth + 1)) > 0)
    return values
  }

  private findMember(step: string): number | undefined {
    if (this.text[this.offset] !== '{') return undefined
    let found: number | undefined
    this.members(name => {
      if (name.text !== step) return this.skip()
      found = name.offset
      this.space() // the value, where the next step starts
      return false
    })
    return found
  }

  private findElement(step: number): number | undefined {
    if (this.text[this.offset] !== '[') return undefined
    let found: number | undefined
    let index = 0
    this.elements(() => {
      this.space()
      if (index++ !== step) return this.skip()
      found = this.offset
      return false
    })
    return found
  }

  private skip(): boolean {
    this.value(0)
    return true
  }

  /** Calls `each` in front of each value until it says no. */
  private members(each: (name: { readonly text: string; readonly offset: number }) => boolean): void {
    this.offset++
    this.space()
    if (this.takes('}')) return
    do {
      this.space()
      const offset = this.offset
      const text = this.string()
      this.space()
      if (!this.takes(':')) throw this.unexpected('a colon')
      if (!each({ text, offset })) return
      this.space()
    } while (this.takes(','))
    if (!this.takes('}')) throw this.unexpected('a comma or }')
  }

  private elements(each: () => boolean): void {
    this.offset++
    this.space()
    if (this.takes(']')) return
    do {
      if (!each()) return
      this.space()
    } while (this.takes(','))
    if (!this.takes(']')) throw this.unexpected('a comma or ]')
  }

  private string(): string {
    const { text, offset: start } = this
    if (text[start] !== '"') throw this.unexpected('a string')
    let plain = true
    let end = start + 1
    for (let unit = text.charCodeAt(end); unit !== QUOTE; unit = text.charCodeAt(++end)) {
      if (end >= text.length) throw new TextError('the text ends inside a string', start)
      if (unit !== BACKSLASH && unit >= BLANK) continue
      plain = false
      if (unit === BACKSLASH) end++
    }
    this.offset = end + 1
    if (plain) return text.slice(start + 1, end)
    try {
      return JSON.parse(text.slice(start, end + 1)) as string
    } catch {
      throw new TextError('a string has a bad escape or a control character', start)
    }
  }

  private scalar(): unknown {
    const number = this.match(NUMBER)
    if (number !== undefined) return Number(number)
    return WORDS[this.match(WORD) ?? this.fail('a value')]
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.offset
    if (!pattern.test(this.text)) return undefined
    const found = this.text.slice(this.offset, pattern.lastIndex)
    this.offset = pattern.lastIndex
    return found
  }

  private takes(character: string): boolean {
    if (this.text[this.offset] !== character) return false
    this.offset++
    return true
  }

  private space(): void {
    this.offset = skipSpace(this.text, this.offset)
  }

  private fail(wanted: string): never {
    throw this.unexpected(wanted)
  }

  private unexpected(wanted: string): TextError {
    const found = this.text[this.offset]
    const problem = found === undefined ? 'the text ends' : `found ${JSON.stringify(found)}`
    return new TextError(`${problem} where ${wanted} should be`, this.offset)
  }
}
