/**
 * Commands by their words: what there is, and which one a command line calls.
 *
 * @module
 */
import type { Command } from './command.ts'

/** A command that is loaded when it is called. */
export interface Entry {
  readonly summary: string
  readonly load: () => Promise<Command>
}

/** Commands under one word, such as `lab up` and `lab down`. */
export interface Group {
  readonly summary: string
  /** A paragraph or two for `--help`. */
  readonly about: string
  readonly entries: Entries
  readonly examples: Command['examples']
}

export type Entries = Readonly<Record<string, Entry | Group>>

export interface Found {
  /** The words that lead to it. */
  readonly path: readonly string[]
  /** Absent: the first word leads nowhere. */
  readonly entry?: Entry | Group
  /** What else was said. */
  readonly rest: readonly string[]
}

/** As far as words lead: to a command, or to a group of which none was named. */
export function findEntry(entries: Entries, args: readonly string[]): Found {
  const [word, ...rest] = args
  const entry = word !== undefined && Object.hasOwn(entries, word) ? entries[word] : undefined
  if (word === undefined || !entry) return { path: [], rest: args }
  if (!('entries' in entry)) return { path: [word], entry, rest }
  const inside = findEntry(entry.entries, rest)
  return { entry, ...inside, path: [word, ...inside.path] }
}

/** A line for each. */
export function formatEntries(entries: Entries): string {
  return Object.entries(entries)
    .map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}\n`)
    .join('')
}

export function formatGroupHelp(path: readonly string[], { summary, about, entries, examples }: Group): string {
  const name = ['podwire', ...path].join(' ')
  return [
    `${summary[0]?.toUpperCase()}${summary.slice(1)}.\n`,
    `Usage: ${name} COMMAND [OPTIONS]\n`,
    `${about.trim()}\n`,
    `Commands:\n${formatEntries(entries)}`,
    'Examples:',
    ...examples.flatMap(({ does, call }) => [`  # ${does}`, `  ${call}\n`]),
    `Run '${name} COMMAND --help' for the options of a command.`,
    '',
  ].join('\n')
}
