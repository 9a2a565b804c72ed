/**
 * What services want of the node, and which of it the kernel has.
 *
 * Several services may want one thing. Of a set's entry, one is enough: it goes when nobody wants it any more. A virtual
 * server is one service's at a time.
 *
 * @module
 */
import type { SetEntry } from '../../netfilter/ipset.ts'
import { formatElement } from '../../netfilter/ipset-element.ts'
import { formatVirtualAddress, type VirtualServer } from '../../netfilter/ipvs/virtual-server.ts'
import { allHeld, type Claimants, claim, holderOf, withdraw } from '../claimants.ts'
import type { ServiceKey } from '../service-map.ts'
import { SET_NAMES, type SetName } from './sets.ts'

/** An entry, and where it belongs. */
export interface EntryClaim {
  readonly set: SetName
  readonly entry: SetEntry
}

export interface Claims {
  readonly servers: readonly VirtualServer[]
  readonly entries: readonly EntryClaim[]
}

interface Counted {
  readonly entry: SetEntry
  claims: number
}

/** Changed by {@link replaceClaims} alone. */
export interface Ledger {
  /** By the text of their entries. */
  readonly sets: Readonly<Record<SetName, Map<string, Counted>>>
  /** By address. */
  readonly servers: Claimants<VirtualServer>
}

export interface EntryChange extends EntryClaim {
  readonly do: 'add' | 'delete'
}

/** Another virtual server of the same address, or one that comes or goes. */
export interface ServerStep {
  readonly before: VirtualServer | undefined
  readonly after: VirtualServer | undefined
}

export interface ClaimChanges {
  readonly entries: readonly EntryChange[]
  readonly servers: readonly ServerStep[]
}

export function createLedger(): Ledger {
  const sets = Object.fromEntries(SET_NAMES.map(set => [set, new Map<string, Counted>()]))
  return { sets: sets as unknown as Ledger['sets'], servers: new Map() }
}

export function entriesIn({ sets }: Ledger, set: SetName): readonly SetEntry[] {
  return Array.from(sets[set].values(), ({ entry }) => entry)
}

export function serversIn({ servers }: Ledger): readonly VirtualServer[] {
  return allHeld(servers)
}

/** Enters what the service wants, which wanted nothing before. */
export function enterClaims({ sets, servers }: Ledger, service: ServiceKey, { entries, servers: own }: Claims): void {
  for (const { set, entry } of entries) count(sets[set], formatElements(entry), entry, 1)
  for (const server of own) claimServer(servers, service, server)
}

/** Takes back what the service wanted before, enters what it wants now, and says what that changes. */
export function replaceClaims(
  ledger: Ledger,
  service: ServiceKey,
  before: Claims | undefined,
  after: Claims | undefined,
): ClaimChanges {
  return {
    entries: replaceEntries(ledger.sets, before?.entries ?? [], after?.entries ?? []),
    servers: replaceServers(ledger.servers, service, before?.servers ?? [], after?.servers ?? []),
  }
}

function replaceEntries(
  sets: Ledger['sets'],
  before: readonly EntryClaim[],
  after: readonly EntryClaim[],
): readonly EntryChange[] {
  const touched = new Map<string, EntryClaim & { readonly key: string; readonly held: boolean }>()
  const recount = (claim: EntryClaim, by: 1 | -1) => {
    const own = sets[claim.set]
    const key = formatElements(claim.entry)
    const id = `${claim.set} ${key}`
    if (!touched.has(id)) touched.set(id, { ...claim, key, held: own.has(key) })
    count(own, key, claim.entry, by)
  }
  // Entries that stay are counted up before they are counted down, and so never leave their place.
  for (const claim of after) recount(claim, 1)
  for (const claim of before) recount(claim, -1)
  return [...touched.values()].flatMap(({ set, entry, key, held }): readonly EntryChange[] => {
    const holds = sets[set].has(key)
    return holds === held ? [] : [{ do: holds ? 'add' : 'delete', set, entry }]
  })
}

function count(set: Map<string, Counted>, key: string, entry: SetEntry, by: 1 | -1): void {
  const known = set.get(key)
  if (!known) set.set(key, { entry, claims: by })
  else if (known.claims + by === 0) set.delete(key)
  else known.claims += by
}

/** The changes without those that take each other back. */
export function netChanges(changes: readonly EntryChange[]): readonly EntryChange[] {
  const net = new Map<string, EntryChange>()
  for (const change of changes) {
    const id = `${change.set} ${formatElements(change.entry)}`
    // Of one entry, a deletion follows an addition and the other way about.
    if (!net.delete(id)) net.set(id, change)
  }
  return [...net.values()]
}

/** `10.96.0.1,tcp:443` */
function formatElements({ elements }: SetEntry): string {
  return elements.map(formatElement).join(',')
}

function replaceServers(
  servers: Ledger['servers'],
  service: ServiceKey,
  before: readonly VirtualServer[],
  after: readonly VirtualServer[],
): readonly ServerStep[] {
  const held = new Map<string, VirtualServer | undefined>()
  for (const { at } of [...before, ...after]) {
    const key = formatVirtualAddress(at)
    held.set(key, holderOf(servers, key))
  }
  const wanted = new Set(after.map(server => claimServer(servers, service, server)))
  for (const { at } of before) {
    const key = formatVirtualAddress(at)
    if (!wanted.has(key)) withdraw(servers, key, service)
  }
  return Array.from(held, ([key, server]): ServerStep => ({ before: server, after: holderOf(servers, key) })).filter(
    step => step.before !== step.after,
  )
}

/** Returns the address. Of one service's claims to it, the last counts: so does kube-proxy's last word on a port. */
function claimServer(servers: Ledger['servers'], service: ServiceKey, server: VirtualServer): string {
  const key = formatVirtualAddress(server.at)
  claim(servers, key, service, server)
  return key
}
