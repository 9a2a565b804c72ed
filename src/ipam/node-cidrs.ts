/**
 * Which node has which blocks of the cluster networks: one of each, in the order of the networks.
 *
 * @see pkg/controller/nodeipam/ipam/range_allocator.go of Kubernetes
 * @module
 */
import { formatPrefix, overlaps, type Prefix, parseNetwork } from '../base/ip.ts'
import { CidrSet } from './cidr-set.ts'
import { AllocationError } from './error.ts'
import type { NodeCidrPlan } from './node-cidr-plan.ts'

/** A node as the allocator sees it; the CIDRs are text, for their errors quote it. */
export interface NodeWithCidrs {
  readonly name: string
  readonly podCidrs: readonly string[]
}

/** An event about a node. */
export interface NodeEvent {
  readonly node: string
  readonly type: 'Warning'
  readonly reason: 'CIDRNotAvailable'
  readonly message: string
  readonly source: 'cidrAllocator'
}

export type NodeCidrs =
  | { readonly kind: 'assigned'; readonly podPrefixes: readonly Prefix[] }
  /** A network is full: the node stays without CIDRs, and `error` is what the controller logs. */
  | { readonly kind: 'exhausted'; readonly error: string; readonly event: NodeEvent }

/** The blocks of all nodes. */
export class NodeCidrAllocator {
  readonly #sets: readonly CidrSet[]

  /**
   * First sets apart what Services use of the networks, then what `nodes` have already.
   *
   * @throws {AllocationError} when a node has a CIDR that is not of these networks
   */
  constructor(plan: NodeCidrPlan, nodes: readonly NodeWithCidrs[]) {
    this.#sets = plan.clusters.map(({ prefix, nodeBits }) => new CidrSet(prefix, nodeBits))
    for (const service of plan.servicePrefixes) {
      for (const set of this.#sets) if (overlaps(set.cluster, service)) set.occupy(service)
    }
    for (const node of nodes) this.occupy(node)
  }

  /** The sets, in the order of the networks: for metrics. */
  get sets(): readonly CidrSet[] {
    return this.#sets
  }

  /**
   * Marks what a node has as taken.
   *
   * @throws {AllocationError} when a CIDR cannot be read or is not of these networks
   */
  occupy(node: NodeWithCidrs): void {
    for (const [i, text] of node.podCidrs.entries()) {
      // The words name the node's first CIDR, whichever it is that cannot be read.
      const prefix = read(text, `failed to parse node ${node.name}, CIDR ${node.podCidrs[0]}`)
      const set = this.#setOf(node.name, text, i)
      within(`failed to mark cidr[${formatPrefix(prefix)}] at idx [${i}] as occupied for node: ${node.name}`, () =>
        set.occupy(prefix),
      )
    }
  }

  /**
   * Gives a node one block of each network, or none of any.
   *
   * (Kubernetes loses the first network's block when the second is full.)
   */
  allocate(node: string): NodeCidrs {
    const podPrefixes: Prefix[] = []
    for (const [i, set] of this.#sets.entries()) {
      try {
        podPrefixes.push(set.allocateNext())
      } catch (problem) {
        if (!(problem instanceof AllocationError)) throw problem
        for (const [j, prefix] of podPrefixes.entries()) this.#sets[j]?.release(prefix)
        return exhausted(node, i, problem)
      }
    }
    return { kind: 'assigned', podPrefixes }
  }

  /**
   * Takes back what a deleted node had. A node that is only marked for deletion still uses its CIDRs.
   *
   * @throws {AllocationError} when a CIDR is not of these networks
   */
  release(node: NodeWithCidrs): void {
    for (const [i, text] of node.podCidrs.entries()) {
      const prefix = read(text, `failed to parse CIDR ${text} on Node ${node.name}`)
      const set = this.#setOf(node.name, text, i)
      within(`error when releasing CIDR ${text}`, () => set.release(prefix))
    }
  }

  #setOf(node: string, cidr: string, index: number): CidrSet {
    const set = this.#sets[index]
    if (set !== undefined) return set
    const message = `node:${node} has an allocated cidr: ${cidr} at index:${index} that does not exist in cluster cidrs configuration`
    throw new AllocationError('outside', message)
  }
}

function exhausted(node: string, index: number, problem: AllocationError): NodeCidrs {
  return {
    kind: 'exhausted',
    error: `failed to allocate cidr from cluster cidr at idx:${index}: ${problem.message}`,
    event: {
      node,
      type: 'Warning',
      reason: 'CIDRNotAvailable',
      message: `Node ${node} status is now: CIDRNotAvailable`,
      source: 'cidrAllocator',
    },
  }
}

function read(text: string, otherwise: string): Prefix {
  try {
    return parseNetwork(text)
  } catch (cause) {
    throw new AllocationError('invalid', otherwise, { cause })
  }
}

function within(doing: string, act: () => void): void {
  try {
    act()
  } catch (cause) {
    throw cause instanceof AllocationError
      ? new AllocationError(cause.problem, `${doing}: ${cause.message}`, { cause })
      : cause
  }
}
