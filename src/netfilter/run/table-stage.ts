/**
 * One table at one hook: runs its chain, and carries out what it decides.
 *
 * @module
 */
import type { TableName } from '../rule.ts'
import type { HookResult, RuleStep } from './hook.ts'
import { dropped, type Ending, type HookRun } from './hook-run.ts'
import { CHAINS } from './hooks.ts'
import type { Decision } from './passing.ts'
import { answerTo } from './reject.ts'
import { traverse } from './traverse.ts'

/** What the table decides about the packet; nothing: the machine does not have the table. */
export function walkTable(run: HookRun, table: TableName): Decision | undefined {
  const { rules, hook, passing } = run
  if (!rules?.tables.has(table)) return undefined
  const { decision, skb, steps } = traverse(rules, table, CHAINS[hook], run.skb, passing)
  for (const step of steps) run.steps.push(step)
  run.skb = skb
  return decision
}

/** How a decision of another kind than NAT ends the run; an accept ends but the chain. */
export function endBy(run: HookRun, decision: Exclude<Decision, { readonly kind: 'nat' }>): Ending {
  switch (decision.kind) {
    case 'accept':
      return undefined
    case 'drop':
      return dropped(run, deciderOf(run))
    case 'reject': {
      const answer = answerTo(run.skb, decision.with, { ...run, surroundings: run.passing.surroundings })
      const { physIn } = run.devices
      const straight = answer && physIn !== undefined && decision.with === 'tcp-reset'
      return { ...dropped(run, deciderOf(run)), ...(answer && { answer }), ...(straight && { answerBy: physIn }) }
    }
    case 'queue':
      return queued(run)
    case 'undecided':
      return { verdict: 'undecided', skb: run.skb, steps: run.steps, undecided: decision.undecided }
  }
}

/** A program outside the kernel decides, and podwire does not know which. */
function queued({ skb, steps }: HookRun): HookResult {
  const last = steps.at(-1)
  if (last?.kind !== 'rule') throw new RangeError('a packet was queued by no rule')
  const { table, chain, number, rule } = last
  const why = 'the packet is handed to a program, which decides'
  return { verdict: 'undecided', skb, steps, undecided: { table, chain, number, rule, why } }
}

/** Which rule or policy decided, in words: `rule 7 of FORWARD in table filter`. */
function deciderOf({ steps }: HookRun): string {
  const last = steps.at(-1)
  if (last?.kind === 'policy') return `the policy of ${last.chain} in table ${last.table}`
  if (last?.kind === 'rule') return placeOf(last)
  throw new RangeError('a packet was decided on by no rule or policy')
}

function placeOf({ number, chain, table }: RuleStep): string {
  return `rule ${number} of ${chain} in table ${table}`
}
