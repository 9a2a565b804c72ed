/**
 * One service port with everything that is written for it in nftables mode.
 *
 * @module
 */
import type { NftChain, NftSet } from '../../netfilter/nftables/rule.ts'
import type { DraftPort, WrittenPort } from '../draft.ts'
import type { Settings } from '../settings.ts'
import { categorize } from '../topology.ts'
import { verdictOf } from '../verdict.ts'
import type { Layout } from './layout.ts'
import { portNames } from './names.ts'
import { ownOf } from './own-chains.ts'
import { type Claim, claimsOf } from './port-elements.ts'

export interface PortTables extends WrittenPort {
  /** The chains that are its own. */
  readonly chains: readonly NftChain[]
  /** The sets of clients that stay with an endpoint. */
  readonly sets: readonly NftSet[]
  /** Its part of the sets and maps that all services share. */
  readonly claims: readonly Claim[]
}

export function portTablesOf(
  { port, endpoints }: Pick<DraftPort<PortTables>, 'port' | 'endpoints'>,
  settings: Settings,
  layout: Layout,
): PortTables {
  const categories = categorize(endpoints, port, settings)
  const making = { port, verdict: verdictOf(port, categories), names: portNames(port), settings, layout }
  const claims = claimsOf(making, categories.reachable)
  return { port, ...ownOf(making, categories), claims, endpoints: endpoints.length }
}
