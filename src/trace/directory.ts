/**
 * What names are looked up in, and how it says that one is not there.
 *
 * @module
 */
import type { Family, Ip } from '../base/ip.ts'
import { familyOf } from '../base/ip.ts'
import type { SettledCluster } from '../cluster/host-state.ts'
import type { NameService } from '../cluster/name-service.ts'
import type { Pod } from '../objects/pod.ts'
import { thereAre } from './name-list.ts'
import type { NodeSite } from './site.ts'
import type { Written } from './written.ts'

/** What names are looked up in. */
export interface Directory {
  /** Absent: only dumps are there. */
  readonly cluster?: SettledCluster
  /** Who looks names up; absent: kubelets and DNS are as kubeadm sets them up. */
  readonly names?: NameService
  readonly nodes: readonly string[]
  readonly namespace: string
  /** The family to prefer where an object has both. */
  readonly family: Family
  /** Those of a node by which others reach it. */
  readonly addressesOf: (node: string) => readonly Ip[]
  /** The machine that has an address of its own. */
  readonly holderOf: (ip: Ip) => string | undefined
}

/** The addresses by which others reach a node, of those there are. */
export function reachOf(sites: readonly NodeSite[]): Directory['addressesOf'] {
  return name => {
    const site = sites.find(one => one.name === name)
    return site?.uplinks.flatMap(({ addresses }) => addresses.map(({ address }) => address)) ?? []
  }
}

const OWNERS: Readonly<Record<string, string>> = { sts: 'StatefulSet', ds: 'DaemonSet', rs: 'ReplicaSet', job: 'Job' }

/** The pod, or of a workload its first pod that runs. */
export function findPod({ kind, namespace, name }: Written, { cluster, namespace: usual }: Directory): Pod | undefined {
  if (!cluster || kind === 'svc' || kind === 'node' || kind === 'ip') return undefined
  const pods = cluster.nodes.flatMap(node => cluster.podsOn(node.metadata.name))
  const there = pods.filter(({ metadata }) => metadata.namespace === (namespace ?? usual))
  if (kind === undefined || kind === 'pod') return there.find(({ metadata }) => metadata.name === name)
  return there.find(({ metadata }) =>
    (metadata.ownerReferences ?? []).some(owner =>
      kind === 'deploy'
        ? owner.kind === 'ReplicaSet' && owner.name === `${name}-${metadata.labels?.['pod-template-hash']}`
        : owner.kind === OWNERS[kind] && owner.name === name,
    ),
  )
}

export function preferred(ips: readonly Ip[], family: Family): Ip | undefined {
  return ips.find(ip => familyOf(ip) === family) ?? ips[0]
}

export const NO_OBJECTS = 'only addresses can be named without objects; give them with -f'

export function absent({ kind, namespace, name }: Written, { cluster, namespace: usual, nodes }: Directory): string {
  if (!cluster) return NO_OBJECTS
  const pods = cluster.nodes.flatMap(node => cluster.podsOn(node.metadata.name))
  const known = pods
    .filter(one => one.metadata.namespace === (namespace ?? usual))
    .map(one => one.metadata.name)
    .sort()
  if (kind === undefined || kind === 'pod') {
    const where = namespace ?? usual
    const others = kind === undefined ? `, and no node; ${thereAre(nodes)}` : ''
    return `there is no running pod ${where}/${name}; in ${where} ${thereAre(known)}${others}`
  }
  return `${kind}/${name} has no running pod in ${namespace ?? usual}`
}
