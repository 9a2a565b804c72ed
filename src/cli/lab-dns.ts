/**
 * The DNS of a lab: what its cluster has, or is given.
 *
 * @module
 */
import { settledCluster } from '../cluster/cluster.ts'
import { addClusterDns, type ClusterDns, nameServerPorts } from '../cluster/cluster-dns.ts'
import { zoneMakings } from '../cluster/dns-zone.ts'
import { builtPath } from '../lab/agent-process.ts'
import type { LabPlan } from '../lab/lab.ts'
import { type NameServer, nameListeners } from '../lab/name-server.ts'
import type { Configuration } from '../objects/configuration.ts'
import type { LoadedCluster } from './load.ts'

/** The cluster with a DNS: its own, else that of kubeadm. */
export function withDns(loaded: LoadedCluster): { readonly cluster: LoadedCluster; readonly dns: ClusterDns } {
  const dns = addClusterDns(loaded.cluster, configurationsOf(loaded))
  return { cluster: { ...loaded, settled: settledCluster(loaded.cluster) }, dns }
}

/** What is to answer at the DNS of a cluster that was planned, and what the person should know of it. */
export interface NamedLab {
  /** Absent: nobody listens there. */
  readonly nameServer?: NameServer
  readonly remarks: readonly string[]
}

/** @throws {InputError} when the Corefile is malformed */
export function namedLab(plan: LabPlan, loaded: LoadedCluster, { added, remarks }: ClusterDns): NamedLab {
  const configurations = configurationsOf(loaded)
  const listeners = nameListeners(plan, nameServerPorts(loaded.cluster, configurations))
  const told = [
    ...(added.length > 0 ? [`the manifests have no cluster DNS: added ${added.join(' and ')} (--no-dns: none)`] : []),
    ...remarks,
  ]
  if (listeners.length === 0) {
    return { remarks: [...told, "nobody answers DNS: no pod of this lab is behind the cluster's DNS address"] }
  }
  const { makings, notes } = zoneMakings(loaded.cluster, configurations)
  const path = builtPath('cli/agent/name-server.js')
  return {
    nameServer: { path, listeners, zone: makings, added: added.length > 0 },
    remarks: [...told, ...notes.map(note => `Corefile ${note}`)],
  }
}

function configurationsOf({ harvest }: LoadedCluster): readonly Configuration[] {
  return harvest.settings.map(({ configuration }) => configuration)
}
