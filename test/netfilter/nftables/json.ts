/** What nft 1.0.6 does not say in its JSON. */
import type { NftChain, NftRuleset, NftSet, NftTable } from '../../../src/netfilter/nftables/rule.ts'

/** A ruleset as read from a listing (`-a`), without what JSON of the same ruleset does not hold. */
export function unsaid({ tables }: NftRuleset): NftRuleset {
  return { tables: tables.map(withoutTableWords) }
}

function withoutTableWords({ comment: _, flags: __, sets, chains, ...table }: NftTable): NftTable {
  return { ...table, sets: sets.map(withoutSetWords), chains: chains.map(withoutChainWords) }
}

function withoutSetWords({ typeof: _, autoMerge: __, flags = [], ...set }: NftSet): NftSet {
  const said = flags.filter(flag => flag !== 'dynamic')
  return { ...set, ...(said.length > 0 && { flags: said }) }
}

function withoutChainWords({ comment: _, base, ...chain }: NftChain): NftChain {
  if (!base) return chain
  const { devices: __, ...said } = base
  return { ...chain, base: said }
}
