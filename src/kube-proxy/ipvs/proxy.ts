/**
 * kube-proxy in IPVS mode on one node, both families.
 *
 * Objects go in by `setService` and `setSlice` of `service-map.ts`; what the kernel then has comes out by
 * {@link syncFull}, and by {@link syncChanged} what changes of it. (kube-proxy itself goes through all of it at every
 * change; what it leaves is the same.)
 *
 * @module
 */
import type { Family, Ip } from '../../base/ip.ts'
import type { Sysctl } from '../../host/host.ts'
import type { IpSet, SetEntry } from '../../netfilter/ipset.ts'
import type { IpvsTimeouts } from '../../netfilter/ipvs/ipvsadm-text.ts'
import { type ServerChange, serverChanges } from '../../netfilter/ipvs/server-change.ts'
import {
  familyAt,
  formatVirtualAddress,
  type VirtualAddress,
  type VirtualServer,
} from '../../netfilter/ipvs/virtual-server.ts'
import type { Rule, Ruleset } from '../../netfilter/rule.ts'
import { type Draft, draftOf, type WrittenService, writeDraft } from '../draft.ts'
import { createServiceMap, type ServiceKey, type ServiceMap, takeChanged } from '../service-map.ts'
import type { ProxyOptions } from '../settings.ts'
import {
  type ClaimChanges,
  type Claims,
  createLedger,
  type EntryChange,
  enterClaims,
  entriesIn,
  type Ledger,
  netChanges,
  replaceClaims,
  type ServerStep,
  serversIn,
} from './claims.ts'
import { type Busy, type Draining, endGrace, NOBODY_BUSY, withDrained, withGrace } from './draining.ts'
import { type PortWork, portWorkOf } from './port-work.ts'
import type { Holds } from './rules.ts'
import { chainsOf, changedChains, type Deciders, type PlacedChain, rulesetOf } from './ruleset.ts'
import { SET_NAMES, setOf } from './sets.ts'
import { type IpvsSettings, ipvsSettingsOf, isExcluded } from './settings.ts'
import { ipvsSysctls } from './sysctls.ts'

/** Changed only by the functions of this module and of `service-map.ts`. */
export interface IpvsProxy extends ServiceMap {
  readonly families: Readonly<Record<Family, FamilyProxy>>
}

type ServiceWork = WrittenService<PortWork>

interface FamilyProxy {
  readonly settings: IpvsSettings
  /** What is done for each service. */
  readonly written: Map<ServiceKey, ServiceWork>
  ledger: Ledger
  /** Rules about single services. */
  refusals: number
  readonly draining: Draining
  /** By address: virtual servers that nobody wants, but that are left alone. */
  readonly left: Map<string, VirtualServer>
  synced: boolean
}

/** All that kube-proxy keeps in the kernel for one family. */
export interface IpvsState {
  readonly family: Family
  readonly servers: readonly VirtualServer[]
  /** Those of the device kube-ipvs0. */
  readonly addresses: readonly Ip[]
  readonly sets: readonly IpSet[]
  readonly rules: Ruleset
  readonly sysctls: readonly Sysctl[]
  /** Absent: the kernel's own. */
  readonly timeouts?: IpvsTimeouts
  /** There may be virtual servers of others, which kube-proxy was told to leave alone. */
  readonly shared?: true
}

/** What a change means for what is in place. */
export interface IpvsPartialSync {
  readonly family: Family
  readonly servers: readonly ServerChange[]
  /** Of sets, by their names in IPv4. */
  readonly entries: readonly EntryChange[]
  /** Of the device kube-ipvs0. */
  readonly bind: readonly Ip[]
  readonly unbind: readonly Ip[]
  /** Chains that get other rules, with all of their rules, but for those about single services. */
  readonly chains: readonly PlacedChain[]
  /** Rules of KUBE-IPVS-OUT-FILTER, whose order means nothing. */
  readonly refusals: { readonly remove: readonly Rule[]; readonly add: readonly Rule[] }
}

