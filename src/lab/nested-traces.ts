/**
 * The order in which packets met rules, of what nftables traces.
 *
 * The kernel tells of a rule once its target is done. What REJECT sends passes other chains meanwhile, so
 * that its rules are told of first.
 *
 * @see nft_do_chain in net/netfilter/nf_tables_core.c of Linux; reject_tg in net/ipv4/netfilter/ipt_REJECT.c
 * @module
 */
import type { NftTrace } from './nft-trace.ts'

/**
 * What a packet met in one passage of a base chain stands together: what was told in between stands
 * behind it.
 *
 * @param traces those of one passage have the same value for their packet
 */
export function inOrder(traces: readonly NftTrace[]): readonly NftTrace[] {
  const passages = new Map<NftTrace['packet'], NftTrace[]>()
  for (const trace of traces) {
    const passage = passages.get(trace.packet)
    if (passage) passage.push(trace)
    else passages.set(trace.packet, [trace])
  }
  return [...passages.values()].flat()
}
