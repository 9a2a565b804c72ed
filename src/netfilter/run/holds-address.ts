/**
 * Conditions on the packet's addresses, and on what the machine's routes say of them.
 *
 * @see ip_packet_match in net/ipv4/netfilter/ip_tables.c, ip6_packet_match in
 * net/ipv6/netfilter/ip6_tables.c, net/netfilter/xt_iprange.c, xt_addrtype.c,
 * net/ipv4/netfilter/ipt_rpfilter.c of Linux
 * @module
 */
import { compareIp, type Ip, isIpv4, isUnspecified } from '../../base/ip.ts'
import type { Ipv4, Prefix4 } from '../../base/ipv4.ts'
import { type Ipv6, mask6, type Prefix6 } from '../../base/ipv6.ts'
import { isMulticast } from '../../packet/address-kind.ts'
import type { AddressRange, AddressType, AddressTypeMatch, MatchOn } from '../rule.ts'
import type { Holds } from './condition.ts'
import type { Probe } from './probe.ts'

export function holdsAddress({ on, in: prefix, not }: MatchOn<'src' | 'dst'>): Holds {
  return prefix.family === 4 ? holdsAddress4(on, prefix, not ?? false) : holdsAddress6(on, prefix, not ?? false)
}

function holdsAddress4(on: 'src' | 'dst', { base, mask }: Prefix4, not: boolean): Holds {
  return on === 'src'
    ? probe => (((probe.src0 ^ base) & mask) === 0) === !not
    : probe => (((probe.dst0 ^ base) & mask) === 0) === !not
}

function holdsAddress6(on: 'src' | 'dst', { base, bits }: Prefix6, not: boolean): Holds {
  const { w0, w1, w2, w3 } = base
  const { w0: m0, w1: m1, w2: m2, w3: m3 } = mask6(bits)
  return on === 'src'
    ? ({ src0, src1, src2, src3 }) =>
        (((src3 ^ w3) & m3) === 0 && (((src0 ^ w0) & m0) | ((src1 ^ w1) & m1) | ((src2 ^ w2) & m2)) === 0) === !not
    : ({ dst0, dst1, dst2, dst3 }) =>
        (((dst3 ^ w3) & m3) === 0 && (((dst0 ^ w0) & m0) | ((dst1 ^ w1) & m1) | ((dst2 ^ w2) & m2)) === 0) === !not
}

export function holdsIprange({ src, dst }: MatchOn<'iprange'>): Holds {
  return ({ skb: { packet } }) =>
    (!src || isWithin(packet.src, src) === !src.not) && (!dst || isWithin(packet.dst, dst) === !dst.not)
}

export function isWithin(ip: Ip, { from, to }: AddressRange): boolean {
  return compareIp(ip, from) >= 0 && compareIp(ip, to) <= 0
}

export function holdsAddressType(match: AddressTypeMatch): Holds {
  const { src, dst } = match
  return probe => {
    const { packet } = probe.skb
    return (
      (!src || isOfType(packet.src, src.in, deviceOf(match, probe), probe) === !src.not) &&
      (!dst || isOfType(packet.dst, dst.in, deviceOf(match, probe), probe) === !dst.not)
    )
  }
}

function deviceOf({ limit }: AddressTypeMatch, probe: Probe): string | undefined {
  return (limit === 'in' ? probe.in : limit === 'out' ? probe.out : '') || undefined
}

function isOfType(ip: Ip, types: readonly AddressType[], device: string | undefined, probe: Probe): boolean {
  const { addressType } = probe.passing.surroundings
  return isIpv4(ip) ? types.includes(addressType(ip, device)) : isOfType6(ip, types, () => addressType(ip, device))
}

/** Types of IPv6 routes that lead nowhere, all of which are one to the kernel. */
const NOWHERE: readonly AddressType[] = ['UNREACHABLE', 'BLACKHOLE', 'PROHIBIT', 'THROW']

/**
 * IPv6 asks for several types differently: multicast, unicast and unspecified are qualities that
 * the address must have, each of them; only then do routes say whether it is one of the others.
 *
 * @see match_type6 in net/netfilter/xt_addrtype.c of Linux
 */
function isOfType6(ip: Ipv6, types: readonly AddressType[], routed: () => AddressType): boolean {
  const multicast = isMulticast(ip)
  const unspecified = isUnspecified(ip)
  if (types.includes('MULTICAST') && !multicast) return false
  if (types.includes('UNICAST') && (multicast || unspecified)) return false
  if (types.includes('UNSPEC') && !unspecified) return false
  if (!types.some(type => type === 'LOCAL' || type === 'ANYCAST' || type === 'UNREACHABLE')) return true
  const type = routed()
  return types.includes(NOWHERE.includes(type) ? 'UNREACHABLE' : type) && type !== 'UNICAST' && type !== 'MULTICAST'
}

const BROADCAST4 = -1 as Ipv4

/** Whether the way back to the source leads through the device that the packet came in by. */
export function holdsReversePath({ loose, validMark, acceptLocal, invert }: MatchOn<'rpfilter'>): Holds {
  const flags = { loose: loose ?? false, acceptLocal: acceptLocal ?? false }
  const inverted = invert ?? false
  return ({ in: device, mark, skb: { packet }, passing }) => {
    if (device === 'lo' || isExempt(packet.src, packet.dst)) return !inverted
    const options = { ...flags, mark: validMark ? mark : 0 }
    return passing.surroundings.reachesBack(packet, device, options) !== inverted
  }
}

/** Senders without an address yet: IPv4's 0.0.0.0/8 to everybody on the link, IPv6's `::`. */
function isExempt(src: Ip, dst: Ip): boolean {
  if (!isIpv4(src)) return isUnspecified(src)
  return src >>> 24 === 0 && isIpv4(dst) && (dst === BROADCAST4 || dst >>> 8 === 0xe00000)
}
