/**
 * Text of `iptables-save` or for `iptables-restore`, line by line, with nothing lost.
 *
 * Each line is a value. Where the value alone would not be written as the line was, the line keeps
 * its own spelling beside it: what was read is written back byte for byte.
 *
 * @module
 */
import type { Family } from '../base/ip.ts'
import { formatRule } from './format.ts'
import type { Counters, MatchOn, Rule, TableName } from './rule.ts'

/** What the lines are for; `at` counts a chain's rules from 1. */
export type Statement =
  /** A blank line, or a remark that begins with `#`. */
  | { readonly kind: 'remark'; readonly text: string }
  | { readonly kind: 'table'; readonly table: TableName }
  /** `:NAME POLICY [packets:bytes]`. Without policy it is a chain of the user's, which is emptied. */
  | {
      readonly kind: 'chain'
      readonly chain: string
      readonly policy?: 'accept' | 'drop'
      readonly counters?: Counters
    }
  | ({ readonly kind: 'append' } & Rules)
  | ({ readonly kind: 'insert'; readonly at: number } & Rules)
  | ({ readonly kind: 'replace'; readonly at: number } & Rules)
  | ({ readonly kind: 'delete' } & Rules)
  | { readonly kind: 'delete at'; readonly chain: string; readonly at: number }
  /** Commands about one chain or, without one, about all. */
  | { readonly kind: 'flush' | 'remove' | 'zero'; readonly chain?: string }
  | { readonly kind: 'new'; readonly chain: string }
  | { readonly kind: 'policy'; readonly chain: string; readonly policy: 'accept' | 'drop' }
  | { readonly kind: 'rename'; readonly chain: string; readonly to: string }
  | { readonly kind: 'commit' }

/** The rules that one line makes: several when it lists several addresses, none when it is for the other family. */
export interface Rules {
  readonly chain: string
  readonly rules: readonly Rule[]
  readonly counters?: Counters
}

export type Line = Statement & {
  /** The line as it was, where the writer would write it in another way. */
  readonly spelling?: string
}

export interface Document {
  readonly family: Family
  /** In the order of the text: the first is line 1. */
  readonly lines: readonly Line[]
}

/** The text that the document was read from. */
export function formatDocument(document: Document): string {
  return document.lines.map(line => line.spelling ?? formatStatement(line, document.family)).join('\n')
}

/** A line as `iptables-save` writes it or, for what only `iptables-restore` takes, in its short form. */
export function formatStatement(line: Statement, family: Family): string {
  switch (line.kind) {
    case 'remark':
      return line.text
    case 'table':
      return `*${line.table}`
    case 'chain': {
      const { packets, bytes } = line.counters ?? { packets: 0, bytes: 0 }
      return `:${line.chain} ${line.policy?.toUpperCase() ?? '-'} [${packets}:${bytes}]`
    }
    case 'append':
      return formatRules(line, family, '-A', line.chain)
    case 'insert':
      return formatRules(line, family, '-I', line.at === 1 ? line.chain : `${line.chain} ${line.at}`)
    case 'replace':
      return formatRules(line, family, '-R', `${line.chain} ${line.at}`)
    case 'delete':
      return formatRules(line, family, '-D', line.chain)
    case 'delete at':
      return `-D ${line.chain} ${line.at}`
    case 'flush':
      return line.chain === undefined ? '-F' : `-F ${line.chain}`
    case 'remove':
      return line.chain === undefined ? '-X' : `-X ${line.chain}`
    case 'zero':
      return line.chain === undefined ? '-Z' : `-Z ${line.chain}`
    case 'new':
      return `-N ${line.chain}`
    case 'policy':
      return `-P ${line.chain} ${line.policy.toUpperCase()}`
    case 'rename':
      return `-E ${line.chain} ${line.to}`
    case 'commit':
      return 'COMMIT'
  }
}

/** One rule on one line; a line of several, or of none, has a spelling of its own. */
function formatRules({ rules, counters }: Rules, family: Family, command: string, where: string): string {
  const [rule] = rules
  if (!rule || rules.length > 1) return ''
  const counted = counters ? `[${counters.packets}:${counters.bytes}] ` : ''
  return `${counted}${command} ${formatRule(where, rule, family, 'save').slice('-A '.length)}`
}

/** A part of a rule that podwire does not know. */
export interface Flag {
  /** Counted from 1. */
  readonly line: number
  readonly chain: string
  /** The module as it is named in the text: `-m NAME` or `-j NAME`. */
  readonly module: string
  readonly part: 'match' | 'target'
  /** What follows the name. */
  readonly text: string
  /** What is wrong with it; absent: nothing is known of the module. */
  readonly why?: string
}

/** All parts of rules that were kept verbatim because podwire does not know them. */
export function flagsOf(document: Document): Flag[] {
  return document.lines.flatMap((line, i) =>
    'rules' in line ? line.rules.flatMap(rule => flagsOfRule(rule, i + 1, line.chain)) : [],
  )
}

function flagsOfRule(rule: Rule, line: number, chain: string): Flag[] {
  const flags = rule.matches
    .filter((match): match is MatchOn<'unknown'> => match.on === 'unknown')
    .map(({ on: _, ...match }): Flag => ({ line, chain, part: 'match', ...match }))
  if (rule.target?.do !== 'unknown') return flags
  const { do: _, name, ...target } = rule.target
  return [...flags, { line, chain, part: 'target', module: name, ...target }]
}
