/**
 * Addresses that stand for more or less than one machine, as far as the address itself says so.
 *
 * @module
 */
import { type Ip, isIpv4, isUnspecified } from '../base/ip.ts'

/** 224.0.0.0/4, ff00::/8 */
export function isMulticast(ip: Ip): boolean {
  return isIpv4(ip) ? ip >>> 28 === 0xe : ip.w0 >>> 24 === 0xff
}

/** 255.255.255.255. A network's own broadcast address looks like any other. */
export function isLimitedBroadcast(ip: Ip): boolean {
  return isIpv4(ip) && ip === -1
}

/** Whether the address can be that of one machine. */
export function isUnicast(ip: Ip): boolean {
  return !isUnspecified(ip) && !isMulticast(ip) && !isLimitedBroadcast(ip)
}
