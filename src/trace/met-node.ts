/**
 * A node that a packet came to, with what its network tells of those beside it.
 *
 * @module
 */
import { equalIp } from '../base/ip.ts'
import type { HostNetwork, VethLink } from '../host/host.ts'
import type { Machine } from '../node/machine.ts'
import type { NodeSite } from './site.ts'
import { stationKey } from './station.ts'

/** A node that a packet came to. */
export interface MetNode {
  readonly site: NodeSite
  readonly machine: Machine
  readonly veths: ReadonlyMap<string, VethLink>
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

/** Bytes that the node's bridge carries. */
export function mtuOf({ config }: Machine): number | undefined {
  return config.network.links.find(({ kind }) => kind === 'bridge')?.mtu
}
