/**
 * Pod addresses of one node, as the CNI plugin host-local gives them out.
 *
 * The next address behind the last one given, so that an address that comes back rests until all others
 * have had their turn.
 *
 * @see plugins/ipam/host-local/backend/allocator of containernetworking/plugins
 * @module
 */
import { addIp, equalIp, formatIp, type InterfaceAddress, type Ip } from '../base/ip.ts'
import { AllocationError } from './error.ts'
import { formatRangeSet, holdsAddress, type PodRange, type RangeSet } from './pod-ranges.ts'

/** An address with its network's length, and the gateway of its range. */
export interface PodAddress {
  readonly own: InterfaceAddress
  readonly gateway: Ip
}

/** Who has an address. */
interface Holder {
  readonly container: string
  readonly device: string
}

/** What is kept of one range set: the plugin's directory of files. */
interface Store {
  readonly ranges: RangeSet
  readonly holders: Map<string, Holder>
  /** Addresses by {@link holderKey}. */
  readonly held: Map<string, Ip[]>
  last: Ip | undefined
}

/** The addresses of one node. A pod gets one of each range set. */
export class HostLocal {
  readonly #stores: readonly Store[]

  constructor(rangeSets: readonly RangeSet[]) {
    this.#stores = rangeSets.map(ranges => ({ ranges, holders: new Map(), held: new Map(), last: undefined }))
  }

  /**
   * One address of each range set for the device of a container, or none of any. A requested address
   * counts for the first range set that holds it.
   *
   * @throws {AllocationError} in the plugin's words
   */
  allocate(container: string, device: string, requested: readonly Ip[] = []): readonly PodAddress[] {
    const holder = { container, device }
    const open = [...requested]
    const out: PodAddress[] = []
    for (const [i, store] of this.#stores.entries()) {
      const wanted = open.findIndex(ip => store.ranges.some(range => holdsAddress(range, ip)))
      const [request] = wanted < 0 ? [] : open.splice(wanted, 1)
      try {
        out.push(request === undefined ? allocateNext(store, holder) : allocateRequested(store, holder, request))
      } catch (cause) {
        this.#withdraw(out, holder)
        if (!(cause instanceof AllocationError)) throw cause
        throw new AllocationError(cause.problem, `failed to allocate for range ${i}: ${cause.message}`, { cause })
      }
    }
    if (open.length > 0) {
      this.#withdraw(out, holder)
      throw new AllocationError('outside', `failed to allocate all requested IPs: ${open.map(formatIp).join(' ')}`)
    }
    return out
  }

  /**
   * Marks an address as held by a container that had it before, and does not move on from it.
   *
   * @returns whether it was free and in some range
   */
  occupy(container: string, device: string, address: Ip): boolean {
    const store = this.#stores.find(({ ranges }) => ranges.some(range => holdsAddress(range, address)))
    return store !== undefined && hold(store, { container, device }, address)
  }

  /** Takes back all addresses of a container's device. */
  release(container: string, device: string): void {
    for (const store of this.#stores) releaseAll(store, { container, device })
  }

  /** Whether some container holds the address. */
  has(address: Ip): boolean {
    return this.#stores.some(store => store.holders.has(formatIp(address)))
  }

  /** The address that each range set gave last. */
  get last(): readonly (Ip | undefined)[] {
    return this.#stores.map(store => store.last)
  }

  /** Undoes a call; what the container had before stays. */
  #withdraw(given: readonly PodAddress[], holder: Holder): void {
    for (const [i, { own }] of given.entries()) {
      const store = this.#stores[i]
      if (store !== undefined) drop(store, holder, own.address)
    }
  }
}

function allocateRequested(store: Store, holder: Holder, request: Ip): PodAddress {
  const range = store.ranges.find(range => holdsAddress(range, request))
  const text = formatIp(request)
  if (range === undefined) {
    throw new AllocationError('outside', `${text} not in range set ${formatRangeSet(store.ranges)}`)
  }
  if (equalIp(request, range.gateway)) throw new AllocationError('taken', `requested ip ${text} is subnet's gateway`)
  if (!hold(store, holder, request)) {
    const message = `requested IP address ${text} is not available in range set ${formatRangeSet(store.ranges)}`
    throw new AllocationError('taken', message)
  }
  store.last = request
  return podAddress(range, request)
}

function allocateNext(store: Store, holder: Holder): PodAddress {
  const [given] = store.held.get(holderKey(holder)) ?? []
  if (given !== undefined) {
    const message = `${formatIp(given)} has been allocated to ${holder.container}, duplicate allocation is not allowed`
    throw new AllocationError('taken', message)
  }
  for (const { range, address } of candidates(store)) {
    if (equalIp(address, range.gateway) || !hold(store, holder, address)) continue
    store.last = address
    return podAddress(range, address)
  }
  throw new AllocationError('full', `no IP addresses available in range set: ${formatRangeSet(store.ranges)}`)
}

interface Candidate {
  readonly range: PodRange
  readonly address: Ip
}

/**
 * All addresses of the set, each once: from behind the last one given, if that is in the set, round
 * to it.
 */
function* candidates({ ranges, last }: Store): Generator<Candidate> {
  const start = last === undefined ? -1 : ranges.findIndex(range => holdsAddress(range, last))
  const first = ranges[Math.max(start, 0)]
  if (first === undefined) return
  if (last === undefined || start < 0) {
    for (const range of ranges) yield* between(range, range.start, range.end)
    return
  }
  if (!equalIp(last, first.end)) yield* between(first, addIp(last, 1), first.end)
  for (const range of [...ranges.slice(start + 1), ...ranges.slice(0, start)]) {
    yield* between(range, range.start, range.end)
  }
  yield* between(first, first.start, last)
}

function* between(range: PodRange, from: Ip, to: Ip): Generator<Candidate> {
  let address = from
  while (!equalIp(address, to)) {
    yield { range, address }
    address = addIp(address, 1)
  }
  yield { range, address }
}

function podAddress(range: PodRange, address: Ip): PodAddress {
  return { own: { address, bits: range.subnet.bits }, gateway: range.gateway }
}

function hold(store: Store, holder: Holder, address: Ip): boolean {
  const text = formatIp(address)
  if (store.holders.has(text)) return false
  store.holders.set(text, holder)
  const key = holderKey(holder)
  const held = store.held.get(key)
  if (held === undefined) store.held.set(key, [address])
  else held.push(address)
  return true
}

function drop(store: Store, holder: Holder, address: Ip): void {
  store.holders.delete(formatIp(address))
  const key = holderKey(holder)
  const held = store.held.get(key)?.filter(other => !equalIp(other, address)) ?? []
  if (held.length === 0) store.held.delete(key)
  else store.held.set(key, held)
}

function releaseAll(store: Store, holder: Holder): void {
  const key = holderKey(holder)
  for (const address of store.held.get(key) ?? []) store.holders.delete(formatIp(address))
  store.held.delete(key)
}

function holderKey({ container, device }: Holder): string {
  return `${container}\n${device}`
}
