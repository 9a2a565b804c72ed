/**
 * From what a document says to an object of its kind: types checked, unknown fields refused, zero values dropped.
 *
 * Reads as the API server does in strict mode: the first value of a wrong type, else every unknown field.
 *
 * @see strict decoding in staging/src/k8s.io/apimachinery/pkg/runtime/serializer/json/json.go of Kubernetes
 *
 * @module
 */
import { at, atKey, type Field, formatField, ROOT } from './field.ts'
import { quote } from './finding.ts'
import { isPlain, type Plain } from './plain.ts'
import { quantityProblem } from './quantity.ts'
import { findStruct, formatType, type Scalar, structName, type Type } from './schema.ts'
import { timeProblem } from './time.ts'

/** Why a document is not an object of its kind. The API server answers 400. */
export interface DecodeProblem {
  readonly field: Field
  /** `json: cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32` */
  readonly message: string
  /** Whether the field does not exist, rather than hold a wrong value. */
  readonly unknown: boolean
}

export interface Decoded {
  readonly value: Plain
  readonly problems: readonly DecodeProblem[]
}

/** Decodes `value` as the struct of that name. */
export function decode(name: string, value: unknown): Decoded {
  const decoder: Decoder = { wrong: [], unknown: [] }
  const decoded = decodeStruct(decoder, name, value, ROOT, name)
  const problems = decoder.wrong.length > 0 ? decoder.wrong.slice(0, 1) : decoder.unknown
  return { value: isPlain(decoded) ? decoded : {}, problems }
}

interface Decoder {
  readonly wrong: DecodeProblem[]
  readonly unknown: DecodeProblem[]
}

const INTEGERS = { int32: 2 ** 31, int64: 2 ** 63 }
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** @param owner the struct that a message names: the one whose field this is */
function decodeValue(decoder: Decoder, type: Type, value: unknown, field: Field, owner: string): unknown {
  switch (type.is) {
    case 'struct':
      return decodeStruct(decoder, type.name, value, field, owner)
    case 'list':
      return decodeList(decoder, type, value, field, owner)
    case 'map':
      return decodeMap(decoder, type, value, field, owner)
    default:
      return decodeScalar(decoder, type.is, value, field, owner)
  }
}

function decodeStruct(decoder: Decoder, name: string, value: unknown, field: Field, owner: string): unknown {
  const struct = findStruct(name)
  if (struct === undefined) throw new RangeError(`Cannot find the schema of ${name}`)
  if (!isPlain(value)) return wrong(decoder, { is: 'struct', name }, value, field, owner)
  const out: Record<string, unknown> = {}
  for (const key of Object.keys(value)) {
    const place = at(field, key)
    const known = struct.get(key)
    if (known === undefined) {
      decoder.unknown.push({
        field: place,
        unknown: true,
        message: `strict decoding error: unknown field ${quote(formatField(place))}`,
      })
      continue
    }
    const given = value[key]
    if (given === null) continue
    const decoded = decodeValue(decoder, known.type, given, place, name)
    if (known.kept || !isZero(decoded, known.type)) out[key] = decoded
  }
  return out
}

function decodeList(
  decoder: Decoder,
  type: Type & { is: 'list' | 'map' },
  value: unknown,
  field: Field,
  owner: string,
) {
  if (!Array.isArray(value)) return wrong(decoder, type, value, field, owner)
  return value.map((item: unknown, index) => {
    if (item === null) return zeroOf(type.of)
    return decodeValue(decoder, type.of, item, at(field, index), owner)
  })
}

function decodeMap(decoder: Decoder, type: Type & { is: 'list' | 'map' }, value: unknown, field: Field, owner: string) {
  if (!isPlain(value)) return wrong(decoder, type, value, field, owner)
  const entries = Object.entries(value).map(([key, item]) => {
    const decoded = item === null ? zeroOf(type.of) : decodeValue(decoder, type.of, item, atKey(field, key), owner)
    return [key, decoded] as const
  })
  return Object.fromEntries(entries) // which makes __proto__ a key like any other
}

