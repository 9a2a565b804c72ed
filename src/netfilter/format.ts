/**
 * Rules as text, in two forms: what kube-proxy writes for `iptables-restore --noflush`, and what
 * `iptables-save` prints after that has been loaded.
 *
 * This is the hot path of rendering a node: the few options that most rules are made of are
 * written by straight code here, all others by the tables of their extensions.
 *
 * @see iptables-save of iptables 1.8.9
 * @module
 */
import type { Family, Prefix } from '../base/ip.ts'
import { formatIp, formatPrefix, widthOf } from '../base/ip.ts'
import { ICMP, ICMPV6, SCTP, TCP, UDP } from '../base/protocol.ts'
import { writeMatch, writeTarget } from './extensions.ts'
import { formatProbability } from './matches/rate.ts'
import { formatProtocol } from './name.ts'
import type { Context, Form } from './option.ts'
import {
  BUILT_IN,
  type Chain,
  type ExtensionOption,
  type Match,
  type MatchOn,
  type Rule,
  type Ruleset,
  type Table,
  type TableName,
  type Target,
} from './rule.ts'
import { TextBuilder } from './text-builder.ts'
import { quoteIfNeeded, quoteSaved } from './word.ts'

export type { Form } from './option.ts'

const CONTEXTS: Readonly<Record<Form, Readonly<Record<Family, Context>>>> = {
  restore: { 4: { family: 4, form: 'restore' }, 6: { family: 6, form: 'restore' } },
  save: { 4: { family: 4, form: 'save' }, 6: { family: 6, form: 'save' } },
}

/** `-A CHAIN …`, without an end of line. */
export function formatRule(chain: string, rule: Rule, family: Family, form: Form): string {
  return `-A ${chain}${formatBody(rule, CONTEXTS[form][family])}`
}

/** What stands behind the name of the chain, with a blank before. */
function formatBody(rule: Rule, context: Context): string {
  const matches = context.form === 'save' ? saveMatches(rule.matches, context) : restoreMatches(rule.matches, context)
  return rule.target ? matches + formatTarget(rule.target, context) : matches
}

/** The rules of one chain, a line each, each line ended. */
export function formatChain(chain: Chain, family: Family, form: Form): string {
  let text = ''
  for (const rule of chain.rules) text += `${formatRule(chain.name, rule, family, form)}\n`
  return text
}

/** The order in which tables stand in a file; the tools have none of their own. */
const TABLES: readonly TableName[] = ['raw', 'mangle', 'nat', 'filter', 'security']

/**
 * Input for `iptables-restore --noflush`, which leaves foreign chains as they are. Loaded twice, it
 * gives the same rules as loaded once.
 *
 * A chain that the kernel calls is emptied if the ruleset has rules for it, and gets a policy only
 * if the ruleset says one.
 */
export function formatRestore(ruleset: Ruleset): string {
  const text = new TextBuilder()
  for (const table of tablesOf(ruleset)) {
    text.add(`*${table.name}\n`)
    for (const chain of table.chains.values()) {
      if (!isBuiltIn(table.name, chain.name)) text.add(`:${chain.name} - [0:0]\n`)
      else if (chain.policy) text.add(`:${chain.name} ${chain.policy.toUpperCase()} [0:0]\n`)
    }
    for (const name of BUILT_IN[table.name]) {
      // A line that declares a chain flushes it, but never one of the kernel's own.
      if (table.chains.get(name)?.rules.length) text.add(`-F ${name}\n`)
    }
    for (const chain of table.chains.values()) addRules(text, chain, ruleset.family, 'restore')
    text.add('COMMIT\n')
  }
  return text.toString()
}

/** What `iptables-save` prints once the ruleset is all there is, without its remarks on time and version. */
export function formatSave(ruleset: Ruleset): string {
  const text = new TextBuilder()
  for (const table of tablesOf(ruleset)) {
    text.add(`*${table.name}\n`)
    const names = [...table.chains.keys()].filter(name => !isBuiltIn(table.name, name)).sort()
    for (const name of BUILT_IN[table.name]) {
      text.add(`:${name} ${(table.chains.get(name)?.policy ?? 'accept').toUpperCase()} [0:0]\n`)
    }
    for (const name of names) text.add(`:${name} - [0:0]\n`)
    for (const name of [...BUILT_IN[table.name], ...names]) {
      const chain = table.chains.get(name)
      if (chain) addRules(text, chain, ruleset.family, 'save')
    }
    text.add('COMMIT\n')
  }
  return text.toString()
}

function tablesOf(ruleset: Ruleset): Table[] {
  return TABLES.flatMap(name => ruleset.tables.get(name) ?? [])
}

function isBuiltIn(table: TableName, chain: string): boolean {
  return BUILT_IN[table].includes(chain)
}

function addRules(text: TextBuilder, chain: Chain, family: Family, form: Form): void {
  const context = CONTEXTS[form][family]
  for (const rule of chain.rules) text.add(`-A ${chain.name}${formatBody(rule, context)}\n`)
}

/** A condition that is an option of iptables itself. */
type OwnMatch = MatchOn<'src' | 'dst' | 'in' | 'out' | 'proto' | 'fragment'>

