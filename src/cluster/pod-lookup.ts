/**
 * Names as a pod of the cluster looks them up: what it finds in its files, and who answers it.
 *
 * @module
 */
import { familyOf, findIp, formatIp, type InterfaceAddress, isLoopback } from '../base/ip.ts'
import { answerQuestion, NOBODY } from '../dns/answer.ts'
import { encodeMessage } from '../dns/encode.ts'
import { query } from '../dns/message.ts'
import { CLASS_IN } from '../dns/record.ts'
import { readHosts } from '../dns/resolver/hosts-search.ts'
import type { Client } from '../dns/resolver/lookup.ts'
import type { Ask, Reply } from '../dns/resolver/reply.ts'
import type { Zone } from '../dns/zone.ts'
import { nodeAddresses, podAddresses } from '../kubelet/field-value.ts'
import { formatHosts, podHostname } from '../kubelet/hosts.ts'
import type { PodResolver } from '../kubelet/pod-resolver.ts'
import { dnsService } from '../kubelet/settings.ts'
import { podPrefixesOf } from '../objects/node.ts'
import type { Pod } from '../objects/pod.ts'
import { hostsOf, type ResolverGround, resolverOf } from './pod-ground.ts'
import { nodeNetworks } from './uplink.ts'

/** A pod as it looks names up. */
export interface PodClient {
  readonly client: Client
  readonly resolver: PodResolver
  /** The text of its hosts file. */
  readonly hosts: string
}

/** A pod of which nothing is said but its namespace: kubelet's defaults are its own. */
export function plainPod(namespace: string): Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pod', namespace }, spec: { containers: [] } }
}

export function podClient(pod: Pod, ground: ResolverGround): PodClient {
  const resolver = resolverOf(pod, ground)
  const known = hostsOf(pod, ground) ?? { of: 'pod', own: [], aliases: [] }
  const hosts = formatHosts(known)
  const { kernel = '' } = podHostname(pod, ground.kubelet.clusterDomain)
  const client: Client = {
    conf: resolver.conf,
    hosts: readHosts(hosts),
    hostname: pod.spec.hostNetwork ? (pod.spec.nodeName ?? '') : kernel,
    sources: sourcesOf(pod, ground),
    hasIpv6: true,
  }
  return { client, resolver, hosts }
}

/** A pod without addresses yet is taken to get one of each family that the cluster has. */
function sourcesOf(pod: Pod, { podCidrs, nodeNamed }: ResolverGround): readonly InterfaceAddress[] {
  const node = pod.spec.nodeName ? nodeNamed(pod.spec.nodeName) : undefined
  if (node && pod.spec.hostNetwork) return within(nodeAddresses(node).map(formatIp), nodeNetworks([node]))
  const own = podAddresses(pod, node).map(formatIp)
  if (own.length > 0) return within(own, node ? podPrefixesOf(node) : [])
  return podCidrs.map(({ base }) => ({ address: base, bits: familyOf(base) === 4 ? 32 : 128 }))
}

/** Addresses, each with the length of the network of its family. */
function within(addresses: readonly string[], networks: ReturnType<typeof podPrefixesOf>): readonly InterfaceAddress[] {
  return addresses.flatMap(text => {
    const address = findIp(text)
    if (address === undefined) return []
    const family = familyOf(address)
    const bits = networks.find(({ base }) => familyOf(base) === family)?.bits ?? (family === 4 ? 32 : 128)
    return [{ address, bits }]
  })
}

/** The addresses at which the cluster's DNS answers, as far as is known: those that kubelets hand out, and its Service's. */
export function dnsAddresses({ services, kubelet }: ResolverGround): readonly string[] {
  const service = dnsService(services)
  const own = service?.spec.clusterIPs ?? [service?.spec.clusterIP ?? '']
  const all = [...kubelet.clusterDns.map(formatIp), ...own.flatMap(text => findIp(text) ?? []).map(formatIp)]
  return [...new Set(all)]
}

/**
 * Who answers a pod: the cluster's DNS at its addresses, nobody on the pod's own loopback, somebody outside elsewhere.
 *
 * @param ownLoopback whether the pod's loopback is its own, not its node's
 */
export function podAsk(zone: Zone, ground: ResolverGround, ownLoopback: boolean): Ask {
  const addresses = new Set(dnsAddresses(ground))
  return (name, type, server) => {
    if (addresses.has(server)) return zoneReply(zone, name, type)
    const ip = findIp(server)
    return ownLoopback && ip !== undefined && isLoopback(ip) ? { kind: 'nobody' } : { kind: 'outside' }
  }
}

/** What the cluster's DNS says by itself; of what it would have to ask others for, that it would. */
function zoneReply(zone: Zone, name: Parameters<Ask>[0], type: number): Reply {
  const question = { name, type, class: CLASS_IN }
  const outcome = answerQuestion(zone, question, () => undefined)
  const told = outcome.kind === 'ask' ? answerQuestion(zone, question, NOBODY) : outcome
  if (told.kind !== 'answer') return { kind: 'outside' }
  const { rcode, answer, authority } = told
  const octets = encodeMessage({ ...query(0, question), ...told }).length
  return {
    kind: 'answer',
    rcode,
    records: answer,
    authority,
    octets,
    ...(outcome.kind === 'ask' ? { beyond: outcome.name } : {}),
  }
}
