/**
 * The machines around the nodes, inside: router, outside, clients, and what a node has before its files are loaded.
 *
 * @module
 */
import { equalIp, FAMILIES, type Family, formatIp, formatPrefix, type Ip, parseIp } from '../base/ip.ts'
import { UPLINK } from '../cluster/uplink.ts'
import type { HostNetwork, HostPart, Neighbour, Route } from '../host/host.ts'
import { joinHost } from '../host/host.ts'
import { isIn, isOf } from '../trace/lan.ts'
import { lanClientNetwork, POD_LINK, routerNetwork, WAN } from '../trace/machines.ts'
import type { WorldConfig } from '../trace/site.ts'
import { macOfDevice, ROUTER } from '../trace/station.ts'
import type { Job } from './lab.ts'
import { namespaceOf } from './naming.ts'
import { batchJob, batchJob6, LEAST_MTU6, neighbourLine, ruleLines, stackLines } from './stack-batch.ts'
import { type Beside, claimedNeighbours, lanOf, OUTSIDE, type Underlay, type WiredNode } from './underlay.ts'

/** The two ends of the wire between router and outside. Neither is an address of a machine: both know the other's MAC. */
const ENDS: Readonly<Record<Family, { readonly router: Ip; readonly outside: Ip }>> = {
  4: { router: parseIp('169.254.64.1'), outside: parseIp('169.254.64.2') },
  6: { router: parseIp('fe80::64:1'), outside: parseIp('fe80::64:2') },
}

/** The router's table of addresses that are led to nodes, by number: names of tables belong to the machine. */
const TABLES: Readonly<Record<string, string>> = { 'load-balancer': '100' }
/** The table of the outside's own loopback addresses. */
const LOOPBACKS = '20'

/** The router as a trace has it. */
export function routerOf(world: WorldConfig, underlay: Underlay): HostNetwork {
  const vips = world.vips.map(({ nodes, ...vip }) => ({ ...vip, hops: nodes.flatMap(via => hopTo(via, underlay)) }))
  const ports = underlay.lans.map(({ port }) => port)
  return routerNetwork(ports, vips, world.hidden, world.mtu)
}

/** Only its wire to the outside is another than in a trace: it has ends with addresses. */
export function routerJobs(id: string, router: HostNetwork, underlay: Underlay, mtu: number): readonly Job[] {
  const { lans } = underlay
  const families = familiesAt(mtu)
  const network: HostNetwork = {
    ...router,
    routes: router.routes
      .filter(({ link, to }) => link !== WAN || families.includes(to.family))
      .map(toOutside)
      .map(inNumberedTable),
    neighbours: [
      ...lans.flatMap(lan => claimedNeighbours(underlay, lan, ROUTER, lan.port.link)),
      ...farEnds('outside', families, { link: WAN, machine: OUTSIDE, far: POD_LINK }),
      ...underlay.besides.map(clientNeighbour),
    ],
  }
  const rules = (router.routingRules ?? [])
    .filter(({ table }) => table !== undefined && Object.hasOwn(TABLES, table))
    .map(rule => ({ ...rule, table: TABLES[rule.table ?? ''] ?? '' }))
  const namespace = namespaceOf(id, 'router')
  // Only clients know of these ports: nobody is told who has the router's addresses there.
  const silent = lans.map(({ port }) => `link set dev ${port.clients} arp off addrgenmode none`)
  return [
    batchJob(namespace, [...silent, ...stackLines(network)], 'router'),
    batchJob(namespace, ruleLines(rules, 4), 'router rules'),
    batchJob6(namespace, ruleLines(rules, 6), 'router IPv6 rules'),
  ]
}

/** What clients tell of themselves comes in by their own port, where IPv6 does not take it for an answer. */
function clientNeighbour({ own, lan }: Beside): Neighbour {
  return { ip: own.address, link: lan.port.link, mac: macOfDevice(formatIp(own.address), POD_LINK) }
}

/** The router's ways to balancers' addresses, which change with the nodes that take them. */
export function balancedRoutes(router: HostNetwork): readonly Route[] {
  return router.routes.filter(({ table }) => table !== undefined && Object.hasOwn(TABLES, table)).map(inNumberedTable)
}

function hopTo(via: Ip, { lans }: Underlay): readonly { readonly via: Ip; readonly link: string }[] {
  const lan = lans.find(one => isOf(one, via))
  return lan ? [{ via, link: lan.port.link }] : []
}

