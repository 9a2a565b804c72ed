/**
 * What rules did to a packet at one hook, in as many lines as it takes to say what mattered.
 *
 * @module
 */

import { formatNear } from '../base/ratio.ts'
import type { Hook, HookStep } from '../netfilter/run/hook.ts'
import { chanceAt } from './chance.ts'
import { hex } from './condition-text.ts'
import type { TraceContext } from './context.ts'
import type { Path } from './journey.ts'
import { formatChanged } from './packet-column.ts'
import { formatPlace, formatWay, type MatchedRule, shortPlace, wayTo } from './rule-text.ts'
import { type HookPart, skippedMasquerade } from './skipped.ts'
import type { Said } from './step-line.ts'

/** Targets that set up how a connection is rewritten, as iptables calls them. */
const NAT_NAMES: Readonly<Partial<Record<MatchedRule['effect'], string>>> = {
  dnat: 'DNAT',
  snat: 'SNAT',
  masquerade: 'MASQUERADE',
  redirect: 'REDIRECT',
}

/** Hooks at which it is worth a line that the filter let the packet pass. */
const GATES: readonly Hook[] = ['input', 'forward', 'output']

export function sayHook(part: HookPart, path: Path, context: TraceContext): readonly Said[] {
  const said = part.steps.flatMap(step => sayHookStep(step, part, path))
  const gate = sayGate(part)
  const skipped = skippedMasquerade(part, context)
  const at = part.hook.toUpperCase()
  return [
    ...said,
    ...(gate ? [gate] : []),
    ...(skipped ? [{ at, text: `skipped: ${skipped.what}  (${skipped.why.join('; ')})`, tone: 'dim' } as const] : []),
  ]
}

function sayHookStep(step: HookStep, part: HookPart, path: Path): readonly Said[] {
  const at = part.hook.toUpperCase()
  switch (step.kind) {
    case 'rule':
      return sayRule(step, part, path, at)
    case 'policy':
      return step.policy === 'drop'
        ? [{ at, text: `dropped by the policy of ${step.table}:${step.chain}`, tone: 'bad' }]
        : []
    case 'track':
      return step.tracked.state === 'NEW' || step.tracked.state === 'UNTRACKED' || !step.tuples
        ? sayUntracked(step, at)
        : []
    case 'rewrite':
      return sayRewrite(step, at)
    case 'miss':
    case 'confirm':
      return []
  }
}

function sayUntracked({ tracked }: Extract<HookStep, { kind: 'track' }>, at: string): readonly Said[] {
  return tracked.state === 'INVALID'
    ? [{ at, text: 'connection tracking makes nothing of the packet: INVALID', tone: 'plain' }]
    : []
}

function sayRule(step: MatchedRule, { steps }: HookPart, path: Path, at: string): readonly Said[] {
  const said: Said[] = []
  const way = () => `${step.table}  ${formatWay(wayTo(steps, step))}`
  if (step.assumed)
    said.push({ at, text: `${way()}  ${step.note ?? 'taken to match'}: ${step.assumed.why}`, tone: 'change' })
  if (step.effect === 'drop') said.push({ at, text: `${way()}  DROP`, tone: 'bad' })
  if (step.effect === 'reject') said.push({ at, text: `${way()}  REJECT${rejectedWith(step)}`, tone: 'bad' })
  if (step.effect === 'queue') said.push({ at, text: `${way()}  QUEUE`, tone: 'bad' })
  const nat = NAT_NAMES[step.effect]
  if (nat !== undefined) said.push({ at, text: way(), packet: natText(step, nat, steps, path), tone: 'change' })
  const set = step.after.mark & ~step.before.mark
  if (set !== 0) said.push({ at, text: way(), packet: `mark ${hex(set)}`, tone: 'change' })
  return said
}

function rejectedWith({ rule }: MatchedRule): string {
  return rule.target?.do === 'reject' ? ` with ${rule.target.with}` : ''
}

/** `> 10.244.2.9:8080  DNAT  p=1/3` */
function natText({ before, after, effect }: MatchedRule, nat: string, steps: readonly HookStep[], path: Path): string {
  const changed = before.packet === after.packet ? 'unchanged' : formatChanged(before.packet, after.packet)
  const chance = effect === 'dnat' || effect === 'redirect' ? chanceAt(steps, path) : undefined
  return `${changed}  ${nat}${chance ? `  p=${formatNear(chance)}` : ''}`
}

/** What NAT did to a packet beside what a rule asked for just then. */
function sayRewrite(step: Extract<HookStep, { kind: 'rewrite' }>, at: string): readonly Said[] {
  const { before, after } = step
  if (before.packet === after.packet) return []
  return [{ at, text: rewriteText(step), packet: formatChanged(before.packet, after.packet), tone: 'change' }]
}

/** In the direction of answers, what was done to the one end is undone at the other. */
function rewriteText({ of, by, after }: Extract<HookStep, { kind: 'rewrite' }>): string {
  if (by === 'related') return 'NAT of the packet that the error is about'
  if (by === 'clash') return 'NAT: another connection has these ends already'
  if (after.tracked?.direction === 'reply') return `un-${of === 'source' ? 'DNAT' : 'SNAT'}, by connection tracking`
  return `${of === 'source' ? 'SNAT' : 'DNAT'}, as the connection has it`
}

/** What let the packet pass table filter. */
function sayGate({ hook, steps }: HookPart): Said | undefined {
  if (!GATES.includes(hook)) return undefined
  const at = hook.toUpperCase()
  const last = steps.findLast(step => 'table' in step && step.table === 'filter' && step.kind !== 'miss')
  if (last?.kind === 'rule' && last.effect === 'accept') {
    return { at, text: `accept  ${last.table}:${shortPlace(last)}`, tone: 'plain' }
  }
  if (last?.kind === 'policy' && last.policy === 'accept') {
    return { at, text: `accept  policy of ${last.table}:${last.chain}`, tone: 'plain' }
  }
  return undefined
}

/** `REJECTED at node-1 filter:KUBE-SERVICES:1`: the rule, or the policy, that ended the packet. */
export function formatDecider(step: HookStep): string {
  if (step.kind === 'rule') return formatPlace(step)
  return step.kind === 'policy' ? `policy of ${step.table}:${step.chain}` : step.kind
}
