/**
 * What a run of one table at one hook is told, and what it tells.
 *
 * @module
 */
import type { Family } from '../../base/ip.ts'
import type { Rule, TargetDo } from '../rule.ts'
import type { Circumstances, Devices, Hook, HookStep, RulePlace, Surroundings, Undecided } from './hook.ts'
import type { RuleMemory } from './rule-memory.ts'
import type { CompiledSets } from './set-table.ts'
import type { Skb } from './skb.ts'

/** What a run of one table at one hook knows. */
export interface Passing {
  readonly hook: Hook
  readonly family: Family
  readonly devices: Devices
  readonly surroundings: Surroundings
  readonly circumstances: Circumstances
  readonly sets: CompiledSets
  readonly memory: RuleMemory
}

export type RewriteTarget = TargetDo<'dnat' | 'snat' | 'masquerade' | 'redirect'>

/** How a run of one table ends. What NAT and REJECT do is left to the caller. */
export type Decision =
  /** By a rule or by the policy: the last step says which. */
  | { readonly kind: 'accept' | 'drop' | 'queue' }
  | { readonly kind: 'reject'; readonly with: string; readonly place: RulePlace; readonly rule: Rule }
  | { readonly kind: 'nat'; readonly target: RewriteTarget; readonly place: RulePlace; readonly rule: Rule }
  | { readonly kind: 'undecided'; readonly undecided: Undecided }

export interface Traversal {
  readonly decision: Decision
  /** As the rules left it. */
  readonly skb: Skb
  readonly steps: readonly HookStep[]
}
