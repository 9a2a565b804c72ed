/**
 * Messages to octets, with names compressed, and cut to what the other side can take.
 *
 * @module
 */
import { HEADER_OCTETS } from './decode.ts'
import type { Edns, Message, Question } from './message.ts'
import { formatName, MOST_NAME_OCTETS, type Name, nameOctets } from './name.ts'
import { CLASS_IN, type RecordData, type ResourceRecord, TYPES, typeOf } from './record.ts'

/** What TCP's length prefix allows. */
export const MOST_OCTETS = 0xffff
/** What everybody can take over UDP. @see RFC 1035 section 2.3.4 */
export const LEAST_LIMIT = 512

/** Pointers have fourteen bits. */
const POINTER_REACH = 0x4000
/** An OPT record without options. */
export const OPT_OCTETS = 11

/**
 * The message in at most `limit` octets.
 *
 * Records go in by section, in their order, until one does not fit; then no other goes in and TC is set. EDNS' OPT
 * record always goes in.
 *
 * @throws {RangeError} when a name is longer than names may be
 * @see miekg/dns msg_truncate.go: Msg.Truncate
 */
export function encodeMessage(message: Message, limit = MOST_OCTETS): Uint8Array {
  const writer = new Writer()
  const { edns } = message
  const budget = Math.max(limit, LEAST_LIMIT) - (edns ? ednsOctets(edns) : 0)
  writer.skip(HEADER_OCTETS)
  for (const question of message.questions) writer.question(question)
  const sections = [message.answer, message.authority, message.additional]
  const counts = [0, 0, 0]
  let cut = false
  for (const [i, section] of sections.entries()) {
    if (cut) break
    const written = writeWhileFits(writer, section, budget)
    counts[i] = written
    cut = written < section.length
  }
  cut ||= sections.some((section, i) => section.length > (counts[i] ?? 0))
  const [answer = 0, authority = 0, additional = 0] = counts
  if (edns) writer.opt(edns, message.rcode)
  const end = writer.length
  writer.seek(0)
  writer.uint16(message.id)
  writer.uint16(headerBits(message, cut))
  writer.uint16(message.questions.length)
  writer.uint16(answer)
  writer.uint16(authority)
  writer.uint16(additional + (edns ? 1 : 0))
  return writer.octets(end)
}

/** How long a datagram may be for who asked so. @see RFC 6891 section 6.2.3 */
export function datagramLimit(edns: Edns | undefined): number {
  return Math.max(LEAST_LIMIT, edns?.udpSize ?? 0)
}

/** @returns how many of the records are in */
function writeWhileFits(writer: Writer, records: readonly ResourceRecord[], budget: number): number {
  for (const [i, record] of records.entries()) {
    const start = writer.length
    writer.record(record)
    if (writer.length > budget) {
      writer.seek(start)
      return i
    }
  }
  return records.length
}

function headerBits(message: Message, cut: boolean): number {
  return (
    (message.response ? 0x8000 : 0) |
    (message.opcode << 11) |
    (message.authoritative ? 0x0400 : 0) |
    (message.truncated || cut ? 0x0200 : 0) |
    (message.recursionDesired ? 0x0100 : 0) |
    (message.recursionAvailable ? 0x0080 : 0) |
    (message.authenticData ? 0x0020 : 0) |
    (message.checkingDisabled ? 0x0010 : 0) |
    (message.rcode & 15)
  )
}

function ednsOctets({ options }: Edns): number {
  return options.reduce((sum, { data }) => sum + 4 + data.length, OPT_OCTETS)
}

/** Octets in the making. */
class Writer {
  #octets = new Uint8Array(LEAST_LIMIT)
  #at = 0
  /** Where each name, and each end of one, stands: by its octets, case kept. */
  readonly #places = new Map<string, number>()

  get length(): number {
    return this.#at
  }

