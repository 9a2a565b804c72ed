/**
 * What rules ask of packets, and elements, read from `nft -j`.
 *
 * @see libnftables-json(5), EXPRESSIONS
 * @module
 */
import { findFieldType, findMetaType, typesOf } from './datatype.ts'
import type { NftElement, NftExpression, NftLookup, NftOperator, NftVerdict } from './expression.ts'
import { formatNftExpression } from './expression-text.ts'
import {
  asCount,
  asList,
  asObject,
  asText,
  isObject,
  type JsonObject,
  notKnown,
  onlyEntry,
  readJsonValue,
} from './json-value.ts'
import type { PartTypes } from './part-types.ts'

const OPERATORS: ReadonlyMap<string, NftOperator> = new Map((['&', '|', '^', '<<', '>>'] as const).map(op => [op, op]))

/** How deep one may be in the other. */
const DEEPEST = 32

/**
 * Something asked of a packet, a calculation with it, or what a map has for it; a constant is one, too.
 *
 * @param types of what a constant is, and of what a map leads to
 * @throws {NotKnown} when it is nothing that podwire knows
 */
export function readJsonExpression(json: unknown, types: PartTypes = [], depth = 0): NftExpression {
  if (depth > DEEPEST) notKnown()
  if (!isObject(json)) return { kind: 'value', value: readJsonValue(json, types) }
  const [kind, value] = onlyEntry(json)
  const op = OPERATORS.get(kind)
  if (op && !isBitNames(value)) return readBinary(op, asList(value), depth)
  switch (kind) {
    case 'concat':
      // Of constants, too: the address and the port to send to.
      if (!asList(value).some(isObject)) return { kind: 'value', value: readJsonValue(json, types) }
      return { kind, parts: asList(value).map(part => readJsonExpression(part, [], depth + 1)) }
    case 'map': {
      const { key: asked, data } = asObject(value)
      const key = readJsonExpression(asked, [], depth + 1)
      return { kind, key, in: readJsonLookup(data, typesOf(key), types) }
    }
    case 'prefix':
    case 'range':
    case '|':
      return { kind: 'value', value: readJsonValue(json, types) }
    default:
      return readAsked(kind, asObject(value), depth)
  }
}

function isBitNames(value: unknown): boolean {
  return Array.isArray(value) && value.every(one => typeof one === 'string')
}

function readBinary(op: NftOperator, [first, ...more]: readonly unknown[], depth: number): NftExpression {
  if (more.length > DEEPEST) notKnown()
  let left = readJsonExpression(first, [], depth + 1)
  const types: PartTypes = op === '<<' || op === '>>' ? ['integer'] : typesOf(left)
  for (const json of more) left = { kind: 'binary', op, left, right: readJsonExpression(json, types, depth + 1) }
  return left
}

function readAsked(kind: string, of: JsonObject, depth: number): NftExpression {
  switch (kind) {
    case 'payload':
      return readPayload(of)
    case 'meta': {
      const key = asText(of['key'])
      return findMetaType(key) === undefined ? notKnown() : { kind, key }
    }
    case 'ct':
      return readCt(of)
    case 'fib': {
      const { result, flags } = of
      if (result !== 'type' && result !== 'oif' && result !== 'oifname') notKnown()
      return { kind, by: listOf(flags).map(asText), result }
    }
    case 'numgen': {
      const { mode, mod, offset = 0 } = of
      if (mode !== 'random' && mode !== 'inc') notKnown()
      return { kind, mode, modulus: asCount(mod), ...(offset !== 0 && { offset: asCount(offset) }) }
    }
    default:
      return { kind: 'unknown', text: unknownText(kind, of, depth) }
  }
}

/** nft writes a list of one as the one. */
export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value : [value]
}

function readPayload({ protocol, field, base, offset, len }: JsonObject): NftExpression {
  if (base !== undefined) return { kind: 'unknown', text: `@${asText(base)},${asCount(offset)},${asCount(len)}` }
  const [of, name] = [asText(protocol), asText(field)]
  return findFieldType(of, name) === undefined ? notKnown() : { kind: 'payload', protocol: of, field: name }
}

function readCt({ key: asked, dir, family }: JsonObject): NftExpression {
  const [, prefix, key = ''] = /^(?:(ip6?) )?([a-z0-9-]+)$/.exec(asText(asked)) ?? notKnown()
  const own = prefix ?? family
  if (dir !== undefined && dir !== 'original' && dir !== 'reply') notKnown()
  return { kind: 'ct', key, ...(dir && { direction: dir }), ...((own === 'ip' || own === 'ip6') && { family: own }) }
}

