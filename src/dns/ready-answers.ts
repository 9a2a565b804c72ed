/**
 * Answers that are ready to be sent: what `respond` would say, without making anything.
 *
 * What was answered once is kept as octets by the question's octets, and forgotten when what it rests on changes. That a
 * name is missing is read off the question itself. All else is left to `respond`; a test holds the two against each other.
 *
 * Kept are only names that exist, in the one form that everybody uses, so that no flood of questions fills the memory.
 *
 * @module
 */
import { answerQuestion } from './answer.ts'
import { HEADER_OCTETS } from './decode.ts'
import { DenialTail, pointToZone } from './denial-tail.ts'
import { encodeMessage, OPT_OCTETS } from './encode.ts'
import { findReverseAddress } from './find.ts'
import { type Question, query, RCODES } from './message.ts'
import { equalName, isWithin, lowerName, MOST_NAME_OCTETS, type Name, nameOctets, zoneAround } from './name.ts'
import { primaryOf } from './options.ts'
import {
  HASH_START,
  hashOctet,
  isName,
  isPlainQuery,
  limitOf,
  lowerOctet,
  putUint16,
  readLabels,
  uint16,
  wireName,
} from './question-octets.ts'
import { CLASS_IN, TYPES } from './record.ts'
import { ServiceLabels } from './service-labels.ts'
import { serviceKey, type Touched, type Zone } from './zone.ts'

/** What an answer says behind its question. */
interface Ready {
  /** The question's name in lower case, as messages have it. */
  readonly name: Uint8Array
  readonly type: number
  /** Absent where there is no such record: the SOA, which changes all the time, says so. */
  readonly tail?: Uint8Array
  readonly answers: number
  readonly additional: number
  /** Octets of each answer, where they may be turned; else 0. */
  readonly stride: number
  /** Another of the same hash. */
  readonly next?: Ready
}

/** Types that are asked for all the time. */
const KEPT_TYPES: ReadonlySet<number> = new Set([TYPES.A, TYPES.AAAA, TYPES.SRV, TYPES.PTR, TYPES.HTTPS])
/** Types that are not answered by whether the name exists. */
const SPECIAL_TYPES: ReadonlySet<number> = new Set([TYPES.SOA, TYPES.IXFR, TYPES.AXFR])

const QUESTION_END = 4
const MOST_LABELS = 127
const AUTHORITATIVE_RESPONSE = 0x84

/** `_port._protocol.service.namespace.svc` */
const MOST_SERVICE_LABELS = 5
const SVC = wireLabel('svc')
/** What else may stand left of the zone. */
const OTHER_KINDS = ['pod', 'dns', 'dns-version'].map(wireLabel)

function wireLabel(label: string): Uint8Array {
  return wireName([label]).slice(0, -1)
}

export class ReadyAnswers {
  readonly #zone: Zone
  readonly #around: Name
  readonly #zoneWire: Uint8Array
  /** Whether what is missing below the zone is nobody else's. */
  readonly #isAlone: boolean
  readonly #ready = new Map<number, Ready>()
  /** By Service or address: the hashes of what rests on it. */
  readonly #restOn = new Map<string, Set<number>>()
  readonly #services: ServiceLabels
  /** Where the labels of the question start, its end included. */
  readonly #starts = new Uint16Array(MOST_LABELS + 1)
  #labels = 0
  /** Where the question's name ends. */
  #end = 0
  /** Of the name in lower case. */
  #hash = 0
  /** Whether a letter of it is upper case. */
  #mixed = false
  readonly #denial: DenialTail
  readonly #stop: () => void

  constructor(zone: Zone) {
    this.#zone = zone
    this.#around = lowerName(primaryOf(zone.options.zones))
    this.#zoneWire = wireName(this.#around)
    this.#isAlone = isAlone(zone, this.#around)
    this.#services = new ServiceLabels(zone)
    this.#denial = new DenialTail(zone, this.#around)
    this.#stop = zone.listen(touched => this.#forget(touched))
  }

  /** No longer follows the zone. */
  close(): void {
    this.#stop()
  }

