/**
 * The walk along the search list: which names a C library asks for until one of them answers.
 *
 * The two libraries differ. To glibc a name that exists without addresses is like one that does not exist, and a name
 * with enough dots that does not exist is tried with the search list after all; musl stops at both.
 *
 * @see resolv/res_query.c of glibc: __res_context_search; src/network/lookup_name.c of musl: name_from_dns_search
 * @module
 */
import { RCODES } from '../message.ts'
import { findName } from '../name.ts'
import { type Asked, type Attempt, askServers, type Verdict } from './attempt.ts'
import type { Library, Reading } from './library.ts'
import type { Ask, Reply } from './reply.ts'

/** Why nothing was found, as `getaddrinfo` calls it. */
export type Failure = 'EAI_NONAME' | 'EAI_NODATA' | 'EAI_AGAIN'

export type Ending =
  | { readonly kind: 'found'; readonly by: Attempt }
  /** The last name goes outside: whether it is found is not known here. */
  | { readonly kind: 'outside'; readonly by: Attempt }
  | { readonly kind: 'failed'; readonly failure: Failure }

export interface Walk {
  readonly attempts: readonly Attempt[]
  readonly ending: Ending
}

/**
 * Tries names until one answers.
 *
 * A name with a suffix that only somebody outside could know is taken not to exist there, and so is one without a dot, for
 * top-level domains have no addresses: the walk goes on. A name as it is ends the walk then, for it is the one that was meant.
 *
 * @param name as the program has it, a dot at its end or none
 * @param types of records that are asked for together: A and AAAA, or another one
 */
export function searchWalk(name: string, types: readonly number[], reading: Reading, ask: Ask): Walk {
  const walk = new Walking(name, types, reading, ask)
  return reading.library === 'glibc' ? glibcWalk(walk, name, reading) : muslWalk(walk, name, reading)
}

/** Asks for a single name, without any search. */
export function singleQuery(name: string, types: readonly number[], reading: Reading, ask: Ask): Walk {
  const walk = new Walking(name, types, reading, ask)
  return walk.ended(walk.attempt(undefined, () => false))
}

/** The names tried so far. */
class Walking {
  readonly #name: string
  readonly #types: readonly number[]
  readonly #reading: Reading
  readonly #ask: Ask
  readonly #attempts: Attempt[] = []

  constructor(name: string, types: readonly number[], reading: Reading, ask: Ask) {
    this.#name = name.replace(/\.$/, '')
    this.#types = types
    this.#reading = reading
    this.#ask = ask
  }

