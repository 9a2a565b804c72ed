/**
 * DNS messages as values.
 *
 * @see RFC 1035 section 4, RFC 6891 for EDNS
 * @module
 */
import type { Name } from './name.ts'
import type { ResourceRecord } from './record.ts'

export const OPCODES = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5 } as const

/** @see https://www.iana.org/assignments/dns-parameters, RCODEs */
export const RCODES = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const

export type RcodeName = keyof typeof RCODES

const RCODE_NAMES: ReadonlyMap<number, string> = new Map(Object.entries(RCODES).map(([name, code]) => [code, name]))

/** `NXDOMAIN`, or `RCODE99` for one without a name here. */
export function formatRcode(rcode: number): string {
  return RCODE_NAMES.get(rcode) ?? `RCODE${rcode}`
}

export interface Header {
  readonly id: number
  /** QR: this is an answer. */
  readonly response: boolean
  readonly opcode: number
  readonly authoritative: boolean
  readonly truncated: boolean
  readonly recursionDesired: boolean
  readonly recursionAvailable: boolean
  readonly authenticData: boolean
  readonly checkingDisabled: boolean
  /** With the upper eight bits that EDNS adds. */
  readonly rcode: number
}

export interface Question {
  readonly name: Name
  readonly type: number
  readonly class: number
}

/** What the OPT record says. */
export interface Edns {
  /** Octets that the sender can take in one datagram. */
  readonly udpSize: number
  readonly version: number
  /** The sixteen flag bits; the uppermost is DO. */
  readonly flags: number
  readonly options: readonly { readonly code: number; readonly data: Uint8Array }[]
}

/** DO: DNSSEC records are welcome. */
export const DNSSEC_OK = 0x8000

export interface Message extends Header {
  readonly questions: readonly Question[]
  readonly answer: readonly ResourceRecord[]
  readonly authority: readonly ResourceRecord[]
  /** Without the OPT record, which is {@link Message.edns}. */
  readonly additional: readonly ResourceRecord[]
  readonly edns?: Edns
}

/** A question that a resolver would send. */
export function query(id: number, question: Question, edns?: Edns): Message {
  return {
    id,
    response: false,
    opcode: OPCODES.QUERY,
    authoritative: false,
    truncated: false,
    recursionDesired: true,
    recursionAvailable: false,
    authenticData: false,
    checkingDisabled: false,
    rcode: RCODES.NOERROR,
    questions: [question],
    answer: [],
    authority: [],
    additional: [],
    ...(edns ? { edns } : {}),
  }
}
