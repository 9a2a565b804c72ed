/**
 * What a denial says behind its question: the zone's SOA record.
 *
 * @module
 */
import { failure, soaRecord } from './answer.ts'
import { HEADER_OCTETS } from './decode.ts'
import { encodeMessage } from './encode.ts'
import { query, RCODES } from './message.ts'
import { type Name, nameOctets } from './name.ts'
import { putUint16, wireName } from './question-octets.ts'
import { CLASS_IN, TYPES } from './record.ts'
import type { Zone } from './zone.ts'

const QUESTION_END = 4
const RECORD_HEAD = 12
const MNAME_OCTETS = wireName(['ns', 'dns']).length - 1
const RNAME_OCTETS = wireName(['hostmaster']).length - 1
/** Where an SOA record points at the zone in the question: as its owner, and at the end of either name. */
const SOA_POINTERS = [0, RECORD_HEAD + MNAME_OCTETS, RECORD_HEAD + MNAME_OCTETS + 2 + RNAME_OCTETS]

export class DenialTail {
  readonly #zone: Zone
  readonly #around: Name
  #serial: number | undefined
  #tail = new Uint8Array(0)

  /** @param around the zone's name */
  constructor(zone: Zone, around: Name) {
    this.#zone = zone
    this.#around = around
  }

  /** The octets with the zone's serial of now; see {@link pointToZone}. */
  fresh(): Uint8Array {
    if (this.#serial === this.#zone.serial) return this.#tail
    const message = query(0, { name: this.#around, type: TYPES.A, class: CLASS_IN })
    const authority = [soaRecord(this.#zone, this.#around)]
    const whole = encodeMessage({ ...message, ...failure(RCODES.NOERROR), authority })
    this.#tail = whole.slice(HEADER_OCTETS + nameOctets(this.#around) + QUESTION_END)
    this.#serial = this.#zone.serial
    return this.#tail
  }
}

/** Has the SOA record at `start` name the zone by where it stands in the question, `zoneAt`. */
export function pointToZone(out: Uint8Array, start: number, zoneAt: number): void {
  for (const pointer of SOA_POINTERS) putUint16(out, start + pointer, 0xc000 | zoneAt)
}
