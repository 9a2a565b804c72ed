/**
 * NAT to an address of the machine itself, which the rule leaves open.
 *
 * @see net/netfilter/nf_nat_masquerade.c, nf_nat_redirect.c of Linux
 * @module
 */
import { type Ip, isIpv4, isLinkLocal, isLoopback, isUnspecified } from '../../base/ip.ts'
import type { Ipv4 } from '../../base/ipv4.ts'
import { ipv6 } from '../../base/ipv6.ts'
import type { Packet } from '../../packet/packet.ts'
import type { TargetDo } from '../rule.ts'
import type { Devices, Hook, Surroundings } from './hook.ts'
import type { NatRange } from './nat-range.ts'

type OwnTarget = TargetDo<'masquerade' | 'redirect'>

const LOOPBACK4 = 0x7f000001 as Ipv4
const LOOPBACK6 = ipv6(0, 0, 0, 1)

/**
 * What MASQUERADE rewrites the source to: the address that the machine takes itself on the way out.
 * IPv4 asks by the next hop, IPv6 by the destination.
 *
 * @returns nothing when the device has no address, which drops the packet
 */
export function masqueradeRange(
  target: OwnTarget,
  { family, dst }: Packet,
  { out, via }: Devices,
  surroundings: Surroundings,
): NatRange | undefined {
  if (out === undefined) return undefined
  const ip = surroundings.sourceOf(out, family === 4 && via !== undefined && isIpv4(via) ? via : dst)
  return ip === undefined ? undefined : rangeOf(ip, target)
}

/**
 * What REDIRECT rewrites the destination to: the first address of the device that the packet came
 * in by, or loopback for packets of the machine's own.
 *
 * @returns nothing when the device has no address, which drops the packet
 */
export function redirectRange(
  target: OwnTarget,
  { family, dst }: Packet,
  hook: Hook,
  devices: Devices,
  { addressesOf }: Surroundings,
): NatRange | undefined {
  if (hook === 'output') return rangeOf(family === 4 ? LOOPBACK4 : LOOPBACK6, target)
  if (devices.in === undefined) return undefined
  const ip = addressesOf(devices.in).find(own => isUsable(own, family, dst))
  return ip === undefined ? undefined : rangeOf(ip, target)
}

/** Of IPv6, for a destination that is only good on a link or the machine, an address of that scope. */
function isUsable(own: Ip, family: Packet['family'], dst: Ip): boolean {
  if (isIpv4(own)) return family === 4 && !isUnspecified(own)
  if (family === 4) return false
  if (isLinkLocal(dst)) return isLinkLocal(own)
  return isLoopback(dst) ? isLoopback(own) : true
}

function rangeOf(ip: Ip, { ports, random, randomFully }: OwnTarget): NatRange {
  return {
    to: { from: ip, to: ip },
    ...(ports && { ports }),
    ...(random && { random }),
    ...(randomFully && { randomFully }),
  }
}
