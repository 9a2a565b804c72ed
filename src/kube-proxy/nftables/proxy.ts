/**
 * kube-proxy in nftables mode on one node, both families.
 *
 * Objects go in by `setService` and `setSlice` of `service-map.ts`; a table comes out by {@link syncFull}, which makes all
 * of it, and {@link syncChanged}, which makes the chains, sets and elements of the services that changed.
 *
 * @module
 */
import type { Family } from '../../base/ip.ts'
import type { NftChain, NftSet, NftTable } from '../../netfilter/nftables/rule.ts'
import { IP } from '../../netfilter/nftables/statements.ts'
import { type Draft, draftOf, type WrittenService, writeDraft } from '../draft.ts'
import { createServiceMap, type ServiceKey, type ServiceMap, takeChanged } from '../service-map.ts'
import { type ProxyOptions, type Settings, settingsOf } from '../settings.ts'
import { baseChains } from './base-chains.ts'
import { createLedger, type ElementChange, elementsIn, enterClaims, type Ledger, replaceClaims } from './claims.ts'
import { helperChains } from './helper-chains.ts'
import { type Layout, layoutOf } from './layout.ts'
import { TABLE } from './names.ts'
import { type PortTables, portTablesOf } from './port-tables.ts'
import { sharedSets } from './shared-sets.ts'

/** Changed only by the functions of this module and of `service-map.ts`. */
export interface NftProxy extends ServiceMap {
  readonly families: Readonly<Record<Family, FamilyProxy>>
}

type ServiceTables = WrittenService<PortTables>

interface FamilyProxy {
  readonly settings: Settings
  readonly layout: Layout
  /** What is written for each service. */
  readonly written: Map<ServiceKey, ServiceTables>
  ledger: Ledger
  synced: boolean
}

/** What a change means for a table that is in place. */
export interface NftPartialSync {
  readonly family: Family
  /** Chains that are new or get new rules, with all of their rules. */
  readonly chains: readonly NftChain[]
  /** Sets that are new, or made anew for another timeout; those that stay keep the clients that they know. */
  readonly sets: readonly NftSet[]
  readonly elements: readonly ElementChange[]
  /** Chains and sets that nobody needs any longer, and sets that are made anew. */
  readonly stale: { readonly chains: readonly string[]; readonly sets: readonly string[] }
}

/** @throws {InputError} when a field of the configuration cannot be used */
export function createNftProxy(options: ProxyOptions): NftProxy {
  const familyProxy = (family: Family): FamilyProxy => {
    const settings = settingsOf(options, family, 'nftables')
    return { settings, layout: layoutOf(settings.release), written: new Map(), ledger: createLedger(), synced: false }
  }
  return { ...createServiceMap(), families: { 4: familyProxy(4), 6: familyProxy(6) } }
}

/** Makes the whole table, and gives it as it then stands in the kernel. */
export function syncFull(proxy: NftProxy, family: Family): NftTable {
  const own = proxy.families[family]
  takeChanged(proxy, family)
  own.written.clear()
  own.ledger = createLedger()
  for (const key of [...proxy.entries.keys()].sort()) {
    const after = write(draftOf(proxy, key, own.settings, own.written), own)
    enterClaims(own.ledger, key, claimsIn(after))
  }
  own.synced = true
  return currentTable(proxy, family)
}

/**
 * Makes what is written for the services that changed since the last sync, and says how to get there.
 *
 * @throws {RangeError} when there was no full sync before
 */
export function syncChanged(proxy: NftProxy, family: Family): NftPartialSync {
  const own = proxy.families[family]
  if (!own.synced) throw new RangeError('A proxy needs a full sync before one of changes')
  const changes = takeChanged(proxy, family).map(key => {
    const draft = draftOf(proxy, key, own.settings, own.written)
    const after = write(draft, own)
    return {
      before: draft.before,
      after,
      elements: replaceClaims(own.ledger, key, claimsIn(draft.before), claimsIn(after)),
    }
  })
  const before = changes.flatMap(change => change.before?.ports ?? [])
  const after = changes.flatMap(change => change.after?.ports ?? [])
  const sets = leftover(setsOf(after), setsOf(before), isSameSet)
  const chains = chainsOf(after)
  return {
    family,
    chains,
    sets,
    elements: changes.flatMap(({ elements }) => elements),
    stale: {
      chains: leftover(chainsOf(before), chains).map(({ name }) => name),
      sets: leftover(setsOf(before), setsOf(after), isSameSet).map(({ name }) => name),
    },
  }
}

/** The table as it stands after the last sync. */
export function currentTable(proxy: NftProxy, family: Family): NftTable {
  const { settings, layout, written, ledger } = proxy.families[family]
  const ports = [...written.keys()].sort().flatMap(key => written.get(key)?.ports ?? [])
  return {
    family: IP[family],
    name: TABLE,
    comment: 'rules for kube-proxy',
    sets: [...sharedSets(settings, set => elementsIn(ledger, set)), ...setsOf(ports)],
    chains: [...baseChains(layout), ...helperChains(settings), ...chainsOf(ports)],
  }
}

function write(draft: Draft<PortTables>, { settings, layout, written }: FamilyProxy): ServiceTables | undefined {
  return writeDraft(draft, written, port => portTablesOf(port, settings, layout))
}

function claimsIn(service: ServiceTables | undefined) {
  return service?.ports.flatMap(({ claims }) => claims) ?? []
}

function chainsOf(ports: readonly PortTables[]): readonly NftChain[] {
  return ports.flatMap(({ chains }) => chains)
}

function setsOf(ports: readonly PortTables[]): readonly NftSet[] {
  return ports.flatMap(({ sets }) => sets)
}

/** The kernel changes no timeout. */
function isSameSet(a: NftSet, b: NftSet): boolean {
  return a.timeout === b.timeout
}

/** Those of `some` that none of `others` has the name of, or none that is the same. */
function leftover<T extends { readonly name: string }>(
  some: readonly T[],
  others: readonly T[],
  isSame: (a: T, b: T) => boolean = () => true,
): readonly T[] {
  const byName = new Map(others.map(one => [one.name, one]))
  return some.filter(one => {
    const other = byName.get(one.name)
    return !other || !isSame(one, other)
  })
}
