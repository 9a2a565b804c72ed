/**
 * The fields of the kinds that podwire decodes, as data.
 *
 * One line names a struct as Go's messages do; the indented lines below it give a type and the fields of that type:
 *
 *     ServicePort
 *       int32 nodePort port!
 *       []string finalizers
 *
 * Types are `string`, `bool`, `int32`, `int64`, `quantity`, `intOrString`, `time`, `bytes` (base64), `any`, a struct,
 * or `[]` or `map[string]` in front of a type. A field marked `!` tells its zero value from being absent: it is a
 * pointer in Go, or always written. All others drop `""`, `0`, `false`, `[]` and `{}` as Go's encoder does. What follows
 * an `@` sets structs of one name apart.
 *
 * @see staging/src/k8s.io/api of Kubernetes, whose OpenAPI document the fields come from
 *
 * @module
 */
import { AUTOSCALING_SCHEMA } from './autoscaling-schema.ts'
import { CONFIGURATION_SCHEMA } from './configuration-schema.ts'
import { CONTAINER_SCHEMA } from './container-schema.ts'
import { CORE_SCHEMA } from './core-schema.ts'
import { JOB_SCHEMA } from './job-schema.ts'
import { META_SCHEMA } from './meta-schema.ts'
import { NETWORK_SCHEMA } from './network-schema.ts'
import { NODE_SCHEMA } from './node-schema.ts'
import { POD_SCHEMA } from './pod-schema.ts'
import { SERVICE_SCHEMA } from './service-schema.ts'
import { VOLUME_SCHEMA } from './volume-schema.ts'
import { WORKLOAD_SCHEMA } from './workload-schema.ts'

const SCALARS = ['string', 'bool', 'int32', 'int64', 'quantity', 'intOrString', 'time', 'bytes', 'any'] as const

export type Scalar = (typeof SCALARS)[number]

export type Type =
  | { readonly is: Scalar }
  | { readonly is: 'list' | 'map'; readonly of: Type }
  | { readonly is: 'struct'; readonly name: string }

export interface FieldType {
  readonly type: Type
  /** Whether the zero value is kept. */
  readonly kept: boolean
}

export type Struct = ReadonlyMap<string, FieldType>

const SOURCES = [
  META_SCHEMA,
  SERVICE_SCHEMA,
  NODE_SCHEMA,
  CORE_SCHEMA,
  POD_SCHEMA,
  CONTAINER_SCHEMA,
  VOLUME_SCHEMA,
  WORKLOAD_SCHEMA,
  JOB_SCHEMA,
  NETWORK_SCHEMA,
  AUTOSCALING_SCHEMA,
  CONFIGURATION_SCHEMA,
]

let structs: ReadonlyMap<string, Struct> | undefined

/** The fields of a struct, or nothing for a name that no schema has. */
export function findStruct(name: string): Struct | undefined {
  structs ??= parseSchema(SOURCES.join(''))
  return structs.get(name)
}

/** Reads the language described above. */
export function parseSchema(text: string): ReadonlyMap<string, Struct> {
  const found = new Map<string, Map<string, FieldType>>()
  let fields = new Map<string, FieldType>()
  for (const line of text.split('\n')) {
    const [word = '', ...names] = line.trim().split(' ')
    if (word === '') continue
    if (!line.startsWith(' ')) {
      fields = new Map()
      found.set(word, fields)
      continue
    }
    const type = parseType(word)
    for (const name of names) fields.set(name.replace('!', ''), { type, kept: name.endsWith('!') })
  }
  return found
}

function parseType(text: string): Type {
  if (text.startsWith('[]')) return { is: 'list', of: parseType(text.slice(2)) }
  if (text.startsWith('map[string]')) return { is: 'map', of: parseType(text.slice(11)) }
  const scalar = SCALARS.find(name => name === text)
  return scalar === undefined ? { is: 'struct', name: text } : { is: scalar }
}

/** How Go names the type in a message. */
export function formatType(type: Type): string {
  switch (type.is) {
    case 'list':
      return `[]${formatType(type.of)}`
    case 'map':
      return `map[string]${formatType(type.of)}`
    case 'struct':
      return `v1.${structName(type.name)}`
    case 'quantity':
      return 'resource.Quantity'
    case 'bytes':
      return '[]uint8'
    case 'intOrString':
      return 'intstr.IntOrString'
    case 'time':
      return 'v1.Time'
    case 'any':
      return 'interface {}'
    case 'string':
    case 'bool':
    case 'int32':
    case 'int64':
      return type.is
  }
}

/** A struct's name without what sets it apart. */
export function structName(name: string): string {
  const mark = name.indexOf('@')
  return mark < 0 ? name : name.slice(0, mark)
}
