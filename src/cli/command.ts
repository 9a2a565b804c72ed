/**
 * What a command is: its words, its options, and what it does.
 *
 * Help, parsing and completion all read the same value.
 *
 * @module
 */
import { parseArgs } from 'node:util'
import { type ExitCode, type ProgramCode, UsageError } from './exit.ts'
import type { Io } from './io.ts'

export interface Option {
  /** The long form, without dashes. */
  readonly name: string
  /** The one-letter form. */
  readonly short?: string
  /** What the value stands for in help, such as `FILE`; absent for a switch. */
  readonly value?: string
  /** May be given several times. */
  readonly many?: true
  readonly help: string
  /** Shown in help; applied by the command. */
  readonly default?: string
}

export interface Command {
  readonly name: string
  readonly summary: string
  /** The call without `podwire NAME`. */
  readonly usage: string
  /** A paragraph or two for `--help`. */
  readonly about: string
  readonly options: readonly Option[]
  readonly examples: readonly { readonly does: string; readonly call: string }[]
  /** @returns the exit code: podwire's own, or that of a program that it ran for the person */
  readonly run: (given: Given, io: Io) => Promise<ExitCode | ProgramCode>
}

/** A command line, taken apart. */
export class Given {
  readonly words: readonly string[]
  readonly #values: ReadonlyMap<string, readonly string[]>

  constructor(words: readonly string[], values: ReadonlyMap<string, readonly string[]>) {
    this.words = words
    this.#values = values
  }

  /** The last value given for `name`. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1)
  }

  /** All values given for `name`, in order. */
  texts(name: string): readonly string[] {
    return this.#values.get(name) ?? []
  }

  is(name: string): boolean {
    return this.#values.has(name)
  }

  /** @throws {UsageError} unless the value is a whole number from `least` to `most` */
  integer(name: string, least: number, most: number): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new UsageError(`--${name} takes a whole number from ${least} to ${most}, not "${text}"`)
    }
    return value
  }

  /** @throws {UsageError} unless the value is one of `words` */
  choice<T extends string>(name: string, words: readonly T[]): T | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const word = words.find(one => one === text)
    if (word === undefined) throw new UsageError(`--${name} is one of ${words.join(', ')}, not "${text}"`)
    return word
  }
}

export const HELP: Option = { name: 'help', short: 'h', help: 'show this help' }

/** @throws {UsageError} for an option that the command does not have, or one without its value */
export function parseCommandLine(command: Command, args: readonly string[]): Given {
  const known = [...command.options, HELP]
  const options = Object.fromEntries(
    known.map(({ name, short, value }) => [
      name,
      { type: value ? ('string' as const) : ('boolean' as const), multiple: true, ...(short ? { short } : {}) },
    ]),
  )
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
    const given = Object.entries(values).map(([name, list]): [string, string[]] => [
      name,
      [list ?? []].flat().map(String),
    ])
    return new Given(positionals, new Map(given))
  } catch (cause) {
    // Node's message explains positional arguments at length; its first sentence says what is wrong.
    throw new UsageError((cause as Error).message.split('. ')[0] ?? 'the command line is malformed')
  }
}

/** The help of one command. */
export function formatHelp(command: Command): string {
  const rows = [...command.options, HELP].map((option): [string, string] => [optionForm(option), optionHelp(option)])
  const width = Math.max(...rows.map(([form]) => form.length)) + 2
  return [
    `${command.summary}\n`,
    `Usage: podwire ${command.name} ${command.usage}\n`,
    `${command.about.trim()}\n`,
    'Examples:',
    ...command.examples.flatMap(({ does, call }) => [`  # ${does}`, `  ${call}\n`]),
    'Options:',
    ...rows.map(([form, help]) => `  ${form.padEnd(width)}${help}`),
    '',
  ].join('\n')
}

function optionForm({ name, short, value }: Option): string {
  return `${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`
}

function optionHelp({ help, default: byDefault }: Option): string {
  return byDefault === undefined ? help : `${help} (default ${byDefault})`
}
