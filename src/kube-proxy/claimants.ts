/**
 * Things of the kernel that several services may want, each by the text of its key: an address, an element of a set.
 *
 * Whoever comes first by namespace and name holds it and, once that one is gone, the next. (Of kube-proxy whoever is
 * written last does, in no order that can be told.)
 *
 * @module
 */
import type { ServiceKey } from './service-map.ts'

interface Claimed<T> {
  readonly service: ServiceKey
  readonly thing: T
}

/** All claims to each thing, the one that holds first. Changed by the functions of this module alone. */
export type Claimants<T> = Map<string, readonly Claimed<T>[]>

export function holderOf<T>(claimants: Claimants<T>, key: string): T | undefined {
  return claimants.get(key)?.[0]?.thing
}

/** What is held, by whomever. */
export function allHeld<T>(claimants: Claimants<T>): readonly T[] {
  return Array.from(claimants.values(), claims => (claims[0] as Claimed<T>).thing)
}

export function hasClaim<T>(claimants: Claimants<T>, key: string, service: ServiceKey): boolean {
  return claimants.get(key)?.some(one => one.service === service) ?? false
}

/** Enters the service's claim, in place of its older one. */
export function claim<T>(claimants: Claimants<T>, key: string, service: ServiceKey, thing: T): void {
  const others = claimants.get(key)?.filter(one => one.service !== service) ?? []
  const own = { service, thing }
  claimants.set(key, others.length > 0 ? [...others, own].sort((a, b) => (a.service < b.service ? -1 : 1)) : [own])
}

export function withdraw<T>(claimants: Claimants<T>, key: string, service: ServiceKey): void {
  const left = claimants.get(key)?.filter(one => one.service !== service) ?? []
  if (left.length > 0) claimants.set(key, left)
  else claimants.delete(key)
}
