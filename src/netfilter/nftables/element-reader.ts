/**
 * Values, verdicts and elements, read from the words of a listing.
 *
 * @module
 */
import { findNftDuration } from './duration.ts'
import type { NftCounts, NftElement, NftValue, NftVerdict } from './expression.ts'
import type { PartTypes } from './part-types.ts'
import { findNftValue } from './value-reader.ts'
import { findQuoted, type Words } from './words.ts'

/** @throws {NotKnown} when the next words are no value of these types */
export function readValue(words: Words, types: PartTypes): NftValue {
  const first = readPart(words, types[0])
  if (words.peek !== '.') return first
  const parts = [first]
  while (words.take('.')) parts.push(readPart(words, types[parts.length]))
  return { kind: 'concat', parts }
}

function readPart(words: Words, type: PartTypes[number]): NftValue {
  const value = findNftValue(words.peek ?? '', type) ?? words.fail()
  words.next()
  return value
}

const BARE_VERDICTS = { accept: true, drop: true, continue: true, return: true }

/** Whether a verdict begins with that word. */
export function startsVerdict(word: string): boolean {
  return Object.hasOwn(BARE_VERDICTS, word) || word === 'jump' || word === 'goto' || word === 'queue'
}

/** @throws {NotKnown} when the next words are no verdict */
export function readVerdict(words: Words): NftVerdict {
  const verdict = words.next()
  switch (verdict) {
    case 'accept':
    case 'drop':
    case 'continue':
    case 'return':
      return { do: verdict }
    case 'jump':
    case 'goto': {
      const chain = words.next()
      if (/^[\s"{},;]*$/.test(chain)) words.fail()
      return { do: verdict, chain }
    }
    case 'queue':
      return readQueue(words)
    default:
      return words.fail()
  }
}

function readQueue(words: Words): NftVerdict {
  const flags: ('bypass' | 'fanout')[] = []
  if (words.take('flags')) {
    for (const flag of words.next().split(',')) {
      if (flag !== 'bypass' && flag !== 'fanout') words.fail()
      flags.push(flag)
    }
  }
  const more = flags.length > 0 ? { flags } : {}
  if (!words.take('to')) return { do: 'queue', ...more }
  const to = words.next()
  if (!/^\d{1,5}(?:-\d{1,5})?$/.test(to)) words.fail()
  return { do: 'queue', to, ...more }
}

/**
 * Elements up to their closing brace, which is read as well.
 *
 * @param of what the parts of a key are
 * @param data what the parts are that a map leads to; absent for a set
 */
export function readElements(words: Words, of: PartTypes, data?: PartTypes | 'verdict'): NftElement[] {
  const elements: NftElement[] = []
  do elements.push(readElement(words, of, data))
  while (words.take(','))
  words.expect('}')
  return elements
}

type Draft = { -readonly [Key in keyof NftElement]: NftElement[Key] }

function readElement(words: Words, of: PartTypes, data?: PartTypes | 'verdict'): NftElement {
  const element: Draft = { key: readKey(words, of) }
  while (words.peek !== ',' && words.peek !== ':' && words.peek !== '}') readMore(words, element)
  if (data === undefined) return element
  words.expect(':')
  element.data = data === 'verdict' ? readVerdict(words) : readValue(words, data)
  return element
}

function readKey(words: Words, of: PartTypes): NftValue {
  const key = readValue(words, of)
  if (key.kind !== 'symbol' || words.peek !== '|') return key
  const symbols = [key.symbol]
  while (words.take('|')) symbols.push(words.next())
  return { kind: 'flags', symbols }
}

/** What stands behind a key. */
function readMore(words: Words, element: Draft): void {
  const from = words.at
  switch (words.next()) {
    case 'timeout':
      element.timeout = readDuration(words)
      break
    case 'expires':
      element.expires = readDuration(words)
      break
    case 'comment':
      element.comment = findQuoted(words.next()) ?? words.fail()
      break
    case 'counter':
      element.counter = readCounts(words)
      break
    default: {
      const text = words.since(from)
      element.unknown = element.unknown === undefined ? text : `${element.unknown} ${text}`
    }
  }
}

/** What was counted; nothing where a listing leaves it out. */
export function readCounts(words: Words): NftCounts {
  if (!words.take('packets')) return {}
  const packets = readCount(words)
  words.expect('bytes')
  return { packets, bytes: readCount(words) }
}

/** @throws {NotKnown} unless the next word is a whole number */
export function readCount(words: Words): number {
  const word = words.next()
  if (!/^\d{1,16}$/.test(word) || !Number.isSafeInteger(Number(word))) words.fail()
  return Number(word)
}

function readDuration(words: Words): number {
  return findNftDuration(words.next()) ?? words.fail()
}
