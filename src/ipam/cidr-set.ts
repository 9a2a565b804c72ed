/**
 * One cluster network cut into blocks of one size, a block for each node.
 *
 * @see pkg/controller/nodeipam/ipam/cidrset/cidr_set.go of Kubernetes
 * @module
 */
import {
  contains,
  formatIp,
  formatPrefix,
  type Ip,
  isIpv4,
  overlaps,
  type Prefix,
  prefixOf,
  widthOf,
} from '../base/ip.ts'
import { type Ipv4, mask4 } from '../base/ipv4.ts'
import { type Ipv6, ipv6, mask6 } from '../base/ipv6.ts'
import { Bitmap } from './bitmap.ts'
import { AllocationError } from './error.ts'

/** Most bits by which an IPv6 block may be longer than its cluster network. */
const MOST_IPV6_BITS = 16

/** Upper bounds of the histogram of tries, as the metric `cidrset_allocation_tries_per_request` has them. */
export const TRY_BUCKETS = [1, 5, 25, 125, 625] as const

/** What the set's metrics say. */
export interface CidrSetMetrics {
  readonly allocations: number
  readonly releases: number
  /** Taken blocks as a fraction of all. */
  readonly usage: number
  /** Blocks passed over, in all calls of `allocateNext`. */
  readonly tries: number
  /** Calls that passed over at most as many blocks as the bucket of {@link TRY_BUCKETS} says. */
  readonly buckets: readonly number[]
}

/**
 * Blocks are given out in order, from behind the last one given; a block that comes back is given again
 * only once all others were.
 */
export class CidrSet {
  readonly cluster: Prefix
  /** How many leading bits of a block are fixed. */
  readonly nodeBits: number
  /** How many blocks there are. */
  readonly max: number
  readonly #used: Bitmap
  readonly #buckets = TRY_BUCKETS.map(() => 0)
  #next = 0
  #allocations = 0
  #releases = 0
  #tries = 0

  /** @throws {AllocationError} if an IPv6 network would give more than 2^16 blocks */
  constructor(cluster: Prefix, nodeBits: number) {
    const bits = nodeBits - cluster.bits
    if (cluster.family === 6 && bits > MOST_IPV6_BITS) {
      throw new AllocationError('invalid', 'New CIDR set failed; the node CIDR size is too big')
    }
    if (bits < 0 || nodeBits > widthOf(cluster.family)) {
      throw new RangeError(`no blocks of /${nodeBits} in ${formatPrefix(cluster)}`)
    }
    this.cluster = cluster
    this.nodeBits = nodeBits
    this.max = 2 ** bits
    this.#used = new Bitmap(this.max)
  }

  /** How many blocks are taken. */
  get allocated(): number {
    return this.#used.count
  }

  get metrics(): CidrSetMetrics {
    return {
      allocations: this.#allocations,
      releases: this.#releases,
      usage: this.allocated / this.max,
      tries: this.#tries,
      buckets: [...this.#buckets],
    }
  }

  /** @throws {AllocationError} when no block is left */
  allocateNext(): Prefix {
    const index = this.#used.findClearFrom(this.#next, 0, this.max)
    if (index === undefined) {
      const message = 'CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range'
      throw new AllocationError('full', message)
    }
    this.#used.set(index)
    this.#allocations++
    this.#countTries((index - this.#next + this.max) % this.max)
    this.#next = (index + 1) % this.max
    return this.block(index)
  }

  /** Takes every block that `cidr` touches; what is taken stays so. */
  occupy(cidr: Prefix): void {
    const { begin, end } = this.#blocksOf(cidr)
    this.#allocations += this.#used.setRange(begin, end + 1)
  }

  /** Gives back every block that `cidr` touches; what is free stays so. */
  release(cidr: Prefix): void {
    const { begin, end } = this.#blocksOf(cidr)
    this.#releases += this.#used.clearRange(begin, end + 1)
  }

  /** Whether the block with this number is taken. */
  has(index: number): boolean {
    return this.#used.has(index)
  }

  /** The block with this number, counted from 0. */
  block(index: number): Prefix {
    return prefixOf(addBlocks(this.cluster.base, index, this.nodeBits), this.nodeBits)
  }

  /**
   * The number of the block that `address` is in.
   *
   * @throws {AllocationError} if it is in none
   */
  indexOf(address: Ip): number {
    if (!contains(this.cluster, address)) {
      const message = `CIDR: ${formatIp(address)}/${this.nodeBits} is out of the range of CIDR allocator`
      throw new AllocationError('outside', message)
    }
    return blocksBetween(this.cluster.base, address, this.nodeBits)
  }

  #blocksOf(cidr: Prefix): { readonly begin: number; readonly end: number } {
    if (cidr.family !== this.cluster.family || !overlaps(this.cluster, cidr)) {
      const message = `cidr ${formatPrefix(cidr)} is out the range of cluster cidr ${formatPrefix(this.cluster)}`
      throw new AllocationError('outside', message)
    }
    if (cidr.bits <= this.cluster.bits) return { begin: 0, end: this.max - 1 }
    return { begin: this.indexOf(cidr.base), end: this.indexOf(lastOf(cidr)) }
  }

  #countTries(tries: number): void {
    this.#tries += tries
    for (const [i, most] of TRY_BUCKETS.entries()) if (tries <= most) this.#buckets[i] = (this.#buckets[i] ?? 0) + 1
  }
}

/** The highest address of a network. */
export function lastOf(prefix: Prefix): Ip {
  if (prefix.family === 4) return (prefix.base | ~mask4(prefix.bits)) as Ipv4
  const { base } = prefix
  const mask = mask6(prefix.bits)
  return ipv6(base.w0 | ~mask.w0, base.w1 | ~mask.w1, base.w2 | ~mask.w2, base.w3 | ~mask.w3)
}

/** `base` plus `index` blocks of `bits` leading bits; the bits of `index` are clear in `base`. */
function addBlocks(base: Ip, index: number, bits: number): Ip {
  if (isIpv4(base)) return (bits === 0 ? base : base | (index << (32 - bits))) as Ipv4
  return shifted(base, index, 128 - bits)
}

function shifted(base: Ipv6, index: number, shift: number): Ipv6 {
  const words = [base.w3, base.w2, base.w1, base.w0]
  const at = shift >>> 5
  const by = shift & 31
  const low = index << by
  const high = by === 0 ? 0 : index >>> (32 - by)
  const word = (i: number) => (words[i] ?? 0) | (i === at ? low : i === at + 1 ? high : 0)
  return ipv6(word(3), word(2), word(1), word(0))
}

/** How many blocks of `bits` leading bits lie between `base` and the block of `address`. */
function blocksBetween(base: Ip, address: Ip, bits: number): number {
  if (isIpv4(base) || isIpv4(address)) {
    return bits === 0 || !isIpv4(base) || !isIpv4(address) ? 0 : (base ^ address) >>> (32 - bits)
  }
  const words = [base.w3 ^ address.w3, base.w2 ^ address.w2, base.w1 ^ address.w1, base.w0 ^ address.w0]
  const shift = 128 - bits
  const at = shift >>> 5
  const by = shift & 31
  const low = (words[at] ?? 0) >>> by
  const high = by === 0 ? 0 : (words[at + 1] ?? 0) << (32 - by)
  // An IPv6 set has at most 2^16 blocks.
  return (low | high) >>> 0
}
