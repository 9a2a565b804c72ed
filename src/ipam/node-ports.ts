/**
 * The node ports of Services, and the ports of their health checks: one row for all protocols.
 *
 * @see pkg/registry/core/service/portallocator/allocator.go and
 * pkg/registry/core/service/storage/alloc.go of Kubernetes
 * @module
 */
import type { ServiceProtocol } from '../base/protocol.ts'
import type { Random } from '../base/random.ts'
import { type BandRule, drawClear, lowerBand } from './bands.ts'
import { Bitmap } from './bitmap.ts'
import { AllocationError } from './error.ts'
import type { Pool, Transaction } from './transaction.ts'

const BANDS: BandRule = { step: 32, least: 16, most: 128 }

/** Ports `from` to `to`, both included. */
export interface NodePortRange {
  readonly from: number
  readonly to: number
}

export const DEFAULT_NODE_PORTS: NodePortRange = { from: 30000, to: 32767 }

export class NodePorts implements Pool<number> {
  readonly range: NodePortRange
  readonly #random: Random
  readonly #used: Bitmap
  readonly #lower: number

  constructor(range: NodePortRange, random: Random) {
    const size = range.to - range.from + 1
    this.range = range
    this.#random = random
    this.#used = new Bitmap(size)
    this.#lower = lowerBand(size, BANDS)
  }

  /** How many ports can still be taken. */
  get free(): number {
    return this.#used.size - this.#used.count
  }

  has(port: number): boolean {
    return this.#holds(port) && this.#used.has(port - this.range.from)
  }

  allocate(port: number): void {
    if (!this.#holds(port)) {
      const { from, to } = this.range
      const message = `provided port is not in the valid range. The range of valid ports is ${from}-${to}`
      throw new AllocationError('outside', message)
    }
    if (!this.#used.set(port - this.range.from)) {
      throw new AllocationError('taken', 'provided port is already allocated')
    }
  }

  allocateNext(): number {
    const offset = drawClear(this.#used, 0, this.#used.size, this.#lower, this.#random)
    if (offset === undefined) throw new AllocationError('full', 'range is full')
    this.#used.set(offset)
    return this.range.from + offset
  }

  /** Gives a port back; one that is free or of no concern here stays as it is. */
  release(port: number): void {
    if (this.#holds(port)) this.#used.clear(port - this.range.from)
  }

  #holds(port: number): boolean {
    return port >= this.range.from && port <= this.range.to
  }
}

/** A port of a Service that is to have a node port: `nodePort` if it asks for a certain one. */
export interface NodePortRequest {
  readonly protocol: ServiceProtocol
  readonly port: number
  readonly nodePort?: number
}

/** Why a Service got no node port; `field` is what it asked for, absent when it is the cluster's fault. */
export class NodePortError extends AllocationError {
  /** `spec.ports[1].nodePort` */
  readonly field?: string

  constructor(cause: AllocationError, message: string, field?: string) {
    super(cause.problem, message, { cause })
    if (field !== undefined) this.field = field
  }
}

/**
 * The node ports of a new Service, in the order of `requests`.
 *
 * Ports of the same number and different protocols share a node port: the one that any of them asks
 * for, else one that is drawn. When one is refused, revert the transaction: those before it are
 * taken.
 *
 * @throws {NodePortError} in the API server's words
 */
export function allocateNodePorts(requests: readonly NodePortRequest[], pool: Transaction<number>): readonly number[] {
  const byPort = new Map<number, number>()
  return requests.map(({ port, nodePort }, i) => {
    const shared = byPort.get(port)
    if (shared === undefined) {
      const wanted = requests.find(other => other.port === port && other.nodePort)?.nodePort
      const given = wanted === undefined ? drawNodePort(pool) : takeNodePort(wanted, i, pool)
      byPort.set(port, given)
      return given
    }
    return nodePort === undefined || nodePort === 0 || nodePort === shared ? shared : takeNodePort(nodePort, i, pool)
  })
}

/**
 * The node ports of a Service that is changed: it keeps the `former` ones that it still asks for, and
 * those that it no longer does go when the transaction commits.
 *
 * @throws {NodePortError} in the API server's words
 */
export function updateNodePorts(
  requests: readonly NodePortRequest[],
  former: readonly number[],
  pool: Transaction<number>,
): readonly number[] {
  const had = new Set(former)
  const seen = new Set<string>()
  const taken = new Set<number>()
  const given = requests.map(({ protocol, nodePort }, i) => {
    const wanted = nodePort || undefined
    if (wanted !== undefined && !had.has(wanted) && !taken.has(wanted)) {
      takeNodePort(wanted, i, pool)
      taken.add(wanted)
    }
    const port = wanted ?? drawNodePort(pool)
    const key = `${protocol}/${port}`
    if (seen.has(key)) {
      const message = `duplicate nodePort: {${protocol} ${port}}`
      throw new NodePortError(new AllocationError('taken', message), message)
    }
    seen.add(key)
    return port
  })
  const kept = new Set(given)
  for (const port of had) if (!kept.has(port)) pool.release(port)
  return given
}

/**
 * The port on which a Service's health is asked: `wanted`, else one that is drawn.
 *
 * @throws {NodePortError} in the API server's words
 */
export function allocateHealthCheckNodePort(wanted: number | undefined, pool: Transaction<number>): number {
  try {
    if (!wanted) return pool.allocateNext()
    pool.allocate(wanted)
    return wanted
  } catch (cause) {
    if (!(cause instanceof AllocationError)) throw cause
    const what = wanted ? 'requested HealthCheck NodePort' : 'a HealthCheck NodePort'
    throw new NodePortError(cause, `failed to allocate ${what} ${wanted ?? 0}: ${cause.message}`)
  }
}

function takeNodePort(port: number, index: number, pool: Transaction<number>): number {
  try {
    pool.allocate(port)
    return port
  } catch (cause) {
    if (!(cause instanceof AllocationError)) throw cause
    throw new NodePortError(cause, cause.message, `spec.ports[${index}].nodePort`)
  }
}

function drawNodePort(pool: Transaction<number>): number {
  try {
    return pool.allocateNext()
  } catch (cause) {
    if (!(cause instanceof AllocationError)) throw cause
    throw new NodePortError(cause, `failed to allocate a nodePort: ${cause.message}`)
  }
}
