/**
 * A map from addresses: of IPv4 by the address itself, of IPv6 by a hash of its words.
 *
 * @module
 */

import { type Ip, isIpv4 } from '../base/ip.ts'
import { equalIpv6, type Ipv6 } from '../base/ipv6.ts'

interface Entry6<T> {
  readonly ip: Ipv6
  value: T
}

/** Owned by whoever made it. */
export class IpMap<T> {
  readonly #four = new Map<number, T>()
  readonly #six = new Map<number, Entry6<T>[]>()

  get(ip: Ip): T | undefined {
    if (isIpv4(ip)) return this.#four.get(ip)
    const bucket = this.#six.get(hash6(ip))
    if (bucket) for (const entry of bucket) if (equalIpv6(entry.ip, ip)) return entry.value
    return undefined
  }

  set(ip: Ip, value: T): void {
    if (isIpv4(ip)) {
      this.#four.set(ip, value)
      return
    }
    const key = hash6(ip)
    const bucket = this.#six.get(key)
    const entry = bucket?.find(one => equalIpv6(one.ip, ip))
    if (entry) entry.value = value
    else if (bucket) bucket.push({ ip, value })
    else this.#six.set(key, [{ ip, value }])
  }

  /** A map of its own with the same values. */
  copy(): IpMap<T> {
    const copy = new IpMap<T>()
    for (const [key, value] of this.#four) copy.#four.set(key, value)
    for (const [key, bucket] of this.#six) {
      copy.#six.set(
        key,
        bucket.map(entry => ({ ...entry })),
      )
    }
    return copy
  }
}

function hash6({ w0, w1, w2, w3 }: Ipv6): number {
  let hash = Math.imul(w0 ^ 0x2f0b4a27, 0x9e3779b1)
  hash = Math.imul(hash ^ (hash >>> 15) ^ w1, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13) ^ w2, 0xc2b2ae35)
  hash = Math.imul(hash ^ (hash >>> 16) ^ w3, 0x9e3779b1)
  return hash ^ (hash >>> 15)
}
