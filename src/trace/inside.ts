/**
 * Who is behind which link of a node, by the address alone.
 *
 * @module
 */
import { contains, type Ip } from '../base/ip.ts'
import type { Machine } from '../node/machine.ts'
import type { NodeSite } from './site.ts'

export interface Inside {
  readonly node: string
  readonly link: string
}

/** The link of the smallest network inside a node that holds the address. */
export function insideOf(ip: Ip, sites: readonly NodeSite[]): Inside | undefined {
  const all = sites.flatMap(({ name, inside = [] }) => inside.map(one => ({ node: name, ...one })))
  const [best] = all.filter(({ network }) => contains(network, ip)).sort((a, b) => b.network.bits - a.network.bits)
  return best
}

/** The link of the longest route that leads straight to the address. */
export function linkTo({ config }: Machine, [ip]: readonly Ip[]): string | undefined {
  if (ip === undefined) return undefined
  const { routes, links } = config.network
  const [best] = routes
    .filter(({ to, via, type }) => via === undefined && type === undefined && contains(to, ip))
    .sort((a, b) => b.to.bits - a.to.bits)
  return links.find(({ name, kind }) => name === best?.link && kind === 'uplink')?.name
}

/**
 * A port of a bridge behind which nobody is known to be.
 *
 * @param ports by station; @param bridge absent: of any bridge
 */
export function freePort({ config }: Machine, ports: ReadonlyMap<number, string>, bridge?: string): string | undefined {
  const taken = new Set(ports.values())
  return config.network.links.find(
    one => one.kind === 'port' && (bridge === undefined || one.master === bridge) && !taken.has(one.name),
  )?.name
}
