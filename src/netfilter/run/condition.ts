/**
 * Conditions of rules, made ready to be asked.
 *
 * @module
 */
import type { Family, Ip } from '../../base/ip.ts'
import type { ExtensionOption, Match } from '../rule.ts'
import type { Probe } from './probe.ts'

/**
 * Whether a condition holds.
 *
 * `undecided`: podwire cannot know. `hotdrop`: the packet is so malformed that the kernel drops it
 * then and there (`hotdrop` of struct xt_action_param). Both leave the reason in `probe.because`.
 */
export type Answer = boolean | 'undecided' | 'hotdrop'

export type Holds = (probe: Probe) => Answer

export interface Condition {
  readonly match: Match
  readonly holds: Holds
  /** Whether to ask changes what later packets meet, or draws: what stands behind is not asked before. Absent: never. */
  readonly stateful: ((probe: Probe) => boolean) | undefined
}

/** What the list of a `recent` rule is like, which all rules that name it have a say in. */
export interface RecentShape {
  /** Of the rule that named it first. */
  readonly mask: Ip
  /** Stamps that are kept of an address. */
  readonly stamps: number
}

/** What a condition is made for. */
export interface Setting {
  readonly family: Family
  /** Names the condition among all of the rules: `4:nat:KUBE-SVC-X:3:1`. */
  readonly place: () => string
  readonly recentShape: (list: string) => RecentShape
  /** The options of the rule that made a table of `hashlimit`: the first that names it. */
  readonly hashlimitShape: (table: string) => readonly ExtensionOption[]
}

export function undecided(probe: Probe, why: string): 'undecided' {
  probe.because = why
  return 'undecided'
}

export function hotdrop(probe: Probe, why: string): 'hotdrop' {
  probe.because = why
  return 'hotdrop'
}
