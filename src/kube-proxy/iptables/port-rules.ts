/**
 * One service port with everything that is written for it.
 *
 * @module
 */
import type { Chain, Origin } from '../../netfilter/rule.ts'
import type { Endpoint } from '../endpoint.ts'
import type { ServicePort } from '../service-port.ts'
import type { Settings } from '../settings.ts'
import { categorize } from '../topology.ts'
import { type Verdict, verdictOf } from '../verdict.ts'
import { serviceChainNames } from './chain-names.ts'
import { ownChainsOf } from './own-chains.ts'
import { type SharedRules, sharedRulesOf } from './shared-rules.ts'

export interface PortRules {
  readonly port: ServicePort
  readonly verdict: Verdict
  /** Its part of the chains that all services share. */
  readonly shared: SharedRules
  /** The chains that are its own, in table nat. */
  readonly chains: readonly Chain[]
  /** How many endpoints it has, whether they work or not. */
  readonly endpoints: number
}

/**
 * @param annotated whether rules about single endpoints carry comments
 * @param before what was written for the same port object, if that is known: parts that would come
 *   out the same are taken from there
 */
export function portRulesOf(
  port: ServicePort,
  endpoints: readonly Endpoint[],
  annotated: boolean,
  settings: Settings,
  before?: PortRules,
): PortRules {
  const categories = categorize(endpoints, port, settings)
  const verdict = verdictOf(port, categories)
  const names = serviceChainNames(port)
  const origin: Origin = { kind: 'Service', namespace: port.namespace, name: port.service }
  const shared =
    before?.port === port && equalVerdicts(before.verdict, verdict)
      ? before.shared
      : sharedRulesOf(port, verdict, names, origin, settings)
  const chains = ownChainsOf({ port, verdict, names, origin, settings, annotated }, categories)
  return { port, verdict, shared, chains, endpoints: endpoints.length }
}

function equalVerdicts(a: Verdict, b: Verdict): boolean {
  return a.anywhere === b.anywhere && a.internally === b.internally && a.externally === b.externally
}
