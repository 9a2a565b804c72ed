/**
 * One name on the way through the search list: what was asked for it, and what was answered.
 *
 * @module
 */
import { RCODES } from '../message.ts'
import type { Name } from '../name.ts'
import type { ResourceRecord } from '../record.ts'
import type { Reading } from './library.ts'
import type { Ask, Reply } from './reply.ts'

/** A question as it went to one server. */
export interface Query {
  readonly type: number
  readonly server: string
  readonly reply: Reply
  /** How often it was sent. */
  readonly sent: number
  /** The answer was too long for a datagram, and was asked for once more over TCP. */
  readonly overTcp: boolean
}

/** What a name came to. */
export type Verdict =
  /** Records came back, or what leads to them. */
  | 'found'
  /** NXDOMAIN */
  | 'no such name'
  /** The name exists without records of the type. */
  | 'no such record'
  /** No server could say: SERVFAIL, REFUSED, silence. */
  | 'failed'
  /** It goes to somebody outside of the cluster, and what comes back is not known here. */
  | 'outside'
  /** It is too long for a name, or not formed as one. */
  | 'no name'

export interface Attempt {
  /** The text as the library puts it together, with a dot at its end. */
  readonly text: string
  /** What the search list put behind it; absent: asked as it is. */
  readonly suffix?: string
  readonly queries: readonly Query[]
  readonly verdict: Verdict
  /** Whether another name is tried because of it. */
  readonly goesOn: boolean
  /** The one reply for each type that the library went by. */
  readonly replies: readonly Reply[]
}

/** The records that an attempt brought, in the order of the types asked for. */
export function recordsOf({ replies }: Pick<Attempt, 'replies'>): readonly ResourceRecord[] {
  return replies.flatMap(reply => (reply.kind === 'answer' && reply.rcode === RCODES.NOERROR ? reply.records : []))
}

/** What was asked for one name, and for each type the reply that counts. */
export interface Asked {
  readonly queries: readonly Query[]
  readonly replies: readonly Reply[]
}

/** Asks for all types of one name, as the library does. */
export function askServers(name: Name, types: readonly number[], reading: Reading, ask: Ask): Asked {
  const each = types.map(type =>
    reading.library === 'glibc' ? oneAfterTheOther(name, type, reading, ask) : allAtOnce(name, type, reading, ask),
  )
  return { queries: each.flatMap(one => one.queries), replies: each.map(one => one.reply) }
}

interface One {
  readonly queries: readonly Query[]
  readonly reply: Reply
}

/** The next server is asked when one fails, all of them as often as there are attempts. @see resolv/res_send.c of glibc */
function oneAfterTheOther(name: Name, type: number, { nameservers, attempts, datagram }: Reading, ask: Ask): One {
  const queries: Query[] = []
  let last: Reply = { kind: 'nobody' }
  for (const server of nameservers) {
    const reply = ask(name, type, server)
    const overTcp = isLonger(reply, datagram)
    const fails = isFailure(reply)
    queries.push({ type, server, reply, sent: 1, overTcp })
    if (!fails) return { queries, reply }
    // Of silence and of an error that comes back, what was heard is remembered.
    if (reply.kind !== 'nobody') last = reply
  }
  return { queries: queries.map(one => ({ ...one, sent: attempts })), reply: last }
}

/** Whatever comes first and says yes or no counts; all else is waited out. @see src/network/res_msend.c of musl */
function allAtOnce(name: Name, type: number, { nameservers, attempts, datagram }: Reading, ask: Ask): One {
  const all = nameservers.map(server => ({ server, reply: ask(name, type, server) }))
  const first = all.find(({ reply }) => isDecided(reply))
  const queries = all.map(({ server, reply }): Query => {
    return { type, server, reply, sent: first ? 1 : attempts, overTcp: isLonger(reply, datagram) }
  })
  return { queries, reply: first?.reply ?? failedReply(all.map(({ reply }) => reply)) }
}

function isLonger(reply: Reply, datagram: number): boolean {
  return reply.kind === 'answer' && reply.octets > datagram
}

/** @see resolv/res_send.c: next_ns */
function isFailure(reply: Reply): boolean {
  if (reply.kind === 'answer') return ASK_ANOTHER.has(reply.rcode)
  return reply.kind !== 'outside'
}

const ASK_ANOTHER: ReadonlySet<number> = new Set([RCODES.SERVFAIL, RCODES.NOTIMP, RCODES.REFUSED])

function isDecided(reply: Reply): boolean {
  if (reply.kind === 'answer') return reply.rcode === RCODES.NOERROR || reply.rcode === RCODES.NXDOMAIN
  return reply.kind === 'outside'
}

/** Of what does not count: what was heard, rather than that nothing was. */
function failedReply(replies: readonly Reply[]): Reply {
  return replies.find(({ kind }) => kind === 'answer') ?? { kind: 'silence' }
}