function toOutside(route: Route): Route {
  if (route.link !== WAN) return route
  const { scope: _, ...rest } = route
  return { ...rest, via: ENDS[route.to.family].outside, onlink: true }
}

function inNumberedTable(route: Route): Route {
  return route.table === undefined ? route : { ...route, table: TABLES[route.table] ?? route.table }
}

/** A link of a machine, and the machine and link at the other end of its wire. */
interface Far {
  readonly link: string
  readonly machine: string
  readonly far: string
}

function farEnds(
  end: 'router' | 'outside',
  families: readonly Family[],
  { link, machine, far }: Far,
): readonly Neighbour[] {
  return families.map(family => ({ ip: ENDS[family][end], link, mac: macOfDevice(machine, far) }))
}

/** The families that a link of that many bytes carries. */
function familiesAt(mtu: number): readonly Family[] {
  return mtu < LEAST_MTU6 ? [4] : FAMILIES
}

/**
 * Whoever is outside has all addresses: what comes in by the wire is its own, whatever it is for; what it sends
 * itself goes to the router, even to addresses that it could take for its own.
 */
export function outsideJobs(id: string, mtu: number): readonly Job[] {
  const namespace = namespaceOf(id, OUTSIDE)
  const families = familiesAt(mtu)
  const lines = [
    'link set dev lo up',
    `link set dev ${POD_LINK} up`,
    ...farEnds('router', families, { link: POD_LINK, machine: ROUTER, far: WAN }).map(neighbourLine),
    ...families.map(family => `route replace default via ${formatIp(ENDS[family].router)} dev ${POD_LINK} onlink`),
    'route replace local 0.0.0.0/0 dev lo table local',
    'route replace local ::/0 dev lo table local',
    `route replace local 127.0.0.0/8 dev lo src 127.0.0.1 table ${LOOPBACKS}`,
    `route replace local ::1 dev lo table ${LOOPBACKS}`,
  ]
  const rules = [
    `rule add iif ${POD_LINK} lookup local priority 10`,
    `rule add lookup ${LOOPBACKS} priority 20`,
    'rule delete priority 0',
  ]
  return [
    batchJob(namespace, lines, OUTSIDE),
    batchJob(namespace, rules, 'outside rules'),
    batchJob6(namespace, rules, 'outside IPv6 rules'),
  ]
}

/** A client beside the nodes, with the network that a trace gives it. */
export function besideJob(id: string, { own, lan }: Beside, underlay: Underlay, mtu: number): Job {
  const name = formatIp(own.address)
  const gateway = lan.port.addresses.find(port => isIn(port, own.address))?.address
  const network = lanClientNetwork(own, gateway, macOfDevice(name, POD_LINK), mtu)
  const router = { link: POD_LINK, mac: macOfDevice(ROUTER, lan.port.clients) }
  const neighbours = [
    ...claimedNeighbours(underlay, lan, name, POD_LINK),
    ...(gateway === undefined ? [] : [{ ip: gateway, ...router }]),
  ]
  const namespace = namespaceOf(id, 'beside', name)
  return batchJob(namespace, stackLines({ ...network, neighbours }), `client ${name}`)
}

/** A node as it is before its files are loaded: its uplink has its addresses and leads to everywhere else. */
export function groundJob({ site, namespace }: WiredNode, ground: HostPart, underlay: Underlay): Job {
  const network = joinHost([ground])
  const lan = lanOf(site, underlay.lans)
  const neighbours = lan ? claimedNeighbours(underlay, lan, site.name, UPLINK) : []
  const own = network.addresses.map(one => one.own.address)
  const lines = [
    ...stackLines({ ...network, neighbours }),
    ...network.routes
      // The kernel takes no gateway that is the machine itself.
      .filter(({ proto, via }) => proto === 'static' && !own.some(ip => via !== undefined && equalIp(ip, via)))
      .map(staticLine),
  ]
  return batchJob(namespace, lines, `${site.name} uplink`)
}

function staticLine({ to, via, link, metric }: Route): string {
  const way = via === undefined ? '' : ` via ${formatIp(via)}`
  return `route replace ${formatPrefix(to)}${way} dev ${link} proto static${metric === undefined ? '' : ` metric ${metric}`}`
}
