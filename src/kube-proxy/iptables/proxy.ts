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
import type { Service } from '../../objects/service.ts'
import { type Endpoint, endpointsOf } from '../endpoint.ts'
import { createServiceMap, type ServiceKey, type ServiceMap, slicesOf, takeChanged } from '../service-map.ts'
import { type ServicePort, servicePortsOf } from '../service-port.ts'
import { type ProxyOptions, type Settings, settingsOf } from '../settings.ts'
import { type ChainEdit, editsOf, type Replacement } from './chain-edit.ts'
import { type PortRules, portRulesOf } from './port-rules.ts'
import { rulesetOf } from './ruleset.ts'

/** Changed only by the functions of this module and of `service-map.ts`. */
export interface KubeProxy extends ServiceMap {
  readonly families: Readonly<Record<Family, FamilyProxy>>
}

interface FamilyProxy {
  readonly settings: Settings
  /** What was written for each service; services without rules are absent. */
  readonly written: Map<ServiceKey, ServiceRules>
  /** The keys of `written`, in order. */
  order: ServiceKey[]
  /** Endpoints of all service ports. */
  endpoints: number
  /** What is written, all of it; made when somebody asks. */
  ruleset?: Ruleset
  synced: boolean
}

interface ServiceRules {
  readonly service: Service
  readonly ports: readonly PortRules[]
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
    const { service, ports } = draftOf(proxy, key, own)
    for (const port of write(key, service, ports, annotated, own)) own.endpoints += port.endpoints
  }
  own.order = [...own.written.keys()]
  own.synced = true
  delete own.ruleset
  return currentRuleset(proxy, family)
}

/** Whether there are too many endpoints for comments; stops to count once that is known. */
function isLarge(proxy: KubeProxy, keys: readonly ServiceKey[], own: FamilyProxy): boolean {
  let endpoints = 0
  for (const key of keys) {
    endpoints += draftOf(proxy, key, own).endpointCount
    if (endpoints > LARGE_CLUSTER_ENDPOINTS) return true
  }
  return false
}

/**
 * Makes the rules of services that changed since the last sync, and says how to get there.
 *
 * Costs as much as these services have endpoints; where the shared chains change as well, finding
 * the place takes a look at every service, without making any of their rules.
 *
 * The rules of other services stay as they are, even when the number of endpoints crosses
 * {@link LARGE_CLUSTER_ENDPOINTS}: their comments change with the next full sync.
 *
 * @throws {RangeError} when there was no full sync before
 */
export function syncChanged(proxy: KubeProxy, family: Family): PartialSync {
  const own = proxy.families[family]
  if (!own.synced) throw new RangeError('A proxy needs a full sync before one of changes')
  const drafts = takeChanged(proxy, family).map(key => draftOf(proxy, key, own))
  for (const draft of drafts) own.endpoints += draft.endpointCount - draft.endpointCountBefore
  const annotated = own.endpoints <= LARGE_CLUSTER_ENDPOINTS
  const replacements = new Map<ServiceKey, Replacement>()
  for (const { key, service, ports, before } of drafts) {
    replacements.set(key, { before, after: write(key, service, ports, annotated, own) })
  }

  const added = drafts.filter(({ key, before }) => before.length === 0 && own.written.has(key)).map(({ key }) => key)
  const all = added.length === 0 ? own.order : [...own.order, ...added].sort()
  const edits = editsOf(all, replacements, key => own.written.get(key)?.ports ?? [])
  const removed = drafts.some(({ key, before }) => before.length > 0 && !own.written.has(key))
  own.order = removed ? all.filter(key => own.written.has(key)) : all
  if (drafts.length > 0) delete own.ruleset
  return { family, ...ownChainChanges(replacements), edits }
}

/** All rules as they stand after the last sync. */
export function currentRuleset(proxy: KubeProxy, family: Family): Ruleset {
  const own = proxy.families[family]
  own.ruleset ??= rulesetOf(
    own.order.flatMap(key => own.written.get(key)?.ports ?? []),
    own.settings,
  )
  return own.ruleset
}

/** A service as it is to be written, before it is known how many endpoints there are in all. */
interface Draft {
  readonly key: ServiceKey
  /** Absent: it is gone. */
  readonly service?: Service
  readonly ports: readonly DraftPort[]
  readonly before: readonly PortRules[]
  readonly endpointCount: number
  readonly endpointCountBefore: number
}

interface DraftPort {
  readonly port: ServicePort
  readonly endpoints: readonly Endpoint[]
  readonly before?: PortRules
}

function draftOf(proxy: KubeProxy, key: ServiceKey, { settings, written }: FamilyProxy): Draft {
  const entry = proxy.entries.get(key)
  const known = written.get(key)
  const before = known?.ports ?? []
  const endpointCountBefore = before.reduce((sum, { endpoints }) => sum + endpoints, 0)
  if (entry?.service === undefined) return { key, ports: [], before, endpointCount: 0, endpointCountBefore }
  const { service } = entry
  const slices = slicesOf(entry)
  const draftPort = (port: ServicePort) => ({ port, endpoints: endpointsOf(slices, port, settings) })
  const ports =
    known?.service === service
      ? before.map(rules => ({ ...draftPort(rules.port), before: rules }))
      : servicePortsOf(service, settings.family, settings.allowExternalIps).map(draftPort)
  const endpointCount = ports.reduce((sum, { endpoints }) => sum + endpoints.length, 0)
  return { key, service, ports, before, endpointCount, endpointCountBefore }
}

function write(
  key: ServiceKey,
  service: Service | undefined,
  ports: readonly DraftPort[],
  annotated: boolean,
  own: FamilyProxy,
): readonly PortRules[] {
  const rules = ports.map(({ port, endpoints, before }) =>
    portRulesOf(port, endpoints, annotated, own.settings, before),
  )
  if (service === undefined || rules.length === 0) own.written.delete(key)
  else own.written.set(key, { service, ports: rules })
  return rules
}

function ownChainChanges(replacements: ReadonlyMap<ServiceKey, Replacement>): Pick<PartialSync, 'chains' | 'stale'> {
  const all = [...replacements.values()]
  const chains = all.flatMap(({ after }) => after.flatMap(port => port.chains))
  const needed = new Set(chains.map(chain => chain.name))
  const older = all.flatMap(({ before }) => before.flatMap(port => port.chains))
  return { chains, stale: older.map(chain => chain.name).filter(name => !needed.has(name)) }
}
