/**
 * Rules made ready to be run.
 *
 * A ruleset may hold more than a hundred thousand rules of which a packet meets a dozen: chains and
 * rules are made ready when a packet first comes to them.
 *
 * @module
 */
import type { Match, Rule, Ruleset, Table, TableName, Target } from '../rule.ts'
import { type Act, actOf } from './act.ts'
import { type ChainIndex, indexChain } from './chain-index.ts'
import type { Condition, Holds } from './condition.ts'
import { conditionOf, isOwnCondition } from './holds.ts'
import { type SharedShapes, sharedShapes } from './shared-shapes.ts'

export interface CompiledRuleset {
  readonly ruleset: Ruleset
  readonly indexed: boolean
  readonly tables: ReadonlyMap<TableName, CompiledTable>
  /** Absent until a rule asks. */
  shapes: SharedShapes | undefined
}

interface CompiledTable {
  readonly of: CompiledRuleset
  readonly table: Table
  /** Those that were visited. */
  readonly chains: Map<string, CompiledChain>
}

export interface CompiledChain {
  readonly name: string
  readonly table: TableName
  readonly policy: 'accept' | 'drop' | undefined
  readonly rules: readonly Rule[]
  /** Absent: the chain is walked. */
  readonly index: ChainIndex | undefined
  /** Those that were visited. */
  readonly compiled: (CompiledRule | undefined)[]
  readonly home: CompiledTable
}

export interface CompiledRule {
  readonly rule: Rule
  /** From 1. */
  readonly number: number
  readonly conditions: readonly Condition[]
  /** The conditions' own questions, in the same order: what a walk over many rules reads. */
  readonly holds: readonly Holds[]
  readonly target: Target | undefined
  /** Of a target after which the next rule is next. */
  readonly act: Act | undefined
}

export interface CompileOptions {
  /** Whether to sort long chains by what their rules ask for. It changes no result. Absent: yes. */
  readonly index?: boolean
}

/** Cheap: nothing is done for a rule before a packet comes to its chain. */
export function compileRuleset(ruleset: Ruleset, { index = true }: CompileOptions = {}): CompiledRuleset {
  const tables = new Map<TableName, CompiledTable>()
  const compiled: CompiledRuleset = { ruleset, indexed: index, tables, shapes: undefined }
  for (const [name, table] of ruleset.tables) tables.set(name, { of: compiled, table, chains: new Map() })
  return compiled
}

/** A chain, made ready on the first visit; nothing when there is no such chain. */
export function findChain(rules: CompiledRuleset, table: TableName, name: string): CompiledChain | undefined {
  const home = rules.tables.get(table)
  return home && findChainIn(home, name)
}

/** As {@link findChain}, in a table that a chain is of. */
export function findChainIn(home: CompiledTable, name: string): CompiledChain | undefined {
  const known = home.chains.get(name)
  if (known) return known
  const chain = home.table.chains.get(name)
  if (!chain) return undefined
  const { rules, policy } = chain
  const compiled: CompiledChain = {
    name,
    table: home.table.name,
    policy,
    rules,
    index: home.of.indexed ? indexChain(rules) : undefined,
    compiled: [],
    home,
  }
  home.chains.set(name, compiled)
  return compiled
}

/** The rule at `index`, from 0, made ready on the first visit. */
export function ruleAt(chain: CompiledChain, index: number): CompiledRule | undefined {
  const known = chain.compiled[index]
  if (known) return known
  const rule = chain.rules[index]
  if (!rule) return undefined
  const compiled = compileRule(chain, rule, index + 1)
  chain.compiled[index] = compiled
  return compiled
}

function compileRule({ home, table, name }: CompiledChain, rule: Rule, number: number): CompiledRule {
  const { of: compiled } = home
  const { family } = compiled.ruleset
  const recentShape = (list: string) => named(shapesOf(compiled).recent, list)
  const hashlimitShape = (name: string) => named(shapesOf(compiled).hashlimit, name)
  const conditions = inOrder(rule.matches).map((match, i) => {
    const place = () => `${family}:${table}:${name}:${number}:${i}`
    return conditionOf(match, { family, recentShape, hashlimitShape, place })
  })
  const holds = conditions.map(condition => condition.holds)
  return { rule, number, conditions, holds, target: rule.target, act: actFor(rule.target) }
}

/** The kernel asks what `iptables` holds in the rule itself, then the extensions as they were written. */
function inOrder(matches: readonly Match[]): readonly Match[] {
  const own = matches.filter(isOwnCondition)
  const others = matches.filter(match => !isOwnCondition(match) && match.on !== 'comment')
  return [...own, ...others]
}

function actFor(target: Target | undefined): Act | undefined {
  switch (target?.do) {
    case 'mark':
    case 'connmark':
    case 'notrack':
    case 'trace':
    case 'log':
    case 'unknown':
      return actOf(target)
    case 'extension':
      return isVerdict(target.name) ? undefined : actOf(target)
    default:
      return undefined
  }
}

/** Extensions that end the table's run. */
function isVerdict(name: string): boolean {
  return name === 'NFQUEUE' || name === 'NETMAP'
}

/** What is shared depends on all rules that name it: they are looked through when the first one asks. */
function shapesOf(compiled: CompiledRuleset): SharedShapes {
  compiled.shapes ??= sharedShapes(compiled.ruleset)
  return compiled.shapes
}

function named<T>(shapes: ReadonlyMap<string, T>, name: string): T {
  const shape = shapes.get(name)
  if (shape === undefined) throw new RangeError(`no rule names ${name}`)
  return shape
}
