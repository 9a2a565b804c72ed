/**
 * Which node has which part of the pod network, and where the other nodes find it.
 *
 * In a Kubernetes cluster flannel leases nothing itself: a node's subnet is its PodCIDR, and the
 * annotations of the Node object tell the others its public address and its VXLAN device's MAC.
 *
 * @module
 */
import { within } from '../base/error.ts'
import {
  contains,
  type Family,
  familyOf,
  findIp,
  formatIp,
  formatPrefix,
  type Ip,
  isUnspecified,
  type Prefix,
  parseIp,
} from '../base/ip.ts'
import { drawMac, formatMac, type Mac, parseMac } from '../base/mac.ts'
import { seededRandom } from '../base/random.ts'
import type { Condition } from '../objects/meta.ts'
import { type Node, podPrefixesOf } from '../objects/node.ts'
import { type FlannelNetwork, familiesOf, type PerFamily } from './network.ts'

/** What one node holds of one family's network. */
export interface FamilyLease {
  readonly subnet: Prefix
  /** Where other nodes send packets for the subnet. */
  readonly publicIp: Ip
  /** The address of the node's VXLAN device; host-gw has none. */
  readonly mac?: Mac
}

export interface Lease {
  readonly node: string
  readonly families: PerFamily<FamilyLease>
}

/** A node that the overlay cannot take in, and flannel's words for why. */
export interface Refusal {
  readonly node: string
  readonly message: string
}

export interface Leases {
  readonly leases: readonly Lease[]
  readonly refusals: readonly Refusal[]
}

const PREFIX = 'flannel.alpha.coreos.com/'
const BACKEND_DATA: Readonly<Record<Family, string>> = {
  4: `${PREFIX}backend-data`,
  6: `${PREFIX}backend-v6-data`,
}
const PUBLIC_IP: Readonly<Record<Family, string>> = { 4: `${PREFIX}public-ip`, 6: `${PREFIX}public-ipv6` }
const BACKEND_TYPE = `${PREFIX}backend-type`
const SUBNET_MANAGER = `${PREFIX}kube-subnet-manager`

/**
 * Gives each node its lease, in the order of `nodes`.
 *
 * A VXLAN device gets the MAC that the node's annotations already name, else one that `seed` and
 * the node's name decide.
 *
 * @throws {InputError} when an address in a node is malformed
 */
export function leaseNodes(network: FlannelNetwork, nodes: readonly Node[], seed: number): Leases {
  const leases: Lease[] = []
  const refusals: Refusal[] = []
  for (const node of nodes) {
    const lease = leaseNode(network, node, seed)
    if ('message' in lease) refusals.push(lease)
    else leases.push(lease)
  }
  return { leases, refusals }
}

function leaseNode(network: FlannelNetwork, node: Node, seed: number): Lease | Refusal {
  const { name } = node.metadata
  const refuse = (message: string): Refusal => ({ node: name, message })
  const subnets = podPrefixesOf(node)
  if (subnets.length === 0) return refuse(`node ${quote(name)} pod cidr not assigned`)
  if (subnets.length > 2) return refuse(`node ${quote(name)} pod cidrs should be IPv4/IPv6 only or dualstack`)
  const families: Partial<Record<Family, FamilyLease>> = {}
  for (const family of familiesOf(network)) {
    const pods = network.pods[family]
    const subnet = subnets.find(subnet => subnet.family === family)
    if (pods === undefined || subnet === undefined) return refuse(`missing IPv${family} address on n.Spec.PodCIDRs`)
    if (subnet.bits < pods.bits || !contains(pods, subnet.base)) {
      const what = family === 4 ? 'PodCIDR' : 'IPv6 PodCIDR'
      return refuse(
        `subnet ${quote(formatPrefix(pods))} specified in the flannel net config doesn't contain ${quote(formatPrefix(subnet))} ${what} of the ${quote(name)} node`,
      )
    }
    const publicIp = publicIpOf(node, family)
    if (publicIp === undefined) return refuse(`node ${quote(name)} has no IPv${family} InternalIP`)
    families[family] = {
      subnet,
      publicIp,
      ...(network.backend.kind === 'vxlan' ? { mac: macOf(node, family, seed) } : {}),
    }
  }
  return { node: name, families }
}

function quote(text: string): string {
  return JSON.stringify(text)
}

/**
 * The address under which other nodes know this one: what its annotations order, else what flannel
 * noted there, else the node's own.
 */
function publicIpOf(node: Node, family: Family): Ip | undefined {
  for (const key of [`${PUBLIC_IP[family]}-overwrite`, PUBLIC_IP[family]]) {
    const given = node.metadata.annotations?.[key]
    if (!given) continue
    const ip = within(`Node ${node.metadata.name} metadata.annotations[${key}]`, () => parseIp(given))
    // A host-gw lease without IPv4 leaves 0.0.0.0 behind.
    if (!isUnspecified(ip)) return ip
  }
  for (const { type, address } of node.status?.addresses ?? []) {
    const ip = type === 'InternalIP' ? findIp(address) : undefined
    if (ip !== undefined && familyOf(ip) === family) return ip
  }
  return undefined
}

function macOf(node: Node, family: Family, seed: number): Mac {
  const key = BACKEND_DATA[family]
  const given = node.metadata.annotations?.[key]
  const stored = given === undefined ? undefined : within(`Node ${node.metadata.name} ${key}`, () => storedMac(given))
  return stored ?? drawMac(seededRandom(seed, `vtep/${node.metadata.name}/${family}`))
}

/** The MAC in a `backend-data` annotation; `null`, as host-gw leaves it behind, holds none. */
function storedMac(text: string): Mac | undefined {
  const data: unknown = JSON.parse(text)
  if (typeof data !== 'object' || data === null || !('VtepMAC' in data)) return undefined
  return typeof data.VtepMAC === 'string' ? parseMac(data.VtepMAC) : undefined
}

/** What flannel writes on the Node object once the lease is its own. */
export function annotationsOf(network: FlannelNetwork, lease: Lease): Readonly<Record<string, string>> {
  const annotations: Record<string, string> = {
    [BACKEND_TYPE]: network.backend.kind,
    [SUBNET_MANAGER]: 'true',
  }
  for (const family of familiesOf(network)) {
    const own = lease.families[family]
    if (own === undefined) continue
    annotations[PUBLIC_IP[family]] = formatIp(own.publicIp)
    annotations[BACKEND_DATA[family]] = backendData(network, own)
  }
  if (network.backend.kind === 'host-gw' && lease.families[4] === undefined) {
    // flannel fills in the IPv4 half of a host-gw lease whether there is one or not.
    annotations[PUBLIC_IP[4]] = '0.0.0.0'
    annotations[BACKEND_DATA[4]] = 'null'
  }
  return annotations
}

function backendData(network: FlannelNetwork, own: FamilyLease): string {
  if (network.backend.kind !== 'vxlan' || own.mac === undefined) return 'null'
  return JSON.stringify({ VNI: network.backend.vni, VtepMAC: formatMac(own.mac) })
}

/** The condition of a node on which flannel runs. */
export const NETWORK_AVAILABLE: Condition = {
  type: 'NetworkUnavailable',
  status: 'False',
  reason: 'FlannelIsUp',
  message: 'Flannel is running on this node',
}
