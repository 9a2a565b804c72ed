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
import { AnswerTable, NO_ENTRY } from './answer-table.ts'
import { AskedName } from './asked-name.ts'
import { HEADER_OCTETS } from './decode.ts'
import { DenialTail, pointToZone } from './denial-tail.ts'
import { encodeMessage, OPT_OCTETS } from './encode.ts'
import { findReverseAddress } from './find.ts'
import { type Question, query, RCODES } from './message.ts'
import { equalName, isWithin, lowerName, MOST_NAME_OCTETS, type Name, nameOctets, zoneAround } from './name.ts'
import { primaryOf } from './options.ts'
import { isPlainQuery, limitOf, putUint16, readLabels, uint16, wireName } from './question-octets.ts'
import { CLASS_IN, TYPES } from './record.ts'
import { ServiceLabels } from './service-labels.ts'
import { serviceKey, type Touched, type Zone } from './zone.ts'

/** Types that are asked for all the time. */
const KEPT_TYPES: ReadonlySet<number> = new Set([TYPES.A, TYPES.AAAA, TYPES.SRV, TYPES.PTR, TYPES.HTTPS])
/** Types that are not answered by whether the name exists. */
const SPECIAL_TYPES: ReadonlySet<number> = new Set([TYPES.SOA, TYPES.IXFR, TYPES.AXFR])

const QUESTION_END = 4
const NO_TAIL = new Uint8Array(0)
/** Octets that are copied faster by a call than one by one. */
const LONG = 256
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
  readonly #ready = new AnswerTable()
  /** By Service or address: the hashes of what rests on it. */
  readonly #restOn = new Map<string, Set<number>>()
  readonly #services: ServiceLabels
  readonly #asked = new AskedName()
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
    if (!isPlainQuery(octets, length) || !this.#asked.read(octets, length, out)) return 0
    const asked = this.#asked
    const at = HEADER_OCTETS + asked.octets
    const type = uint16(octets, at)
    const limit = limitOf(octets, at + QUESTION_END, length)
    if (limit === 0 || uint16(octets, at + 2) !== CLASS_IN) return 0
    const hash = asked.hash(type)
    let entry = this.#ready.find(hash, asked, type)
    if (entry === NO_ENTRY) {
      if (this.#isMissing(type)) return this.#deny(octets, at, out, RCODES.NXDOMAIN, limit)
      entry = asked.isMixed ? NO_ENTRY : this.#learn(octets, hash, type)
      if (entry === NO_ENTRY) return 0
    }
    // The SOA, which changes all the time, says that there is no such record.
    if (this.#ready.answersOf(entry) === 0) return this.#deny(octets, at, out, RCODES.NOERROR, limit)
    // An answer to SRV points at labels of the question, so it depends on their case.
    if (asked.isMixed && type === TYPES.SRV) return 0
    return this.#say(octets, at, out, entry, limit, turn)
  }

  /** Whether the question's labels alone tell that there is no such name. */
  #isMissing(type: number): boolean {
    const { starts, labels, octets: end, lower } = this.#asked
    const left = labels - this.#around.length
    const zoneStart = end - this.#zoneWire.length
    if (!this.#isAlone || left < 1 || starts[left] !== zoneStart || SPECIAL_TYPES.has(type)) return false
    if (!this.#asked.has(this.#zoneWire, zoneStart, end)) return false
    const kindStart = starts[left - 1] ?? 0
    if (!this.#asked.has(SVC, kindStart, zoneStart)) {
      return !OTHER_KINDS.some(kind => this.#asked.has(kind, kindStart, zoneStart))
    }
    if (left > MOST_SERVICE_LABELS) return true
    return left > 2 && !this.#services.mayHave(lower, starts[left - 3] ?? 0, kindStart)
  }

  /** Keeps the answer to a question that is in lower case. */
  #learn(octets: Uint8Array, hash: number, type: number): number {
    if (!KEPT_TYPES.has(type)) return NO_ENTRY
    const question: Question = { name: readLabels(octets, HEADER_OCTETS), type, class: CLASS_IN }
    const base = this.#baseOf(question)
    const outcome = base === undefined ? undefined : answerQuestion(this.#zone, question)
    if (base === undefined || outcome?.kind !== 'answer' || outcome.rcode !== RCODES.NOERROR) return NO_ENTRY
    const { answer, additional } = outcome
    if (answer.some(one => 'target' in one && nameOctets(one.target) > MOST_NAME_OCTETS)) return NO_ENTRY
    const whole = encodeMessage({ ...query(0, question), ...outcome })
    const tail = answer.length > 0 ? whole.subarray(HEADER_OCTETS + this.#asked.octets + QUESTION_END) : NO_TAIL
    const stride = type === TYPES.A || type === TYPES.AAAA ? tail.length / answer.length : 0
    const packed = { type, tail, answers: answer.length, additional: additional.length, stride }
    const entry = this.#ready.add(hash, this.#asked, packed)
    const resting = this.#restOn.get(base)
    if (resting) resting.add(hash)
    else this.#restOn.set(base, new Set([hash]))
    return entry
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
      for (const hash of this.#restOn.get(base) ?? []) this.#ready.remove(hash)
      this.#restOn.delete(base)
    }
  }

  #say(octets: Uint8Array, end: number, out: Uint8Array, entry: number, limit: number, turn: number): number {
    const start = end + QUESTION_END
    const ready = this.#ready
    const length = ready.tailOctetsOf(entry)
    if (start + length + ednsOctets(octets) > limit) return 0
    const answers = ready.answersOf(entry)
    const tail = ready.tailOf(entry)
    const first = (turn % answers) * ready.strideOf(entry)
    copy(ready.octets, tail + first, tail + length, out, start)
    copy(ready.octets, tail, tail + first, out, start + length - first)
    putUint16(out, 6, answers)
    putUint16(out, 8, 0)
    return finish(octets, end, out, start + length, RCODES.NOERROR, ready.additionalOf(entry))
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

/** Copies octets from `start` to `end` to `at`; few as there are, a call costs more. */
function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > LONG) to.set(from.subarray(start, end), at)
  else for (let i = start; i < end; i++) to[at + i - start] = from[i] ?? 0
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