/** The options of iptables itself in their fixed order, then the extensions as written. */
function saveMatches(matches: readonly Match[], context: Context): string {
  let src = ''
  let dst = ''
  let input = ''
  let output = ''
  let proto = ''
  let fragment = ''
  let rest = ''
  for (const match of matches) {
    switch (match.on) {
      case 'src':
        src = savedOwn(match)
        break
      case 'dst':
        dst = savedOwn(match)
        break
      case 'in':
        input = savedOwn(match)
        break
      case 'out':
        output = savedOwn(match)
        break
      case 'proto':
        proto = savedOwn(match)
        break
      case 'fragment':
        fragment = savedOwn(match)
        break
      default:
        rest += formatExtension(match, context)
    }
  }
  return src + dst + input + output + proto + fragment + rest
}

/** iptables does not print what holds for all packets. */
function savedOwn(match: OwnMatch): string {
  switch (match.on) {
    case 'src':
    case 'dst':
      if (match.in.bits === 0 && !match.not) return ''
      return `${match.not ? ' !' : ''} -${match.on === 'src' ? 's' : 'd'} ${formatPrefix(match.in)}`
    case 'in':
    case 'out':
      return match.device === '+' && !match.not ? '' : writtenOwn(match)
    case 'proto':
      return match.is === 0 ? '' : writtenOwn(match)
    case 'fragment':
      return writtenOwn(match)
  }
}

function writtenOwn(match: OwnMatch): string {
  const not = match.not ? ' !' : ''
  switch (match.on) {
    case 'src':
      return `${not} -s ${formatNetwork(match.in)}`
    case 'dst':
      return `${not} -d ${formatNetwork(match.in)}`
    case 'in':
      return `${not} -i ${match.device}`
    case 'out':
      return `${not} -o ${match.device}`
    case 'proto':
      return `${not} -p ${formatProtocol(match.is)}`
    case 'fragment':
      return `${not} -f`
  }
}

function formatNetwork(network: Prefix): string {
  return network.bits === widthOf(network.family) ? formatIp(network.base) : formatPrefix(network)
}

/** All options in written order. */
function restoreMatches(matches: readonly Match[], context: Context): string {
  let text = ''
  let announced: string | undefined
  let next = 0
  for (const match of matches) {
    next++
    switch (match.on) {
      case 'src':
      case 'dst':
      case 'in':
      case 'out':
      case 'fragment':
        text += writtenOwn(match)
        break
      case 'proto':
        announced = match.not ? undefined : announcedModule(matches, next, match.is)
        text += announced ? ` -m ${announced}${writtenOwn(match)}` : writtenOwn(match)
        break
      default:
        text += match.on === announced ? writeMatch(match, context) : formatExtension(match, context)
        announced = undefined
    }
  }
  return text
}

const MODULES: ReadonlyMap<number, Match['on']> = new Map([
  [TCP, 'tcp'],
  [UDP, 'udp'],
  [SCTP, 'sctp'],
  [ICMP, 'icmp'],
  [ICMPV6, 'icmp6'],
])

/**
 * The protocol's own extension if it is the next that follows: kube-proxy then writes `-m tcp -p tcp`
 * and the options of the extension where they stand.
 */
function announcedModule(matches: readonly Match[], from: number, protocol: number): string | undefined {
  const module = MODULES.get(protocol)
  if (module === undefined) return undefined
  for (let i = from; i < matches.length; i++) {
    const on = matches[i]?.on
    if (on === module) return module
    if (on !== 'src' && on !== 'dst' && on !== 'in' && on !== 'out' && on !== 'fragment') return undefined
  }
  return undefined
}

/** `-m MODULE` and its options, with a blank before. */
function formatExtension(match: Match, context: Context): string {
  switch (match.on) {
    case 'comment':
      return ` -m comment --comment ${context.form === 'save' ? quoteSaved(match.text) : quoteIfNeeded(match.text)}`
    case 'extension':
      return ` -m ${match.module}${formatOptions(match.options)}`
    case 'unknown':
      return ` -m ${match.module}${match.text === '' ? '' : ` ${match.text}`}`
    case 'statistic':
      return match.mode === 'random' && !match.not ? randomly(match.probability, context) : tabled(match, context)
    default:
      return tabled(match, context)
  }
}

function tabled(match: Match, context: Context): string {
  return ` -m ${match.on}${writeMatch(match, context)}`
}

/** A service with n endpoints has rules of probability 1/n, 1/(n-1), … 1/2: few texts, used often. */
const RANDOMLY: Readonly<Record<Form, Map<number, string>>> = { restore: new Map(), save: new Map() }
const MOST_KEPT = 4096

function randomly(probability: number, context: Context): string {
  const known = RANDOMLY[context.form]
  let text = known.get(probability)
  if (text === undefined) {
    text = ` -m statistic --mode random --probability ${formatProbability(probability, context)}`
    if (known.size < MOST_KEPT) known.set(probability, text)
  }
  return text
}

function formatOptions(options: readonly ExtensionOption[]): string {
  let text = ''
  for (const option of options) text += `${option.not ? ' !' : ''} --${[option.name, ...option.words].join(' ')}`
  return text
}

/** ` -j NAME` and its options. */
function formatTarget(target: Target, context: Context): string {
  switch (target.do) {
    case 'jump':
      return ` -j ${target.chain}`
    case 'goto':
      return ` -g ${target.chain}`
    case 'accept':
      return ' -j ACCEPT'
    case 'drop':
      return ' -j DROP'
    case 'return':
      return ' -j RETURN'
    case 'queue':
      return ' -j QUEUE'
    case 'extension':
      return ` -j ${target.name}${formatOptions(target.options)}`
    case 'unknown':
      return ` -j ${target.name}${target.text === '' ? '' : ` ${target.text}`}`
    default:
      return writeTarget(target, context)
  }
}
