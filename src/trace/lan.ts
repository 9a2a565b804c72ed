/**
 * The wires between nodes: which uplinks share one, and the router's port on it.
 *
 * @module
 */
import { contains, equalIp, type InterfaceAddress, type Ip, prefixOf } from '../base/ip.ts'
import { firstAddress, type RouterPort } from './machines.ts'
import type { NodeSite, Uplink } from './site.ts'
import { macOfDevice, ROUTER, stationKey } from './station.ts'
import type { Plug } from './world.ts'

/** A wire between nodes, the router and clients beside them. */
export interface Lan {
  /** Of the router. */
  readonly port: RouterPort
  readonly network: InterfaceAddress
  readonly stations: Map<number, Plug>
}

/** One wire for all uplinks that share a network. */
export function lansOf(nodes: readonly NodeSite[]): readonly Lan[] {
  const lans: Lan[] = []
  const taken = nodes.flatMap(({ uplinks }) => uplinks.flatMap(({ addresses }) => addresses))
  for (const { name, uplinks } of nodes) {
    for (const uplink of uplinks) {
      const { link, mac, addresses } = uplink
      const [first] = addresses
      if (!first) continue
      const lan =
        lans.find(one => addresses.some(({ address }) => isOf(one, address))) ?? addLan(lans, uplink, first, taken)
      lan.stations.set(stationKey(mac ?? macOfDevice(name, link)), { machine: name, link })
    }
  }
  return lans
}

/** The router has the addresses that routes lead through, unless a node has them. */
function addLan(
  lans: Lan[],
  { addresses, gateways }: Uplink,
  network: InterfaceAddress,
  taken: readonly InterfaceAddress[],
): Lan {
  const link = `lan${lans.length}`
  const clients = `${link}-clients`
  const isTaken = (ip: Ip) => taken.some(({ address }) => equalIp(address, ip))
  const own = addresses
    .map(one => ({ address: gateways?.find(ip => isIn(one, ip) && !isTaken(ip)) ?? firstAddress(one), bits: one.bits }))
    .filter(({ address }) => !isTaken(address))
  const stations = new Map(
    [link, clients].map(one => [stationKey(macOfDevice(ROUTER, one)), { machine: ROUTER, link: one }]),
  )
  const lan: Lan = { port: { link, clients, addresses: own }, network, stations }
  lans.push(lan)
  return lan
}

export function isOf({ network, port }: Lan, ip: Ip): boolean {
  return isIn(network, ip) || port.addresses.some(own => isIn(own, ip))
}

export function isIn({ address, bits }: InterfaceAddress, ip: Ip): boolean {
  return contains(prefixOf(address, bits), ip)
}