  /**
   * Answers a datagram, if that can be done at once.
   *
   * @param octets the datagram stands at their start
   * @param length octets of the datagram
   * @param out where the answer goes; at least as long as any datagram
   * @param turn addresses of an answer are turned by this many places
   * @returns how long the answer is; 0 when `respond` must be asked
   */
  answer(octets: Uint8Array, length: number, out: Uint8Array, turn = 0): number {
    if (!isPlainQuery(octets, length) || !this.#walk(octets, length, out)) return 0
    const at = this.#end
    const type = uint16(octets, at)
    const limit = limitOf(octets, at + QUESTION_END, length)
    if (limit === 0 || uint16(octets, at + 2) !== CLASS_IN) return 0
    const hash = hashOctet(this.#hash, type)
    const mixed = this.#mixed

    let ready = this.#find(octets, at, hash, type)
    if (ready === undefined) {
      if (this.#isMissing(octets, at, type)) return this.#deny(octets, at, out, RCODES.NXDOMAIN, limit)
      ready = mixed ? undefined : this.#learn(octets, at, hash, type)
      if (ready === undefined) return 0
    }
    if (ready.tail === undefined) return this.#deny(octets, at, out, RCODES.NOERROR, limit)
    // An answer to SRV points at labels of the question, so it depends on their case.
    if (mixed && type === TYPES.SRV) return 0
    return this.#say(octets, at, out, ready, ready.tail, limit, turn)
  }

  /** Notes where the question's name ends and what it is like, and repeats it. */
  #walk(octets: Uint8Array, length: number, out: Uint8Array): boolean {
    let at = HEADER_OCTETS
    let hash = HASH_START
    this.#labels = 0
    this.#mixed = false
    for (;;) {
      const size = octets[at] ?? 0
      const end = at + size
      if (size > 63 || end >= length || end - HEADER_OCTETS >= MOST_NAME_OCTETS) return false
      this.#starts[this.#labels] = at
      for (; at <= end; at++) {
        const octet = octets[at] ?? 0
        const lower = lowerOctet(octet)
        if (lower !== octet) this.#mixed = true
        hash = hashOctet(hash, lower)
        out[at] = octet
      }
      if (size === 0) break
      this.#labels++
    }
    this.#hash = hash
    this.#end = at
    return true
  }

  #find(octets: Uint8Array, end: number, hash: number, type: number): Ready | undefined {
    for (let one = this.#ready.get(hash); one; one = one.next) {
      if (one.type === type && isName(octets, HEADER_OCTETS, end, one.name)) return one
    }
    return undefined
  }

  /** Whether the question's labels alone tell that there is no such name. */
  #isMissing(octets: Uint8Array, end: number, type: number): boolean {
    const starts = this.#starts
    const left = this.#labels - this.#around.length
    const zoneStart = end - this.#zoneWire.length
    if (!this.#isAlone || left < 1 || starts[left] !== zoneStart || SPECIAL_TYPES.has(type)) return false
    if (!isName(octets, zoneStart, end, this.#zoneWire)) return false
    const kindStart = starts[left - 1] ?? 0
    if (!isName(octets, kindStart, zoneStart, SVC)) {
      return !OTHER_KINDS.some(kind => isName(octets, kindStart, zoneStart, kind))
    }
    if (left > MOST_SERVICE_LABELS) return true
    return left > 2 && !this.#services.mayHave(octets, starts[left - 3] ?? 0, kindStart)
  }

  /** Keeps the answer to a question that is in lower case. */
  #learn(octets: Uint8Array, end: number, hash: number, type: number): Ready | undefined {
    if (!KEPT_TYPES.has(type)) return undefined
    const question: Question = { name: readLabels(octets, HEADER_OCTETS), type, class: CLASS_IN }
    const base = this.#baseOf(question)
    const outcome = base === undefined ? undefined : answerQuestion(this.#zone, question)
    if (base === undefined || outcome?.kind !== 'answer' || outcome.rcode !== RCODES.NOERROR) return undefined
    const { answer, additional } = outcome
    if (answer.some(one => 'target' in one && nameOctets(one.target) > MOST_NAME_OCTETS)) return undefined
    const tail = encodeMessage({ ...query(0, question), ...outcome }).slice(end + QUESTION_END)
    const next = this.#ready.get(hash)
    const ready: Ready = {
      name: Uint8Array.from(octets.subarray(HEADER_OCTETS, end)),
      type,
      answers: answer.length,
      additional: additional.length,
      stride: type === TYPES.A || type === TYPES.AAAA ? tail.length / answer.length : 0,
      ...(answer.length > 0 ? { tail } : {}),
      ...(next ? { next } : {}),
    }
    this.#ready.set(hash, ready)
    const resting = this.#restOn.get(base)
    if (resting) resting.add(hash)
    else this.#restOn.set(base, new Set([hash]))
    return ready
  }

  /** What the answer rests on alone; nothing where it rests on more, or need not be kept. */
  #baseOf({ name, type }: Question): string | undefined {
    const address = type === TYPES.PTR ? findReverseAddress(name) : undefined
    // Labels too many left of an address do no harm, but would be many names for one.
    if (address !== undefined) return name.length === (address.includes(':') ? 34 : 6) ? address : undefined
    if (!isWithin(name, this.#around)) return undefined
    const [kind, namespace = '', service = '', ...port] = name.slice(0, name.length - this.#around.length).reverse()
    const isUsual = port.length < 2 || (port.length === 2 && port.every(label => /^_./.test(label)))
    if (kind !== 'svc' || !isUsual) return undefined
    const key = serviceKey(service, namespace)
    const found = this.#zone.services.get(key)
    const isAll = found?.groups.every(({ endpoints }) => endpoints.every(({ host }) => host.ip !== undefined))
    return isAll && found?.service?.kind !== 'external' ? key : undefined
  }

  #forget(touched: Touched | undefined): void {
    if (touched === undefined) {
      this.#ready.clear()
      this.#restOn.clear()
      return
    }
    this.#services.notice(touched.service)
    for (const base of [touched.service, ...touched.addresses]) {
      for (const hash of this.#restOn.get(base) ?? []) this.#ready.delete(hash)
      this.#restOn.delete(base)
    }
  }

  #say(
    octets: Uint8Array,
    end: number,
    out: Uint8Array,
    { answers, additional, stride }: Ready,
    tail: Uint8Array,
    limit: number,
    turn: number,
  ): number {
    const start = end + QUESTION_END
    if (start + tail.length + ednsOctets(octets) > limit) return 0
    if (stride > 0 && answers > 1) {
      const first = (turn % answers) * stride
      for (let i = first; i < tail.length; i++) out[start + i - first] = tail[i] ?? 0
      for (let i = 0; i < first; i++) out[start + tail.length - first + i] = tail[i] ?? 0
    } else out.set(tail, start)
    putUint16(out, 6, answers)
    putUint16(out, 8, 0)
    return finish(octets, end, out, start + tail.length, RCODES.NOERROR, additional)
  }

  #deny(octets: Uint8Array, end: number, out: Uint8Array, rcode: number, limit: number): number {
    const start = end + QUESTION_END
    const tail = this.#denial.fresh()
    if (start + tail.length + ednsOctets(octets) > limit) return 0
    out.set(tail, start)
    pointToZone(out, start, end - this.#zoneWire.length)
    putUint16(out, 6, 0)
    putUint16(out, 8, 1)
    return finish(octets, end, out, start + tail.length, rcode, 0)
  }
}

function ednsOctets(octets: Uint8Array): number {
  return octets[11] === 0 ? 0 : OPT_OCTETS
}

/** The header, the question's type and class, and the OPT record. */
function finish(
  octets: Uint8Array,
  end: number,
  out: Uint8Array,
  length: number,
  rcode: number,
  additional: number,
): number {
  for (let i = end; i < end + QUESTION_END; i++) out[i] = octets[i] ?? 0
  out[0] = octets[0] ?? 0
  out[1] = octets[1] ?? 0
  out[2] = AUTHORITATIVE_RESPONSE | ((octets[2] ?? 0) & 1)
  out[3] = ((octets[3] ?? 0) & 0x10) | rcode
  putUint16(out, 4, 1)
  const edns = octets[11] ?? 0
  putUint16(out, 10, additional + edns)
  if (edns === 0) return length
  const opt = end + QUESTION_END
  for (let i = 0; i < OPT_OCTETS; i++) out[length + i] = octets[opt + i] ?? 0
  out[length + 8] = 0 // the lower eight flags
  return length + OPT_OCTETS
}

/** Whether all names in the zone are the cluster's, and none of them somebody else's. */
function isAlone({ options }: Zone, around: Name): boolean {
  const zones = options.served.map(one => one.zone)
  const server = zoneAround(around, zones)
  const below = options.served.filter(({ zone }) => isWithin(zone, around) || (server && equalName(zone, server)))
  const others = options.zones.filter(zone => isWithin(zone, around))
  const passed = options.fallthrough.some(zone => isWithin(around, zone) || isWithin(zone, around))
  return around.length > 0 && server !== undefined && below.every(one => one.cluster) && others.length === 1 && !passed
}
