/**
 * A machine's links, with all that is asked about them while a packet passes.
 *
 * @module
 */
import { type Family, familyOf, type Ip, isIpv4, isLoopback, type Prefix, prefixOf } from '../base/ip.ts'
import { ipv6 } from '../base/ipv6.ts'
import type { Mac } from '../base/mac.ts'
import type { HostNetwork, Link, LinkAddress } from '../host/host.ts'
import { type DeviceSettings, deviceSettings, type Sysctls } from './sysctls.ts'

/** An address of a device. */
export interface OwnAddress {
  readonly address: Ip
  readonly bits: number
  readonly network: Prefix
  /** Another address of the same network came before it. */
  readonly secondary: boolean
  /** It means something on this machine only, on the link only, or everywhere. */
  readonly scope: 'host' | 'link' | 'global'
  readonly deprecated: boolean
}

export interface Device {
  readonly name: string
  readonly link: Link
  /** Absent: the device carries no Ethernet frames and needs no neighbours. */
  readonly mac?: Mac
  readonly mtu: number
  readonly up: boolean
  /** The bridge that it is a port of. */
  readonly master?: string
  readonly hairpin: boolean
  /** Of a bridge. */
  readonly ports: readonly string[]
  /** In their order. */
  readonly addresses: Readonly<Record<Family, readonly OwnAddress[]>>
  readonly settings: DeviceSettings
}

export const NO_MAC: Mac = { high: 0, low: 0 }
export const BROADCAST_MAC: Mac = { high: 0xffff, low: -1 }

/** The devices by name, in the order of the links. */
export function devicesOf(network: HostNetwork, sysctls: Sysctls): ReadonlyMap<string, Device> {
  return new Map(network.links.map(link => [link.name, deviceOf(link, network, sysctls)]))
}

function deviceOf(link: Link, network: HostNetwork, sysctls: Sysctls): Device {
  const { name, mtu, kind } = link
  const settings = deviceSettings(sysctls, name)
  const master = masterOf(link)
  const mac = kind === 'loopback' ? NO_MAC : link.mac
  return {
    name,
    link,
    mtu,
    up: !link.down,
    ...(mac ? { mac } : {}),
    ...(master === undefined ? {} : { master }),
    hairpin: 'hairpin' in link && link.hairpin,
    ports: kind === 'bridge' ? network.links.filter(port => masterOf(port) === name).map(port => port.name) : [],
    addresses: addressesOf(link, network, settings),
    settings,
  }
}

function masterOf(link: Link): string | undefined {
  return 'master' in link ? link.master : undefined
}

function addressesOf(
  link: Link,
  network: HostNetwork,
  { ipv6: speaks6 }: DeviceSettings,
): Readonly<Record<Family, readonly OwnAddress[]>> {
  const own: Record<Family, OwnAddress[]> = { 4: [], 6: [] }
  const add = (given: LinkAddress) => {
    const { address, bits } = given.own
    const family = familyOf(address)
    own[family].push(
      ownAddress(
        given,
        own[family].filter(one => one.bits === bits),
      ),
    )
  }
  for (const given of network.addresses) if (given.link === link.name) add(given)
  const isLo = link.kind === 'loopback' && !link.down
  // The kernel gives these when the device comes up.
  if (isLo && own[4].length === 0) add({ link: link.name, own: { address: LOOPBACK_4, bits: 8 } })
  if (isLo && speaks6 && own[6].length === 0) add({ link: link.name, own: { address: LOOPBACK_6, bits: 128 } })
  const lacksLinkLocal = link.kind !== 'loopback' && !link.down && speaks6 && !own[6].some(isOfLink)
  if (link.mac && lacksLinkLocal) add({ link: link.name, own: { address: linkLocalOf(link.mac), bits: 64 } })
  return own
}

function isOfLink({ scope }: OwnAddress): boolean {
  return scope === 'link'
}

/** @param alike addresses of the device that came before it, with networks of the same length */
function ownAddress({ own, scope, deprecated }: LinkAddress, alike: readonly OwnAddress[]): OwnAddress {
  const { address, bits } = own
  const network = prefixOf(address, bits)
  return {
    address,
    bits,
    network,
    // IPv6 knows no secondary addresses in this sense.
    secondary: isIpv4(address) && alike.some(one => one.network.base === network.base),
    scope: scope ?? scopeOf(address),
    deprecated: deprecated ?? false,
  }
}

const LOOPBACK_4 = 0x7f000001 as Ip & number
const LOOPBACK_6 = ipv6(0, 0, 0, 1)

function scopeOf(address: Ip): OwnAddress['scope'] {
  if (isLoopback(address)) return 'host'
  // To `ip address add`, 169.254.0.0/16 is like any other network.
  return !isIpv4(address) && address.w0 >>> 22 === 0x3fa ? 'link' : 'global'
}

/** @see RFC 4291 appendix A: the MAC with ff:fe in its middle and one bit turned */
export function linkLocalOf({ high, low }: Mac): Ip {
  return ipv6(0xfe800000, 0, ((high ^ 0x0200) << 16) | ((low >>> 16) & 0xff00) | 0xff, 0xfe000000 | (low & 0xffffff))
}

/** Whether it is a group address, broadcast among them. */
export function isGroupMac(mac: Mac): boolean {
  return (mac.high & 0x0100) !== 0
}

export function isBroadcastMac(mac: Mac): boolean {
  return (mac.high & 0xffff) === 0xffff && mac.low === -1
}

/** The MAC that a group's packets are sent to. @see RFC 1112 section 6.4, RFC 2464 section 7 */
export function groupMac(group: Ip): Mac {
  if (isIpv4(group)) return { high: 0x0100, low: 0x5e000000 | (group & 0x7fffff) }
  return { high: 0x3333, low: group.w3 }
}
