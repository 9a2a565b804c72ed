/**
 * Addresses and prefixes of either family.
 *
 * An address says its family by its shape: a number is IPv4, four words are IPv6.
 *
 * @module
 */
import { ParseError } from './error.ts'
import {
  addIpv4,
  compareIpv4,
  contains4,
  formatIpv4,
  formatPrefix4,
  type Ipv4,
  type Prefix4,
  parseIpv4,
  parsePrefix4,
  prefix4,
} from './ipv4.ts'
import {
  addIpv6,
  compareIpv6,
  contains6,
  equalIpv6,
  formatIpv6,
  formatPrefix6,
  type Ipv6,
  type Prefix6,
  parseIpv6,
  parsePrefix6,
  prefix6,
} from './ipv6.ts'

export type Family = 4 | 6
export const FAMILIES: readonly Family[] = [4, 6]

export type Ip = Ipv4 | Ipv6
export type Prefix = Prefix4 | Prefix6

/** An address together with the length of its network: `10.244.1.1/24`, host bits kept. */
export interface InterfaceAddress {
  readonly address: Ip
  readonly bits: number
}

export function isIpv4(address: Ip): address is Ipv4 {
  return typeof address === 'number'
}

export function familyOf(address: Ip): Family {
  return isIpv4(address) ? 4 : 6
}

/** How many bits an address of the family has. */
export function widthOf(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128
}

/** @throws {ParseError} unless `text` is an address of either family */
export function parseIp(text: string): Ip {
  if (text.includes(':')) return parseIpv6(text)
  if (text.includes('.')) return parseIpv4(text)
  throw new ParseError('IP address', text, 'neither IPv4 nor IPv6')
}

/** The address that `text` is, or nothing. */
export function findIp(text: string): Ip | undefined {
  try {
    return parseIp(text)
  } catch {
    return undefined
  }
}

export function formatIp(address: Ip): string {
  return isIpv4(address) ? formatIpv4(address) : formatIpv6(address)
}

/** @throws {ParseError} when a part is malformed or the address has host bits set */
export function parsePrefix(text: string): Prefix {
  return text.includes(':') ? parsePrefix6(text) : parsePrefix4(text)
}

export function formatPrefix(prefix: Prefix): string {
  return prefix.family === 4 ? formatPrefix4(prefix) : formatPrefix6(prefix)
}

/**
 * Reads an address with the length of its network, such as `10.244.1.1/24`.
 *
 * @throws {ParseError} when a part is malformed
 */
export function parseInterfaceAddress(text: string): InterfaceAddress {
  const slash = text.indexOf('/')
  const address = parseIp(slash < 0 ? text : text.slice(0, slash))
  const width = widthOf(familyOf(address))
  const length = slash < 0 ? String(width) : text.slice(slash + 1)
  if (!/^(?:0|[1-9]\d{0,2})$/.test(length) || Number(length) > width) {
    throw new ParseError('interface address', text, `no length of 0 to ${width}`)
  }
  return { address, bits: Number(length) }
}

/**
 * Reads a network in CIDR notation in which host bits may be set: they are dropped.
 *
 * @throws {ParseError} when a part is malformed or there is no length
 * @see ParseCIDR in package net of Go, by which Kubernetes and flannel read what older clusters hold
 */
export function parseNetwork(text: string): Prefix {
  if (!text.includes('/')) throw new ParseError('network', text, 'no length')
  const { address, bits } = parseInterfaceAddress(text)
  return prefixOf(address, bits)
}

/** `10.244.1.1/24` */
export function formatInterfaceAddress(own: InterfaceAddress): string {
  return `${formatIp(own.address)}/${own.bits}`
}

/** The network of `bits` leading bits that `address` is in. */
export function prefixOf(address: Ip, bits: number): Prefix {
  return isIpv4(address) ? prefix4(address, bits) : prefix6(address, bits)
}

/** The network of that one address. */
export function hostPrefix(address: Ip): Prefix {
  return prefixOf(address, widthOf(familyOf(address)))
}

/** Whether `address` is of the prefix's family and in it. */
export function contains(prefix: Prefix, address: Ip): boolean {
  if (prefix.family === 4) return isIpv4(address) && contains4(prefix, address)
  return !isIpv4(address) && contains6(prefix, address)
}

/** Whether the two networks share an address. */
export function overlaps(a: Prefix, b: Prefix): boolean {
  return a.bits <= b.bits ? contains(a, b.base) : contains(b, a.base)
}

export function equalIp(a: Ip, b: Ip): boolean {
  return isIpv4(a) || isIpv4(b) ? a === b : equalIpv6(a, b)
}

/** Address order, IPv4 before IPv6. */
export function compareIp(a: Ip, b: Ip): number {
  if (isIpv4(a)) return isIpv4(b) ? compareIpv4(a, b) : -1
  return isIpv4(b) ? 1 : compareIpv6(a, b)
}

/** The address `offset` behind `address`, wrapping at the end of the address space. */
export function addIp(address: Ip, offset: number): Ip {
  return isIpv4(address) ? addIpv4(address, offset) : addIpv6(address, offset)
}

export function isLoopback(address: Ip): boolean {
  return isIpv4(address) ? address >>> 24 === 127 : equalIpv6(address, { w0: 0, w1: 0, w2: 0, w3: 1 })
}

/** 169.254.0.0/16, fe80::/10 */
export function isLinkLocal(address: Ip): boolean {
  return isIpv4(address) ? address >>> 16 === 0xa9fe : address.w0 >>> 22 === 0x3fa
}

export function isUnspecified(address: Ip): boolean {
  return isIpv4(address) ? address === 0 : (address.w0 | address.w1 | address.w2 | address.w3) === 0
}
