/**
 * The world of a lab, as a trace takes it: the cluster's, but for what the lab itself decides.
 *
 * @module
 */
import { DEFAULT_FEATURES, type SettledCluster } from '../cluster/host-state.ts'
import { type ClusterWorldOptions, clusterWorld } from '../trace/cluster-world.ts'
import type { Host, WorldConfig } from '../trace/site.ts'
import { baselineOf } from './baseline.ts'
import type { LabPlan } from './lab.ts'
import { listenerIn } from './listening.ts'
import { OUTSIDE } from './underlay.ts'

/**
 * The world in which a trace says what the lab does: somebody listens where the lab has somebody listen and nowhere
 * else, and nodes start from the lab's settings.
 *
 * A client beside the nodes answers in such a world once its machine was asked for, by its address.
 */
export function labWorld(
  cluster: SettledCluster,
  plan: LabPlan,
  options: ClusterWorldOptions = { features: DEFAULT_FEATURES },
): WorldConfig {
  const hosts = new Map(
    cluster.nodes.map(({ metadata: { name } }) => {
      const change = options.hosts?.get(name)
      return [name, (host: Host) => fromBaseline(change ? change(host) : host)] as const
    }),
  )
  const known = new Set(plan.machines.map(({ machine }) => machine))
  const listenerAt = listenerIn(plan.listeners)
  return {
    ...clusterWorld(cluster, { ...options, hosts }),
    // Whoever has an address outside is one machine in the lab.
    listenerAt: (machine, ...at) => listenerAt(known.has(machine) ? machine : OUTSIDE, ...at),
  }
}

/** What a node's own files set counts. */
function fromBaseline({ network, ...host }: Host): Host {
  const sysctls = new Map([...baselineOf('node'), ...network.sysctls].map(sysctl => [sysctl.key, sysctl]))
  return { ...host, network: { ...network, sysctls: [...sysctls.values()] } }
}
