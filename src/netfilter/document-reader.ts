/**
 * Reads text of `iptables-save` or for `iptables-restore`.
 *
 * @see iptables/iptables-restore.c of iptables
 * @module
 */
import { InputError, ParseError } from '../base/error.ts'
import type { Family } from '../base/ip.ts'
import { parseNumber } from './codec.ts'
import { type Document, formatStatement, type Line, type Statement } from './document.ts'
import { BUILT_IN, type Counters, type TableName } from './rule.ts'
import { readRule } from './rule-reader.ts'
import { splitWords, type Word } from './word.ts'

const LONGEST_CHAIN = 28

/**
 * Reads rules.
 *
 * @param family iptables or ip6tables: the text itself does not say
 * @throws {InputError} with the line's number, where `iptables-restore` would refuse it for its form
 */
export function parseRules(text: string, family: Family): Document {
  const lines: Line[] = []
  eachStatement(text, family, (statement, line) => {
    lines.push(formatStatement(statement, family) === line ? statement : { ...statement, spelling: line })
  })
  return { family, lines }
}

/**
 * Reads rules line by line, for whoever need not keep them all.
 *
 * @throws {InputError} with the line's number, as {@link parseRules} does, and for what `take` throws
 */
export function eachStatement(text: string, family: Family, take: (statement: Statement, line: string) => void): void {
  const reader = new DocumentReader(family)
  let number = 0
  try {
    for (let start = 0; start >= 0; ) {
      number++
      const end = text.indexOf('\n', start)
      const line = end < 0 ? text.slice(start) : text.slice(start, end)
      start = end < 0 ? -1 : end + 1
      take(reader.readStatement(line), line)
    }
    reader.finish()
  } catch (cause) {
    throw cause instanceof Error ? new InputError(`line ${number}`, cause) : cause
  }
}

class DocumentReader {
  readonly #family: Family
  readonly #isChain = (name: string) => this.#chains.has(name)
  #table: TableName | undefined
  #chains = new Set<string>()

  constructor(family: Family) {
    this.#family = family
  }

  /** @throws {ParseError} when the last table was not committed, and so would not be loaded */
  finish(): void {
    if (this.#table !== undefined) throw new ParseError('rules', `*${this.#table}`, 'its COMMIT is missing')
  }

  readStatement(line: string): Statement {
    if (line === '' || line.startsWith('#')) return { kind: 'remark', text: line }
    if (line.trim() === '') return { kind: 'remark', text: line }
    if (line.startsWith('*')) return this.#readTable(line)
    if (this.#table === undefined) throw new ParseError('rules', line, 'no table has begun')
    if (line.trimEnd() === 'COMMIT') {
      this.#table = undefined
      return { kind: 'commit' }
    }
    return line.startsWith(':') ? this.#readChain(line) : this.#readCommand(line)
  }

  #readTable(line: string): Statement {
    if (this.#table !== undefined) throw new ParseError('rules', line, `COMMIT of table ${this.#table} is missing`)
    const name = line.slice(1).trim()
    if (!isTable(name)) throw new ParseError('table', name, `not one of ${Object.keys(BUILT_IN).join(', ')}`)
    this.#table = name
    this.#chains = new Set(BUILT_IN[name])
    return { kind: 'table', table: name }
  }

  #readChain(line: string): Statement {
    const [name = '', policy, counters, ...more] = line
      .slice(1)
      .split(/[ \t]+/)
      .filter(Boolean)
    if (policy === undefined || more.length > 0) throw new ParseError('chain', line, 'not :NAME POLICY [PACKETS:BYTES]')
    this.#declare(name)
    return {
      kind: 'chain',
      chain: name,
      ...(policy !== '-' && { policy: parsePolicy(policy) }),
      ...(counters !== undefined && { counters: parseCounters(counters) }),
    }
  }

  #declare(name: string): void {
    this.#chains.add(checkChain(name))
  }

