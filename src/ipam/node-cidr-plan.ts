/**
 * How the cluster networks are cut up among nodes: the controller manager's options, checked.
 *
 * @see cmd/kube-controller-manager/app/core.go and pkg/controller/nodeipam/node_ipam_controller.go of
 * Kubernetes
 * @module
 */
import { type Family, type Prefix, widthOf } from '../base/ip.ts'
import { AllocationError } from './error.ts'

export interface NodeCidrPlan {
  /** In the order of `--cluster-cidr`, which is the order of each node's CIDRs. */
  readonly clusters: readonly { readonly prefix: Prefix; readonly nodeBits: number }[]
  /** What must not go to nodes, where it overlaps. */
  readonly servicePrefixes: readonly Prefix[]
}

/** The options by their names without dashes; an absent one is not given. */
export interface NodeCidrOptions {
  readonly clusterCidr: readonly Prefix[]
  /** Service networks, at most one of each family. */
  readonly serviceClusterIpRange?: readonly Prefix[]
  readonly nodeCidrMaskSize?: number
  readonly nodeCidrMaskSizeIpv4?: number
  readonly nodeCidrMaskSizeIpv6?: number
}

const DEFAULT_MASK_SIZE: Readonly<Record<Family, number>> = { 4: 24, 6: 64 }

/** @throws {AllocationError} in the words of the controller manager when the options do not go together */
export function planNodeCidrs(options: NodeCidrOptions): NodeCidrPlan {
  const { clusterCidr, serviceClusterIpRange: servicePrefixes = [] } = options
  if (clusterCidr.length === 0) {
    throw refusal('Controller: Must specify --cluster-cidr if --allocate-node-cidrs is set')
  }
  const families = new Set(clusterCidr.map(prefix => prefix.family))
  if (clusterCidr.length > 1 && families.size === 1) {
    throw refusal(
      `len of ClusterCIDRs==${clusterCidr.length} and they are not configured as dual stack (at least one from each IPFamily`,
    )
  }
  if (clusterCidr.length > 2) {
    throw refusal(`length of clusterCIDRs is:${clusterCidr.length} more than max allowed of 2`)
  }
  if (servicePrefixes.length > 1 && servicePrefixes[0]?.family === servicePrefixes[1]?.family) {
    throw refusal('serviceCIDR and secondaryServiceCIDR are not dualstack (from different IPfamiles)')
  }
  const sizes = maskSizes(options)
  const clusters = clusterCidr.map(prefix => ({ prefix, nodeBits: sizes[prefix.family] }))
  for (const { prefix, nodeBits } of clusters) {
    if (prefix.bits > nodeBits || nodeBits > widthOf(prefix.family)) {
      throw refusal(
        'Controller: Invalid --cluster-cidr, mask size of cluster CIDR must be less than or equal to --node-cidr-mask-size configured for CIDR family',
      )
    }
  }
  return { clusters, servicePrefixes }
}

/** A mask size of 0 counts as not given. */
function maskSizes(options: NodeCidrOptions): Readonly<Record<Family, number>> {
  const { nodeCidrMaskSize: both, nodeCidrMaskSizeIpv4: ipv4, nodeCidrMaskSizeIpv6: ipv6 } = options
  if (options.clusterCidr.length > 1) {
    if (both) throw refusal('usage of --node-cidr-mask-size is not allowed with dual-stack clusters')
  } else if (both) {
    if (ipv4 || ipv6) {
      throw refusal(
        'usage of --node-cidr-mask-size-ipv4 and --node-cidr-mask-size-ipv6 is not allowed if --node-cidr-mask-size is set. For dual-stack clusters please unset it and use IPFamily specific flags',
      )
    }
    return { 4: both, 6: both }
  } else if (ipv4 && options.clusterCidr[0]?.family === 6) {
    throw refusal('usage of --node-cidr-mask-size-ipv4 is not allowed for a single-stack IPv6 cluster')
  } else if (ipv6 && options.clusterCidr[0]?.family === 4) {
    throw refusal('usage of --node-cidr-mask-size-ipv6 is not allowed for a single-stack IPv4 cluster')
  }
  return { 4: ipv4 || DEFAULT_MASK_SIZE[4], 6: ipv6 || DEFAULT_MASK_SIZE[6] }
}

function refusal(message: string): AllocationError {
  return new AllocationError('invalid', message)
}
