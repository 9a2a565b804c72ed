/**
 * A packet's stay in one chain: which rule is next, and where the way leads back to.
 *
 * @module
 */
import { candidatesOf } from './chain-index.ts'
import { type CompiledChain, type CompiledRule, ruleAt } from './compiled.ts'
import type { Probe } from './probe.ts'

export interface ChainVisit {
  readonly chain: CompiledChain
  /** Where a return goes; absent: to the policy. */
  readonly caller: ChainVisit | undefined
  /** Where the packet came from, by a jump or a goto. */
  readonly from: ChainVisit | undefined
  /** Rules that the packet may match, in lists that are each in order; absent: all of the chain. */
  readonly lists: readonly (readonly number[])[] | undefined
  /** How far each list has been visited. */
  readonly at: number[]
  /** Without lists: the next rule, from 0. */
  next: number
}

/** @param walked whether to ask all rules, whatever the chain's index says */
export function enterChain(
  chain: CompiledChain,
  from: ChainVisit | undefined,
  caller: ChainVisit | undefined,
  probe: Probe,
  walked: boolean,
): ChainVisit {
  const lists = walked || !chain.index ? undefined : candidatesOf(chain.index, probe)
  return { chain, caller, from, lists, at: lists ? lists.map(() => 0) : [], next: 0 }
}

/** The next rule that the packet may match; nothing at the end of the chain. */
export function nextRule(visit: ChainVisit): CompiledRule | undefined {
  const { chain, lists } = visit
  if (!lists) return ruleAt(chain, visit.next++)
  const index = lists.length === 1 ? nextOfOne(visit, lists[0] ?? []) : nextOfAll(visit, lists)
  return index === undefined ? undefined : ruleAt(chain, index)
}

function nextOfOne({ at }: ChainVisit, list: readonly number[]): number | undefined {
  const position = at[0] ?? 0
  at[0] = position + 1
  return list[position]
}

/** The lists share no rule: the lowest of their heads is next. */
function nextOfAll({ at }: ChainVisit, lists: readonly (readonly number[])[]): number | undefined {
  let lowest: number | undefined
  let of = -1
  for (let i = 0; i < lists.length; i++) {
    const head = lists[i]?.[at[i] ?? 0]
    if (head !== undefined && (lowest === undefined || head < lowest)) {
      lowest = head
      of = i
    }
  }
  if (of >= 0) at[of] = (at[of] ?? 0) + 1
  return lowest
}
