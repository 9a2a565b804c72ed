/**
 * A machine's netfilter: its rules made ready to run, and what it remembers between packets.
 *
 * {@link atHook} is where a packet meets it.
 *
 * @module
 */
import { FAMILIES, type Family } from '../../base/ip.ts'
import type { IpSet } from '../ipset.ts'
import type { Ruleset } from '../rule.ts'
import { type CompiledRuleset, compileRuleset } from './compiled.ts'
import { type ConnectionTable, copyConnectionTable, createConnectionTable } from './conntrack-table.ts'
import type { Circumstances, Devices, Hook, HookResult, Surroundings } from './hook.ts'
import { dropped, type Ending, type HookRun, step } from './hook-run.ts'
import { STAGES, type Stage } from './hooks.ts'
import { passNat } from './nat-stage.ts'
import { copyRuleMemory, createRuleMemory, type RuleMemory } from './rule-memory.ts'
import { type CompiledSets, compileSets } from './set-table.ts'
import type { Skb } from './skb.ts'
import { endBy, walkTable } from './table-stage.ts'
import { confirm, track } from './track.ts'

export interface NetfilterConfig {
  readonly rules: Readonly<Partial<Record<Family, Ruleset>>>
  readonly sets?: readonly IpSet[]
}

/** Rules of both families and the sets that they name, ready to run. Never changes. */
export interface Netfilter {
  readonly rules: ReadonlyMap<Family, CompiledRuleset>
  readonly sets: CompiledSets
}

/** What is remembered from packet to packet. Changed only by the functions of this folder. */
export interface NetfilterMemory {
  readonly connections: ConnectionTable
  readonly rules: RuleMemory
}

export function createNetfilter({ rules, sets = [] }: NetfilterConfig): Netfilter {
  const compiled = new Map<Family, CompiledRuleset>()
  for (const family of FAMILIES) {
    const ruleset = rules[family]
    if (ruleset) compiled.set(family, compileRuleset(ruleset))
  }
  return { rules: compiled, sets: compileSets(sets) }
}

export function createNetfilterMemory(): NetfilterMemory {
  return { connections: createConnectionTable(), rules: createRuleMemory() }
}

/** A memory of its own: what happens to one of the two does not touch the other. */
export function copyNetfilterMemory({ connections, rules }: NetfilterMemory): NetfilterMemory {
  return { connections: copyConnectionTable(connections), rules: copyRuleMemory(rules) }
}

/** What all hooks of one machine are called with. */
export interface HookContext {
  readonly netfilter: Netfilter
  readonly memory: NetfilterMemory
  readonly surroundings: Surroundings
  readonly circumstances: Circumstances
}

/**
 * Takes a packet through one hook: tables, connection tracking and NAT in the kernel's order.
 *
 * An accept ends one chain, not the hook; a drop ends all. Connection tracking is always there, as
 * on any machine with NAT rules. Fragments are to be put together before.
 */
export function atHook(context: HookContext, hook: Hook, skb: Skb, devices: Devices): HookResult {
  const { netfilter, memory, surroundings, circumstances } = context
  const { family } = skb.packet
  const run: HookRun = {
    hook,
    devices,
    rules: netfilter.rules.get(family),
    passing: { hook, family, devices, surroundings, circumstances, sets: netfilter.sets, memory: memory.rules },
    table: memory.connections,
    tracking: { now: circumstances.now, sysctl: surroundings.sysctl },
    skb,
    steps: [],
  }
  for (const stage of STAGES[hook]) {
    const ending = pass(run, stage)
    if (ending) return ending
  }
  return { verdict: 'accept', skb: run.skb, steps: run.steps }
}

function pass(run: HookRun, stage: Stage): Ending {
  switch (stage) {
    case 'track':
      return passTracking(run)
    case 'nat':
      return passNat(run)
    case 'confirm':
      return passConfirmation(run)
    default: {
      const decision = walkTable(run, stage)
      if (decision?.kind === 'nat') throw new RangeError(`NAT in table ${stage}`)
      return decision && endBy(run, decision)
    }
  }
}

/** A packet that was seen before, on its way out to loopback for example, stays what it is. */
function passTracking(run: HookRun): Ending {
  const { skb } = run
  if (skb.tracked) return undefined
  const tracked = track(run.table, skb.packet, run.tracking)
  const { connection } = tracked
  const tuples = connection && { original: connection.original, reply: connection.reply }
  step(run, { kind: 'track', tracked, ...(tuples && { tuples }) }, { ...skb, tracked })
  return undefined
}

/** Answers that carry their cause's connection do not confirm it. @see __nf_conntrack_confirm */
function passConfirmation(run: HookRun): Ending {
  const { skb, table, tracking } = run
  const connection = skb.tracked?.connection
  if (!connection || connection.confirmed || skb.tracked.direction === 'reply') return undefined
  const confirmed = confirm(table, connection, tracking.now)
  if (confirmed.kind === 'taken') return dropped(run, 'another connection has taken its addresses and ports meanwhile')
  if (confirmed.kind === 'joined') {
    run.skb = { ...skb, tracked: { ...skb.tracked, connection: confirmed.connection } }
    return undefined
  }
  const { original, reply } = connection
  step(run, { kind: 'confirm', tuples: { original, reply } }, skb)
  return undefined
}