function decodeScalar(decoder: Decoder, type: Scalar, value: unknown, field: Field, owner: string): unknown {
  switch (type) {
    case 'any':
      return value
    case 'string':
      return typeof value === 'string' ? value : wrong(decoder, { is: type }, value, field, owner)
    case 'bool':
      return typeof value === 'boolean' ? value : wrong(decoder, { is: type }, value, field, owner)
    case 'int32':
    case 'int64':
      return isInteger(value, INTEGERS[type]) ? value : wrong(decoder, { is: type }, value, field, owner)
    case 'intOrString':
      if (typeof value === 'string' || isInteger(value, INTEGERS.int32)) return value
      return refuse(decoder, field, `json: cannot unmarshal ${describe(value, true)} into Go value of type int32`)
    case 'quantity': {
      const amount = typeof value === 'string' || typeof value === 'number' ? value : ''
      const problem = quantityProblem(amount)
      return problem === undefined ? value : refuse(decoder, field, problem)
    }
    case 'time':
      return decodeTime(decoder, value, field)
    case 'bytes':
      return decodeBytes(decoder, value, field, owner)
  }
}

function decodeTime(decoder: Decoder, value: unknown, field: Field): unknown {
  if (typeof value !== 'string') {
    return refuse(decoder, field, `json: cannot unmarshal ${describe(value, false)} into Go value of type string`)
  }
  const problem = timeProblem(value)
  return problem === undefined ? value : refuse(decoder, field, problem)
}

function decodeBytes(decoder: Decoder, value: unknown, field: Field, owner: string): unknown {
  if (typeof value !== 'string') return wrong(decoder, { is: 'bytes' }, value, field, owner)
  const text = value.replace(/[\r\n]/g, '')
  if (BASE64.test(text)) return value
  const good = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{1,3})?/.exec(text)?.[0].length ?? 0
  return refuse(decoder, field, `illegal base64 data at input byte ${good === text.length ? good - (good % 4) : good}`)
}

function isInteger(value: unknown, bound: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= -bound && value < bound
}

function wrong(decoder: Decoder, type: Type, value: unknown, field: Field, owner: string): unknown {
  const number = type.is === 'int32' || type.is === 'int64'
  const names = fieldNames(field)
  const place = names.length === 0 ? 'value' : `struct field ${structName(owner)}.${names.join('.')}`
  return refuse(
    decoder,
    field,
    `json: cannot unmarshal ${describe(value, number)} into Go ${place} of type ${formatType(type)}`,
  )
}

/** The names of struct fields on the way: Go leaves out places in lists and keys of maps. */
function fieldNames(field: Field): string[] {
  const names: string[] = []
  for (let place: Field | undefined = field; place !== undefined; place = place.parent) {
    if (typeof place.step === 'string' && place.key !== true) names.unshift(place.step)
  }
  return names
}

function refuse(decoder: Decoder, field: Field, message: string): undefined {
  decoder.wrong.push({ field, message, unknown: false })
  return undefined
}

/** What JSON has there. A number that does not fit is shown; one that should be no number is not. */
function describe(value: unknown, shown: boolean): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return shown ? `number ${value}` : 'number'
  if (typeof value === 'boolean') return 'bool'
  return typeof value === 'string' ? 'string' : 'object'
}

function isZero(value: unknown, type: Type): boolean {
  if (value === undefined || value === '' || value === 0 || value === false) return type.is !== 'intOrString'
  if (type.is === 'list') return Array.isArray(value) && value.length === 0
  return type.is === 'map' && isPlain(value) && Object.keys(value).length === 0
}

/** What Go makes of `null` where a value must be. */
function zeroOf(type: Type): unknown {
  switch (type.is) {
    case 'list':
    case 'any':
      return null
    case 'bool':
      return false
    case 'int32':
    case 'int64':
    case 'intOrString':
      return 0
    case 'struct':
    case 'map':
      return {}
    case 'quantity':
      return '0'
    case 'string':
    case 'time':
    case 'bytes':
      return ''
  }
}
