/**
 * Answers, and somebody who is told of each.
 *
 * @module
 */
import type { Clock, Millis } from '../../base/clock.ts'
import type { Arrival } from '../../dns/respond.ts'
import type { Answers, Reply } from './answerer.ts'

/** A query and what became of it. */
export interface Observation {
  readonly arrival: Arrival
  readonly query: Uint8Array
  /** The first message of it, where it is several; absent where there is none. */
  readonly answer?: Uint8Array
  /** Of all messages. */
  readonly octets: number
  readonly took: Millis
}

export type Observe = (observation: Observation) => void

export class ObservedAnswers implements Answers {
  readonly #answers: Answers
  readonly #observe: Observe
  readonly #now: Clock

  constructor(answers: Answers, observe: Observe, now: Clock) {
    this.#answers = answers
    this.#observe = observe
    this.#now = now
  }

  /** Nothing is: where a query comes from is told only to {@link answer}. */
  answerReady(): number {
    return 0
  }

  answer(query: Uint8Array, arrival: Arrival): Reply | Promise<Reply> {
    const start = this.#now()
    const reply = this.#answers.answer(query, arrival)
    if (reply instanceof Promise) return reply.then(late => this.#noted(query, arrival, start, late))
    return this.#noted(query, arrival, start, reply)
  }

  #noted(query: Uint8Array, arrival: Arrival, start: Millis, reply: Reply): Reply {
    const tell = (octets: number, answer?: Uint8Array) =>
      this.#observe({ arrival, query, octets, took: this.#now() - start, ...(answer ? { answer } : {}) })
    switch (reply.kind) {
      case 'silence':
        tell(0)
        return reply
      case 'reply':
        tell(reply.octets.length, reply.octets)
        return reply
      case 'replies':
        return { kind: 'replies', messages: counted(reply.messages, tell) }
    }
  }
}

/** The messages; `tell` is called once they are all taken, or no more are wanted. */
function* counted(
  messages: Iterable<Uint8Array>,
  tell: (octets: number, first?: Uint8Array) => void,
): Iterable<Uint8Array> {
  let first: Uint8Array | undefined
  let octets = 0
  try {
    for (const message of messages) {
      first ??= message
      octets += message.length
      yield message
    }
  } finally {
    tell(octets, first)
  }
}
