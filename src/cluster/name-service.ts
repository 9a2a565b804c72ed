/**
 * Names as pods of a cluster resolve them, for who only wants to know what comes of it.
 *
 * @module
 */

import { isWithin, type Name, parseName } from '../dns/name.ts'
import { isReverse, kubeadmOptions } from '../dns/options.ts'
import { type Lookup, lookUp } from '../dns/resolver/lookup.ts'
import { type ServiceName, serviceInName } from '../dns/resolver/service-name.ts'
import { Zone } from '../dns/zone.ts'
import type { Namespace } from '../objects/namespace.ts'
import type { Pod } from '../objects/pod.ts'
import type { SettledCluster } from './host-state.ts'
import { type ResolverGround, resolverGround } from './pod-ground.ts'
import { dnsAddresses, plainPod, podAsk, podClient } from './pod-lookup.ts'

export interface NameService {
  /** What a program of the pod gets, with glibc. */
  readonly lookUp: (name: string, pod: Pod) => Lookup
  /** What any pod of the namespace gets. */
  readonly lookUpWithin: (name: string, namespace: string) => Lookup
  /** Whether one of the servers that the pod asks is the cluster's DNS. */
  readonly asksCluster: (pod: Pod) => boolean
  /** Whether the name ends in the cluster's domain, and needs no search list. */
  readonly isWhole: (name: string) => boolean
  /** The Service that a name of the cluster speaks of. */
  readonly serviceNamed: (name: Name) => ServiceName | undefined
}

/** @param zone made when the first name is looked up, which for most who might is never */
export function nameService(zone: () => Zone, ground: ResolverGround): NameService {
  const addresses = new Set(dnsAddresses(ground))
  let made: Zone | undefined
  const zoneOf = () => {
    made ??= zone()
    return made
  }
  const domainsOf = () => zoneOf().options.zones.filter(one => !isReverse(one))
  const lookUpAs = (name: string, pod: Pod) => {
    const ask = podAsk(zoneOf(), ground, pod.spec.hostNetwork !== true)
    return lookUp({ name }, podClient(pod, ground).client, 'glibc', ask)
  }
  return {
    lookUp: lookUpAs,
    lookUpWithin: (name, namespace) => lookUpAs(name, plainPod(namespace)),
    asksCluster: pod => podClient(pod, ground).client.conf.nameservers.some(server => addresses.has(server)),
    serviceNamed: name => serviceInName(name, domainsOf()),
    isWhole: name => domainsOf().some(domain => isWithin(parseName(name), domain)),
  }
}

const usual = new WeakMap<SettledCluster, NameService>()

/** That of a cluster of which nothing is known but its objects: kubelets and DNS are as kubeadm sets them up. */
export function usualNameService(cluster: SettledCluster): NameService {
  const known = usual.get(cluster)
  if (known) return known
  const { services, slices, nodes, podsOn } = cluster
  const pods = nodes.flatMap(node => podsOn(node.metadata.name))
  const names = new Set([...services, ...slices, ...pods].map(({ metadata }) => metadata.namespace ?? 'default'))
  const namespaces = [...names].map((name): Namespace => {
    return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
  })
  const zone = () => new Zone({ namespaces, services, slices, pods }, kubeadmOptions(), 0)
  const made = nameService(zone, resolverGround(cluster, { configurations: [] }))
  usual.set(cluster, made)
  return made
}
