/**
 * The world of dumps of real machines, joined where their networks are the same; with objects, what
 * these add to it.
 *
 * @module
 */
import { familyOf, type Ip, isLinkLocal, prefixOf, widthOf } from '../base/ip.ts'
import type { SettledCluster } from '../cluster/host-state.ts'
import type { HostNetwork } from '../host/host.ts'
import type { Listener } from '../node/step.ts'
import { type ClusterWorldOptions, clusterWorld } from './cluster-world.ts'
import type { Host, NodeSite, Uplink, WorldConfig } from './site.ts'

/** One machine as its dumps tell it. */
export interface DumpedHost extends Host {
  readonly name: string
  /** False: the dump is of rules alone, and the network is made up. */
  readonly networkKnown: boolean
}

const NOT_TOLD: Listener = { listens: 'unknown', what: 'the dumps do not tell what listens' }
const USUAL_MTU = 1500

export function dumpWorld(hosts: readonly DumpedHost[]): WorldConfig {
  return {
    nodes: hosts.map(siteOf),
    pods: [],
    vips: [],
    hidden: [],
    partial: true,
    mtu: USUAL_MTU,
    listenerAt: () => NOT_TOLD,
  }
}

/**
 * Objects say who has which address and what listens; of nodes that were dumped, the dump says the
 * rest, as far as it goes.
 */
export function dumpWorldWithObjects(
  hosts: readonly DumpedHost[],
  cluster: SettledCluster,
  options: ClusterWorldOptions,
): WorldConfig {
  const dumped = new Map(hosts.map(host => [host.name, host]))
  const replaced = new Map(hosts.map(host => [host.name, (own: Host) => overlaid(own, host)]))
  const world = clusterWorld(cluster, { ...options, hosts: replaced })
  const known = new Set(world.nodes.map(({ name }) => name))
  return {
    ...world,
    nodes: [
      ...world.nodes.map(site => {
        const host = dumped.get(site.name)
        return host?.networkKnown ? { ...siteOf(host), host: site.host } : site
      }),
      ...hosts.filter(({ name }) => !known.has(name)).map(siteOf),
    ],
  }
}

/** What the dump tells; a dump of rules alone takes the network that the objects ask for. */
function overlaid(own: Host, { network, networkKnown, rules, sets }: DumpedHost): Host {
  return { network: networkKnown ? network : own.network, rules: { ...own.rules, ...rules }, sets }
}

function siteOf(host: DumpedHost): NodeSite {
  const { links, addresses, routes } = host.network
  const uplinks = links
    .filter(({ kind }) => kind === 'uplink')
    .map(({ name, mac }): Uplink => {
      const own = addresses.filter(({ link }) => link === name).map(one => one.own)
      const gateways = routes.flatMap(({ link, via }): readonly Ip[] =>
        link === name && via !== undefined ? [via] : [],
      )
      return { link: name, addresses: own, gateways, ...(mac ? { mac } : {}) }
    })
    .filter(leadsOut)
  const outer = new Set(uplinks.map(({ link }) => link))
  const inner = addresses.filter(({ link }) => !outer.has(link)).map(({ own }) => own.address)
  return { name: host.name, uplinks, inner, inside: insideOf(host.network, outer), host: () => host }
}

/** A device that only bears addresses, such as kube-ipvs0 or a local DNS cache's, leads nowhere. */
function leadsOut({ addresses, gateways = [] }: Uplink): boolean {
  const isWide = addresses.some(({ address, bits }) => bits < widthOf(familyOf(address)))
  return isWide || (addresses.length > 0 && gateways.length > 0)
}

/** What is straight on a link that is no way out: a bridge's network, the address behind a pod's link. */
function insideOf(
  { links, addresses, routes }: HostNetwork,
  outer: ReadonlySet<string>,
): NonNullable<NodeSite['inside']> {
  const inner = new Set(
    links
      .filter(({ kind, name }) => kind !== 'loopback' && kind !== 'vxlan' && !outer.has(name))
      .map(({ name }) => name),
  )
  const connected = addresses.map(({ link, own }) => ({ network: prefixOf(own.address, own.bits), link }))
  const led = routes
    .filter(({ via, type }) => via === undefined && type === undefined)
    .map(({ to, link }) => ({ network: to, link }))
  return [...connected, ...led].filter(
    ({ link, network }) => inner.has(link) && network.bits > 0 && !isLinkLocal(network.base),
  )
}
