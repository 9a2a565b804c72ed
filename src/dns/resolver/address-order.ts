/**
 * The order in which `getaddrinfo` delivers addresses: the one to try first comes first.
 *
 * @see RFC 3484 section 6, which glibc follows (posix/getaddrinfo.c: rfc3484_sort); RFC 6724 section 6, which musl
 * follows (src/network/lookup_name.c)
 * @module
 */
import {
  contains,
  familyOf,
  type InterfaceAddress,
  type Ip,
  isIpv4,
  isLinkLocal,
  isLoopback,
  prefixOf,
} from '../../base/ip.ts'
import { type Ipv6, parsePrefix6 } from '../../base/ipv6.ts'
import type { Library } from './library.ts'

/** How a destination is weighed: of two, the one whose first differing number is greater comes first. */
type Weight = readonly number[]

/** The addresses of the program's machine. */
export interface OwnAddresses {
  /** With their networks, loopback and link-local ones left out; without one of its family, an address cannot be used. */
  readonly sources: readonly InterfaceAddress[]
  /** Whether it has an IPv6 address beside loopback, be it link-local, as the kernel gives every device one. */
  readonly hasIpv6: boolean
}

/** musl's own limit. @see src/network/lookup.h of musl: MAXADDRS */
export const MUSL_MOST_ADDRESSES = 48

/**
 * The addresses, as the answers have them, in the order in which programs get them.
 *
 * Of IPv4 addresses, glibc puts those that the machine shares more bits with first, but only those in the machine's own
 * network, and only if the machine has IPv6 too: it learns of networks together with that (measured with 2.36).
 */
export function orderAddresses(addresses: readonly Ip[], own: OwnAddresses, library: Library): readonly Ip[] {
  const taken = library === 'musl' ? addresses.slice(0, MUSL_MOST_ADDRESSES) : addresses
  // Of IPv4 alone, musl leaves the order as it came.
  if (library === 'musl' && taken.every(isIpv4)) return taken
  const weighed = taken.map(ip => ({ ip, weight: weightOf(ip, own, library) }))
  return weighed.sort((a, b) => compareWeights(b.weight, a.weight)).map(({ ip }) => ip)
}

function compareWeights(a: Weight, b: Weight): number {
  const at = a.findIndex((number, i) => number !== b[i])
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0)
}

/** Rules 1 (usable), 2 (scope of the source), 5 (its label), 6 (precedence), 8 (small scope), 9 (longest prefix). */
function weightOf(ip: Ip, own: OwnAddresses, library: Library): Weight {
  const source = sourceFor(ip, own.sources, library)
  const scope = scopeOf(ip, library)
  const policies = POLICIES[library]
  const [precedence, label] = policyOf(ip, policies)
  const isScoped = source !== undefined && scopeOf(source.address, library) === scope
  const isLabelled = source !== undefined && policyOf(source.address, policies)[1] === label
  const prefix = source === undefined || isUnlearned(ip, source, own, library) ? 0 : sharedBits(ip, source.address)
  return [source === undefined ? 0 : 1, isScoped ? 1 : 0, isLabelled ? 1 : 0, precedence, -scope, prefix]
}

/** The kernel's choice among few: loopback for itself, else an address of like scope. */
function sourceFor(ip: Ip, sources: readonly InterfaceAddress[], library: Library): InterfaceAddress | undefined {
  const family = familyOf(ip)
  if (isLoopback(ip)) return { address: ip, bits: family === 4 ? 8 : 128 }
  const own = sources.filter(({ address }) => familyOf(address) === family)
  return own.find(({ address }) => scopeOf(address, library) === scopeOf(ip, library)) ?? own[0]
}

/** 2 link, 5 site, 14 global; to musl all of IPv4 is global. @see RFC 4007 section 5 */
function scopeOf(ip: Ip, library: Library): number {
  if (isIpv4(ip) && library === 'musl') return 14
  if (isLoopback(ip) || isLinkLocal(ip)) return 2
  return !isIpv4(ip) && contains(SITE_LOCAL, ip) ? 5 : 14
}

const SITE_LOCAL = parsePrefix6('fec0::/10')

/** A prefix, its precedence, its label; IPv4 as within IPv6. */
type Policy = readonly [prefix: ReturnType<typeof parsePrefix6>, precedence: number, label: number]

const policy = (text: string, precedence: number, label: number): Policy => [parsePrefix6(text), precedence, label]

/** The longest prefix first. */
const POLICIES: Readonly<Record<Library, readonly Policy[]>> = {
  // default_labels and default_precedence together
  glibc: [
    policy('::1/128', 50, 0),
    policy('::ffff:0:0/96', 10, 4),
    policy('::/96', 20, 3),
    policy('2001::/32', 40, 7),
    policy('2002::/16', 30, 2),
    policy('fec0::/10', 40, 5),
    policy('fc00::/7', 40, 6),
    policy('::/0', 40, 1),
  ],
  // defpolicy
  musl: [
    policy('::1/128', 50, 0),
    policy('::ffff:0:0/96', 35, 4),
    policy('2001::/32', 5, 5),
    policy('2002::/16', 30, 2),
    policy('fc00::/7', 3, 13),
    policy('::/0', 40, 1),
  ],
}

function policyOf(ip: Ip, policies: readonly Policy[]): readonly [precedence: number, label: number] {
  const mapped = asIpv6(ip)
  const [, precedence = 0, label = 0] = policies.find(([prefix]) => contains(prefix, mapped)) ?? []
  return [precedence, label]
}

/** @see RFC 4291 section 2.5.5.2 */
function asIpv6(ip: Ip): Ipv6 {
  return isIpv4(ip) ? { w0: 0, w1: 0, w2: 0xffff, w3: ip } : ip
}

/** Whether glibc does not look at how much of the address is the source's. */
function isUnlearned(
  ip: Ip,
  { address, bits }: InterfaceAddress,
  { hasIpv6 }: OwnAddresses,
  library: Library,
): boolean {
  return isIpv4(ip) && library === 'glibc' && !(hasIpv6 && contains(prefixOf(address, bits), ip))
}

/** How many leading bits are the same. */
function sharedBits(ip: Ip, source: Ip): number {
  const [a, b] = [asIpv6(ip), asIpv6(source)]
  const words = [a.w0 ^ b.w0, a.w1 ^ b.w1, a.w2 ^ b.w2, a.w3 ^ b.w3]
  const at = words.findIndex(word => word !== 0)
  return at < 0 ? 128 : 32 * at + Math.clz32(words[at] ?? 0)
}
