/**
 * What rules ask of packets, read from the words of a listing.
 *
 * @module
 */
import { findFieldType, findMetaType, isBits, isHeader, typesOf } from './datatype.ts'
import { readElements, readValue } from './element-reader.ts'
import type { NftExpression, NftLookup, NftOperator, NftValue } from './expression.ts'
import { NFT_BARE_META } from './expression-text.ts'
import type { PartTypes } from './part-types.ts'
import type { NftType } from './rule.ts'
import type { Words } from './words.ts'

const OPERATORS: ReadonlyMap<string, NftOperator> = new Map<string, NftOperator>([
  ['&', '&'],
  ['|', '|'],
  ['^', '^'],
  ['<<', '<<'],
  ['>>', '>>'],
  ['and', '&'],
  ['or', '|'],
  ['xor', '^'],
  ['lshift', '<<'],
  ['rshift', '>>'],
])

/** nft itself writes no more than one within the other. */
const MOST_BRACKETS = 8

/** nft folds calculations into three steps. */
const MOST_STEPS = 16

/**
 * What is left of a comparison: fields, calculations with them, several side by side.
 *
 * @throws {NotKnown} when the words are nothing that podwire knows
 */
export function readNftExpression(words: Words, brackets = 0): NftExpression {
  const first = readCalculation(words, brackets)
  if (words.peek !== '.') return first
  const parts = [first]
  while (words.take('.')) parts.push(readCalculation(words, brackets))
  return { kind: 'concat', parts }
}

/** Without regard to which binds more tightly: nft writes brackets wherever it is not from left to right. */
function readCalculation(words: Words, brackets: number): NftExpression {
  let left = readOperand(words, brackets)
  let steps = 0
  for (let op = OPERATORS.get(words.peek ?? ''); op; op = OPERATORS.get(words.peek ?? '')) {
    if (++steps > MOST_STEPS) words.fail()
    words.next()
    // By how much is shifted is a plain number, whatever is shifted.
    const type = op === '<<' || op === '>>' ? 'integer' : typesOf(left)[0]
    left = { kind: 'binary', op, left, right: readRightOperand(words, type, brackets) }
  }
  return left
}

function readOperand(words: Words, brackets: number): NftExpression {
  if (words.peek !== '(') return readPrimary(words)
  words.next()
  if (brackets > MOST_BRACKETS) words.fail()
  const inner = readCalculation(words, brackets + 1)
  words.expect(')')
  return inner
}

function readRightOperand(words: Words, type: NftType | undefined, brackets: number): NftExpression {
  if (startsExpression(words.peek ?? '')) return readPrimary(words)
  if (words.peek !== '(') return { kind: 'value', value: readValue(words, [type]) }
  if (!isBits(type)) return readOperand(words, brackets)
  words.next()
  const value = readBits(words, type)
  words.expect(')')
  return { kind: 'value', value }
}

/** `syn | ack`, or one of them. */
export function readBits(words: Words, type: NftType | undefined): NftValue {
  const first = readValue(words, [type])
  if (first.kind !== 'symbol' || words.peek !== '|') return first
  const symbols = [first.symbol]
  while (words.take('|')) {
    const next = readValue(words, [type])
    if (next.kind !== 'symbol') words.fail()
    symbols.push(next.symbol)
  }
  return { kind: 'flags', symbols }
}

/** Words that begin something asked of a packet and are neither a header's nor a key of `meta`. */
const STARTS: ReadonlySet<string> = new Set([
  ...['meta', 'ct', 'fib', 'numgen', 'jhash', 'symhash', 'socket', 'osf', 'rt', 'ipsec', 'exthdr', 'frag', 'hbh'],
  ...['rt0', 'rt2', 'srh', 'dst', 'mh'],
])

/** Whether something asked of a packet begins with that word. */
export function startsExpression(word: string): boolean {
  return STARTS.has(word) || NFT_BARE_META.has(word) || isHeader(word) || word.startsWith('@')
}

function readPrimary(words: Words): NftExpression {
  const from = words.at
  const word = words.next()
  if (NFT_BARE_META.has(word)) return { kind: 'meta', key: word }
  switch (word) {
    case 'meta': {
      const key = words.next()
      if (findMetaType(key) === undefined) words.fail()
      return { kind: 'meta', key }
    }
    case 'ct':
      return readCt(words)
    case 'fib':
      return readFib(words)
    case 'numgen':
      return readNumgen(words)
    default:
      return isHeader(word) ? readField(words, word, from) : readUnknown(words, word, from)
  }
}

