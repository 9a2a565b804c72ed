/**
 * DNS over one TCP connection: several queries, one after the other or all at once.
 *
 * Nothing is read while the other side does not take its answers, so it fills no memory but its own.
 *
 * @see RFC 7766
 * @module
 */
import type { Socket } from 'node:net'
import type { Arrival } from '../../dns/respond.ts'
import type { Answers, Reply } from './answerer.ts'
import { Frames, framed } from './frames.ts'
import type { Limits } from './limits.ts'

/** What the connection waits for, each with its own limit. */
type Wait = 'first' | 'read' | 'idle' | 'write' | 'answer'

export class Connection {
  readonly #socket: Socket
  readonly #answerer: Answers
  readonly #limits: Limits
  readonly #arrival: Arrival
  readonly #onQuery: () => void
  readonly #frames = new Frames()
  /** Queries that somebody outside is asked about. */
  #underWay = 0
  /** The messages of a transfer that are not sent yet. */
  #transfer: Iterator<Uint8Array> | undefined
  #isBlocked = false
  /** The other side sends nothing any more. */
  #isHalfOpen = false
  #hasAsked = false
  /** No query is taken any more. */
  #isEnding = false
  #wait: Wait | undefined
  #timer: NodeJS.Timeout | undefined

  /** @param onQuery is told of each whole query */
  constructor(socket: Socket, answerer: Answers, limits: Limits, onQuery: () => void) {
    this.#socket = socket
    this.#answerer = answerer
    this.#limits = limits
    this.#onQuery = onQuery
    // A socket of both families tells an IPv4 address as an IPv6 one.
    const client = (socket.remoteAddress ?? '').replace(/%.*|^::ffff:(?=\d+\.)/, '')
    this.#arrival = { transport: 'tcp', client, port: socket.remotePort ?? 0 }
    socket.on('data', chunk => {
      if (this.#isEnding) return
      this.#frames.put(chunk)
      this.#goOn()
    })
    socket.on('drain', () => {
      this.#isBlocked = false
      // What is sent next has its own time.
      this.#wait = undefined
      this.#goOn()
    })
    // What was sent before is still answered.
    socket.on('end', () => {
      this.#isHalfOpen = true
      this.#goOn()
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      this.#isEnding = true
      this.#transfer = undefined
      clearTimeout(this.#timer)
    })
    this.#await()
  }

  /** Whether nothing is to be sent. */
  get isQuiet(): boolean {
    return this.#underWay === 0 && !this.#isBlocked && this.#transfer === undefined
  }

  /** Answers what has come, and ends. */
  finish(): void {
    this.#goOn()
    this.#isEnding = true
    this.#goOn()
  }

  /** Ends at once. */
  drop(): void {
    this.#socket.destroy()
  }

  /** Whether all is said; whole queries that could be taken have been taken by then. */
  get #isDone(): boolean {
    return (this.#isEnding || this.#isHalfOpen) && this.isQuiet
  }

  /** Sends and takes what can be sent and taken now. */
  #goOn(): void {
    if (this.#socket.destroyed) return
    while (!this.#isBlocked) {
      if (this.#transfer) this.#sendNext(this.#transfer)
      else if (!this.#takeNext()) break
    }
    if (!this.#isEnding && (this.#isBlocked || this.#underWay >= this.#limits.underWay)) this.#socket.pause()
    else this.#socket.resume()
    if (this.#isDone && !this.#socket.writableEnded) this.#socket.end()
    this.#await()
  }

  #sendNext(transfer: Iterator<Uint8Array>): void {
    const { value, done } = transfer.next()
    if (done) this.#transfer = undefined
    else this.#send(value)
  }

  /** @returns whether there was a query to take */
  #takeNext(): boolean {
    if (this.#isEnding || this.#underWay >= this.#limits.underWay) return false
    const query = this.#frames.take()
    if (query === undefined) return false
    this.#hasAsked = true
    // What is left of the next one is waited for anew.
    this.#wait = undefined
    this.#onQuery()
    const reply = this.#answerer.answer(query, this.#arrival)
    if (reply instanceof Promise) {
      this.#underWay++
      void reply.then(late => {
        this.#underWay--
        this.#take(late)
        this.#goOn()
      })
    } else this.#take(reply)
    return true
  }

  #take(reply: Reply): void {
    if (this.#socket.destroyed) return
    if (reply.kind === 'reply') this.#send(reply.octets)
    else if (reply.kind === 'replies') this.#transfer = reply.messages[Symbol.iterator]()
  }

  #send(message: Uint8Array): void {
    if (!this.#socket.write(framed(message))) this.#isBlocked = true
  }

  /** Starts the time for what is waited for now; where that is the same as before, it runs on. */
  #await(): void {
    const wait = this.#waiting()
    if (wait === this.#wait) return
    this.#wait = wait
    clearTimeout(this.#timer)
    this.#timer = wait === 'answer' ? undefined : setTimeout(() => this.drop(), this.#limitOf(wait))
  }

  #waiting(): Wait {
    if (this.#isBlocked || this.#isDone) return 'write'
    if (this.#underWay > 0) return 'answer'
    if (!this.#hasAsked) return 'first'
    return this.#frames.isEmpty ? 'idle' : 'read'
  }

  #limitOf(wait: Exclude<Wait, 'answer'>): number {
    return this.#limits[wait === 'first' ? 'read' : wait]
  }
}
