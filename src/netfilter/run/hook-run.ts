/**
 * One packet's run through one hook: where it stands, and what has happened so far.
 *
 * @module
 */
import type { CompiledRuleset } from './compiled.ts'
import type { ConnectionTable } from './conntrack-table.ts'
import type { Devices, Hook, HookResult, HookStep } from './hook.ts'
import type { Passing } from './passing.ts'
import type { Skb } from './skb.ts'
import type { Tracking } from './tracker.ts'

export interface HookRun {
  readonly hook: Hook
  readonly devices: Devices
  /** Absent: the machine has no rules of the family. */
  readonly rules: CompiledRuleset | undefined
  readonly passing: Passing
  readonly table: ConnectionTable
  readonly tracking: Tracking
  /** As it is now. */
  skb: Skb
  readonly steps: HookStep[]
}

/** How a stage ends the run; nothing: the packet goes on. */
export type Ending = HookResult | undefined

/** Ends the run for good. `why` in words. */
export function dropped({ skb, steps }: HookRun, why: string): Extract<HookResult, { readonly verdict: 'drop' }> {
  return { verdict: 'drop', skb, steps, why }
}

type WithoutSkbs<S> = S extends HookStep ? Omit<S, 'before' | 'after'> : never

/** Adds a step that leaves the packet as `after`, and goes on with that. */
export function step(run: HookRun, detail: WithoutSkbs<HookStep>, after: Skb): void {
  run.steps.push({ ...detail, before: run.skb, after })
  run.skb = after
}
