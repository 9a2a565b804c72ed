/**
 * A node that a packet came to, with what its network tells of those beside it.
 *
 * @module
 */
import { compareIp, equalIp, type Ip, isLinkLocal } from '../base/ip.ts'
import type { Mac } from '../base/mac.ts'
import type { HostNetwork, Neighbour, VethLink } from '../host/host.ts'
import type { Machine } from '../node/machine.ts'
import type { NodeSite } from './site.ts'
import { stationKey } from './station.ts'

/** A node that a packet came to. */
export interface MetNode {
  readonly site: NodeSite
  readonly machine: Machine
  readonly veths: ReadonlyMap<string, VethLink>
  /** The same, by pod. */
  readonly vethsOfPods: ReadonlyMap<string, VethLink>
  /** By station: the port of a bridge behind which it is. */
  readonly ports: Map<number, string>
}

export function metNode(site: NodeSite, machine: Machine): MetNode {
  const { links, bridgeEntries = [] } = machine.config.network
  const veths = links.filter(link => link.kind === 'veth')
  return {
    site,
    machine,
    veths: new Map(veths.map(veth => [veth.name, veth])),
    vethsOfPods: new Map(veths.map(veth => [veth.peer.pod, veth])),
    ports: new Map([
      ...bridgeEntries.map(({ mac, port }): [number, string] => [stationKey(mac), port]),
      ...veths.map(({ name: port, peer }): [number, string] => [stationKey(peer.mac), port]),
    ]),
  }
}

/** Whether the gateways of the pod that objects ask for are addresses of the node that was dumped. */
export function fits({ routes }: HostNetwork, { config }: Machine): boolean {
  const own = config.network.addresses.map(({ own }) => own.address)
  return routes.every(({ via }) => via === undefined || own.some(address => equalIp(address, via)))
}

/** Somebody beside a node: one MAC, and all addresses that it was seen with. */
export interface Station {
  readonly mac: Mac
  readonly link: string
  /** IPv4 first; without those that every device has. */
  readonly ips: readonly Ip[]
}

/** Whom the node had learned of. */
export function stationsOf(neighbours: readonly Neighbour[]): readonly Station[] {
  const stations = new Map<string, { mac: Mac; link: string; ips: Ip[] }>()
  for (const { ip, link, mac, learned } of neighbours) {
    if (!learned || isLinkLocal(ip)) continue
    const key = `${link} ${stationKey(mac)}`
    const station = stations.get(key) ?? { mac, link, ips: [] }
    stations.set(key, station)
    station.ips.push(ip)
  }
  for (const { ips } of stations.values()) ips.sort(compareIp)
  return [...stations.values()]
}

/** Bytes that the node's bridge carries. */
export function mtuOf({ config }: Machine): number | undefined {
  return config.network.links.find(({ kind }) => kind === 'bridge')?.mtu
}
