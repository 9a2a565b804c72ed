/**
 * What rules share by name, and which of them says what it is like.
 *
 * @see recent_mt_check in net/netfilter/xt_recent.c, hashlimit_mt_check_common in
 * net/netfilter/xt_hashlimit.c of Linux
 * @module
 */
import type { ExtensionOption, Match, Ruleset } from '../rule.ts'
import type { RecentShape } from './condition.ts'

export interface SharedShapes {
  /** Lists of `recent`, by name. */
  readonly recent: ReadonlyMap<string, RecentShape>
  /** Of each table of `hashlimit`, the options of the rule that named it first. */
  readonly hashlimit: ReadonlyMap<string, readonly ExtensionOption[]>
}

/** Stamps that are kept of an address when no rule asks for a number of hits. */
const USUAL_STAMPS = 32

/** Reads all rules once. */
export function sharedShapes(ruleset: Ruleset): SharedShapes {
  const recent = new Map<string, RecentShape>()
  const hashlimit = new Map<string, readonly ExtensionOption[]>()
  for (const match of matchesOf(ruleset)) {
    if (match.on === 'recent') {
      const { list, mask, hits } = match
      const stamps = hits ? 2 ** Math.ceil(Math.log2(hits)) : USUAL_STAMPS
      const known = recent.get(list)
      recent.set(list, { mask: known?.mask ?? mask, stamps: Math.max(known?.stamps ?? 0, stamps) })
    } else if (match.on === 'extension' && match.module === 'hashlimit') {
      const name = match.options.find(option => option.name === 'hashlimit-name')?.words[0] ?? ''
      if (!hashlimit.has(name)) hashlimit.set(name, match.options)
    }
  }
  return { recent, hashlimit }
}

function* matchesOf({ tables }: Ruleset): Iterable<Match> {
  for (const { chains } of tables.values()) {
    for (const { rules } of chains.values()) for (const { matches } of rules) yield* matches
  }
}
