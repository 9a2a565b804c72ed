/**
 * kube-proxy in iptables mode on one node, both families.
 *
 * Objects go in by `setService` and `setSlice` of `service-map.ts`; rules come out by
 * {@link syncFull}, which makes all of them, and {@link syncChanged}, which makes those of the
 * services that changed. Each family is a proxy of its own, as in kube-proxy.
 *
 * @module
 */
import type { Family } from '../../base/ip.ts'
import type { Chain, Ruleset } from '../../netfilter/rule.ts'
import { type Draft, draftOf, type ServiceChange, writeDraft } from '../draft.ts'
import { createServiceMap, type ServiceKey, type ServiceMap, takeChanged } from '../service-map.ts'
import { type ProxyOptions, type Settings, settingsOf } from '../settings.ts'
import { applyChanges, type ChainEdit, type ServiceRules } from './chain-edit.ts'
import { type PortRules, portRulesOf } from './port-rules.ts'
import { rulesetOf } from './ruleset.ts'

/** Changed only by the functions of this module and of `service-map.ts`. */
export interface KubeProxy extends ServiceMap {
  readonly families: Readonly<Record<Family, FamilyProxy>>
}

interface FamilyProxy {
  readonly settings: Settings
  /** What is written for each service; services without rules are absent. */
  readonly written: Map<ServiceKey, ServiceRules>
  /** The values of `written`, by key. */
  order: ServiceRules[]
  /** Endpoints of all service ports. */
  endpoints: number
  /** What is written, all of it; made when somebody asks. */
  ruleset?: Ruleset
  synced: boolean
}

/** What a change means for rules that are in place. */
export interface PartialSync {
  readonly family: Family
  /** Chains of table nat that are new or get new rules, with all of their rules. */
  readonly chains: readonly Chain[]
  /** Changes in chains that all services share, each in terms of the chain after the one before. */
  readonly edits: readonly ChainEdit[]
  /** Chains of table nat that nobody needs any longer. */
  readonly stale: readonly string[]
}

/**
 * From more than so many endpoints on, rules about single endpoints carry no comments.
 *
 * @see pkg/proxy/iptables/proxier.go of Kubernetes: largeClusterEndpointsThreshold
 */
export const LARGE_CLUSTER_ENDPOINTS = 1000

/** @throws {InputError} when a field of the configuration cannot be used */
export function createProxy(options: ProxyOptions): KubeProxy {
  const families = { 4: familyProxy(settingsOf(options, 4)), 6: familyProxy(settingsOf(options, 6)) }
  return { ...createServiceMap(), families }
}

function familyProxy(settings: Settings): FamilyProxy {
  return { settings, written: new Map(), order: [], endpoints: 0, synced: false }
}

/** Makes all rules, and gives them as they then stand in the kernel. */
export function syncFull(proxy: KubeProxy, family: Family): Ruleset {
  const own = proxy.families[family]
  const keys = [...proxy.entries.keys()].sort()
  takeChanged(proxy, family)
  own.written.clear()
  const annotated = !isLarge(proxy, keys, own)
  own.endpoints = 0
  for (const key of keys) {
    for (const port of write(draftOf(proxy, key, own.settings, own.written), annotated, own)?.ports ?? [])
      own.endpoints += port.endpoints
  }
  own.order = [...own.written.values()]
  own.synced = true
  delete own.ruleset
  return currentRuleset(proxy, family)
}

/** Whether there are too many endpoints for comments; stops to count once that is known. */
function isLarge(proxy: KubeProxy, keys: readonly ServiceKey[], own: FamilyProxy): boolean {
  let endpoints = 0
  for (const key of keys) {
    endpoints += draftOf(proxy, key, own.settings, own.written).endpointCount
    if (endpoints > LARGE_CLUSTER_ENDPOINTS) return true
  }
  return false
}

/**
 * Makes the rules of services that changed since the last sync, and says how to get there.
 *
 * Costs as much as these services have endpoints. Where the shared chains change as well, finding
 * the place takes counting the rules of the services before, without making any of them.
 *
 * The rules of other services stay as they are, even when the number of endpoints crosses
 * {@link LARGE_CLUSTER_ENDPOINTS}: their comments change with the next full sync.
 *
 * @throws {RangeError} when there was no full sync before
 */
export function syncChanged(proxy: KubeProxy, family: Family): PartialSync {
  const own = proxy.families[family]
  if (!own.synced) throw new RangeError('A proxy needs a full sync before one of changes')
  const drafts = takeChanged(proxy, family).map(key => draftOf(proxy, key, own.settings, own.written))
  for (const draft of drafts) own.endpoints += draft.endpointCount - draft.endpointCountBefore
  const annotated = own.endpoints <= LARGE_CLUSTER_ENDPOINTS
  const changes = drafts.map(draft => ({ key: draft.key, before: draft.before, after: write(draft, annotated, own) }))
  if (changes.length > 0) delete own.ruleset
  return { family, ...ownChainChanges(changes), edits: applyChanges(own.order, changes) }
}

/** All rules as they stand after the last sync. */
export function currentRuleset(proxy: KubeProxy, family: Family): Ruleset {
  const own = proxy.families[family]
  own.ruleset ??= rulesetOf(
    own.order.flatMap(({ ports }) => ports),
    own.settings,
  )
  return own.ruleset
}

function write(draft: Draft<PortRules>, annotated: boolean, { settings, written }: FamilyProxy) {
  return writeDraft(draft, written, ({ port, endpoints, before }) =>
    portRulesOf(port, endpoints, annotated, settings, before),
  )
}

function ownChainChanges(changes: readonly ServiceChange<PortRules>[]): Pick<PartialSync, 'chains' | 'stale'> {
  const chainsOf = (rules: ServiceRules | undefined) => rules?.ports.flatMap(port => port.chains) ?? []
  const chains = changes.flatMap(({ after }) => chainsOf(after))
  const needed = new Set(chains.map(chain => chain.name))
  const older = changes.flatMap(({ before }) => chainsOf(before))
  return { chains, stale: older.map(chain => chain.name).filter(name => !needed.has(name)) }
}
