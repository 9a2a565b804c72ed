/**
 * What a reader expects of a packet's way and did not happen, and why not.
 *
 * Nothing here knows the names of chains: a rule that would rewrite the source stands in a chain
 * that the packet came to, and another rule of the chain, or its own conditions, kept it from that.
 *
 * @module
 */
import type { Family } from '../base/ip.ts'
import type { Rule, TableName } from '../netfilter/rule.ts'
import type { Hook, HookStep } from '../netfilter/run/hook.ts'
import { formatConditions } from './condition-text.ts'
import type { TraceContext } from './context.ts'
import { shortPlace } from './rule-text.ts'
import type { World } from './world.ts'

export interface Skipped {
  readonly what: string
  /** One reason for each chain that could have done it. */
  readonly why: readonly string[]
}

/** Rules of one hook of one machine, as a packet met them. */
export interface HookPart {
  readonly hook: Hook
  readonly machine: string
  readonly family: Family
  readonly steps: readonly HookStep[]
}

/**
 * Why the source was not rewritten at `postrouting`. Absent where it was, where the packet met no
 * rules for new connections, or where no chain that it came to would ever do it.
 */
export function skippedMasquerade(part: HookPart, { world }: TraceContext): Skipped | undefined {
  if (part.hook !== 'postrouting') return undefined
  const nat = part.steps.filter(step => 'table' in step && step.table === 'nat')
  if (nat.length === 0 || part.steps.some(step => step.kind === 'rewrite' && step.of === 'source')) return undefined
  if (nat.some(step => step.kind === 'rule' && rewritesSource(step.rule))) return undefined
  const chains = chainsOf('nat', part, world)
  const why = nat.flatMap(step => reasonAt(step, chains))
  return why.length > 0 ? { what: 'masquerade', why } : undefined
}

/** The rules of a table's chains, by name. */
type Chains = ReadonlyMap<string, { readonly rules: readonly Rule[] }>

function chainsOf(table: TableName, { family, machine }: HookPart, world: World): Chains {
  return world.machine(machine).config.rules?.[family]?.tables.get(table)?.chains ?? new Map()
}

function rewritesSource({ target }: Rule): boolean {
  return target?.do === 'masquerade' || target?.do === 'snat'
}

/** A rule that led out of a chain before the one that rewrites; or one that would rewrite and does not apply. */
function reasonAt(step: HookStep, chains: Chains): readonly string[] {
  if (step.kind === 'rule' && (step.effect === 'return' || step.effect === 'accept')) {
    const rest = chains.get(step.chain)?.rules.slice(step.number) ?? []
    return rest.some(rewritesSource) ? [`${shortPlace(step)} ${formatConditions(step.rule)}`] : []
  }
  if (step.kind !== 'miss') return []
  const missed = chains.get(step.chain)?.rules.slice(step.number - 1, step.to) ?? [step.rule]
  return missed.some(rewritesSource) ? [`${shortPlace(step)} ${step.why}`] : []
}