const CT_KEY = /^[a-z][a-z0-9-]*$/

function readCt(words: Words): NftExpression {
  const direction = words.take('original') ? 'original' : words.take('reply') ? 'reply' : undefined
  const family = words.take('ip') ? 'ip' : words.take('ip6') ? 'ip6' : undefined
  const key = words.next()
  const known = family ? key === 'saddr' || key === 'daddr' : CT_KEY.test(key) && key !== 'count'
  if (!known) words.fail()
  return { kind: 'ct', key, ...(direction && { direction }), ...(family && { family }) }
}

const FIB_BY: ReadonlySet<string> = new Set(['saddr', 'daddr', 'mark', 'iif', 'oif'])

function readFib(words: Words): NftExpression {
  const by: string[] = []
  do {
    const key = words.next()
    if (!FIB_BY.has(key)) words.fail()
    by.push(key)
  } while (words.take('.'))
  const result = words.next()
  if (result !== 'type' && result !== 'oif' && result !== 'oifname') words.fail()
  return { kind: 'fib', by, result }
}

function readNumgen(words: Words): NftExpression {
  const mode = words.next()
  if (mode !== 'random' && mode !== 'inc') words.fail()
  words.expect('mod')
  const modulus = readNumber(words)
  if (!words.take('offset')) return { kind: 'numgen', mode, modulus }
  return { kind: 'numgen', mode, modulus, offset: readNumber(words) }
}

/** @throws {NotKnown} unless the next word is a whole number */
export function readNumber(words: Words): number {
  const word = words.next()
  if (!/^\d{1,15}$/.test(word)) words.fail()
  return Number(word)
}

function readField(words: Words, protocol: string, from: number): NftExpression {
  const word = words.next()
  const field = protocol === 'arp' && /^[sd]addr$/.test(word) ? `${word} ${words.next()}` : word
  if (findFieldType(protocol, field) !== undefined) return { kind: 'payload', protocol, field }
  // `tcp option maxseg size`: of an option that podwire does not look into.
  if (word !== 'option') words.fail()
  words.next()
  if (words.peek !== 'exists' && words.peek !== 'missing') words.next()
  return { kind: 'unknown', text: words.since(from) }
}

/** How many words follow the first, of what podwire knows only to be something asked of a packet. */
const UNKNOWN_LENGTHS: ReadonlyMap<string, number> = new Map([
  ...['socket', 'osf', 'exthdr', 'frag', 'hbh', 'rt0', 'rt2', 'srh', 'dst', 'mh'].map(word => [word, 1] as const),
])

function readUnknown(words: Words, word: string, from: number): NftExpression {
  if (word === 'jhash' || word === 'symhash') return readHash(words, word, from)
  if (!/^@[a-z]{2},\d{1,5},\d{1,5}$/.test(word)) {
    const length = UNKNOWN_LENGTHS.get(word)
    if (length === undefined) words.fail()
    for (let i = 0; i < length; i++) words.next()
  }
  return { kind: 'unknown', text: words.since(from) }
}

function readHash(words: Words, word: string, from: number): NftExpression {
  if (word === 'jhash') readNftExpression(words)
  words.expect('mod')
  readNumber(words)
  if (words.take('seed')) words.next()
  if (words.take('offset')) readNumber(words)
  return { kind: 'unknown', text: words.since(from) }
}

/**
 * `@name`, or elements in braces.
 *
 * @param of what the parts of a key are
 * @param data what the parts are that a map leads to
 */
export function readLookup(words: Words, of: PartTypes, data?: PartTypes | 'verdict'): NftLookup {
  const word = words.next()
  if (word.startsWith('@') && word.length > 1) return { kind: 'named', set: word.slice(1) }
  if (word !== '{') words.fail()
  return { kind: 'anonymous', elements: readElements(words, of, data) }
}

/** What is set, or sent to: an expression, what a map has for one, or a constant of these types. */
export function readGiven(words: Words, types: PartTypes): NftExpression {
  if (!startsExpression(words.peek ?? '') && words.peek !== '(')
    return { kind: 'value', value: readValue(words, types) }
  const key = readNftExpression(words)
  if (!words.take('map')) return key
  return { kind: 'map', key, in: readLookup(words, typesOf(key), types) }
}
