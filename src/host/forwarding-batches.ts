/**
 * `routes.batch`, `neigh.batch` and `fdb.batch`: where a host sends what it forwards.
 *
 * Each command replaces, so that a second load changes nothing. Neighbours have a file of their
 * own, because `ip` leaves a batch at the first neighbour that the kernel refuses, whatever else
 * follows.
 *
 * @module
 */
import { formatIp, formatPrefix, type Prefix, widthOf } from '../base/ip.ts'
import { formatMac } from '../base/mac.ts'
import type { FdbEntry, HostNetwork, Neighbour, Route } from './host.ts'
import { deviceWord, formatBatch } from './word.ts'

/** For `ip -batch`. Routes that the kernel or the machine's owner made are left to them. */
export function formatRoutesBatch(host: HostNetwork): string {
  const routes = host.routes.filter(route => route.proto === undefined)
  return formatBatch(['ip -batch routes.batch'], routes.map(routeCommand))
}

/** For `ip -batch`. */
export function formatNeighBatch(host: HostNetwork): string {
  return formatBatch(['ip -batch neigh.batch'], host.neighbours.map(neighbourCommand))
}

/** For `bridge -batch`. */
export function formatFdbBatch(host: HostNetwork): string {
  return formatBatch(['bridge -batch fdb.batch'], host.fdb.map(fdbCommand))
}

function routeCommand(route: Route): string {
  const words = ['route replace', destination(route.to)]
  if (route.via !== undefined) words.push('via', formatIp(route.via))
  words.push('dev', deviceWord(route.link))
  if (route.scope !== undefined) words.push('scope', route.scope)
  if (route.src !== undefined) words.push('src', formatIp(route.src))
  if (route.metric !== undefined) words.push('metric', String(route.metric))
  if (route.onlink) words.push('onlink')
  return words.join(' ')
}

/** `10.244.1.0/24`; a single address stands without its length, as `ip route` prints it. */
function destination(to: Prefix): string {
  return to.bits === widthOf(to.family) ? formatIp(to.base) : formatPrefix(to)
}

function neighbourCommand({ ip, link, mac }: Neighbour): string {
  return `neigh replace ${formatIp(ip)} dev ${deviceWord(link)} lladdr ${formatMac(mac)} nud permanent`
}

function fdbCommand({ mac, link, dst }: FdbEntry): string {
  return `fdb replace ${formatMac(mac)} dev ${deviceWord(link)} dst ${formatIp(dst)} self permanent`
}
