/**
 * The port through which a node reaches the other nodes.
 *
 * A Node object says its addresses but not their networks; podwire takes the nodes to share one
 * network of the usual length, or a wider one if they do not fit into it.
 *
 * @module
 */
import { addIp, contains, FAMILIES, type Family, familyOf, findIp, type Ip, type Prefix, prefixOf } from '../base/ip.ts'
import type { HostPart, Route } from '../host/host.ts'
import type { Node } from '../objects/node.ts'
import type { Uplink } from '../overlay/devices.ts'

/** The name of the uplink on every node. */
export const UPLINK = 'eth0'

/** The length of a node network that nothing speaks against. */
const USUAL: Readonly<Record<Family, number>> = { 4: 24, 6: 64 }

/** The addresses that the node calls internal, in its order. */
export function internalIps(node: Node): readonly Ip[] {
  return (node.status?.addresses ?? []).flatMap(({ type, address }) => {
    const ip = type === 'InternalIP' ? findIp(address) : undefined
    return ip === undefined ? [] : [ip]
  })
}

/** The network of each family that holds the internal addresses of all `nodes`. */
export function nodeNetworks(nodes: readonly Node[]): readonly Prefix[] {
  const all = nodes.flatMap(internalIps)
  return FAMILIES.flatMap(family => {
    const ips = all.filter(ip => familyOf(ip) === family)
    const [first] = ips
    if (first === undefined) return []
    let network = prefixOf(first, USUAL[family])
    for (const ip of ips) while (!contains(network, ip)) network = prefixOf(first, network.bits - 1)
    return [network]
  })
}

/** @param mtu of the uplink, in bytes */
export function uplinkOf(node: Node, networks: readonly Prefix[], mtu: number): Uplink {
  return {
    link: { kind: 'uplink', name: UPLINK, mtu },
    addresses: internalIps(node).flatMap(address => {
      const network = networks.find(one => contains(one, address))
      return network ? [{ address, bits: network.bits }] : []
    }),
  }
}

/**
 * What the machine has before podwire comes: loopback, uplink, their addresses and the kernel's
 * routes to them, and a default route through the first address of the node network.
 */
export function groundPart(uplink: Uplink): HostPart {
  const { name } = uplink.link
  const connected = uplink.addresses.flatMap(({ address, bits }): Route[] => {
    const network = prefixOf(address, bits)
    const kernel = familyOf(address) === 4 ? ({ scope: 'link', src: address } as const) : ({ metric: 256 } as const)
    return [{ to: network, link: name, proto: 'kernel', ...kernel }]
  })
  const defaults = uplink.addresses.map(({ address, bits }): Route => {
    const { base, family } = prefixOf(address, bits)
    return {
      to: prefixOf(address, 0),
      via: addIp(base, 1),
      link: name,
      proto: 'static',
      ...(family === 6 ? { metric: 1024 } : {}),
    }
  })
  return {
    links: [{ kind: 'loopback', name: 'lo', mtu: 65536 }, uplink.link],
    addresses: uplink.addresses.map(own => ({ link: name, own })),
    routes: [...connected, ...defaults],
  }
}
