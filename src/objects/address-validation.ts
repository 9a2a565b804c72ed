/**
 * Rules for addresses and networks in fields.
 *
 * Some old fields once took forms that readers disagree about, such as octets with leading zeros; new objects may no
 * longer use them.
 *
 * @see staging/src/k8s.io/apimachinery/pkg/util/validation/ip.go of Kubernetes
 *
 * @module
 */
import {
  contains,
  type Family,
  familyOf,
  findIp,
  type Ip,
  isLinkLocal,
  isLoopback,
  isUnspecified,
  type Prefix,
  parsePrefix,
  prefixOf,
  widthOf,
} from '../base/ip.ts'
import type { Field } from './field.ts'
import { type Finding, invalid } from './finding.ts'

const NO_ADDRESS = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
const NO_NETWORK = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'
const MAPPED = parsePrefix('::ffff:0:0/96')

const LINK_MULTICAST = [parsePrefix('224.0.0.0/24'), parsePrefix('ff02::/16')]

/** An address read as the old readers did: leading zeros mean nothing, and a mapped address is the IPv4 one. */
export function findLenientIp(text: string): Ip | undefined {
  return findIp(withoutZeros(text))
}

/** Decimal octets without leading zeros, also where they end an IPv6 address. */
function withoutZeros(text: string): string {
  if (!text.includes('.')) return text
  const start = text.lastIndexOf(':') + 1
  const octets = text.slice(start).split('.')
  return text.slice(0, start) + octets.map(octet => octet.replace(/^0+(?=\d)/, '')).join('.')
}

/** An address as a field may hold it. */
export function validateAddress(text: string, field: Field): Finding[] {
  const address = findLenientIp(text)
  if (address === undefined) return [invalid(field, text, NO_ADDRESS)]
  if (findIp(text) === undefined) return [invalid(field, text, 'must not have leading 0s')]
  return isMapped(address) ? [invalid(field, text, 'must not be an IPv4-mapped IPv6 address')] : []
}

/** A network as a field may hold it. */
export function validateNetwork(text: string, field: Field): Finding[] {
  const network = findLenientNetwork(text)
  if (network === undefined) return [invalid(field, text, NO_NETWORK)]
  const [address = '', bits = ''] = text.split('/')
  const strict = findIp(address)
  if (strict === undefined || (bits.length > 1 && bits.startsWith('0'))) {
    return [invalid(field, text, 'must not have leading 0s in IP or prefix length')]
  }
  if (findPrefix(text) === undefined) return [invalid(field, text, 'must not have bits set beyond the prefix length')]
  return isMapped(strict) ? [invalid(field, text, 'must not have an IPv4-mapped IPv6 address')] : []
}

/** A network read as the old readers did: host bits are dropped. */
export function findLenientNetwork(text: string): Prefix | undefined {
  const [before = '', after = '', ...rest] = text.split('/')
  const address = findLenientIp(before)
  if (address === undefined || rest.length > 0 || !/^\d{1,3}$/.test(after)) return undefined
  const bits = Number(after)
  return bits <= widthOf(familyOf(address)) ? prefixOf(address, bits) : undefined
}

/** An address that packets can be sent to: none that means this host or this link. */
export function validateReachable(text: string, field: Field): Finding[] {
  const address = findLenientIp(text)
  if (address === undefined) return [invalid(field, text, 'must be a valid IP address')]
  if (isUnspecified(address)) return [invalid(field, text, `may not be unspecified (${text})`)]
  if (isLoopback(address)) return [invalid(field, text, 'may not be in the loopback range (127.0.0.0/8, ::1/128)')]
  if (isLinkLocal(address)) {
    return [invalid(field, text, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)')]
  }
  if (!LINK_MULTICAST.some(network => contains(network, address))) return []
  return [invalid(field, text, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)')]
}

/** The family of an address, if it is one. */
export function familyOfText(text: string): Family | undefined {
  const address = findLenientIp(text)
  return address === undefined ? undefined : familyOf(address)
}

function isMapped(address: Ip): boolean {
  return familyOf(address) === 6 && contains(MAPPED, address)
}

function findPrefix(text: string): Prefix | undefined {
  try {
    return parsePrefix(text)
  } catch {
    return undefined
  }
}
