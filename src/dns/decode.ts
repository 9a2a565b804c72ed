/**
 * Octets to messages.
 *
 * The octets come from anybody: whatever they are, reading ends, and says how far it came and what stopped it.
 *
 * @module
 */
import type { Ipv4 } from '../base/ipv4.ts'
import { ipv6 } from '../base/ipv6.ts'
import type { Edns, Header, Message, Question } from './message.ts'
import { MOST_NAME_OCTETS, type Name } from './name.ts'
import { CLASS_IN, type RecordData, type ResourceRecord, TYPES } from './record.ts'

export const HEADER_OCTETS = 12

/** Of one name; a name of 255 octets needs fewer. */
const MOST_POINTERS = 126

/** How many of each the header promises. */
export interface Counts {
  readonly questions: number
  readonly answer: number
  readonly authority: number
  readonly additional: number
}

export interface ReadMessage {
  /** What could be read: where it stopped, the rest is empty. */
  readonly message: Message
  readonly counts: Counts
  /** Why reading stopped before the end; absent when all was read. */
  readonly problem?: string
}

/** Octets that are no message. */
class WireError extends SyntaxError {
  override readonly name = 'WireError'
}

/**
 * Reads as much of a message as there is.
 *
 * @returns nothing when not even the header is whole
 */
export function readMessage(octets: Uint8Array): ReadMessage | undefined {
  const head = readHeader(octets)
  return head && readBody(octets, head)
}

export function readHeader(octets: Uint8Array): { readonly header: Header; readonly counts: Counts } | undefined {
  if (octets.length < HEADER_OCTETS) return undefined
  const reader = new Reader(octets)
  const id = reader.uint16()
  const bits = reader.uint16()
  const counts = {
    questions: reader.uint16(),
    answer: reader.uint16(),
    authority: reader.uint16(),
    additional: reader.uint16(),
  }
  const is = (bit: number) => (bits & bit) !== 0
  const header: Header = {
    id,
    response: is(0x8000),
    opcode: (bits >> 11) & 15,
    authoritative: is(0x0400),
    truncated: is(0x0200),
    recursionDesired: is(0x0100),
    recursionAvailable: is(0x0080),
    authenticData: is(0x0020),
    checkingDisabled: is(0x0010),
    rcode: bits & 15,
  }
  return { header, counts }
}

function readBody(octets: Uint8Array, { header, counts }: { header: Header; counts: Counts }): ReadMessage {
  const reader = new Reader(octets, HEADER_OCTETS)
  const questions: Question[] = []
  const answer: ResourceRecord[] = []
  const authority: ResourceRecord[] = []
  const extra: (ResourceRecord | Opt)[] = []
  let problem: string | undefined
  try {
    for (let i = 0; i < counts.questions; i++) questions.push(reader.question())
    for (let i = 0; i < counts.answer; i++) answer.push(plainRecord(reader.record()))
    for (let i = 0; i < counts.authority; i++) authority.push(plainRecord(reader.record()))
    for (let i = 0; i < counts.additional; i++) extra.push(reader.record())
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause
    problem = cause.message
  }
  // RFC 6891 section 6.1.1: it may stand anywhere among the additional records; of two, the last is taken.
  const opt = extra.findLast(record => record.type === 'OPT')
  const additional = extra.filter(record => record.type !== 'OPT')
  const rcode = header.rcode | ((opt?.extendedRcode ?? 0) << 4)
  const message = { ...header, rcode, questions, answer, authority, additional, ...(opt ? { edns: opt.edns } : {}) }
  return problem === undefined ? { message, counts } : { message, counts, problem }
}

/** The OPT record, whose owner, class and TTL mean something else. @see RFC 6891 section 6.1.2 */
interface Opt {
  readonly type: 'OPT'
  readonly extendedRcode: number
  readonly edns: Edns
}

function plainRecord(record: ResourceRecord | Opt): ResourceRecord {
  if (record.type === 'OPT') throw new WireError('an OPT record stands outside the additional section')
  return record
}

/** A place in octets, which moves on with each read. */
class Reader {
  readonly #octets: Uint8Array
  #at: number

  constructor(octets: Uint8Array, at = 0) {
    this.#octets = octets
    this.#at = at
  }

