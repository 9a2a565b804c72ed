/**
 * A world in which something is broken.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { breakNetwork } from './broken-network.ts'
import type { Fault } from './fault.ts'
import { thereAre } from './name-list.ts'
import type { NodeSite, WorldConfig } from './site.ts'

/**
 * The same world with the faults in its nodes.
 *
 * @throws {ParseError} at once for a node that is not there, and when the node is first met if it has nothing to break
 */
export function withFaults(config: WorldConfig, faults: readonly Fault[]): WorldConfig {
  const names = config.nodes.map(({ name }) => name)
  const stray = faults.find(({ node }) => !names.includes(node))
  if (stray) throw new ParseError('fault', stray.node, `there is no such node; ${thereAre(names)}`)
  return { ...config, nodes: config.nodes.map(site => broken(site, faults)) }
}

function broken(site: NodeSite, faults: readonly Fault[]): NodeSite {
  const own = faults.filter(({ node }) => node === site.name)
  if (own.length === 0) return site
  return {
    ...site,
    host: () => {
      const host = site.host()
      return { ...host, network: own.reduce(breakNetwork, host.network) }
    },
  }
}
