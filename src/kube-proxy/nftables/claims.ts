/**
 * Elements of the sets that all services share, and which services want them.
 *
 * Two services may want one element: an external address that both have. Whoever comes first by namespace and name gets
 * it and, once that one is gone, the next. (Of kube-proxy whoever is written last does, in no order that can be told.)
 *
 * @module
 */
import type { NftElement } from '../../netfilter/nftables/expression.ts'
import { formatNftElement, formatNftValue } from '../../netfilter/nftables/expression-text.ts'
import type { ServiceKey } from '../service-map.ts'
import type { Claim } from './port-elements.ts'
import { SHARED_SETS, type SharedSet } from './shared-sets.ts'

interface Claimed {
  readonly service: ServiceKey
  readonly element: NftElement
}

/** By the text of their keys, all claims to one element, the one that holds first. Changed by {@link replaceClaims} alone. */
export type Ledger = Readonly<Record<SharedSet, Map<string, readonly Claimed[]>>>

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
  return Array.from(ledger[set].values(), ([first]) => (first as Claimed).element)
}

/** Enters the claims of a service that has none there yet. */
export function enterClaims(ledger: Ledger, service: ServiceKey, claims: readonly Claim[]): void {
  for (const { set, element } of claims) enterClaim(ledger[set], formatNftValue(element.key), { service, element })
}

function enterClaim(claims: Map<string, readonly Claimed[]>, key: string, claim: Claimed): void {
  const there = claims.get(key)
  if (there === undefined) claims.set(key, [claim])
  // A service's ports share its cluster IP, and may share endpoints.
  else if (!there.some(one => one.service === claim.service)) claims.set(key, inOrder([...there, claim]))
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
    if (!touched.has(id)) touched.set(id, { set, key, held: ledger[set].get(key)?.[0]?.element })
  }
  for (const { set, element } of before) {
    const key = formatNftValue(element.key)
    touch(set, key)
    const left = ledger[set].get(key)?.filter(one => one.service !== service) ?? []
    if (left.length > 0) ledger[set].set(key, left)
    else ledger[set].delete(key)
  }
  for (const { set, element } of after) {
    const key = formatNftValue(element.key)
    touch(set, key)
    enterClaim(ledger[set], key, { service, element })
  }
  return [...touched.values()].flatMap(({ set, key, held }) => changeOf(set, held, ledger[set].get(key)?.[0]?.element))
}

function inOrder(claims: readonly Claimed[]): readonly Claimed[] {
  return [...claims].sort((a, b) => (a.service < b.service ? -1 : 1))
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
