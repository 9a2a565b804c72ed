/**
 * A DNS server for the cluster's zone, over UDP and TCP.
 *
 * @module
 */
import { networkInterfaces } from 'node:os'
import type { Zone } from '../../dns/zone.ts'
import { Answerer } from './answerer.ts'
import { Connections, type Open } from './connections.ts'
import { Datagrams } from './datagrams.ts'
import type { Endpoint } from './endpoint.ts'
import { DEFAULT_LIMITS, type Limits } from './limits.ts'
import { ListenError } from './listen-error.ts'
import { ownEndpoints } from './local-addresses.ts'
import { type Observe, ObservedAnswers } from './observed-answers.ts'
import { Upstream } from './upstream.ts'

export interface DnsServerOptions {
  /** Port 0 is any free one. `0.0.0.0` and `::` are the addresses that the machine has when the server starts. */
  readonly listen: readonly Endpoint[]
  /** Who is asked about names outside, in this order; nobody when empty. */
  readonly forward?: readonly Endpoint[]
  readonly limits?: Partial<Limits>
  /** Is told of each query that was answered; that costs a part of the speed. */
  readonly observe?: Observe
}

interface Listener {
  readonly endpoint: Endpoint
  readonly stop: () => Promise<void>
}

/** @throws {ListenError} where no address of the machine is meant */
function ownOrFail(endpoint: Endpoint): readonly Endpoint[] {
  const own = ownEndpoints(endpoint, networkInterfaces())
  if (own.length > 0) return own
  throw new ListenError('UDP', endpoint, Object.assign(new Error('no address'), { code: 'EADDRNOTAVAIL' }))
}

export class DnsServer {
  /** Where UDP and TCP are heard. */
  readonly endpoints: readonly Endpoint[]
  readonly #answerer: Answerer
  readonly #listeners: readonly Listener[]
  #stopped: Promise<void> | undefined

  private constructor(answerer: Answerer, listeners: readonly Listener[], endpoints: readonly Endpoint[]) {
    this.#answerer = answerer
    this.#listeners = listeners
    this.endpoints = endpoints
  }

  /**
   * Listens at all addresses, or at none.
   *
   * @throws {ListenError} where one of them cannot be had
   */
  static async start(zone: Zone, { listen, forward = [], limits = {}, observe }: DnsServerOptions): Promise<DnsServer> {
    const all = { ...DEFAULT_LIMITS, ...limits }
    const answerer = new Answerer(zone, forward.length > 0 ? new Upstream(forward, all) : undefined)
    const answers = observe ? new ObservedAnswers(answerer, observe, () => performance.now()) : answerer
    const open: Open = new Set()
    const listeners: Listener[] = []
    const endpoints: Endpoint[] = []
    try {
      for (const endpoint of listen.flatMap(one => ownOrFail(one))) {
        const connections = await Connections.listen(endpoint, answers, all, open)
        listeners.push(connections)
        // The same port, where it was any free one.
        listeners.push(await Datagrams.listen(connections.endpoint, answers))
        endpoints.push(connections.endpoint)
      }
    } catch (cause) {
      await Promise.all(listeners.map(listener => listener.stop()))
      answerer.close()
      throw cause
    }
    return new DnsServer(answerer, listeners, endpoints)
  }

  /** Answers from another zone from now on; transfers and questions under way end with the one they began with. */
  replaceZone(zone: Zone): void {
    this.#answerer.replaceZone(zone)
  }

  /** Takes no more queries; resolves once those under way are answered and all sockets are closed. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#listeners.map(listener => listener.stop()))
    this.#answerer.close()
  }
}
