/**
 * Writing down what rules did, and in a verbose run which did not match and why.
 *
 * @module
 */
import type { CompiledChain, CompiledRule } from './compiled.ts'
import type { Effect, HookStep, MissStep } from './hook.ts'
import type { Probe } from './probe.ts'
import type { Skb } from './skb.ts'
import { kindOfMiss, whyNot } from './why-not.ts'

/** Owned by one run of one table. */
export interface Journal {
  readonly verbose: boolean
  readonly steps: HookStep[]
  /** Neighbours that did not match for one reason, not yet written down. */
  missed: Missed | undefined
}

interface Missed {
  readonly step: MissStep
  readonly at: Skb
  /** What their reasons have in common, in words. */
  readonly kind: string | undefined
  to: number
  /** All of them for the very same reason. */
  same: boolean
}

export function createJournal(verbose: boolean): Journal {
  return { verbose, steps: [], missed: undefined }
}

/** What else there is to say of a rule that matched. */
interface Beside {
  readonly note?: string | undefined
  readonly assumed?: string | undefined
}

/** A rule that matched, after it was carried out; `before` is the packet as it came to it. */
export function noteRule(
  journal: Journal,
  { table, name: chain }: CompiledChain,
  { rule, number }: CompiledRule,
  effect: Effect,
  before: Skb,
  probe: Probe,
  { note, assumed }: Beside = {},
): void {
  flush(journal)
  const { skb: after, chanceTaken: taken, chanceOf: of } = probe
  const why = assumed || probe.assumed
  journal.steps.push({
    kind: 'rule',
    table,
    chain,
    number,
    rule,
    effect,
    before,
    after,
    ...(of > 0 && { chance: { taken, of } }),
    ...(note !== undefined && { note }),
    ...(why !== '' && { assumed: { table, chain, number, rule, why } }),
  })
}

/** A rule that did not match, just after it was asked. */
export function noteMiss(
  journal: Journal,
  { table, name: chain }: CompiledChain,
  { rule, number, conditions }: CompiledRule,
  probe: Probe,
): void {
  const match = conditions[probe.failed]?.match
  if (!match) throw new RangeError(`rule ${number} of ${chain} did not match for no reason`)
  const { missed } = journal
  const { chanceTaken: taken, chanceOf: of } = probe
  const kind = of > 0 ? undefined : kindOfMiss(match, probe)
  const why = whyNot(match, probe)
  // Whatever changes the packet is a step of its own, so that neighbours saw the same one.
  if (missed && of === 0 && !missed.step.chance) {
    const same = missed.same && why === missed.step.why
    if (same || (kind !== undefined && kind === missed.kind)) {
      missed.same = same
      missed.to = number
      return
    }
  }
  flush(journal)
  const step = { kind: 'miss', table, chain, number, to: number, rule, match, why } as const
  const chance = of > 0 ? { chance: { taken, of } } : {}
  journal.missed = { step: { ...step, ...chance }, at: probe.skb, kind, to: number, same: true }
}

/** The end of a built-in chain. */
export function notePolicy(journal: Journal, { table, name }: CompiledChain, policy: 'accept' | 'drop', at: Skb): void {
  flush(journal)
  journal.steps.push({ kind: 'policy', table, chain: name, policy, before: at, after: at })
}

/** Writes down the rules that did not match so far: they are not neighbours of those that follow. */
export function flush(journal: Journal): void {
  const { missed } = journal
  if (!missed) return
  const { step, at, to, same, kind } = missed
  journal.steps.push({ ...step, to, why: same ? step.why : (kind ?? step.why), before: at, after: at })
  journal.missed = undefined
}
