/**
 * An environment as an env file: a line `NAME=value` for each variable.
 *
 * Values stand as they are wherever `docker run --env-file` and dotenv read that alike. Those with line ends, `#`,
 * quotes at their start or blanks at their ends are quoted: dotenv and `node --env-file` read these, Docker does not.
 *
 * @see https://github.com/motdotla/dotenv, rules; https://docs.docker.com/reference/cli/docker/container/run/#env
 *
 * @module
 */
import { visible } from '../base/visible.ts'
import { formatOrigin, type Variable } from './variable.ts'

export interface EnvFile {
  readonly text: string
  /** Variables whose lines Docker does not read: they are quoted. */
  readonly quoted: readonly string[]
  /** Variables that stand in a comment only, as they hold a Secret's value. */
  readonly hidden: readonly string[]
  /** Variables that no such file can hold, and so stand in a comment, with the reason. */
  readonly left: readonly { readonly name: string; readonly why: string }[]
}

/**
 * @param secrets whether values of Secrets are written; otherwise their variables stand in comments
 */
export function formatEnvFile(variables: readonly Variable[], secrets: boolean): EnvFile {
  const lines: string[] = []
  const quoted: string[] = []
  const hidden: string[] = []
  const left: { name: string; why: string }[] = []
  for (const variable of variables) {
    if (variable.masked !== undefined && !secrets) {
      hidden.push(variable.name)
      lines.push(comment(variable, "holds a Secret's value, which is not written"))
      continue
    }
    const line = lineOf(variable)
    if ('why' in line) {
      left.push({ name: variable.name, why: line.why })
      lines.push(comment(variable, line.why))
      continue
    }
    lines.push(`${variable.name}=${line.value}\n`)
    if (line.quoted) quoted.push(variable.name)
  }
  return { text: lines.join(''), quoted, hidden, left }
}

function comment({ name, origin }: Variable, why: string): string {
  return `# ${visible(`${name}: ${why} (${formatOrigin(origin)})`)}\n`
}

type Line = { readonly value: string; readonly quoted: boolean } | { readonly why: string }

/** What dotenv takes for a name. */
const NAME = /^[\w.-]+$/

function lineOf({ name, value, unknown = '' }: Variable): Line {
  if (value === undefined) return { why: unknown }
  if (!NAME.test(name)) return { why: 'no env file can hold a variable of that name' }
  return quoteValue(value) ?? { why: 'no env file can hold its value' }
}

/** Each quote, and what a value in it must not hold. A backslash at the end would take the quote with it. */
const QUOTES: readonly (readonly [quote: string, unfit: RegExp])[] = [
  ["'", /['\r]|\\$/],
  // Between these, \n is the end of a line.
  ['"', /["\r\\]/],
  ['`', /[`\r]|\\$/],
]

function quoteValue(value: string): { readonly value: string; readonly quoted: boolean } | undefined {
  const isPlain = value === value.trim() && !/^['"`]|[#\r\n]/.test(value)
  if (isPlain) return { value, quoted: false }
  const found = QUOTES.find(([, unfit]) => !unfit.test(value))
  return found && { value: `${found[0]}${value}${found[0]}`, quoted: true }
}
