/**
 * The address that a machine gives to a packet of its own.
 *
 * @see net/ipv4/devinet.c of Linux: inet_select_addr; net/ipv6/addrconf.c: ipv6_dev_get_saddr
 * @module
 */
import { contains, equalIp, type Ip, isIpv4, isUnspecified, type Prefix } from '../base/ip.ts'
import { type Ipv6, ipv6, prefix6 } from '../base/ipv6.ts'
import type { Route } from '../host/host.ts'
import type { Device, OwnAddress } from './device.ts'

/** How far an address means something, as numbers that grow narrower. @see enum rt_scope_t */
const SCOPES = { global: 0, link: 253, host: 254 } as const

/**
 * The address of `device` to speak to `peer` with; absent: the machine has none.
 *
 * @param scope of the route: an address that means less than it is passed over
 */
export function sourceAddress(
  devices: ReadonlyMap<string, Device>,
  device: Device,
  peer: Ip,
  scope: Route['scope'] | undefined,
): Ip | undefined {
  return isIpv4(peer) ? sourceAddress4(devices, device, peer, scope) : sourceAddress6(devices, device, peer)
}

function sourceAddress4(
  devices: ReadonlyMap<string, Device>,
  device: Device,
  peer: Ip,
  scope: Route['scope'] | undefined,
): Ip | undefined {
  const reach = SCOPES[scope ?? 'global']
  // 127.0.0.1 may be used towards others only where it may leave at all.
  const widest = device.settings.routeLocalnet ? SCOPES.host : SCOPES.link
  let first: Ip | undefined
  for (const own of device.addresses[4]) {
    if (own.secondary || Math.min(SCOPES[own.scope], widest) > reach) continue
    if (isUnspecified(peer) || contains(own.network, peer)) return own.address
    first ??= own.address
  }
  return first ?? anyAddress4(devices, reach)
}

/** The first address of any device that means enough; the loopback device is asked first. */
function anyAddress4(devices: ReadonlyMap<string, Device>, reach: number): Ip | undefined {
  const loopbackFirst = [...devices.values()].sort((a, b) => rankOf(a) - rankOf(b))
  for (const { addresses } of loopbackFirst) {
    for (const own of addresses[4]) {
      if (!own.secondary && own.scope !== 'link' && SCOPES[own.scope] <= reach) return own.address
    }
  }
  return undefined
}

function rankOf({ link }: Device): number {
  return link.kind === 'loopback' ? 0 : 1
}

/** One address of the machine, as a candidate for a source. */
interface Candidate {
  readonly own: OwnAddress
  readonly device: Device
}

/**
 * The best of all addresses of the machine. Home addresses and temporary ones, of which a host's
 * state says nothing, make no difference.
 *
 * @see RFC 6724 section 5: rules 1, 2, 3, 5, 6 and 8
 */
function sourceAddress6(devices: ReadonlyMap<string, Device>, device: Device, peer: Ipv6): Ip | undefined {
  // Towards its own link or a group a device speaks for itself only.
  const alone = scopeOf(peer) === LINK_LOCAL || isMulticast6(peer)
  let best: Candidate | undefined
  for (const other of alone ? [device] : devices.values()) {
    if (!other.up) continue
    for (const own of other.addresses[6]) {
      const candidate: Candidate = { own, device: other }
      if (!best || isBetter(candidate, best, device, peer)) best = candidate
    }
  }
  return best?.own.address
}

function isBetter(a: Candidate, b: Candidate, out: Device, peer: Ipv6): boolean {
  return (
    (Number(isPeer(a, peer)) - Number(isPeer(b, peer)) ||
      betterScope(a, b, peer) ||
      Number(b.own.deprecated) - Number(a.own.deprecated) ||
      Number(a.device === out) - Number(b.device === out) ||
      Number(sharesLabel(a, peer)) - Number(sharesLabel(b, peer)) ||
      sharedBits(a, peer) - sharedBits(b, peer)) > 0
  )
}

function isPeer({ own }: Candidate, peer: Ipv6): boolean {
  return equalIp(own.address, peer)
}

/** Of scopes that reach the peer the narrowest, of others the widest. */
function betterScope(a: Candidate, b: Candidate, peer: Ipv6): number {
  const [ofA, ofB, needed] = [scopeOf(a.own.address), scopeOf(b.own.address), scopeOf(peer)]
  if (ofA === ofB) return 0
  if (ofA < ofB) return ofA < needed ? -1 : 1
  return ofB < needed ? 1 : -1
}

const LINK_LOCAL = 2
const SITE_LOCAL = 5
const GLOBAL = 14

/** @see RFC 6724 section 3.1, RFC 4291 section 2.7 */
function scopeOf(address: Ip): number {
  if (isIpv4(address)) return GLOBAL
  if (isMulticast6(address)) return (address.w0 >>> 16) & 15
  if (address.w0 >>> 22 === 0x3fa || equalIp(address, LOOPBACK)) return LINK_LOCAL
  return address.w0 >>> 22 === 0x3fb ? SITE_LOCAL : GLOBAL
}

const LOOPBACK = ipv6(0, 0, 0, 1)

function isMulticast6(address: Ipv6): boolean {
  return address.w0 >>> 24 === 0xff
}

/** The longest prefix first. @see net/ipv6/addrlabel.c of Linux: ip6addrlbl_init_table */
const LABELS: readonly (readonly [Prefix, label: number])[] = [
  [prefix6(LOOPBACK, 128), 0],
  [prefix6(ipv6(0, 0, 0, 0), 96), 3],
  [prefix6(ipv6(0, 0, 0xffff, 0), 96), 4],
  [prefix6(ipv6(0x20010000, 0, 0, 0), 32), 6],
  [prefix6(ipv6(0x20010010, 0, 0, 0), 28), 7],
  [prefix6(ipv6(0x3ffe0000, 0, 0, 0), 16), 12],
  [prefix6(ipv6(0x20020000, 0, 0, 0), 16), 2],
  [prefix6(ipv6(0xfec00000, 0, 0, 0), 10), 11],
  [prefix6(ipv6(0xfc000000, 0, 0, 0), 7), 5],
]

function sharesLabel({ own }: Candidate, peer: Ipv6): boolean {
  return labelOf(own.address) === labelOf(peer)
}

function labelOf(address: Ip): number {
  return LABELS.find(([prefix]) => contains(prefix, address))?.[1] ?? 1
}

/** How many leading bits the addresses share, no more than the network has. */
function sharedBits({ own }: Candidate, peer: Ipv6): number {
  if (isIpv4(own.address)) return 0
  const { w0, w1, w2, w3 } = own.address
  const differing = [w0 ^ peer.w0, w1 ^ peer.w1, w2 ^ peer.w2, w3 ^ peer.w3]
  const word = differing.findIndex(bits => bits !== 0)
  const shared = word < 0 ? 128 : word * 32 + Math.clz32(differing[word] ?? 0)
  return Math.min(shared, own.bits)
}
