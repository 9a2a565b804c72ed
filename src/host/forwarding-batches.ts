/**
 * `routes.batch`, `neigh.batch` and `fdb.batch`: where a host sends what it forwards.
 *
 * Each command replaces, so that a second load changes nothing. Neighbours have a file of their
 * own, because `ip` leaves a batch at the first neighbour that the kernel refuses, whatever else
 * follows.
 *
 * @module
 */
import { type Family, familyOf, formatIp, formatPrefix, type Prefix, widthOf } from '../base/ip.ts'
import { formatMac } from '../base/mac.ts'
import type { FdbEntry, HostNetwork, Neighbour, Route } from './host.ts'
import { deviceWord, formatBatch } from './word.ts'

/** For `ip -batch`. Routes that the kernel or the machine's owner made are left to them. */
export function formatRoutesBatch(host: HostNetwork): string {
  const routes = host.routes.filter(route => route.proto === undefined)
  return formatBatch(['ip -batch routes.batch'], routes.map(routeCommand))
}

/** For `ip -batch`. What the kernel learned is left to it. */
export function formatNeighBatch(host: HostNetwork): string {
  const permanent = host.neighbours.filter(neighbour => !neighbour.learned)
  return formatBatch(['ip -batch neigh.batch'], permanent.map(neighbourCommand))
}

/** For `bridge -batch`. */
export function formatFdbBatch(host: HostNetwork): string {
  return formatBatch(['bridge -batch fdb.batch'], host.fdb.map(fdbCommand))
}

function routeCommand(route: Route): string {
  const words = ['route replace']
  if (route.type !== undefined) words.push(route.type)
  words.push(destination(route.to))
  if (!route.hops) words.push(...wayWords(route, route.to.family))
  if (route.table !== undefined) words.push('table', route.table)
  if (route.scope !== undefined) words.push('scope', route.scope)
  if (route.src !== undefined) words.push('src', formatIp(route.src))
  if (route.metric !== undefined) words.push('metric', String(route.metric))
  if (route.mtu !== undefined) words.push('mtu', String(route.mtu))
  if (!route.hops && route.onlink) words.push('onlink')
  for (const hop of route.hops ?? []) {
    words.push('nexthop', ...wayWords(hop, route.to.family), 'weight', String(hop.weight))
    if (hop.onlink) words.push('onlink')
  }
  return words.join(' ')
}

/** A gateway of another family than the route's is announced. A route that leads nowhere has no link. */
function wayWords({ via, link }: Pick<Route, 'via' | 'link'>, family: Family): readonly string[] {
  const other = via !== undefined && familyOf(via) !== family
  return [
    ...(via === undefined ? [] : ['via', ...(other ? ['inet6'] : []), formatIp(via)]),
    ...(link === '' ? [] : ['dev', deviceWord(link)]),
  ]
}

/** `10.244.1.0/24`; a single address stands without its length, as `ip route` prints it. */
function destination(to: Prefix): string {
  return to.bits === widthOf(to.family) ? formatIp(to.base) : formatPrefix(to)
}

function neighbourCommand({ ip, link, mac }: Neighbour): string {
  return `neigh replace ${formatIp(ip)} dev ${deviceWord(link)} lladdr ${formatMac(mac)} nud permanent`
}

function fdbCommand({ mac, link, dst, port, vni }: FdbEntry): string {
  const words = ['fdb replace', formatMac(mac), 'dev', deviceWord(link), 'dst', formatIp(dst)]
  if (port !== undefined) words.push('port', String(port))
  if (vni !== undefined) words.push('vni', String(vni))
  return [...words, 'self permanent'].join(' ')
}
