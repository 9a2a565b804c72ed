/**
 * Options of extensions: one table for each extension serves the reader and the writer.
 *
 * A table lists its options in the order in which `iptables-save` prints them.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import type { Family } from '../base/ip.ts'

/** `restore` is what kube-proxy writes for `iptables-restore`, `save` what `iptables-save` prints. */
export type Form = 'restore' | 'save'

/** What the spelling of a value depends on besides the value. */
export interface Context {
  readonly family: Family
  readonly form: Form
}

/** One value and its text; `text` is the option's words joined by blanks. */
export interface Codec<T> {
  /** How many words it takes; absent: one. */
  readonly words?: 0 | 1 | 2
  parse(text: string, context: Context): T
  format(value: T, context: Context): string
}

/** What has been read so far of an extension's options. */
export type Draft = Record<string, unknown>

export interface Option<V> {
  /** The name that is written, then other spellings, all without the leading `--`. */
  readonly names: readonly [string, ...string[]]
  readonly words: number
  readonly negatable: boolean
  read(draft: Draft, text: string, not: boolean, context: Context): void
  /** ` --name words`, or nothing when the value does not say so. */
  write(value: V, context: Context): string
}

/** The options of one extension. */
export interface Extension<V> {
  /** The name that follows `-m` or `-j`. */
  readonly name: string
  readonly options: readonly Option<V>[]
  /** What is meant where nothing is said. */
  readonly complete?: (draft: Draft, context: Context) => Draft
  /** Fields without which the extension says nothing. */
  readonly needs?: readonly string[] | ((draft: Draft) => readonly string[])
}

interface Negated {
  readonly not?: true
}

type Names = readonly [string, ...string[]]
type Present<T> = Exclude<T, undefined>

/** Makers of options that stand for fields of `V`. */
export interface OptionMakers<V> {
  /** A field that cannot be negated. `unless` is the value that need not be written. */
  field<K extends keyof V & string>(
    key: K,
    names: Names,
    codec: Codec<Present<V[K]>>,
    unless?: Present<V[K]>,
  ): Option<V>
  /** A field that carries its own `not`. */
  part<K extends keyof V & string>(key: K, names: Names, codec: Codec<Omit<Present<V[K]>, 'not'>>): Option<V>
  /** An option that says all that the value says; the value itself carries `not`. */
  whole<T>(names: Names, codec: Codec<T>): Option<V>
  /** A field that is `true` or absent. */
  flag<K extends keyof V & string>(key: K, names: Names): Option<V>
}

export function optionsOf<V extends object>(): OptionMakers<V> {
  return {
    field: (key, names, codec, unless) => ({
      names,
      words: codec.words ?? 1,
      negatable: false,
      read: (draft, text, _not, context) => {
        const value = codec.parse(text, context)
        if (value !== unless) draft[key] = value
      },
      write: (value, context) => {
        const own = value[key] as Present<V[typeof key]> | undefined
        return own === undefined || own === unless ? '' : ` --${names[0]} ${codec.format(own, context)}`
      },
    }),
    part: (key, names, codec) => ({
      names,
      words: codec.words ?? 1,
      negatable: true,
      read: (draft, text, not, context) => {
        draft[key] = negated(codec.parse(text, context), not)
      },
      write: (value, context) => {
        const own = value[key] as (Present<V[typeof key]> & Negated) | undefined
        return own === undefined ? '' : spell(names[0], own.not, codec.format(own, context))
      },
    }),
    whole: (names, codec) => ({
      names,
      words: codec.words ?? 1,
      negatable: true,
      read: (draft, text, not, context) => {
        Object.assign(draft, negated(codec.parse(text, context), not))
      },
      write: (value, context) => spell(names[0], (value as Negated).not, codec.format(value as never, context)),
    }),
    flag: (key, names) => ({
      names,
      words: 0,
      negatable: false,
      read: draft => {
        draft[key] = true
      },
      write: value => (value[key] === true ? ` --${names[0]}` : ''),
    }),
  }
}

function negated<T>(value: T, not: boolean): T | (T & Negated) {
  return not ? { ...value, not: true } : value
}

function spell(name: string, not: true | undefined, words: string): string {
  return `${not ? ' !' : ''} --${name}${words === '' ? '' : ` ${words}`}`
}

/**
 * The value that the options read so far make.
 *
 * @throws {ParseError} when a needed one is missing
 */
export function completeDraft(extension: Extension<never>, draft: Draft, context: Context): Draft {
  const { complete, needs = [] } = extension
  const whole = complete ? complete(draft, context) : draft
  const missing = (typeof needs === 'function' ? needs(whole) : needs).find(field => whole[field] === undefined)
  if (missing !== undefined) throw new ParseError('extension', extension.name, `its ${missing} is missing`)
  return whole
}

/** The options that `value` has, in the order of the table, each with a blank before it. */
export function writeOptions<V>(extension: Extension<V>, value: V, context: Context): string {
  let text = ''
  for (const option of extension.options) text += option.write(value, context)
  return text
}
