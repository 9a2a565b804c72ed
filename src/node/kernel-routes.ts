/**
 * The routes that the kernel makes from the addresses of devices.
 *
 * A machine that was looked at lists them all; of one that was worked out they are not written
 * down, because no tool needs to write them.
 *
 * @see net/ipv4/fib_frontend.c of Linux: fib_add_ifaddr; net/ipv6/addrconf.c: inet6_addr_add
 * @module
 */
import { type Family, hostPrefix, isLinkLocal, type Prefix, prefixOf, widthOf } from '../base/ip.ts'
import { addIpv4, mask4, prefix4 } from '../base/ipv4.ts'
import { ipv6, prefix6 } from '../base/ipv6.ts'
import type { Route } from '../host/host.ts'
import type { Device, OwnAddress } from './device.ts'
import { samePrefix, tableOf } from './table-name.ts'

const MULTICAST_6 = prefix6(ipv6(0xff000000, 0, 0, 0), 8)

/**
 * The kernel's routes of one family that `listed` lacks.
 *
 * The routes to the machine's own addresses are always there. Whatever else the kernel makes is
 * taken to be missing only from a list without a local table: a complete list that lacks the route
 * to a network lacks it for a reason.
 */
export function kernelRoutes(
  family: Family,
  devices: ReadonlyMap<string, Device>,
  listed: readonly Route[],
  forwards: boolean,
): readonly Route[] {
  const local = listed.filter(route => tableOf(route) === 'local')
  const main = listed.filter(route => tableOf(route) === 'main')
  const complete = local.length > 0
  const made: Route[] = []
  for (const device of devices.values()) {
    for (const own of device.addresses[family]) {
      const to = hostPrefix(own.address)
      if (!local.some(route => route.type === 'local' && samePrefix(route.to, to)))
        made.push(localRoute(to, device, own))
      if (complete || !device.up) continue
      made.push(...(family === 4 ? networkRoutes4(device, own, main) : networkRoutes6(device, own, main, forwards)))
    }
    if (family === 6 && !complete && device.up && device.settings.ipv6 && device.link.kind !== 'loopback') {
      made.push({ to: MULTICAST_6, link: device.name, type: 'multicast', table: 'local', metric: 256, proto: 'kernel' })
    }
  }
  return made
}

function localRoute(to: Prefix, { name, addresses }: Device, own: OwnAddress): Route {
  const made = { to, link: name, type: 'local', table: 'local', proto: 'kernel' } as const
  if (to.family === 6) return { ...made, metric: 0 }
  // A second address of a network speaks by the first.
  const first = addresses[4].find(one => samePrefix(one.network, own.network)) ?? own
  return { ...made, scope: 'host', src: first.address }
}

function networkRoutes4(device: Device, own: OwnAddress, main: readonly Route[]): readonly Route[] {
  const { network, bits, address, secondary } = own
  if (network.family !== 4 || secondary || network.base === 0 || (bits === 32 && network.base === address)) return []
  const made = { link: device.name, proto: 'kernel', src: address } as const
  if (device.link.kind === 'loopback') {
    return [{ ...made, to: network, type: 'local', table: 'local', scope: 'host' }, ...broadcastRoutes(network, made)]
  }
  const known = main.some(route => route.link === device.name && samePrefix(route.to, network))
  const connected: readonly Route[] = known ? [] : [{ ...made, to: network, scope: 'link' }]
  return [...connected, ...broadcastRoutes(network, made)]
}

function broadcastRoutes(network: Prefix & { family: 4 }, made: Omit<Route, 'to'>): readonly Route[] {
  if (network.bits >= 31) return []
  const last = prefix4(addIpv4(network.base, ~mask4(network.bits)), 32)
  return [{ ...made, to: last, type: 'broadcast', table: 'local', scope: 'link' }]
}

function networkRoutes6(device: Device, own: OwnAddress, main: readonly Route[], forwards: boolean): readonly Route[] {
  const { network, bits, address } = own
  if (device.link.kind === 'loopback') return []
  const made = { link: device.name, proto: 'kernel', metric: 256 } as const
  const known = main.some(route => route.link === device.name && samePrefix(route.to, network))
  const connected: readonly Route[] = known ? [] : [{ ...made, to: network }]
  // All routers of a network answer to its first address. @see RFC 4291 section 2.6.1
  const anycast: readonly Route[] =
    forwards && bits < 127
      ? [{ to: prefixOf(network.base, widthOf(6)), link: device.name, type: 'anycast', table: 'local', metric: 0 }]
      : []
  return isLinkLocal(address) ? [{ ...made, to: prefixOf(address, 64) }, ...anycast] : [...connected, ...anycast]
}
