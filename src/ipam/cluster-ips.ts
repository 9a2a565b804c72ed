/**
 * The addresses of Services.
 *
 * @see pkg/registry/core/service/ipallocator/ipallocator.go of Kubernetes
 * @module
 */
import { contains, type Family, formatIp, formatPrefix, type Ip, isIpv4, type Prefix, widthOf } from '../base/ip.ts'
import type { Ipv4 } from '../base/ipv4.ts'
import { ipv6 } from '../base/ipv6.ts'
import { drawInteger, type Random } from '../base/random.ts'
import { type BandRule, drawClear, lowerBand } from './bands.ts'
import { Bitmap } from './bitmap.ts'
import { AllocationError } from './error.ts'
import type { Pool, Transaction } from './transaction.ts'

const BANDS: BandRule = { step: 16, least: 16, most: 256 }

/** IPv6 networks are no larger than this. */
const SHORTEST_IPV6 = 64

/**
 * The addresses of one Service network, of which the network's own and IPv4's broadcast address are never
 * given out.
 *
 * An IPv6 network may have 2^64 of them. Each run of 2^32 has a bitmap of its own that exists once an
 * address of it is taken; a draw first picks the run, which is never full in practice.
 */
export class ClusterIps implements Pool<Ip> {
  readonly prefix: Prefix
  readonly #random: Random
  readonly #runs = new Map<number, Bitmap>()
  /** Addresses of one run, and how many runs there are. */
  readonly #runSize: number
  readonly #runCount: number
  readonly #lower: number
  #used = 0

  /** @throws {AllocationError} if an IPv6 network is larger than /64 */
  constructor(prefix: Prefix, random: Random) {
    if (prefix.family === 6 && prefix.bits < SHORTEST_IPV6) {
      const message = `shortest allowed prefix length for service CIDR is 64, got ${prefix.bits}`
      throw new AllocationError('invalid', message)
    }
    const hostBits = widthOf(prefix.family) - prefix.bits
    this.prefix = prefix
    this.#random = random
    this.#runSize = 2 ** Math.min(hostBits, 32)
    this.#runCount = 2 ** Math.max(hostBits - 32, 0)
    this.#lower = lowerBand(2 ** hostBits, BANDS)
  }

  /** How many addresses are taken. */
  get used(): number {
    return this.#used
  }

  /** How many addresses can still be taken. */
  get free(): number {
    const all = this.#runSize * this.#runCount - (this.prefix.family === 4 ? 2 : 1)
    return Math.max(all, 0) - this.#used
  }

  has(ip: Ip): boolean {
    if (!contains(this.prefix, ip)) return false
    const { run, offset } = this.#placeOf(ip)
    return this.#runs.get(run)?.has(offset) ?? false
  }

  allocate(ip: Ip): void {
    const place = contains(this.prefix, ip) ? this.#placeOf(ip) : undefined
    if (place === undefined || place.offset < this.#from(place.run) || place.offset >= this.#to()) {
      const message = `the provided IP (${formatIp(ip)}) is not in the valid range. The range of valid IPs is ${formatPrefix(this.prefix)}`
      throw new AllocationError('outside', message)
    }
    if (!this.#run(place.run).set(place.offset)) {
      throw new AllocationError('taken', 'provided IP is already allocated')
    }
    this.#used++
  }

  allocateNext(): Ip {
    const run = this.#runCount === 1 ? 0 : drawInteger(this.#random, this.#runCount)
    const bits = this.#run(run)
    const lower = run === 0 ? this.#lower : 0
    const offset = drawClear(bits, this.#from(run), this.#to(), lower, this.#random)
    if (offset === undefined) throw new AllocationError('full', 'range is full')
    bits.set(offset)
    this.#used++
    return this.#address(run, offset)
  }

  /** Gives an address back; one that is free or of another network stays as it is. */
  release(ip: Ip): void {
    if (!contains(this.prefix, ip)) return
    const { run, offset } = this.#placeOf(ip)
    if (this.#runs.get(run)?.clear(offset)) this.#used--
  }

  #from(run: number): number {
    return run === 0 ? 1 : 0
  }

  #to(): number {
    return this.prefix.family === 4 ? this.#runSize - 1 : this.#runSize
  }

  #run(run: number): Bitmap {
    const there = this.#runs.get(run)
    if (there !== undefined) return there
    const bits = new Bitmap(this.#runSize)
    this.#runs.set(run, bits)
    return bits
  }

  /** The last word counts within a run, the one before it counts runs: a base has no bit of either. */
  #placeOf(ip: Ip): { readonly run: number; readonly offset: number } {
    const { base } = this.prefix
    if (isIpv4(ip) || isIpv4(base)) return { run: 0, offset: (Number(ip) - Number(base)) >>> 0 }
    return { run: (ip.w2 ^ base.w2) >>> 0, offset: (ip.w3 ^ base.w3) >>> 0 }
  }

  #address(run: number, offset: number): Ip {
    const { base } = this.prefix
    if (isIpv4(base)) return (base | (offset | 0)) as Ipv4
    return ipv6(base.w0, base.w1, base.w2 | (run | 0), base.w3 | (offset | 0))
  }
}

/** One address that a Service asks for: of a family, and which one if it says so. */
export interface IpRequest {
  readonly family: Family
  readonly ip?: Ip
}

/**
 * Why a Service got no address: `invalid` concerns what it asked for (its `spec.clusterIPs`), `internal`
 * the cluster.
 */
export class ClusterIpError extends AllocationError {
  readonly kind: 'invalid' | 'internal'

  constructor(kind: 'invalid' | 'internal', message: string, cause: AllocationError) {
    super(cause.problem, message, { cause })
    this.kind = kind
  }
}

/**
 * The addresses of one Service, in the order of `requests`. When one is refused, revert the
 * transactions: those before it are taken.
 *
 * @throws {ClusterIpError} in the API server's words
 */
export function allocateClusterIps(
  service: string,
  requests: readonly IpRequest[],
  pools: Readonly<Partial<Record<Family, Transaction<Ip>>>>,
): readonly Ip[] {
  return requests.map(({ family, ip }) => {
    const pool = pools[family]
    if (pool === undefined) throw new RangeError(`IPv${family} is not configured on this cluster`)
    try {
      if (ip === undefined) return pool.allocateNext()
      pool.allocate(ip)
      return ip
    } catch (cause) {
      if (!(cause instanceof AllocationError)) throw cause
      throw ip === undefined
        ? new ClusterIpError(
            'internal',
            `failed to allocate a serviceIP for Service ${JSON.stringify(service)}: ${cause.message}`,
            cause,
          )
        : new ClusterIpError('invalid', `failed to allocate IP ${formatIp(ip)}: ${cause.message}`, cause)
    }
  })
}
