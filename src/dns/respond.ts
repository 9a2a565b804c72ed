/**
 * Octets in, octets out: what a server says to a message.
 *
 * Whatever comes in, something sensible goes out, or nothing at all; nothing is thrown.
 *
 * @see CoreDNS core/dnsserver/server.go: ServeDNS; miekg/dns acceptfunc.go, server.go: serveDNS
 * @module
 */
import { type Answer, answerQuestion, failure, NOBODY, type Outside, type OutsideAnswer } from './answer.ts'
import { readMessage } from './decode.ts'
import { datagramLimit, encodeMessage, MOST_OCTETS } from './encode.ts'
import { type Edns, type Message, OPCODES, type Question, RCODES } from './message.ts'
import type { Name } from './name.ts'
import { CLASS_IN, type ResourceRecord, TYPES } from './record.ts'
import { transferMessages } from './transfer.ts'
import type { Zone } from './zone.ts'

/** How a message came. */
export interface Arrival {
  readonly transport: 'udp' | 'tcp'
  /** The text of the address that it came from; only transfers ask for it. */
  readonly client?: string
  /** Where it came from at that address; only logs tell of it. */
  readonly port?: number
}

export type Response =
  /** It deserves no answer. */
  | { readonly kind: 'silence' }
  | { readonly kind: 'reply'; readonly octets: Uint8Array }
  /** Several messages over TCP, made as they are taken. */
  | { readonly kind: 'replies'; readonly messages: Iterable<Uint8Array> }
  /** See {@link answerQuestion}: ask outside, and come again with what was said. */
  | { readonly kind: 'ask'; readonly name: Name; readonly type: number }
  /** The message is for somebody else; without such, `otherwise` is the reply. */
  | { readonly kind: 'forward'; readonly question: Question; readonly otherwise: Uint8Array }

/** Knowledge from outside, and which of several addresses comes first. */
export interface Circumstances {
  readonly outside?: Outside
  /** Addresses of an answer are turned by this many places, so that load spreads. */
  readonly turn?: number
}

/** EDNS flags that go back: all but the lower eight. @see CoreDNS request/request.go: SizeAndDo */
const KEPT_FLAGS = 0xff00
/** The most records of a query that anybody means. @see miekg/dns acceptfunc.go: defaultMsgAcceptFunc */
const MOST_ANSWERS = 1
const MOST_AUTHORITY = 1
const MOST_ADDITIONAL = 2

export function respond(zone: Zone, octets: Uint8Array, arrival: Arrival, circumstances: Circumstances = {}): Response {
  const read = readMessage(octets)
  if (read === undefined || read.message.response) return { kind: 'silence' }
  const { message, counts, problem } = read
  const { opcode } = message
  if (opcode !== OPCODES.QUERY && opcode !== OPCODES.NOTIFY) {
    return reply({ ...bareReply(message, RCODES.NOTIMP), opcode, questions: [] })
  }
  const tooMuch =
    counts.questions !== 1 ||
    counts.answer > MOST_ANSWERS ||
    counts.authority > MOST_AUTHORITY ||
    counts.additional > MOST_ADDITIONAL
  if (tooMuch) return reply({ ...bareReply(message, RCODES.FORMERR), questions: [] })
  const [question] = message.questions
  if (problem !== undefined || question === undefined) return reply(bareReply(message, RCODES.FORMERR))
  try {
    return respondTo(zone, message, question, arrival, circumstances)
  } catch (cause) {
    // Names from objects may be too long to be sent.
    if (cause instanceof RangeError) return reply(failureReply(message, RCODES.SERVFAIL))
    throw cause
  }
}

