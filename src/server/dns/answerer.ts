/**
 * What the server says to a message: at once where it can, else after it has asked outside.
 *
 * @module
 */

import type { OutsideAnswer } from '../../dns/answer.ts'
import { readMessage } from '../../dns/decode.ts'
import { datagramLimit, encodeMessage, MOST_OCTETS } from '../../dns/encode.ts'
import { OPCODES, type Question, RCODES } from '../../dns/message.ts'
import { formatName, lowerName, type Name } from '../../dns/name.ts'
import { ReadyAnswers } from '../../dns/ready-answers.ts'
import { TYPES } from '../../dns/record.ts'
import { type Arrival, failureReply, outsideAnswer, type Response, respond } from '../../dns/respond.ts'
import type { Zone } from '../../dns/zone.ts'
import type { Upstream } from './upstream.ts'

export type Reply = Extract<Response, { readonly kind: 'silence' | 'reply' | 'replies' }>

/** Somebody who answers messages. */
export interface Answers {
  /**
   * Answers a datagram, if that can be done without making anything.
   *
   * @param out where the answer goes, {@link MOST_OCTETS} long
   * @returns how long the answer is; 0 when {@link answer} must be asked
   */
  readonly answerReady: (octets: Uint8Array, out: Uint8Array) => number
  /** A promise only where somebody outside is asked. */
  readonly answer: (octets: Uint8Array, arrival: Arrival) => Reply | Promise<Reply>
}

const MOST_TURNS = 0x4000_0000
/** Names that one answer may ask for outside, one after the other. */
const MOST_ASKED = 16

/** The zone, what is ready of it, and who else knows something. */
export class Answerer implements Answers {
  readonly #upstream: Upstream | undefined
  readonly #out = new Uint8Array(MOST_OCTETS)
  #zone: Zone
  #ready: ReadyAnswers
  #turn = 0

  constructor(zone: Zone, upstream?: Upstream) {
    this.#zone = zone
    this.#ready = new ReadyAnswers(zone)
    this.#upstream = upstream
  }

  /** Answers from another zone from now on. */
  replaceZone(zone: Zone): void {
    this.#ready.close()
    this.#zone = zone
    this.#ready = new ReadyAnswers(zone)
  }

  /** No longer follows the zone. */
  close(): void {
    this.#ready.close()
  }

  answerReady(octets: Uint8Array, out: Uint8Array): number {
    this.#turn = (this.#turn + 1) % MOST_TURNS
    return this.#ready.answer(octets, octets.length, out, this.#turn)
  }

  answer(octets: Uint8Array, arrival: Arrival): Reply | Promise<Reply> {
    // TCP takes longer answers than these, but no other ones.
    const length = this.answerReady(octets, this.#out)
    if (length > 0) return { kind: 'reply', octets: this.#out.slice(0, length) }
    const turn = this.#turn
    const upstream = this.#upstream
    const response = respond(this.#zone, octets, arrival, upstream ? { turn, outside: () => undefined } : { turn })
    switch (response.kind) {
      case 'ask':
        return upstream ? this.#answerAsking(upstream, octets, arrival, response, turn) : denied(octets)
      case 'forward':
        return this.#pass(octets, arrival, response)
      default:
        return response
    }
  }

  /** Asks outside for one name after the other, until the answer is whole. */
  async #answerAsking(
    upstream: Upstream,
    octets: Uint8Array,
    arrival: Arrival,
    first: { readonly name: Name; readonly type: number },
    turn: number,
  ): Promise<Reply> {
    const zone = this.#zone
    const known = new Map<string, OutsideAnswer>()
    const outside = (name: Name, type: number) => known.get(keyOf(name, type))
    let wanted = first
    while (known.size < MOST_ASKED) {
      const said = await upstream.ask(wanted.name, wanted.type)
      // As CoreDNS does it, an answer is given without what could not be learned.
      const learned = said.kind === 'answer' ? outsideAnswer(said.octets) : { records: [], truncated: false }
      known.set(keyOf(wanted.name, wanted.type), learned)
      const response = respond(zone, octets, arrival, { outside, turn })
      if (response.kind === 'forward') return this.#pass(octets, arrival, response)
      if (response.kind !== 'ask') return response
      wanted = response
    }
    return denied(octets)
  }

  #pass(
    octets: Uint8Array,
    { transport }: Arrival,
    { question, otherwise }: { readonly question: Question; readonly otherwise: Uint8Array },
  ): Reply | Promise<Reply> {
    const upstream = this.#upstream
    if (upstream === undefined || !isPassable(octets, question)) return { kind: 'reply', octets: otherwise }
    const passed = upstream.pass(octets, question, transport === 'tcp')
    return passed.then((said): Reply => {
      switch (said.kind) {
        case 'answer':
          return { kind: 'reply', octets: transport === 'tcp' ? said.octets : fitting(said.octets, octets) }
        case 'silence':
          return denied(octets)
        case 'busy': // as CoreDNS' forward does with max_concurrent
          return denied(octets, RCODES.REFUSED)
      }
    })
  }
}

function keyOf(name: Name, type: number): string {
  return `${type} ${formatName(lowerName(name))}`
}

/** Notices and transfers are between name servers: they are not passed on. */
function isPassable(octets: Uint8Array, { type }: Question): boolean {
  return (((octets[2] ?? 0) >> 3) & 15) === OPCODES.QUERY && type !== TYPES.AXFR && type !== TYPES.IXFR
}

/** An answer without records to a query that was read before. */
function denied(octets: Uint8Array, rcode: number = RCODES.SERVFAIL): Reply {
  const read = readMessage(octets)
  if (read === undefined) return { kind: 'silence' }
  return { kind: 'reply', octets: encodeMessage(failureReply(read.message, rcode)) }
}

/** The answer, or that it is cut, where it is longer than the client takes: nobody outside can have us send more. */
function fitting(answer: Uint8Array, octets: Uint8Array): Uint8Array {
  const limit = datagramLimit(readMessage(octets)?.message.edns)
  const read = answer.length > limit ? readMessage(answer) : undefined
  if (read === undefined) return answer
  const { edns, ...message } = read.message
  const cut = { ...message, truncated: true, answer: [], authority: [], additional: [] }
  return encodeMessage(edns ? { ...cut, edns: { ...edns, options: [] } } : cut)
}
