/**
 * The way of one packet through one table.
 *
 *     built-in chain ── rule ── jump ── rule ── … ── policy
 *                                │  ╲
 *                                │   return, or the end of the chain: behind the jump
 *                           user chain
 *
 * A goto leaves no way back: a return goes to whoever jumped last. A rule that lets the packet go on
 * (a mark, a log) is followed by the next.
 *
 * @see ipt_do_table in net/ipv4/netfilter/ip_tables.c, ip6t_do_table in net/ipv6/netfilter/ip6_tables.c of Linux
 * @module
 */
import type { ExtensionOption, TableName, Target } from '../rule.ts'
import type { Act } from './act.ts'
import { askAll } from './ask.ts'
import { type ChainVisit, enterChain, nextRule } from './chain-visit.ts'
import { type CompiledChain, type CompiledRule, type CompiledRuleset, findChain, findChainIn } from './compiled.ts'
import type { Effect, Hook, RulePlace } from './hook.ts'
import { createJournal, flush, type Journal, noteMiss, notePolicy, noteRule } from './journal.ts'
import { netmapTarget } from './netmap.ts'
import type { Decision, Passing, RewriteTarget, Traversal } from './passing.ts'
import { createProbe, type Probe } from './probe.ts'
import type { Skb } from './skb.ts'

export type { Decision, Passing, Traversal } from './passing.ts'

/**
 * Bounds for rulesets made to be endless: chains that jump to the next one twice each visit rules
 * without number. The largest clusters known stay a hundred times below.
 */
const MOST_ASKED = 10_000_000
const MOST_STEPS = 100_000

/** One run of one table. */
interface Run {
  readonly base: CompiledChain
  readonly probe: Probe
  readonly journal: Journal
  /** Chains that the packet is in, to find loops. */
  readonly open: Set<CompiledChain>
  /** Absent once it left the built-in chain. */
  visit: ChainVisit | undefined
}

const DECIDED = { accept: { kind: 'accept' }, drop: { kind: 'drop' }, queue: { kind: 'queue' } } as const

/**
 * Runs one built-in chain of one table. A table or chain that is not there accepts.
 *
 * NAT and REJECT end the run with a decision, which the caller carries out.
 */
export function traverse(
  rules: CompiledRuleset,
  table: TableName,
  chain: string,
  skb: Skb,
  passing: Passing,
): Traversal {
  const base = findChain(rules, table, chain)
  if (!base) return { decision: DECIDED.accept, skb, steps: [] }
  const probe = createProbe(skb, passing)
  const journal = createJournal(passing.circumstances.verbose)
  const run: Run = { base, probe, journal, open: new Set(), visit: undefined }
  enter(run, base, undefined)
  const decision = decide(run)
  return { decision, skb: probe.skb, steps: journal.steps }
}

function decide(run: Run): Decision {
  const { base, probe, journal } = run
  for (let asked = 0; run.visit; asked++) {
    const { chain } = run.visit
    const rule = nextRule(run.visit)
    if (!rule) {
      leave(run, run.visit)
      continue
    }
    if (asked > MOST_ASKED || journal.steps.length > MOST_STEPS) {
      return undecided(chain, rule, 'the packet meets more rules than podwire follows')
    }
    const answer = askAll(rule, probe)
    if (answer === false) {
      if (journal.verbose) noteMiss(journal, chain, rule, probe)
      continue
    }
    const decision = answer === true ? carryOut(run, run.visit, rule) : unanswered(run, run.visit, rule, answer)
    if (decision) return decision
  }
  const policy = base.policy ?? 'accept'
  notePolicy(journal, base, policy, probe.skb)
  return DECIDED[policy]
}

/** A rule of which the kernel ends the packet before it is done, or which podwire cannot decide. */
function unanswered(
  { probe, journal }: Run,
  { chain }: ChainVisit,
  rule: CompiledRule,
  answer: 'hotdrop' | 'undecided',
): Decision | undefined {
  const { skb, because, passing } = probe
  if (answer === 'hotdrop') {
    noteRule(journal, chain, rule, 'drop', skb, probe, { note: because })
    return DECIDED.drop
  }
  if (passing.circumstances.assume === undefined) return undecided(chain, rule, because)
  noteRule(journal, chain, rule, 'continue', skb, probe, {
    note: 'taken for one that does not match',
    assumed: because,
  })
  return undefined
}

