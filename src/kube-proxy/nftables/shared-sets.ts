/**
 * The sets and maps that all services share.
 *
 * @see pkg/proxy/nftables/proxier.go of Kubernetes: setupNFTables
 * @module
 */
import { type Family, isLoopback } from '../../base/ip.ts'
import type { NftElement } from '../../netfilter/nftables/expression.ts'
import type { NftSet, NftType } from '../../netfilter/nftables/rule.ts'
import type { Settings } from '../settings.ts'
import { layoutOf } from './layout.ts'
import {
  CLUSTER_IPS,
  FIREWALL_IPS,
  HAIRPIN_CONNECTIONS,
  NO_ENDPOINT_NODE_PORTS,
  NO_ENDPOINT_SERVICES,
  NODE_PORT_IPS,
  SERVICE_IPS,
  SERVICE_NODE_PORTS,
} from './names.ts'

/** Those to which services add. */
export const SHARED_SETS = [
  HAIRPIN_CONNECTIONS,
  CLUSTER_IPS,
  NO_ENDPOINT_SERVICES,
  NO_ENDPOINT_NODE_PORTS,
  FIREWALL_IPS,
  SERVICE_IPS,
  SERVICE_NODE_PORTS,
] as const

export type SharedSet = (typeof SHARED_SETS)[number]

const ADDRESS: Readonly<Record<Family, NftType>> = { 4: 'ipv4_addr', 6: 'ipv6_addr' }

/** @param elementsOf what services add to the set */
export function sharedSets(
  settings: Settings,
  elementsOf: (set: SharedSet) => readonly NftElement[],
): readonly NftSet[] {
  const { family, release } = settings
  const address = ADDRESS[family]
  const destination: readonly NftType[] = [address, 'inet_proto', 'inet_service']
  const port: readonly NftType[] = ['inet_proto', 'inet_service']
  const set = (name: SharedSet, type: readonly NftType[], comment: string): NftSet => {
    return { name, type, comment, elements: elementsOf(name) }
  }
  const vmap = (name: SharedSet, type: readonly NftType[], comment: string): NftSet => {
    return { ...set(name, type, comment), data: 'verdict' }
  }
  const hairpin = set(HAIRPIN_CONNECTIONS, [address, ...destination], 'service hairpin connections')
  const refusing = 'vmap to drop or reject packets to'
  return [
    ...(layoutOf(release).inPlace ? [hairpin] : []),
    set(CLUSTER_IPS, [address], 'Active ClusterIPs'),
    ...nodePortIps(settings),
    vmap(NO_ENDPOINT_SERVICES, destination, `${refusing} services with no endpoints`),
    vmap(NO_ENDPOINT_NODE_PORTS, port, `${refusing} service nodeports with no endpoints`),
    vmap(FIREWALL_IPS, destination, 'destinations that are subject to LoadBalancerSourceRanges'),
    vmap(SERVICE_IPS, destination, 'ClusterIP, ExternalIP and LoadBalancer IP traffic'),
    vmap(SERVICE_NODE_PORTS, port, 'NodePort traffic'),
  ]
}

/** Nothing answers for NodePorts on loopback addresses. */
function nodePortIps({ family, nodePortAddresses: { at } }: Settings): readonly NftSet[] {
  if (at === 'any') return []
  const elements = at.filter(ip => !isLoopback(ip)).map((ip): NftElement => ({ key: { kind: 'ip', ip } }))
  const comment = 'IPs that accept NodePort traffic'
  return [{ name: NODE_PORT_IPS, type: [ADDRESS[family]], comment, elements }]
}
