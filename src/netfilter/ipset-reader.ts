/**
 * Reads what `ipset save` prints.
 *
 * @module
 */
import { ParseError, within } from '../base/error.ts'
import type { Family } from '../base/ip.ts'
import { parseNumber } from './codec.ts'
import { type IpSet, SET_TYPES, type SetEntry, type SetType } from './ipset.ts'
import { parseElement } from './ipset-element.ts'
import { HEADER } from './ipset-header.ts'

/** The most characters of a set's name. */
const LONGEST_NAME = 31

type OpenSet = Omit<IpSet, 'entries'> & { readonly entries: SetEntry[] }

/**
 * Reads sets, in the order in which they are made.
 *
 * @throws {InputError} with the line's number, when a line is malformed or neither `create` nor `add`
 */
export function parseSets(text: string): IpSet[] {
  const sets = new Map<string, OpenSet>()
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() !== '' && !line.startsWith('#')) within(`line ${i + 1}`, () => readLine(line, sets))
  }
  return [...sets.values()]
}

function readLine(line: string, sets: Map<string, OpenSet>): void {
  const [command, name = '', third, ...rest] = splitWords(line)
  if (third === undefined) throw new ParseError('ipset command', line, 'it ends too early')
  const known = sets.get(name)
  if (command === 'create') {
    if (known) throw new ParseError('ipset', name, 'a set of that name was made before')
    if (name.length > LONGEST_NAME)
      throw new ParseError('ipset', name, `its name has more than ${LONGEST_NAME} characters`)
    sets.set(name, readHeader(name, third, rest))
  } else if (command === 'add') {
    if (!known) throw new ParseError('ipset', name, 'no set of that name was made before')
    known.entries.push(readEntry(known, third, rest))
  } else throw new ParseError('ipset command', line, 'neither create nor add')
}

/** Blanks part words; between double quotes everything is as it is. */
function splitWords(line: string): string[] {
  const words = line.match(/"[^"]*"(?=\s|$)|[^\s"]+(?=\s|$)/g) ?? []
  if (words.join('') !== line.replace(/"[^"]*"|\s+/g, part => (part.startsWith('"') ? part : ''))) {
    throw new ParseError('ipset command', line, 'a quote stays open')
  }
  return words.map(word => (word.startsWith('"') ? word.slice(1, -1) : word))
}

function isSetType(text: string): text is SetType {
  return Object.hasOwn(SET_TYPES, text)
}

function readHeader(name: string, type: string, words: readonly string[]): OpenSet {
  if (!isSetType(type)) throw new ParseError('ipset type', type, `not one of ${Object.keys(SET_TYPES).join(', ')}`)
  const header: Partial<Record<keyof IpSet, unknown>> = {}
  for (let at = 0; at < words.length; ) {
    const option = HEADER.find(known => known.name === words[at])
    if (!option) throw new ParseError('ipset option', words[at] ?? '', 'no set is made with such an option')
    const value = words[at + 1]
    if (option.words === 1 && value === undefined)
      throw new ParseError('ipset option', option.name, 'its value is missing')
    Object.assign(header, option.read(value ?? '', 4))
    at += 1 + option.words
  }
  const family = type.startsWith('hash:') && type !== 'hash:mac' ? { family: header.family ?? 4 } : {}
  return { ...header, ...family, name, type, entries: [] } as OpenSet
}

function readEntry(set: OpenSet, text: string, words: readonly string[]): SetEntry {
  const kinds = SET_TYPES[set.type]
  const parts = text.split(',')
  if (parts.length > kinds.length || parts.length < (set.type === 'bitmap:ip,mac' ? 1 : kinds.length)) {
    throw new ParseError(`entry of ${set.type}`, text, `${parts.length} parts, not ${kinds.length}`)
  }
  const family: Family = set.family ?? 4
  const elements = kinds
    .slice(0, parts.length)
    .map((kind, i) => parseElement(parts[i] ?? '', kind, family, kinds.length === 1))
  return { elements, ...readEntryOptions(words) }
}

function readEntryOptions(words: readonly string[]): Omit<SetEntry, 'elements'> {
  const read: Partial<Record<keyof SetEntry, unknown>> = {}
  for (let at = 0; at < words.length; at++) {
    const name = words[at]
    if (name === 'nomatch') {
      read.nomatch = true
      continue
    }
    const value = words[++at]
    if (value === undefined) throw new ParseError('entry option', name ?? '', 'its value is missing')
    switch (name) {
      case 'timeout':
      case 'packets':
      case 'bytes':
        read[name] = parseNumber(value, name, Number.MAX_SAFE_INTEGER)
        break
      case 'comment':
      case 'skbmark':
      case 'skbprio':
      case 'skbqueue':
        read[name] = value
        break
      default:
        throw new ParseError('entry option', name ?? '', 'no entry has such an option')
    }
  }
  return read as Omit<SetEntry, 'elements'>
}
