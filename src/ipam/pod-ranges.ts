/**
 * The ranges that pod addresses come from, completed and checked as host-local does it.
 *
 * @see plugins/ipam/host-local/backend/allocator/range.go and range_set.go of containernetworking/plugins
 * @module
 */
import {
  addIp,
  compareIp,
  contains,
  equalIp,
  familyOf,
  formatInterfaceAddress,
  formatIp,
  formatPrefix,
  type InterfaceAddress,
  type Ip,
  type Prefix,
  prefixOf,
} from '../base/ip.ts'
import { lastOf } from './cidr-set.ts'
import { AllocationError } from './error.ts'

/** Addresses `start` to `end`, both included, of one network. */
export interface PodRange {
  readonly subnet: Prefix
  readonly start: Ip
  readonly end: Ip
  /** Never given out. */
  readonly gateway: Ip
}

/** Ranges of one family that share their pods: one address comes from the first that has one. */
export type RangeSet = readonly PodRange[]

/** A range as a CNI configuration has it. */
export interface RangeSpec {
  readonly subnet: InterfaceAddress
  readonly rangeStart?: Ip
  readonly rangeEnd?: Ip
  readonly gateway?: Ip
}

/**
 * Completes a range: all of the network but its own address and IPv4's broadcast address, the first
 * being the gateway.
 *
 * @throws {AllocationError} in the plugin's words
 */
export function podRange({ subnet: given, rangeStart, rangeEnd, gateway }: RangeSpec): PodRange {
  const subnet = prefixOf(given.address, given.bits)
  const text = formatInterfaceAddress(given)
  if (given.bits > (subnet.family === 4 ? 30 : 126)) {
    throw new AllocationError('invalid', `Network ${text} too small to allocate from`)
  }
  if (!equalIp(subnet.base, given.address)) {
    const message = `Network has host bits set. For a subnet mask of length ${given.bits} the network address is ${formatIp(subnet.base)}`
    throw new AllocationError('invalid', message)
  }
  const end = rangeEnd ?? (subnet.family === 4 ? addIp(lastOf(subnet), -1) : lastOf(subnet))
  const start = rangeStart ?? addIp(subnet.base, 1)
  const notIn = (what: string, ip: Ip) =>
    new AllocationError('invalid', `${what} ${formatIp(ip)} not in network ${text}`)
  if (rangeStart !== undefined) {
    const late = rangeEnd !== undefined && compareIp(rangeStart, rangeEnd) > 0
    if (!contains(subnet, rangeStart) || late) throw notIn('RangeStart', rangeStart)
  }
  if (rangeEnd !== undefined && (!contains(subnet, rangeEnd) || compareIp(rangeEnd, start) < 0)) {
    throw notIn('RangeEnd', rangeEnd)
  }
  return { subnet, start, end, gateway: gateway ?? addIp(subnet.base, 1) }
}

/** The range set of a whole PodCIDR. @throws {AllocationError} if it is too small */
export function wholeOf(podPrefix: Prefix): RangeSet {
  return [podRange({ subnet: { address: podPrefix.base, bits: podPrefix.bits } })]
}

/**
 * Range sets whose ranges are of one family each and share no address.
 *
 * @throws {AllocationError} in the plugin's words
 */
export function rangeSets(sets: readonly (readonly RangeSpec[])[]): readonly RangeSet[] {
  const out = sets.map((set, i) => {
    try {
      return rangeSet(set)
    } catch (cause) {
      if (!(cause instanceof AllocationError)) throw cause
      throw new AllocationError('invalid', `invalid range set ${i}: ${cause.message}`, { cause })
    }
  })
  for (const [i, set] of out.entries()) {
    for (const [j, other] of out.slice(i + 1).entries()) {
      if (set.some(a => other.some(b => rangesOverlap(a, b)))) {
        throw new AllocationError('invalid', `range set ${i} overlaps with ${i + 1 + j}`)
      }
    }
  }
  return out
}

function rangeSet(specs: readonly RangeSpec[]): RangeSet {
  if (specs.length === 0) throw new AllocationError('invalid', 'empty range set')
  const ranges = specs.map(podRange)
  if (new Set(ranges.map(range => range.subnet.family)).size > 1) {
    throw new AllocationError('invalid', 'mixed address families')
  }
  for (const [i, a] of ranges.entries()) {
    for (const b of ranges.slice(i + 1)) {
      if (rangesOverlap(a, b)) {
        throw new AllocationError('invalid', `subnets ${formatPrefix(a.subnet)} and ${formatPrefix(b.subnet)} overlap`)
      }
    }
  }
  return ranges
}

/** Whether two ranges share an address; ranges of different families never do. */
export function rangesOverlap(a: PodRange, b: PodRange): boolean {
  if (a.subnet.family !== b.subnet.family) return false
  return compareIp(a.start, b.end) <= 0 && compareIp(b.start, a.end) <= 0
}

/** Whether the address is one of the range, gateway included. */
export function holdsAddress(range: PodRange, address: Ip): boolean {
  if (familyOf(address) !== range.subnet.family) return false
  return compareIp(address, range.start) >= 0 && compareIp(address, range.end) <= 0
}

/** `192.168.1.1-192.168.1.6`; several joined by commas. */
export function formatRangeSet(set: RangeSet): string {
  return set.map(range => `${formatIp(range.start)}-${formatIp(range.end)}`).join(',')
}