  /** Asks for the name with a suffix, or as it is. */
  attempt(suffix: string | undefined, goesOn: (verdict: Verdict, replies: readonly Reply[]) => boolean): Attempt {
    const text = suffix === undefined || suffix === '' ? this.#name : `${this.#name}.${suffix}`
    const wire = findName(text)
    const asked: Asked = wire ? askServers(wire, this.#types, this.#reading, this.#ask) : { queries: [], replies: [] }
    const verdict = wire ? VERDICTS[this.#reading.library](asked.replies) : 'no name'
    const attempt: Attempt = {
      text: text.endsWith('.') ? text : `${text}.`,
      ...(suffix === undefined ? {} : { suffix }),
      ...asked,
      verdict,
      goesOn: goesOn(verdict, asked.replies),
    }
    this.#attempts.push(attempt)
    return attempt
  }

  ended(by: Attempt, failure: Failure = failureOf(by, this.#reading.library)): Walk {
    const attempts = this.#attempts.map((one, i) => {
      return i === this.#attempts.length - 1 ? { ...one, goesOn: false } : one
    })
    if (by.verdict === 'found') return { attempts, ending: { kind: 'found', by } }
    if (by.verdict === 'outside' && !by.suffix && dotsIn(this.#name) > 0)
      return { attempts, ending: { kind: 'outside', by } }
    return { attempts, ending: { kind: 'failed', failure } }
  }
}

const VERDICTS: Readonly<Record<Library, (replies: readonly Reply[]) => Verdict>> = {
  // What one type brings is enough. @see __res_context_query
  glibc: replies => (replies.some(hasRecords) ? 'found' : refusalOf(replies)),
  // No type may fail. @see name_from_dns
  musl: replies => {
    const refusal = refusalOf(replies)
    return refusal === 'no such record' && replies.some(hasRecords) ? 'found' : refusal
  },
}

/** The first reply that is no plain yes decides; where all are, the name has no such records. */
function refusalOf(replies: readonly Reply[]): Verdict {
  const first = replies.find(reply => reply.kind !== 'answer' || reply.rcode !== RCODES.NOERROR)
  if (!first) return 'no such record'
  if (first.kind === 'outside') return 'outside'
  return first.kind === 'answer' && first.rcode === RCODES.NXDOMAIN ? 'no such name' : 'failed'
}

function hasRecords(reply: Reply): boolean {
  return reply.kind === 'answer' && reply.rcode === RCODES.NOERROR && reply.records.length > 0
}

function failureOf({ verdict, replies }: Attempt, library: Library): Failure {
  switch (verdict) {
    case 'no such record':
      return 'EAI_NODATA'
    case 'failed':
      return library === 'musl' || isTemporary(replies) ? 'EAI_AGAIN' : 'EAI_NONAME'
    case 'no name':
    case 'found':
    case 'outside':
    case 'no such name':
      return 'EAI_NONAME'
  }
}

/** Servers that cannot or will not are given up only after all were tried, which is no error for good. */
function isTemporary(replies: readonly Reply[]): boolean {
  return replies.some(reply => reply.kind !== 'answer' || TEMPORARY.has(reply.rcode))
}

const TEMPORARY: ReadonlySet<number> = new Set([RCODES.SERVFAIL, RCODES.NOTIMP, RCODES.REFUSED])

function dotsIn(name: string): number {
  return name.split('.').length - 1
}

function glibcWalk(walk: Walking, name: string, reading: Reading): Walk {
  const dots = dotsIn(name)
  const whole = name.endsWith('.')
  if (dots >= reading.ndots || whole) {
    const first = walk.attempt(undefined, verdict => !whole && verdict !== 'found' && verdict !== 'outside')
    const through = first.goesOn ? glibcSearch(walk, reading.searches) : undefined
    // What the name by itself came to is told, whatever the search list came to.
    return walk.ended(through?.end ?? first)
  }
  const { end, seen, last, hasRoot } = glibcSearch(walk, reading.searches)
  if (end) return walk.ended(end)
  const isLeft = dots === 0 && reading.noTldQuery && last !== undefined
  const final = hasRoot || isLeft ? last : walk.attempt(undefined, () => false)
  if (final?.verdict === 'found' || final?.verdict === 'outside') return walk.ended(final)
  if (seen.has('no such record')) return walk.ended(final ?? NOTHING, 'EAI_NODATA')
  if (seen.has('servfail')) return walk.ended(final ?? NOTHING, 'EAI_AGAIN')
  return walk.ended(final ?? NOTHING)
}

interface Searched {
  /** What ended the whole walk. */
  readonly end?: Attempt
  readonly seen: ReadonlySet<Verdict | 'servfail'>
  readonly last?: Attempt
  /** The root is on the list: the name was asked as it is. */
  readonly hasRoot: boolean
}

function glibcSearch(walk: Walking, searches: readonly string[]): Searched {
  const seen = new Set<Verdict | 'servfail'>()
  let last: Attempt | undefined
  let hasRoot = false
  for (const search of searches) {
    const suffix = search.startsWith('.') ? search.slice(1) : search
    hasRoot ||= suffix === ''
    const one = walk.attempt(suffix, (verdict, replies) => {
      return verdict !== 'found' && !(verdict === 'outside' && suffix === '') && !isRefusedByAll(replies)
    })
    if (!one.goesOn) return { end: one, seen, hasRoot }
    last = one
    seen.add(isServfail(one) ? 'servfail' : one.verdict)
    // Any other failure ends the search, not the walk: the name as it is comes next.
    if (one.verdict === 'no name' || (one.verdict === 'failed' && !isServfail(one))) break
  }
  return { seen, hasRoot, ...(last ? { last } : {}) }
}

/** Where there is nothing to ask for at all. */
const NOTHING: Attempt = { text: '.', queries: [], replies: [], verdict: 'no such name', goesOn: false }

/** Nobody listens at any of the servers: glibc gives up at once. */
function isRefusedByAll(replies: readonly Reply[]): boolean {
  return replies.length > 0 && replies.every(({ kind }) => kind === 'nobody')
}

function isServfail({ verdict, replies }: Attempt): boolean {
  const [reply] = replies
  return verdict === 'failed' && reply?.kind === 'answer' && reply.rcode === RCODES.SERVFAIL
}

/** Of musl before 1.2.4, a suffix that makes no name ends the walk; later ones pass over it, as here. */
function muslWalk(walk: Walking, name: string, { searches, ndots }: Reading): Walk {
  const suffixes = dotsIn(name) >= ndots || name.endsWith('.') ? [] : searches
  for (const suffix of suffixes) {
    const goesOn = (verdict: Verdict) => verdict === 'no such name' || verdict === 'outside' || verdict === 'no name'
    const one = walk.attempt(suffix === '.' ? '.' : suffix, goesOn)
    if (!one.goesOn) return walk.ended(one)
  }
  return walk.ended(walk.attempt(undefined, () => false))
}