  #readCommand(line: string): Statement {
    const counted = line.startsWith('[') ? /^\[(\d{1,16}):(\d{1,16})\][ \t]*/.exec(line) : null
    const counters = counted && { packets: Number(counted[1]), bytes: Number(counted[2]) }
    const [command, chain, ...rest] = splitWords(line, counted?.[0].length ?? 0)
    const name = COMMANDS.get(command?.text ?? '')
    if (name === undefined) throw new ParseError('rules', line, 'neither a rule nor a command')
    if (chain === undefined) {
      if (name === 'flush' || name === 'remove' || name === 'zero') return { kind: name }
      throw new ParseError('rules', line, 'no chain is named')
    }
    checkChain(chain.text)
    const statement = this.#readNamed(name, chain.text, rest, line)
    if (!('rules' in statement)) return statement
    // Counters may stand in front of the rule or, as the option -c, within.
    return counters ? { ...statement, counters } : statement
  }

  #readNamed(name: Command, chain: string, rest: readonly Word[], line: string): Statement {
    if (isRuleCommand(name)) return this.#readRuleCommand(name, chain, rest, line)
    const [argument, ...others] = rest
    const last = name === 'policy' || name === 'rename' ? others[0] : argument
    if (last) throw new ParseError('rules', line, `"${last.text}" is one word too many`)
    return this.#readChainCommand(name, chain, argument?.text ?? '')
  }

  #readRuleCommand(name: RuleCommand, chain: string, rest: readonly Word[], line: string): Statement {
    const [first, ...others] = rest
    const place = isNumber(first) ? parsePlace(first.text) : undefined
    switch (name) {
      case 'append':
        return { kind: name, chain, ...this.#readRule(rest, line) }
      case 'insert':
        return { kind: name, chain, at: place ?? 1, ...this.#readRule(place === undefined ? rest : others, line) }
      case 'replace':
        if (place === undefined) throw new ParseError('rules', line, 'it does not say which rule to replace')
        return { kind: name, chain, at: place, ...this.#readRule(others, line) }
      case 'delete':
        return place !== undefined && others.length === 0
          ? { kind: 'delete at', chain, at: place }
          : { kind: name, chain, ...this.#readRule(rest, line) }
    }
  }

  #readChainCommand(name: ChainCommand, chain: string, argument: string): Statement {
    switch (name) {
      case 'flush':
      case 'remove':
      case 'zero':
        return { kind: name, chain }
      case 'new':
        this.#declare(chain)
        return { kind: 'new', chain }
      case 'policy':
        return { kind: 'policy', chain, policy: parsePolicy(argument) }
      case 'rename':
        this.#declare(argument)
        return { kind: 'rename', chain, to: argument }
    }
  }

  #readRule(words: readonly Word[], line: string): ReturnType<typeof readRule> {
    return readRule(words, line, this.#family, this.#isChain)
  }
}

type RuleCommand = 'append' | 'insert' | 'replace' | 'delete'
type ChainCommand = 'flush' | 'remove' | 'zero' | 'new' | 'policy' | 'rename'
type Command = RuleCommand | ChainCommand

function isRuleCommand(name: Command): name is RuleCommand {
  return name === 'append' || name === 'insert' || name === 'replace' || name === 'delete'
}

const COMMANDS: ReadonlyMap<string, Command> = new Map(
  (
    [
      ['append', '-A', '--append'],
      ['insert', '-I', '--insert'],
      ['replace', '-R', '--replace'],
      ['delete', '-D', '--delete'],
      ['flush', '-F', '--flush'],
      ['remove', '-X', '--delete-chain'],
      ['zero', '-Z', '--zero'],
      ['new', '-N', '--new-chain', '--new'],
      ['policy', '-P', '--policy'],
      ['rename', '-E', '--rename-chain'],
    ] as const
  ).flatMap(([command, ...names]) => names.map(name => [name, command] as const)),
)

function isTable(name: string): name is TableName {
  return Object.hasOwn(BUILT_IN, name)
}

function isNumber(word: Word | undefined): word is Word {
  return word !== undefined && /^\d+$/.test(word.text)
}

function parsePlace(text: string): number {
  const at = parseNumber(`${Number(text)}`, 'rule number')
  if (at === 0) throw new ParseError('rule number', text, 'rules are counted from 1')
  return at
}

function parsePolicy(text: string): 'accept' | 'drop' {
  if (text === 'ACCEPT') return 'accept'
  if (text === 'DROP') return 'drop'
  throw new ParseError('policy', text, 'neither ACCEPT nor DROP')
}

function parseCounters(text: string): Counters {
  const counters = /^\[(\d{1,16}):(\d{1,16})\]$/.exec(text)
  if (!counters) throw new ParseError('counters', text, 'not [PACKETS:BYTES]')
  return { packets: Number(counters[1]), bytes: Number(counters[2]) }
}

/** @throws {ParseError} unless the kernel could have a chain of that name */
function checkChain(name: string): string {
  const refused = name === '' || name.length > LONGEST_CHAIN || /^[-!]|[\s]/.test(name)
  if (refused) throw new ParseError('chain', name, `not a name of 1 to ${LONGEST_CHAIN} characters`)
  return name
}
