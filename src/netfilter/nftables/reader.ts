/**
 * Reads the text of `nft list ruleset`, with `-a` or `-s` or without, so that the writer gives it back byte for byte.
 *
 * Statements, sets' properties and parts of tables that podwire does not know are kept as they are: see
 * {@link flagsOfNft}. What the writer would write in another way, such as the listing of another release, is kept with
 * its spelling.
 *
 * @module
 */
import { InputError, ParseError } from '../../base/error.ts'
import { readNftChain } from './chain-reader.ts'
import type { NftBlock, NftChain, NftFamily, NftRuleset, NftSet, NftTable } from './rule.ts'
import { readNftSet } from './set-reader.ts'

const TABLE = /^table (ip|ip6|inet|arp|bridge|netdev) ([^\s"{}]+|"[^"]*") \{(?: # handle (\d{1,15}))?$/
const BLOCK = /^\t(\S[^{}"]*) \{(?: # handle (\d{1,15}))?$/
const COMMENT = /^\tcomment "([^"]*)"$/
const FLAGS = /^\tflags (.+)$/

/**
 * The ruleset that the text lists.
 *
 * @throws {InputError} that names the line, counted from 1, when the text is not of that form
 */
export function parseNftRuleset(text: string): NftRuleset {
  const lines = new Lines(text)
  const tables: NftTable[] = []
  let remarks: string[] = []
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    if (line.startsWith('#')) remarks.push(line)
    else if (line !== '') {
      tables.push(readTable(lines, line, remarks))
      remarks = []
    }
  }
  if (remarks.length > 0) lines.fail('table', 'the text ends behind remarks')
  return { tables }
}

interface Draft {
  comment?: string
  flags?: ('dormant' | 'owner')[]
  readonly sets: NftSet[]
  readonly chains: NftChain[]
  readonly unknown: NftBlock[]
}

function readTable(lines: Lines, head: string, remarks: readonly string[]): NftTable {
  const [, family, name, handle] = TABLE.exec(head) ?? []
  if (family === undefined || name === undefined) lines.fail('table', 'not "table FAMILY NAME {"')
  const table: Draft = { sets: [], chains: [], unknown: [] }
  for (let line = lines.next(); line !== '}'; line = lines.next()) {
    if (line === undefined) lines.fail('table', 'its closing brace is missing')
    if (line !== '') readPart(lines, table, line, family as NftFamily)
  }
  const { unknown, ...known } = table
  return {
    family: family as NftFamily,
    name,
    ...known,
    ...(unknown.length > 0 && { unknown }),
    ...(handle !== undefined && { handle: Number(handle) }),
    ...(remarks.length > 0 && { remarks }),
  }
}

function readPart(lines: Lines, table: Draft, line: string, family: NftFamily): void {
  const comment = COMMENT.exec(line)?.[1]
  const flags = FLAGS.exec(line)?.[1]?.split(',')
  if (comment !== undefined) table.comment = comment
  else if (flags) {
    table.flags = flags.map(flag => {
      return flag === 'dormant' || flag === 'owner' ? flag : lines.fail('table', `its flag is ${JSON.stringify(flag)}`)
    })
  } else readBlock(lines, table, line, family)
}

function readBlock(lines: Lines, table: Draft, line: string, family: NftFamily): void {
  const [, head, number] = BLOCK.exec(line) ?? []
  if (head === undefined) lines.fail('table', 'neither a comment nor "KIND NAME {"')
  const handle = number === undefined ? {} : { handle: Number(number) }
  const first = lines.number
  const body = readBody(lines)
  const space = head.indexOf(' ')
  const kind = head.slice(0, space)
  const named = { name: head.slice(space + 1), ...handle }
  try {
    if (kind === 'chain') table.chains.push(readNftChain(named, body, family))
    else if (kind === 'set' || kind === 'map') table.sets.push(readNftSet(named, kind, body))
    else table.unknown.push({ head, lines: body, ...handle })
  } catch (cause) {
    // A set counts its own lines.
    if (cause instanceof InputError && cause.cause instanceof Error) {
      const own = Number(/^line (\d+)$/.exec(cause.place)?.[1])
      throw new InputError(`line ${first + own}`, cause.cause)
    }
    throw cause instanceof Error ? new InputError(`line ${first}`, cause) : cause
  }
}

function readBody(lines: Lines): string[] {
  const body: string[] = []
  for (let line = lines.next(); line !== '\t}'; line = lines.next()) {
    if (line === undefined) lines.fail('table', 'a closing brace is missing')
    if (!line.startsWith('\t\t')) lines.fail('table', 'not indented by two tabs')
    body.push(line.slice(2))
  }
  return body
}

/** The lines of a text, one after the other. */
class Lines {
  readonly #text: string
  #start = 0
  /** Of the line that was read last, counted from 1. */
  number = 0
  #line = ''

  constructor(text: string) {
    this.#text = text
  }

  next(): string | undefined {
    if (this.#start >= this.#text.length) return undefined
    const end = this.#text.indexOf('\n', this.#start)
    this.#line = this.#text.slice(this.#start, end < 0 ? undefined : end)
    this.#start = end < 0 ? this.#text.length : end + 1
    this.number++
    return this.#line
  }

  fail(what: string, problem: string): never {
    throw new InputError(`line ${this.number}`, new ParseError(what, this.#line, problem))
  }
}