/** As a listing writes what podwire only knows to be asked of a packet. */
function unknownText(kind: string, of: JsonObject, depth: number): string {
  switch (kind) {
    case 'socket':
    case 'osf':
      return `${kind} ${asText(of['key'])}`
    case 'tcp option':
    case 'ip option':
      return [kind, asText(of['name']), ...listOf(of['field']).map(asText)].join(' ')
    case 'exthdr':
      return of['field'] === undefined ? `exthdr ${asText(of['name'])}` : `${asText(of['name'])} ${asText(of['field'])}`
    case 'jhash':
    case 'symhash': {
      const asked = kind === 'jhash' ? ` ${formatNftExpression(readJsonExpression(of['expr'], [], depth + 1))}` : ''
      const seed = of['seed'] === undefined ? '' : ` seed 0x${asCount(of['seed']).toString(16)}`
      const offset = of['offset'] === undefined ? '' : ` offset ${asCount(of['offset'])}`
      return `${kind}${asked} mod ${asCount(of['mod'])}${seed}${offset}`
    }
    default:
      return notKnown()
  }
}

/** `"@name"`, or elements. */
export function readJsonLookup(json: unknown, of: PartTypes, data?: PartTypes | 'verdict'): NftLookup {
  if (typeof json === 'string' && json.startsWith('@')) return { kind: 'named', set: json.slice(1) }
  return { kind: 'anonymous', elements: readJsonElements(asObject(json)['set'], of, data) }
}

/** @throws {NotKnown} when one is malformed */
export function readJsonElements(json: unknown, of: PartTypes, data?: PartTypes | 'verdict'): NftElement[] {
  return listOf(json).map(element => readJsonElement(element, of, data))
}

type Draft = { -readonly [Key in keyof NftElement]: NftElement[Key] }

function readJsonElement(json: unknown, of: PartTypes, data?: PartTypes | 'verdict'): NftElement {
  if (data === undefined) return readKey(json, of)
  const [key, to] = asList(json)
  const element = readKey(key, of)
  element.data = data === 'verdict' ? readJsonVerdict(to) : readJsonValue(to, data)
  return element
}

function readKey(json: unknown, of: PartTypes): Draft {
  const more = isObject(json) ? json['elem'] : undefined
  if (more === undefined) return { key: readJsonValue(json, of) }
  const element: Draft = { key: readJsonValue(asObject(more)['val'], of) }
  for (const [name, value] of Object.entries(asObject(more))) readMore(element, name, value)
  return element
}

function readMore(element: Draft, name: string, value: unknown): void {
  switch (name) {
    case 'val':
      break
    case 'timeout':
      element.timeout = asCount(value) * 1000
      break
    case 'expires':
      element.expires = asCount(value) * 1000
      break
    case 'comment':
      element.comment = asText(value)
      break
    case 'counter':
      element.counter = readJsonCounts(value)
      break
    default:
      element.unknown = JSON.stringify({ [name]: value })
  }
}

/** What was counted; nothing where a listing leaves it out. */
export function readJsonCounts(json: unknown): { packets?: number; bytes?: number } {
  if (json === null) return {}
  const { packets, bytes } = asObject(json)
  return { packets: asCount(packets), bytes: asCount(bytes) }
}

/** @throws {NotKnown} when it is no verdict */
export function readJsonVerdict(json: unknown): NftVerdict {
  return findJsonVerdict(json) ?? notKnown()
}

export function findJsonVerdict(json: unknown): NftVerdict | undefined {
  const [kind, value] = onlyEntry(json)
  switch (kind) {
    case 'accept':
    case 'drop':
    case 'continue':
    case 'return':
      return { do: kind }
    case 'jump':
    case 'goto':
      return { do: kind, chain: asText(asObject(value)['target']) }
    case 'queue':
      return readQueue(value)
    default:
      return undefined
  }
}

function readQueue(json: unknown): NftVerdict {
  const { num, flags } = json === null ? {} : asObject(json)
  const known = listOf(flags).map(flag => (flag === 'bypass' || flag === 'fanout' ? flag : notKnown()))
  const more = known.length > 0 ? { flags: known } : {}
  if (num === undefined) return { do: 'queue', ...more }
  const to = readJsonValue(num, ['integer'])
  if (to.kind === 'number') return { do: 'queue', to: `${to.number}`, ...more }
  if (to.kind !== 'range' || to.from.kind !== 'number' || to.to.kind !== 'number') notKnown()
  return { do: 'queue', to: `${to.from.number}-${to.to.number}`, ...more }
}