  /** The octets up to `end`, as they are now. */
  octets(end: number): Uint8Array {
    return this.#octets.slice(0, end)
  }

  /** Goes on at another place; what stands behind it is written over. */
  seek(at: number): void {
    this.#at = at
  }

  skip(length: number): void {
    this.#at += length
  }

  uint8(value: number): void {
    if (this.#at === this.#octets.length) {
      const wider = new Uint8Array(2 * this.#octets.length)
      wider.set(this.#octets)
      this.#octets = wider
    }
    this.#octets[this.#at++] = value
  }

  uint16(value: number): void {
    this.uint8(value >>> 8)
    this.uint8(value)
  }

  uint32(value: number): void {
    this.uint16(value >>> 16)
    this.uint16(value)
  }

  text(text: string): void {
    for (let i = 0; i < text.length; i++) this.uint8(text.charCodeAt(i))
  }

  /** @param compressed whether its end may be a pointer to where that end stands already */
  name(name: Name, compressed = true): void {
    if (nameOctets(name) > MOST_NAME_OCTETS) {
      throw new RangeError(`Cannot send the name ${formatName(name)}: it is over ${MOST_NAME_OCTETS} octets long`)
    }
    const whole = name.map(wireLabel).join('')
    let start = 0
    for (const label of name) {
      const rest = whole.slice(start)
      start += label.length + 1
      const place = this.#places.get(rest)
      if (place !== undefined && compressed) {
        this.uint16(0xc000 | place)
        return
      }
      if (place === undefined && this.#at < POINTER_REACH) this.#places.set(rest, this.#at)
      this.text(wireLabel(label))
    }
    this.uint8(0)
  }

  question({ name, type, class: class_ }: Question): void {
    this.name(name)
    this.uint16(type)
    this.uint16(class_)
  }

  record(record: ResourceRecord): void {
    this.name(record.owner)
    this.uint16(typeOf(record))
    this.uint16(record.type === 'other' ? record.class : CLASS_IN)
    this.uint32(record.ttl)
    this.#sized(() => this.#data(record))
  }

  opt({ udpSize, version, flags, options }: Edns, rcode: number): void {
    this.uint8(0)
    this.uint16(TYPES.OPT)
    this.uint16(udpSize)
    this.uint8(rcode >> 4)
    this.uint8(version)
    this.uint16(flags)
    this.#sized(() => {
      for (const { code, data } of options) {
        this.uint16(code)
        this.uint16(data.length)
        for (const octet of data) this.uint8(octet)
      }
    })
  }

  /** What `write` writes, behind its length. */
  #sized(write: () => void): void {
    const start = this.#at
    this.uint16(0)
    write()
    const end = this.#at
    this.#at = start
    this.uint16(end - start - 2)
    this.#at = end
  }

  #data(record: RecordData): void {
    switch (record.type) {
      case 'A':
        this.uint32(record.address)
        break
      case 'AAAA':
        for (const word of [record.address.w0, record.address.w1, record.address.w2, record.address.w3])
          this.uint32(word)
        break
      case 'CNAME':
      case 'NS':
      case 'PTR':
        this.name(record.target)
        break
      case 'MX':
        this.uint16(record.preference)
        this.name(record.target)
        break
      case 'SRV':
        for (const number of [record.priority, record.weight, record.port]) this.uint16(number)
        this.name(record.target, false) // RFC 2782: no pointer here
        break
      case 'SOA':
        this.name(record.mname)
        this.name(record.rname)
        for (const number of [record.serial, record.refresh, record.retry, record.expire, record.minimum]) {
          this.uint32(number)
        }
        break
      case 'TXT':
        for (const text of record.texts) this.text(wireLabel(text))
        break
      case 'other':
        for (const octet of record.data) this.uint8(octet)
        break
    }
  }
}

/** A label, or a string of TXT, behind its length. */
function wireLabel(label: string): string {
  return String.fromCharCode(label.length) + label
}
