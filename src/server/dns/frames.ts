/**
 * Messages in a stream of octets: two octets of length before each.
 *
 * @see RFC 1035 section 4.2.2, RFC 7766 section 8
 * @module
 */
import { putUint16, uint16 } from '../../dns/question-octets.ts'

const PREFIX_OCTETS = 2
const FIRST_CAPACITY = 1024

/**
 * What has come in and is not taken yet.
 *
 * It holds what is put in: who stops putting once a message is whole has at most one message and one chunk in it.
 */
export class Frames {
  #octets = new Uint8Array(0)
  #start = 0
  #end = 0

  /** Whether nothing is left, not even a part of a message. */
  get isEmpty(): boolean {
    return this.#start === this.#end
  }

  /** Copies the octets. */
  put(chunk: Uint8Array): void {
    if (this.#end + chunk.length > this.#octets.length) this.#makeRoom(chunk.length)
    this.#octets.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /** The next message, as octets of its own; nothing while it is not whole. */
  take(): Uint8Array | undefined {
    const start = this.#start + PREFIX_OCTETS
    if (start > this.#end) return undefined
    const end = start + uint16(this.#octets, this.#start)
    if (end > this.#end) return undefined
    const message = this.#octets.slice(start, end)
    this.#start = end
    if (this.isEmpty) {
      // A quiet connection holds no memory.
      this.#octets = new Uint8Array(0)
      this.#start = 0
      this.#end = 0
    }
    return message
  }

  /** Capacity doubles, so that octets that come one by one are not copied each time. */
  #makeRoom(octets: number): void {
    const held = this.#octets.subarray(this.#start, this.#end)
    const needed = held.length + octets
    const capacity = needed > this.#octets.length / 2 ? Math.max(FIRST_CAPACITY, 2 * needed) : this.#octets.length
    const wider = new Uint8Array(capacity)
    wider.set(held)
    this.#octets = wider
    this.#start = 0
    this.#end = held.length
  }
}

/** The message behind its length. */
export function framed(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(PREFIX_OCTETS + message.length)
  putUint16(frame, 0, message.length)
  frame.set(message, PREFIX_OCTETS)
  return frame
}