function respondTo(
  zone: Zone,
  message: Message,
  question: Question,
  arrival: Arrival,
  { outside = NOBODY, turn = 0 }: Circumstances,
): Response {
  const limit = arrival.transport === 'tcp' ? MOST_OCTETS : datagramLimit(message.edns)
  const answered = (answer: Answer) => encodeMessage(fullReply(message, turned(answer, turn)), limit)
  if (question.class !== CLASS_IN) return { kind: 'reply', octets: answered(failure(RCODES.REFUSED)) }
  if (message.edns && message.edns.version !== 0) {
    const edns: Edns = { udpSize: 0, version: 0, flags: 0, options: [] }
    return reply({ ...failureReply(message, RCODES.BADVERS), edns })
  }
  const outcome = answerQuestion(zone, question, outside)
  switch (outcome.kind) {
    case 'ask':
      return outcome
    case 'answer':
      return { kind: 'reply', octets: answered(outcome) }
    case 'forward':
      return { kind: 'forward', question, otherwise: answered(outcome.otherwise) }
    case 'transfer':
      return transfer(zone, message, question, arrival)
  }
}

function transfer(zone: Zone, message: Message, { type }: Question, { transport, client = '' }: Arrival): Response {
  const { transferTo } = zone.options
  const [soa, ...more] = message.authority
  const known = soa?.type === 'SOA' && more.length === 0 ? soa.serial : undefined
  const allowed = transport === 'tcp' && (transferTo.includes('*') || transferTo.includes(client))
  if (!allowed) return reply(failureReply(message, RCODES.REFUSED))
  if (type === TYPES.IXFR && known === undefined) return reply(failureReply(message, RCODES.SERVFAIL))
  const start = { ...fullReply(message, { ...failure(RCODES.NOERROR), authoritative: true }) }
  return { kind: 'replies', messages: transferMessages(zone, start, type === TYPES.IXFR ? known : undefined) }
}

function reply(message: Message): Response {
  return { kind: 'reply', octets: encodeMessage(message) }
}

/** An answer to what could not be read as a query. */
function bareReply(message: Message, rcode: number): Message {
  const { id, recursionDesired, checkingDisabled, questions } = message
  const none = { ...failure(rcode), opcode: OPCODES.QUERY, response: true, recursionAvailable: false }
  return { ...none, authenticData: false, id, recursionDesired, checkingDisabled, questions: questions.slice(0, 1) }
}

/** An answer to a query, without records. */
export function failureReply(message: Message, rcode: number): Message {
  return fullReply(message, failure(rcode))
}

/** @see miekg/dns defaults.go: SetReply */
function fullReply(message: Message, answer: Answer): Message {
  const { id, opcode, questions, edns } = message
  const isQuery = opcode === OPCODES.QUERY
  return {
    ...answer,
    id,
    opcode,
    questions,
    response: true,
    recursionDesired: isQuery && message.recursionDesired,
    checkingDisabled: isQuery && message.checkingDisabled,
    recursionAvailable: false,
    authenticData: false,
    ...(edns ? { edns: { udpSize: edns.udpSize, version: 0, flags: edns.flags & KEPT_FLAGS, options: [] } } : {}),
  }
}

/** @see CoreDNS plugin/loadbalance/loadbalance.go: roundRobin, which draws where this turns */
function turned(answer: Answer, turn: number): Answer {
  if (turn === 0) return answer
  return { ...answer, answer: turnAddresses(answer.answer, turn) }
}

function turnAddresses(records: readonly ResourceRecord[], turn: number): readonly ResourceRecord[] {
  const isAddress = ({ type }: ResourceRecord) => type === 'A' || type === 'AAAA'
  const addresses = records.filter(isAddress)
  if (addresses.length < 2) return records
  const first = turn % addresses.length
  return [...records.filter(one => !isAddress(one)), ...addresses.slice(first), ...addresses.slice(0, first)]
}

/** What a message from outside says, for {@link Outside}. */
export function outsideAnswer(octets: Uint8Array): OutsideAnswer {
  const { answer: records = [], truncated = false } = readMessage(octets)?.message ?? {}
  return { records, truncated }
}
