/**
 * Elements of the sets that all services share, and which services want them.
 *
 * Two services may want one element: an external address that both have.
 *
 * @module
 */
import type { NftElement } from '../../netfilter/nftables/expression.ts'
import { formatNftElement, formatNftValue } from '../../netfilter/nftables/expression-text.ts'
import { allHeld, type Claimants, claim, hasClaim, holderOf, withdraw } from '../claimants.ts'
import type { ServiceKey } from '../service-map.ts'
import type { Claim } from './port-elements.ts'
import { SHARED_SETS, type SharedSet } from './shared-sets.ts'

/** By the text of their keys. Changed by {@link enterClaims} and {@link replaceClaims} alone. */
export type Ledger = Readonly<Record<SharedSet, Claimants<NftElement>>>

/** An element that the kernel must lose, or get, or both: then it is another with the same key. */
export interface ElementChange {
  readonly set: SharedSet
  readonly remove?: NftElement
  readonly add?: NftElement
}

export function createLedger(): Ledger {
  return Object.fromEntries(SHARED_SETS.map(set => [set, new Map()])) as unknown as Ledger
}

/** What the sets hold. */
export function elementsIn(ledger: Ledger, set: SharedSet): readonly NftElement[] {
  return allHeld(ledger[set])
}

/** Enters the claims of a service that has none there yet. */
export function enterClaims(ledger: Ledger, service: ServiceKey, claims: readonly Claim[]): void {
  for (const { set, element } of claims) enterClaim(ledger[set], formatNftValue(element.key), service, element)
}

/** A service's ports share its cluster IP, and may share endpoints. */
function enterClaim(claimants: Claimants<NftElement>, key: string, service: ServiceKey, element: NftElement): void {
  if (!hasClaim(claimants, key, service)) claim(claimants, key, service, element)
}

/** Takes back what the service claimed before, enters what it claims now, and says what that changes. */
export function replaceClaims(
  ledger: Ledger,
  service: ServiceKey,
  before: readonly Claim[],
  after: readonly Claim[],
): readonly ElementChange[] {
  const touched = new Map<
    string,
    { readonly set: SharedSet; readonly key: string; readonly held: NftElement | undefined }
  >()
  const touch = (set: SharedSet, key: string) => {
    const id = `${set} ${key}`
    if (!touched.has(id)) touched.set(id, { set, key, held: holderOf(ledger[set], key) })
  }
  for (const { set, element } of before) {
    const key = formatNftValue(element.key)
    touch(set, key)
    withdraw(ledger[set], key, service)
  }
  for (const { set, element } of after) {
    const key = formatNftValue(element.key)
    touch(set, key)
    enterClaim(ledger[set], key, service, element)
  }
  return [...touched.values()].flatMap(({ set, key, held }) => changeOf(set, held, holderOf(ledger[set], key)))
}

function changeOf(
  set: SharedSet,
  remove: NftElement | undefined,
  add: NftElement | undefined,
): readonly ElementChange[] {
  if (remove === add) return []
  if (remove && add && formatNftElement(remove) === formatNftElement(add)) return []
  return [{ set, ...(remove && { remove }), ...(add && { add }) }]
}
