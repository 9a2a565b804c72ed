/**
 * Addresses as kube-proxy reads them from objects: the old, lenient way.
 *
 * Objects stored before Kubernetes became strict may hold `172.30.0.041` or `203.0.113.000/025`.
 * Go once read such octets as decimal, and kube-proxy still does, while it writes the canonical
 * form. Everything else in podwire reads strictly (`base/ip.ts`).
 *
 * @see k8s.io/utils/net: ParseIPSloppy, ParseCIDRSloppy
 * @module
 */
import { type Family, familyOf, findIp, type Ip, isIpv4, type Prefix, prefixOf, widthOf } from '../base/ip.ts'
import type { Ipv4 } from '../base/ipv4.ts'

const DOT = 46
const ZERO = 48

/** An address that may have leading zeros in its octets; nothing if it is no address. */
export function findIpLeniently(text: string): Ip | undefined {
  return findIpv4Leniently(text) ?? unmapped(text.includes(':') ? findIp(text) : undefined)
}

/** Written without a list of parts: every endpoint of every service passes here. */
function findIpv4Leniently(text: string): Ipv4 | undefined {
  let address = 0
  let octet = 0
  let digits = 0
  let dots = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === DOT) {
      if (digits === 0 || ++dots > 3) return undefined
      address = (address << 8) | octet
      octet = digits = 0
    } else {
      const digit = code - ZERO
      if (digit < 0 || digit > 9) return undefined
      octet = octet * 10 + digit
      digits++
      if (octet > 255) return undefined
    }
  }
  return dots === 3 && digits > 0 ? (((address << 8) | octet) as Ipv4) : undefined
}

/** Go makes no difference between `::ffff:10.0.0.1` and `10.0.0.1`. */
function unmapped(address: Ip | undefined): Ip | undefined {
  if (address === undefined || isIpv4(address)) return address
  const { w0, w1, w2, w3 } = address
  return w0 === 0 && w1 === 0 && w2 === 0xffff ? (w3 as Ipv4) : address
}

/** A network that may have leading zeros, host bits and blanks around it; nothing if it is no network. */
export function findPrefixLeniently(text: string): Prefix | undefined {
  const [base = '', length = '', ...rest] = text.trim().split('/')
  const address = findIpLeniently(base)
  if (address === undefined || rest.length > 0 || !/^\d+$/.test(length)) return undefined
  const bits = Number(length)
  return bits <= widthOf(familyOf(address)) ? prefixOf(address, bits) : undefined
}

/** The addresses of one family among `texts`, in their order. */
export function addressesOfFamily(texts: readonly string[] | null | undefined, family: Family): Ip[] {
  const found = (texts ?? []).map(findIpLeniently)
  return found.filter((ip): ip is Ip => ip !== undefined && familyOf(ip) === family)
}

/** The networks of one family among `texts`, in their order. */
export function prefixesOfFamily(texts: readonly string[] | null | undefined, family: Family): Prefix[] {
  const found = (texts ?? []).map(findPrefixLeniently)
  return found.filter((prefix): prefix is Prefix => prefix?.family === family)
}
