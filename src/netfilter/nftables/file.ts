/**
 * Writes nftables' tables as a file for `nft -f`.
 *
 * The file takes the place of these tables, whatever was in them, in one transaction: packets meet the rules before or
 * the rules after, never half of them. It may be loaded twice. Other tables are left alone.
 *
 * What a table holds besides goes with it: connections that a dynamic set remembers (the affinity of sessions) are
 * forgotten, unless they are elements of the value. Where they shall stay, load single commands (`command-text.ts`).
 *
 * @module
 */
import { TextBuilder } from '../text-builder.ts'
import { addNftTable } from './format.ts'
import type { NftBlock, NftChain, NftRule, NftRuleset, NftSet, NftTable } from './rule.ts'

/**
 * The text for `nft -f` of 1.0.6 and later.
 *
 * `delete table` fails for a table that is not there, and `destroy` came with 1.0.8: each table is declared, which
 * changes nothing if it is there, deleted and made anew.
 */
export function formatNftFile(ruleset: NftRuleset): string {
  const text = new TextBuilder()
  for (const table of ruleset.tables) {
    text.add(`table ${table.family} ${table.name}\ndelete table ${table.family} ${table.name}\n`)
    addNftTable(text, unnumbered(table))
  }
  return text.toString()
}

/** The kernel gives numbers, nobody else; to all that is in a table, or to nothing. */
function unnumbered(given: NftTable): NftTable {
  if (given.handle === undefined) return given
  const { handle: _, ...table } = given
  const { sets, chains, unknown } = table
  return {
    ...table,
    sets: sets.map(withoutNumber<NftSet>),
    chains: chains.map(unnumberedChain),
    ...(unknown && { unknown: unknown.map(withoutNumber<NftBlock>) }),
  }
}

function unnumberedChain(chain: NftChain): NftChain {
  return { ...withoutNumber(chain), rules: chain.rules.map(unnumberedRule) }
}

const HANDLE = / # handle \d+$/

function unnumberedRule(rule: NftRule): NftRule {
  const { spelling, ...own } = withoutNumber(rule)
  return spelling === undefined ? own : { ...own, spelling: spelling.replace(HANDLE, '') }
}

function withoutNumber<T extends { readonly handle?: number }>(one: T): T {
  if (one.handle === undefined) return one
  const { handle: _, ...rest } = one
  return rest as T
}
