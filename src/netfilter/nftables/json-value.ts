/**
 * Constants of `nft -j`, read into the values that the text of the same ruleset reads into.
 *
 * @see libnftables-json(5)
 * @module
 */
import { isBits } from './datatype.ts'
import { formatNftDuration } from './duration.ts'
import type { NftValue } from './expression.ts'
import type { PartTypes } from './part-types.ts'
import type { NftType } from './rule.ts'
import { findNftValue } from './value-reader.ts'
import { NotKnown } from './words.ts'

export interface JsonObject {
  readonly [name: string]: unknown
}

/** @throws {NotKnown} */
export function notKnown(): never {
  throw new NotKnown(0)
}

/** @throws {NotKnown} unless the value is an object and no list */
export function asObject(value: unknown): JsonObject {
  return isObject(value) ? value : notKnown()
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @throws {NotKnown} unless the value is a list */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : notKnown()
}

/** @throws {NotKnown} unless the value is a text */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : notKnown()
}

/** @throws {NotKnown} unless the value is a whole number from 0 that JavaScript holds exactly */
export function asCount(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : notKnown()
}

/** The one name of an object such as `{"prefix": …}`, and what it is. */
export function onlyEntry(value: unknown): readonly [name: string, value: unknown] {
  const [entry, ...more] = Object.entries(asObject(value))
  return entry && more.length === 0 ? entry : notKnown()
}

/** @throws {NotKnown} when it is no value of these types */
export function readJsonValue(json: unknown, types: PartTypes): NftValue {
  const [type] = types
  if (Array.isArray(json)) return bitsOf(json)
  if (!isObject(json)) return readScalar(json, type)
  const [kind, value] = onlyEntry(json)
  switch (kind) {
    case 'prefix': {
      const { addr, len } = asObject(value)
      return findNftValue(`${asText(addr)}/${asCount(len)}`, type) ?? notKnown()
    }
    case 'range': {
      const [from, to] = asList(value)
      return { kind: 'range', from: readEnd(from, type), to: readEnd(to, type) }
    }
    case 'concat':
      return { kind: 'concat', parts: asList(value).map((part, i) => readJsonValue(part, [types[i]])) }
    case '|':
      return bitsOf(asList(value))
    default:
      return notKnown()
  }
}

function bitsOf(list: readonly unknown[]): NftValue {
  return { kind: 'flags', symbols: list.map(asText) }
}

/** Times at the ends of a range are written in seconds. */
function readEnd(json: unknown, type: NftType | undefined): NftValue {
  if (type === 'time' && typeof json === 'number') return { kind: 'symbol', symbol: `${json}s` }
  return readScalar(json, type)
}

/** Types whose names are in quotes in a listing. */
const QUOTED: ReadonlySet<NftType> = new Set(['ifname', 'iface_index', 'devgroup', 'time', 'day', 'hour'])

function readScalar(json: unknown, type: NftType | undefined): NftValue {
  if (typeof json === 'boolean') return { kind: 'symbol', symbol: json ? 'exists' : 'missing' }
  if (typeof json === 'number') return findNftValue(spellNumber(json, type), type) ?? notKnown()
  const text = asText(json)
  const own = type !== undefined && QUOTED.has(type)
  if (own && !(type === 'iface_index' && /^\d+$/.test(text)) && text !== '*') return { kind: 'string', text }
  return findNftValue(text, type) ?? notKnown()
}

/** How a listing spells it. */
function spellNumber(number: number, type: NftType | undefined): string {
  if (!Number.isSafeInteger(number)) notKnown()
  if (isBits(type)) return number === 0 ? '0x0' : `${number}`
  switch (type) {
    case 'ether_type':
      return `0x${number.toString(16).padStart(4, '0')}`
    case 'dscp':
      return `0x${number.toString(16).padStart(2, '0')}`
    case 'time':
      return formatNftDuration(number * 1000)
    default:
      return `${number}`
  }
}
