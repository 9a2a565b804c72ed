/**
 * DNS over UDP at one address.
 *
 * @module
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { MOST_OCTETS } from '../../dns/encode.ts'
import type { Answers } from './answerer.ts'
import type { Endpoint } from './endpoint.ts'
import { ListenError } from './listen-error.ts'

/** Octets that wait for the network; what comes on top is lost, as datagrams may be. */
const MOST_WAITING = 4 << 20

export class Datagrams {
  readonly #socket: Socket
  readonly #answerer: Answers
  readonly #out = new Uint8Array(MOST_OCTETS)
  /** By length: making one for each answer costs as much as finding the answer. */
  readonly #views: (Uint8Array | undefined)[] = []
  /** Queries that somebody outside is asked about. */
  #underWay = 0
  #isStopping = false
  #whenDone: () => void = () => {}

  private constructor(socket: Socket, answerer: Answers) {
    this.#socket = socket
    this.#answerer = answerer
    socket.on('message', (message, from) => this.#take(message, from))
    // A datagram that cannot be received or sent is lost; the next one may pass.
    socket.on('error', () => {})
  }

  /** @throws {ListenError} */
  static listen(endpoint: Endpoint, answerer: Answers): Promise<Datagrams> {
    const { address, port } = endpoint
    const family = isIPv6(address) ? 6 : 4
    // Addresses are given as such: Node's own look-up would cost a turn of the loop for each reply.
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      ipv6Only: family === 6,
      lookup: (host, _options, found) => found(null, host, family),
    })
    return new Promise((resolve, reject) => {
      socket.once('error', cause => {
        socket.close()
        reject(new ListenError('UDP', endpoint, cause))
      })
      socket.bind({ address, port }, () => {
        socket.removeAllListeners('error')
        resolve(new Datagrams(socket, answerer))
      })
    })
  }

  get endpoint(): Endpoint {
    const { address, port } = this.#socket.address()
    return { address, port }
  }

  /** Hears no more queries, and ends once those under way are answered. */
  async stop(): Promise<void> {
    this.#isStopping = true
    if (this.#underWay > 0) {
      await new Promise<void>(resolve => {
        this.#whenDone = resolve
      })
    }
    while (this.#socket.getSendQueueCount() > 0) await setTimeout(1)
    await new Promise<void>(resolve => this.#socket.close(resolve))
  }

  #take(message: Uint8Array, { address, port }: RemoteInfo): void {
    // Nobody is at port 0, and Node refuses to send there.
    if (this.#isStopping || port === 0) return
    const waiting = this.#socket.getSendQueueSize()
    if (waiting > MOST_WAITING) return
    // Nothing waits, so nobody reads from `#out` any more.
    const length = waiting > 0 ? 0 : this.#answerer.answerReady(message, this.#out)
    if (length > 0) this.#socket.send(this.#view(length), port, address)
    else this.#answer(message, address, port)
  }

  /** The first octets of `#out`. */
  #view(length: number): Uint8Array {
    const made = this.#views[length]
    if (made !== undefined) return made
    const view = this.#out.subarray(0, length)
    this.#views[length] = view
    return view
  }

  #answer(message: Uint8Array, address: string, port: number): void {
    // Without Node's own `slice`, which does not copy.
    const octets = new Uint8Array(message.buffer, message.byteOffset, message.length)
    const reply = this.#answerer.answer(octets, { transport: 'udp', client: address, port })
    if (reply instanceof Promise) {
      this.#underWay++
      void reply.then(late => {
        if (late.kind === 'reply') this.#socket.send(late.octets, port, address)
        this.#underWay--
        if (this.#underWay === 0) this.#whenDone()
      })
    } else if (reply.kind === 'reply') this.#socket.send(reply.octets, port, address)
  }
}