/** @throws {InputError} when a field of the configuration cannot be used */
export function createIpvsProxy(options: ProxyOptions): IpvsProxy {
  const familyProxy = (family: Family): FamilyProxy => ({
    settings: ipvsSettingsOf(options, family),
    written: new Map(),
    ledger: createLedger(),
    refusals: 0,
    draining: new Map(),
    left: new Map(),
    synced: false,
  })
  return { ...createServiceMap(), families: { 4: familyProxy(4), 6: familyProxy(6) } }
}

/** Makes everything, as in a kernel that held nothing before. */
export function syncFull(proxy: IpvsProxy, family: Family): IpvsState {
  const own = proxy.families[family]
  takeChanged(proxy, family)
  own.written.clear()
  own.ledger = createLedger()
  own.refusals = 0
  own.draining.clear()
  own.left.clear()
  for (const key of [...proxy.entries.keys()].sort()) {
    const after = write(draftOf(proxy, key, own.settings, own.written), own)
    for (const port of after?.ports ?? []) enterClaims(own.ledger, key, port)
    own.refusals += refusalsOf(after).length
  }
  own.synced = true
  return currentState(proxy, family)
}

/**
 * Makes what is done for the services that changed since the last sync, and says how to get there.
 *
 * @param busy asked of real servers that nobody wants any more
 * @throws {RangeError} when there was no full sync before
 */
export function syncChanged(proxy: IpvsProxy, family: Family, busy: Busy = NOBODY_BUSY): IpvsPartialSync {
  const own = proxy.families[family]
  if (!own.synced) throw new RangeError('A proxy needs a full sync before one of changes')
  const before = decidersOf(own)
  const changes = takeChanged(proxy, family).map(key => {
    const draft = draftOf(proxy, key, own.settings, own.written)
    const after = write(draft, own)
    const claims = replaceClaims(own.ledger, key, claimsOf(draft.before), claimsOf(after))
    own.refusals += refusalsOf(after).length - refusalsOf(draft.before).length
    return { claims, refusals: own.settings.ipvsMatch ? refusalChange(draft.before, after) : NO_RULES }
  })
  const entries = netChanges(changes.flatMap(({ claims }) => claims.entries))
  return {
    family,
    servers: changes.flatMap(({ claims }) => serverSteps(claims, own, busy)),
    entries,
    bind: boundBy(entries, 'add'),
    unbind: boundBy(entries, 'delete'),
    chains: changedFrom(before, own),
    refusals: {
      remove: changes.flatMap(({ refusals }) => refusals.remove),
      add: changes.flatMap(({ refusals }) => refusals.add),
    },
  }
}

/** Takes away real servers that nobody wants and to which no connections lead any more. */
export function endDraining(proxy: IpvsProxy, family: Family, busy: Busy = NOBODY_BUSY): readonly ServerChange[] {
  return endGrace(proxy.families[family].draining, busy)
}

/**
 * What a proxy that starts changes of the virtual servers that it finds, after {@link syncFull}: weights become 1 again,
 * and what nobody wants goes, unless it is excluded. Those by mark are not kube-proxy's.
 */
export function takeOver(
  proxy: IpvsProxy,
  family: Family,
  found: readonly VirtualServer[],
  busy: Busy = NOBODY_BUSY,
): readonly ServerChange[] {
  const own = proxy.families[family]
  const held = new Map(found.map(server => [formatVirtualAddress(server.at), server]))
  const steps = serversIn(own.ledger).map((after): ServerStep => {
    const key = formatVirtualAddress(after.at)
    const before = held.get(key)
    held.delete(key)
    return { before, after }
  })
  for (const before of held.values()) {
    if (before.at.by === 'address' && familyAt(before.at) === family) steps.push({ before, after: undefined })
  }
  return steps.flatMap(step => serverStep(step, own, busy))
}

