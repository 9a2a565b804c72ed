/**
 * DNS over TCP at one address.
 *
 * @module
 */
import { createServer, isIPv6, type Server, type Socket } from 'node:net'
import type { Answers } from './answerer.ts'
import { Connection } from './connection.ts'
import type { Endpoint } from './endpoint.ts'
import type { Limits } from './limits.ts'
import { ListenError } from './listen-error.ts'

/** All connections of a server, the one whose last query is longest ago first. */
export type Open = Set<Connection>

export class Connections {
  readonly #server: Server
  readonly #answerer: Answers
  readonly #limits: Limits
  readonly #open: Open
  readonly #own = new Set<Connection>()

  private constructor(server: Server, answerer: Answers, limits: Limits, open: Open) {
    this.#server = server
    this.#answerer = answerer
    this.#limits = limits
    this.#open = open
    server.on('connection', socket => this.#accept(socket))
    // Out of descriptors, say: those who wait in the queue are taken later.
    server.on('error', () => {})
  }

  /**
   * @param open shared by all addresses of a server
   * @throws {ListenError}
   */
  static listen(endpoint: Endpoint, answerer: Answers, limits: Limits, open: Open): Promise<Connections> {
    const server = createServer({ allowHalfOpen: true, noDelay: true })
    const { address: host, port } = endpoint
    return new Promise((resolve, reject) => {
      server.once('error', cause => reject(new ListenError('TCP', endpoint, cause)))
      server.listen({ host, port, ipv6Only: isIPv6(host) }, () => {
        server.removeAllListeners('error')
        resolve(new Connections(server, answerer, limits, open))
      })
    })
  }

  get endpoint(): Endpoint {
    const bound = this.#server.address()
    if (bound === null || typeof bound === 'string') throw new Error('a server without a port')
    return { address: bound.address, port: bound.port }
  }

  /** Takes no more connections and queries, and ends once those under way are answered. */
  async stop(): Promise<void> {
    const closed = new Promise<void>(resolve => void this.#server.close(() => resolve()))
    for (const connection of this.#own) connection.finish()
    await closed
  }

  #accept(socket: Socket): void {
    if (this.#open.size >= this.#limits.connections && !this.#makeRoom()) {
      socket.destroy()
      return
    }
    const connection = new Connection(socket, this.#answerer, this.#limits, () => {
      this.#open.delete(connection)
      this.#open.add(connection)
    })
    this.#open.add(connection)
    this.#own.add(connection)
    socket.on('close', () => {
      this.#open.delete(connection)
      this.#own.delete(connection)
    })
  }

  /** Ends the connection that has been quiet the longest; so who only holds connections keeps nobody out. */
  #makeRoom(): boolean {
    for (const connection of this.#open) {
      if (!connection.isQuiet) continue
      this.#open.delete(connection)
      connection.drop()
      return true
    }
    return false
  }
}
