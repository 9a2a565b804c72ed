/**
 * A node's bridge and what hangs on it: its addresses, the pods' veth pairs, and inside each pod
 * `eth0` with its addresses and routes.
 *
 *     node ── cbr0 10.244.1.1/24 ─┬─ veth1a2b3c40 ═ eth0 10.244.1.2/24 (pod a)
 *                                 └─ veth5d6e7f80 ═ eth0 10.244.1.3/24 (pod b)
 *
 * @module
 */
import { contains, familyOf, type InterfaceAddress, type Ip, type Prefix } from '../base/ip.ts'
import type { BridgeLink, HostPart, PodRoute, VethLink } from '../host/host.ts'
import { BRIDGE, gatewayAddress, gatewayOf } from './gateway.ts'
import { type MacRule, macOf, vethNames } from './identity.ts'

/** A pod with a network of its own on this node. */
export interface BridgedPod {
  /** `namespace/name` */
  readonly key: string
  /** One per family, in the order of the node's pod networks. */
  readonly addresses: readonly Ip[]
}

export interface BridgedNode {
  readonly name: string
  /** The node's PodCIDRs, at most one of each family. */
  readonly podPrefixes: readonly Prefix[]
}

export interface BridgeOptions {
  /** Bytes of the largest packet that a pod sends. */
  readonly mtu: number
  /** The networks of all pods, for each of which a pod has a route next to its default route. */
  readonly clusterPrefixes: readonly Prefix[]
  readonly seed: number
  readonly macs?: MacRule
  /** Whether a pod may be sent what it sent itself, as through a Service; on unless said otherwise. */
  readonly hairpin?: boolean
}

/** What the node needs so that these pods are on its network. A node without PodCIDRs needs nothing. */
export function bridgePart(node: BridgedNode, pods: readonly BridgedPod[], options: BridgeOptions): HostPart {
  if (node.podPrefixes.length === 0) return {}
  const own = node.podPrefixes.map(gatewayAddress)
  const bridge: BridgeLink = {
    kind: 'bridge',
    name: BRIDGE,
    mtu: options.mtu,
    // Written down, or else the bridge would take the lowest MAC of its ports and change it with them.
    mac: macOf(`${node.name}/${BRIDGE}`, addressesOf(own), options.seed, options.macs),
  }
  const names = vethNames(pods.map(pod => pod.key))
  const veths = pods.map(pod => vethOf(pod, names.get(pod.key) ?? pod.key, node, options))
  return {
    links: [bridge, ...veths],
    addresses: own.map(address => ({ link: BRIDGE, own: address })),
  }
}

function vethOf(pod: BridgedPod, name: string, node: BridgedNode, options: BridgeOptions): VethLink {
  return {
    kind: 'veth',
    name,
    mtu: options.mtu,
    mac: macOf(`${pod.key}/host`, [], options.seed),
    master: BRIDGE,
    hairpin: options.hairpin ?? true,
    peer: {
      pod: pod.key,
      name: 'eth0',
      mac: macOf(pod.key, pod.addresses, options.seed, options.macs),
      addresses: pod.addresses.map(address => withLength(address, node)),
      routes: node.podPrefixes.filter(prefix => isUsed(prefix, pod)).flatMap(prefix => routesBy(prefix, options)),
    },
  }
}

/** A pod whose address is outside the node's networks (given, not allotted) has it for itself alone. */
function withLength(address: Ip, node: BridgedNode): InterfaceAddress {
  const family = familyOf(address)
  const prefix = node.podPrefixes.find(prefix => contains(prefix, address))
  return { address, bits: prefix?.bits ?? (family === 4 ? 32 : 128) }
}

function isUsed(prefix: Prefix, pod: BridgedPod): boolean {
  return pod.addresses.some(address => contains(prefix, address))
}

/** The way to the other pods, and to everything else: both by the gateway, as with flannel's CNI plugin. */
function routesBy(prefix: Prefix, options: BridgeOptions): readonly PodRoute[] {
  const via = gatewayOf(prefix)
  const cluster = options.clusterPrefixes.filter(({ family }) => family === prefix.family)
  return [...cluster.map(to => ({ to, via })), { via }]
}

function addressesOf(own: readonly InterfaceAddress[]): readonly Ip[] {
  return own.map(({ address }) => address)
}
