/**
 * Sets and maps of a listing.
 *
 * @module
 */
import { InputError, ParseError } from '../../base/error.ts'
import { typesOf } from './datatype.ts'
import { findNftDuration } from './duration.ts'
import { readElements } from './element-reader.ts'
import type { NftElement, NftExpression } from './expression.ts'
import { readNftExpression } from './expression-reader.ts'
import type { PartTypes } from './part-types.ts'
import { NFT_TYPES, type NftSet, type NftType } from './rule.ts'
import { formatNftSetBody } from './set-text.ts'
import { NotKnown, splitNftWords, Words } from './words.ts'

type Draft = { -readonly [Key in keyof NftSet]: NftSet[Key] }

const ELEMENTS = 'elements = { '

/**
 * A set or map from the lines between its braces.
 *
 * @throws {ParseError} when it has no type, or one that nft does not have
 * @throws {InputError} that names the line, counted from 1, when an element is malformed
 */
export function readNftSet(
  { name, handle }: Pick<NftSet, 'name' | 'handle'>,
  kind: 'set' | 'map',
  lines: readonly string[],
): NftSet {
  const start = lines.findIndex(line => line.startsWith(ELEMENTS))
  const set: Draft = { name, type: [], elements: [] }
  for (const line of start < 0 ? lines : lines.slice(0, start)) readProperty(set, line)
  if (set.type.length === 0) throw new ParseError('set', name, 'has neither type nor typeof')
  if (kind === 'map' && set.data === undefined) throw new ParseError('map', name, 'its type leads to nothing')
  // All elements of the set may have a timeout, if none is said.
  if (set.timeout !== undefined && !set.flags?.includes('timeout')) set.flags = [...(set.flags ?? []), 'timeout']
  if (start >= 0) set.elements = readElementLines(lines.slice(start), set, start + 1)
  if (handle !== undefined) set.handle = handle
  return isWrittenSo(set, lines) ? set : { ...set, spelling: lines }
}

function isWrittenSo(set: NftSet, lines: readonly string[]): boolean {
  const own = formatNftSetBody(set)
  return own.length === lines.length && own.every((line, i) => line === lines[i])
}

const PROPERTY = /^([a-z-]+) (.+)$/

function readProperty(set: Draft, line: string): void {
  const [, name, text = ''] = PROPERTY.exec(line) ?? []
  switch (name) {
    case 'type':
      readTypes(set, text)
      return
    case 'typeof':
      readTypeof(set, text)
      return
    case 'flags':
      set.flags = text.split(',').map(flag => FLAGS.find(known => known === flag) ?? refuse('flags', text))
      return
    case 'timeout':
      set.timeout = findNftDuration(text) ?? refuse('timeout', text)
      return
    case 'gc-interval':
      set.gcInterval = findNftDuration(text) ?? refuse('gc-interval', text)
      return
    case 'size':
      set.size = /^\d{1,10}/.test(text) ? Number.parseInt(text, 10) : refuse('size', text)
      return
    case 'policy':
      set.policy = text === 'performance' || text === 'memory' ? text : refuse('policy', text)
      return
    case 'comment':
      set.comment = /^"([^"]*)"$/.exec(text)?.[1] ?? refuse('comment', text)
      return
    default:
      if (line === 'auto-merge') set.autoMerge = true
      else if (line === 'counter') set.counter = true
      else set.unknown = [...(set.unknown ?? []), line]
  }
}

const FLAGS = ['constant', 'dynamic', 'interval', 'timeout'] as const

function refuse(what: string, text: string): never {
  throw new ParseError(`set's ${what}`, text, 'not what nft writes there')
}

function readTypes(set: Draft, text: string): void {
  const [key = '', data] = text.split(' : ')
  set.type = typeNames(key)
  if (data !== undefined) set.data = data === 'verdict' ? data : typeNames(data)
}

/** @throws {ParseError} unless all of them are types of nft's */
export function typeNames(text: string): NftType[] {
  return text.split(' . ').map(name => NFT_TYPES.find(type => type === name) ?? refuse('type', name))
}

/** What its parts are compared with says of which type they are; what podwire does not know may be of any. */
function readTypeof(set: Draft, text: string): void {
  const [key = '', data] = text.split(' : ')
  const by = { key: partsOf(key), ...(data !== undefined && data !== 'verdict' && { data: partsOf(data) }) }
  set.typeof = by
  set.type = by.key.map(typeOf)
  if (data === 'verdict') set.data = data
  else if (by.data) set.data = by.data.map(typeOf)
}

function partsOf(text: string): readonly NftExpression[] {
  const words = new Words(splitNftWords(text))
  try {
    const read = readNftExpression(words)
    if (!words.atEnd) words.fail()
    return read.kind === 'concat' ? read.parts : [read]
  } catch (cause) {
    if (!(cause instanceof NotKnown)) throw cause
    return text.split(' . ').map(part => ({ kind: 'unknown', text: part }))
  }
}

function typeOf(part: NftExpression): NftType {
  return typesOf(part)[0] ?? 'string'
}

function readElementLines(lines: readonly string[], set: Draft, first: number): NftElement[] {
  const last = lines.length - 1
  const all: string[] = []
  const starts: number[] = []
  for (const [i, line] of lines.entries()) {
    starts.push(all.length)
    const text = i === 0 ? line.slice(ELEMENTS.length) : line.trimStart()
    for (const word of splitNftWords(text)) all.push(word)
  }
  const words = new Words(all)
  const types: PartTypes = set.typeof ? set.typeof.key.map(part => typesOf(part)[0]) : set.type
  try {
    const elements = readElements(words, types, set.data)
    if (!words.atEnd) words.fail()
    return elements
  } catch (cause) {
    if (!(cause instanceof NotKnown)) throw cause
    const next = starts.findIndex(start => start > cause.at)
    const at = next < 0 ? last : next - 1
    throw new InputError(`line ${first + at}`, new ParseError('elements', lines[at] ?? '', problemAt(all[cause.at])))
  }
}

function problemAt(word: string | undefined): string {
  return word === undefined ? 'they end too early' : `not understood from ${JSON.stringify(word)} on`
}
