/**
 * Servers outside, who are asked what the cluster does not know.
 *
 * @see CoreDNS plugin/forward/forward.go: ServeDNS, plugin/pkg/proxy/connect.go: Connect
 * @module
 */
import { randomInt } from 'node:crypto'
import { readHeader, readMessage } from '../../dns/decode.ts'
import { encodeMessage } from '../../dns/encode.ts'
import { type Question, query } from '../../dns/message.ts'
import { equalName, type Name } from '../../dns/name.ts'
import { putUint16, uint16 } from '../../dns/question-octets.ts'
import { CLASS_IN } from '../../dns/record.ts'
import type { Endpoint } from './endpoint.ts'
import { type Exchange, exchangeByTcp, exchangeByUdp } from './exchange.ts'
import type { Limits } from './limits.ts'

export type Said =
  | { readonly kind: 'answer'; readonly octets: Uint8Array }
  /** Nobody answered in time. */
  | { readonly kind: 'silence' }
  /** Too many questions are under way. */
  | { readonly kind: 'busy' }

const IDS = 0x1_0000
/** Fits every path without fragments. @see DNS Flag Day 2020 */
const UDP_SIZE = 1232

export class Upstream {
  readonly #servers: readonly Endpoint[]
  readonly #limits: Pick<Limits, 'questions' | 'answer'>
  #underWay = 0

  /** @param servers asked one after the other until one answers */
  constructor(servers: readonly Endpoint[], limits: Pick<Limits, 'questions' | 'answer'>) {
    this.#servers = servers
    this.#limits = limits
  }

  /** Asks as this server's own client would: over UDP, and over TCP when the answer was cut. */
  ask(name: Name, type: number): Promise<Said> {
    const question: Question = { name, type, class: CLASS_IN }
    const octets = encodeMessage(query(0, question, { udpSize: UDP_SIZE, version: 0, flags: 0, options: [] }))
    return this.pass(octets, question, true)
  }

  /**
   * Passes a query on.
   *
   * @param octets with one question, `question`
   * @param whole whether an answer that was cut is asked for again over TCP
   * @returns the answer under the query's own number
   */
  async pass(octets: Uint8Array, question: Question, whole: boolean): Promise<Said> {
    if (this.#underWay >= this.#limits.questions) return { kind: 'busy' }
    this.#underWay++
    try {
      for (const server of this.#servers) {
        const answer = await this.#askOne(server, octets, question, whole)
        if (answer === undefined) continue
        putUint16(answer, 0, uint16(octets, 0))
        return { kind: 'answer', octets: answer }
      }
      return { kind: 'silence' }
    } finally {
      this.#underWay--
    }
  }

  async #askOne(
    server: Endpoint,
    octets: Uint8Array,
    question: Question,
    whole: boolean,
  ): Promise<Uint8Array | undefined> {
    // Drawn by the machine: what protects from forged answers must not follow from a seed.
    const id = randomInt(IDS)
    const sent = octets.slice()
    putUint16(sent, 0, id)
    const isAnswer = (answer: Uint8Array) => answers(answer, id, question)
    const exchange: Exchange = { server, query: sent, isAnswer, limit: this.#limits.answer }
    const answer = await exchangeByUdp(exchange)
    const isCut = answer !== undefined && readHeader(answer)?.header.truncated === true
    return isCut && whole ? exchangeByTcp(exchange) : answer
  }
}

/** @see CoreDNS request/request.go: Match */
function answers(octets: Uint8Array, id: number, question: Question): boolean {
  const read = readMessage(octets)
  if (read === undefined || read.problem !== undefined || !read.message.response || read.message.id !== id) return false
  const [asked, ...others] = read.message.questions
  if (asked === undefined || others.length > 0) return false
  return asked.type === question.type && asked.class === question.class && equalName(asked.name, question.name)
}