  uint8(): number {
    const octet = this.#octets[this.#at++]
    if (octet === undefined) throw new WireError('the message ends too early')
    return octet
  }

  uint16(): number {
    return (this.uint8() << 8) | this.uint8()
  }

  /** 32 bits, signed. */
  int32(): number {
    return (this.uint16() << 16) | this.uint16()
  }

  uint32(): number {
    return this.int32() >>> 0
  }

  take(length: number): Uint8Array {
    const end = this.#at + length
    if (end > this.#octets.length) throw new WireError('the message ends too early')
    const taken = this.#octets.slice(this.#at, end)
    this.#at = end
    return taken
  }

  text(length: number): string {
    return String.fromCharCode(...this.take(length))
  }

  /** A name; pointers may lead anywhere, so their number is limited. @see RFC 1035 section 4.1.4 */
  name(): Name {
    const labels: string[] = []
    let octets = 1
    let pointers = 0
    let back: number | undefined
    for (;;) {
      const length = this.uint8()
      if (length === 0) break
      if (length < 64) {
        octets += length + 1
        if (octets > MOST_NAME_OCTETS) throw new WireError('a name is longer than names may be')
        labels.push(this.text(length))
      } else if (length >= 192) {
        const target = ((length & 63) << 8) | this.uint8()
        if (++pointers > MOST_POINTERS) throw new WireError('a name has too many pointers')
        back ??= this.#at
        this.#at = target
      } else throw new WireError('a label is of an unknown kind')
    }
    if (back !== undefined) this.#at = back
    return labels
  }

  question(): Question {
    return { name: this.name(), type: this.uint16(), class: this.uint16() }
  }

  record(): ResourceRecord | Opt {
    const owner = this.name()
    const type = this.uint16()
    const class_ = this.uint16()
    const ttl = this.uint32()
    const length = this.uint16()
    const end = this.#at + length
    if (end > this.#octets.length) throw new WireError('a record ends behind the message')
    if (type === TYPES.OPT) return this.#opt(class_, ttl, end)
    const data = class_ === CLASS_IN && length > 0 ? this.#data(type, end) : undefined
    const known = data ?? { type: 'other' as const, code: type, class: class_, data: this.take(length) }
    if (this.#at !== end) throw new WireError('the data of a record are of another length than it says')
    return { ...known, owner, ttl }
  }

  #opt(udpSize: number, ttl: number, end: number): Opt {
    const options: { code: number; data: Uint8Array }[] = []
    while (this.#at < end) {
      const code = this.uint16()
      options.push({ code, data: this.take(this.uint16()) })
    }
    if (this.#at !== end) throw new WireError('an EDNS option is longer than its record')
    const edns: Edns = { udpSize, version: (ttl >>> 16) & 255, flags: ttl & 0xffff, options }
    return { type: 'OPT', extendedRcode: ttl >>> 24, edns }
  }

  #data(type: number, end: number): RecordData | undefined {
    switch (type) {
      case TYPES.A:
        return { type: 'A', address: this.int32() as Ipv4 }
      case TYPES.AAAA:
        return { type: 'AAAA', address: ipv6(this.int32(), this.int32(), this.int32(), this.int32()) }
      case TYPES.CNAME:
        return { type: 'CNAME', target: this.name() }
      case TYPES.NS:
        return { type: 'NS', target: this.name() }
      case TYPES.PTR:
        return { type: 'PTR', target: this.name() }
      case TYPES.MX:
        return { type: 'MX', preference: this.uint16(), target: this.name() }
      case TYPES.SRV:
        return {
          type: 'SRV',
          priority: this.uint16(),
          weight: this.uint16(),
          port: this.uint16(),
          target: this.name(),
        }
      case TYPES.SOA:
        return {
          type: 'SOA',
          mname: this.name(),
          rname: this.name(),
          serial: this.uint32(),
          refresh: this.uint32(),
          retry: this.uint32(),
          expire: this.uint32(),
          minimum: this.uint32(),
        }
      case TYPES.TXT: {
        const texts: string[] = []
        while (this.#at < end) texts.push(this.text(this.uint8()))
        return { type: 'TXT', texts }
      }
      default:
        return undefined
    }
  }
}