/** All as it stands after the last sync. */
export function currentState(proxy: IpvsProxy, family: Family): IpvsState {
  const own = proxy.families[family]
  const { settings, ledger, written, draining, left } = own
  const refusals = [...written.keys()].sort().flatMap(key => refusalsOf(written.get(key)))
  return {
    family,
    servers: [...serversIn(ledger).map(server => withDrained(server, draining)), ...left.values()],
    addresses: entriesIn(ledger, 'KUBE-IPVS-IPS').flatMap(ipsOf),
    sets: SET_NAMES.map(name => setOf(name, family, entriesIn(ledger, name))),
    rules: rulesetOf(settings, holdsOf(ledger), refusals),
    sysctls: ipvsSysctls(settings),
    ...(settings.timeouts && { timeouts: settings.timeouts }),
    ...(settings.excluded.length > 0 && { shared: true as const }),
  }
}

function write(draft: Draft<PortWork>, { settings, written }: FamilyProxy): ServiceWork | undefined {
  return writeDraft(draft, written, port => portWorkOf(port, settings))
}

function claimsOf(service: ServiceWork | undefined): Claims | undefined {
  return (
    service && {
      servers: service.ports.flatMap(({ servers }) => servers),
      entries: service.ports.flatMap(({ entries }) => entries),
    }
  )
}

function refusalsOf(service: ServiceWork | undefined): readonly Rule[] {
  return service?.ports.flatMap(({ refusals }) => refusals) ?? []
}

function holdsOf({ sets }: Ledger): Holds {
  return set => sets[set].size > 0
}

/** What decides the rules now, whatever changes later. */
function decidersOf({ ledger, refusals }: FamilyProxy): Deciders {
  const held = new Set(SET_NAMES.filter(holdsOf(ledger)))
  return { holds: set => held.has(set), refuses: refusals > 0 }
}

function changedFrom(before: Deciders, own: FamilyProxy): readonly PlacedChain[] {
  const after = decidersOf(own)
  if (before.refuses === after.refuses && SET_NAMES.every(set => before.holds(set) === after.holds(set))) return []
  return changedChains(chainsOf(own.settings, before), chainsOf(own.settings, after))
}

type RuleChange = IpvsPartialSync['refusals']

const NO_RULES: RuleChange = { remove: [], add: [] }

function refusalChange(before: ServiceWork | undefined, after: ServiceWork | undefined): RuleChange {
  const remove = refusalsOf(before)
  const add = refusalsOf(after)
  // Rules are plain data, each made by the same code: equal text means equal rules.
  return JSON.stringify(remove) === JSON.stringify(add) ? NO_RULES : { remove, add }
}

function boundBy(entries: readonly EntryChange[], change: EntryChange['do']): readonly Ip[] {
  return entries.flatMap(one => (one.do === change && one.set === 'KUBE-IPVS-IPS' ? ipsOf(one.entry) : []))
}

function ipsOf({ elements }: SetEntry): readonly Ip[] {
  return elements.flatMap(element => (element.kind === 'ip' ? [element.ip] : []))
}

function serverSteps({ servers }: ClaimChanges, own: FamilyProxy, busy: Busy): readonly ServerChange[] {
  return servers.flatMap(step => serverStep(step, own, busy))
}

function serverStep({ before, after }: ServerStep, own: FamilyProxy, busy: Busy): readonly ServerChange[] {
  const at = (after ?? before)?.at
  const key = at === undefined ? '' : formatVirtualAddress(at)
  if (before && !after && isLeft(before.at, own)) {
    own.left.set(key, withDrained(before, own.draining))
    own.draining.delete(key)
    return []
  }
  const held = before ?? own.left.get(key)
  own.left.delete(key)
  return withGrace(serverChanges(held, after), own.draining, busy)
}

function isLeft(at: VirtualAddress, { settings }: FamilyProxy): boolean {
  return at.by === 'address' && isExcluded(at.ip, settings)
}