/** What a rule does that matches. Nothing: the run goes on, wherever `run.visit` is now. */
function carryOut(run: Run, visit: ChainVisit, rule: CompiledRule): Decision | undefined {
  const { probe, journal } = run
  const { chain } = visit
  const { target, act } = rule
  if (act) return goOn(run, chain, rule, act)
  const note = (effect: Effect) => noteRule(journal, chain, rule, effect, probe.skb, probe)
  switch (target?.do) {
    case undefined:
      note('continue')
      return undefined
    case 'accept':
    case 'drop':
    case 'queue':
      note(target.do)
      return DECIDED[target.do]
    case 'return':
      note('return')
      leave(run, visit)
      return undefined
    case 'jump':
    case 'goto':
      return jump(run, visit, rule, target)
    case 'reject':
      note('reject')
      return { kind: 'reject', with: target.with, place: placeOf(chain, rule), rule: rule.rule }
    case 'dnat':
    case 'snat':
    case 'masquerade':
    case 'redirect':
      return rewrite(run, chain, rule, target)
    case 'extension':
      return extensionVerdict(run, chain, rule, target.name, target.options)
    default:
      throw new RangeError(`target ${target?.do} is neither carried out nor a verdict`)
  }
}

/** Changes what is to be changed; the next rule is next. */
function goOn({ probe, journal }: Run, chain: CompiledChain, rule: CompiledRule, act: Act): Decision | undefined {
  const before = probe.skb
  const { note, undecided: why } = act(probe)
  if (why === undefined) {
    noteRule(journal, chain, rule, 'continue', before, probe, { note })
    return undefined
  }
  if (probe.passing.circumstances.assume === undefined) return undecided(chain, rule, why)
  noteRule(journal, chain, rule, 'continue', before, probe, { note: 'taken to let the packet go on', assumed: why })
  return undefined
}

function extensionVerdict(
  run: Run,
  chain: CompiledChain,
  rule: CompiledRule,
  name: string,
  options: readonly ExtensionOption[],
): Decision {
  const { probe, journal } = run
  if (name === 'NFQUEUE') {
    noteRule(journal, chain, rule, 'queue', probe.skb, probe)
    return DECIDED.queue
  }
  const { family, hook } = probe.passing
  const target = netmapTarget(options, family, hook, probe.skb)
  return target ? rewrite(run, chain, rule, target) : undecided(chain, rule, 'the network of NETMAP cannot be read')
}

type Jump = Extract<Target, { readonly do: 'jump' | 'goto' }>

function jump(run: Run, visit: ChainVisit, rule: CompiledRule, { do: how, chain: name }: Jump): Decision | undefined {
  const { chain } = visit
  const to = findChainIn(chain.home, name)
  if (!to) return undecided(chain, rule, `there is no chain ${name}`)
  if (run.open.has(to)) return undecided(chain, rule, `chains jump in a circle: ${circle(visit, to).join(', ')}`)
  noteRule(run.journal, chain, rule, how, run.probe.skb, run.probe)
  enter(run, to, how === 'jump' ? visit : visit.caller)
  return undefined
}

/** The chains from `to` to where the packet is, and `to` again. */
function circle(visit: ChainVisit, to: CompiledChain): readonly string[] {
  const names = [to.name]
  for (let at: ChainVisit | undefined = visit; at && at.chain !== to; at = at.from) names.unshift(at.chain.name)
  return [to.name, ...names]
}

function enter(run: Run, chain: CompiledChain, caller: ChainVisit | undefined): void {
  flush(run.journal)
  run.open.add(chain)
  run.visit = enterChain(chain, run.visit, caller, run.probe, run.journal.verbose)
}

/** Back to the caller, and out of all chains that the packet went to since. */
function leave(run: Run, visit: ChainVisit): void {
  flush(run.journal)
  for (let at: ChainVisit | undefined = visit; at && at !== visit.caller; at = at.from) run.open.delete(at.chain)
  run.visit = visit.caller
}

/** The hooks at which the kernel takes the targets of NAT, all in table nat. */
const HOOKS_OF_NAT: Readonly<Record<RewriteTarget['do'], readonly Hook[]>> = {
  dnat: ['prerouting', 'output'],
  redirect: ['prerouting', 'output'],
  snat: ['postrouting', 'input'],
  masquerade: ['postrouting'],
}

function rewrite({ probe, journal }: Run, chain: CompiledChain, rule: CompiledRule, target: RewriteTarget): Decision {
  const { hook } = probe.passing
  if (chain.table !== 'nat' || !HOOKS_OF_NAT[target.do].includes(hook)) {
    return undecided(chain, rule, `the kernel takes no ${target.do} in table ${chain.table} at ${hook}`)
  }
  noteRule(journal, chain, rule, target.do, probe.skb, probe)
  return { kind: 'nat', target, place: placeOf(chain, rule), rule: rule.rule }
}

function undecided(chain: CompiledChain, rule: CompiledRule, why: string): Decision {
  return { kind: 'undecided', undecided: { ...placeOf(chain, rule), rule: rule.rule, why } }
}

function placeOf({ table, name: chain }: CompiledChain, { number }: CompiledRule): RulePlace {
  return { table, chain, number }
}
