/**
 * What can break in a node's network.
 *
 * @module
 */
import { formatIp, formatPrefix, isLinkLocal } from '../base/ip.ts'
import type { HostNetwork, Link, Route } from '../host/host.ts'
import { type Fault, parseFault } from '../trace/fault.ts'

/** Kinds of faults, by what they take away. */
export type FaultKind = 'sysctl' | 'route' | 'forwarding entry' | 'neighbour' | 'link down' | 'MTU' | 'hairpin'

/** Values that cut off what nodes need, by setting. A strict filter drops what comes back by another way. */
const SETTINGS: Readonly<Record<string, string>> = {
  'net.ipv4.ip_forward': '0',
  'net.ipv6.conf.all.forwarding': '0',
  'net.bridge.bridge-nf-call-iptables': '0',
  'net.bridge.bridge-nf-call-ip6tables': '0',
  'net.ipv4.conf.all.route_localnet': '0',
  'net.ipv4.conf.all.rp_filter': '1',
}

/** IPv6 leaves a link that carries less. */
const LEAST_MTU = 1280

/** Every fault that the network can have, by kind; all of them change something. */
export function possibleFaults(node: string, network: HostNetwork): Readonly<Record<FaultKind, readonly Fault[]>> {
  const { links, routes, fdb, neighbours, sysctls } = network
  const up = links.filter(({ kind, down }) => kind !== 'loopback' && !down)
  const named = (words: readonly string[]) => [...new Set(words)].map(text => parseFault(`${node} ${text}`))
  return {
    sysctl: named(
      sysctls.flatMap(({ key, value }) => {
        const broken = SETTINGS[key]
        return broken === undefined || broken === value ? [] : [`sysctl ${key}=${broken}`]
      }),
    ),
    route: named(routes.filter(isLed).map(({ to }) => `route del ${formatPrefix(to)}`)),
    'forwarding entry': named(fdb.map(({ dst }) => `fdb del ${formatIp(dst)}`)),
    neighbour: named(neighbours.filter(({ learned }) => !learned).map(({ ip }) => `neigh del ${formatIp(ip)}`)),
    'link down': named(up.map(link => `link set ${wordFor(link)} down`)),
    MTU: named(
      up.flatMap(link => {
        const mtu = Math.max(LEAST_MTU, link.mtu - 100)
        return mtu < link.mtu ? [`link set ${wordFor(link)} mtu ${mtu}`] : []
      }),
    ),
    hairpin: named(
      up.flatMap(link => ('hairpin' in link && link.hairpin ? [`link set ${wordFor(link)} hairpin off`] : [])),
    ),
  }
}

/** A route of the main table that a packet to another machine may take. */
function isLed({ to, table, type }: Route): boolean {
  return (table === undefined || table === 'main') && type === undefined && !isLinkLocal(to.base)
}

/** A pod's pair by its pod. */
function wordFor(link: Link): string {
  return link.kind === 'veth' ? `pod/${link.peer.pod}` : link.name
}
