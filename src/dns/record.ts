/**
 * Resource records: the types that a cluster's zone has, and any other as it came.
 *
 * @module
 */
import type { Seconds } from '../base/clock.ts'
import { formatIpv4, type Ipv4 } from '../base/ipv4.ts'
import { formatIpv6, type Ipv6 } from '../base/ipv6.ts'
import { formatName, type Name } from './name.ts'

/** Record types by their name. @see https://www.iana.org/assignments/dns-parameters, resource record types */
export const TYPES = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  DS: 43,
  SVCB: 64,
  HTTPS: 65,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
} as const

export type TypeName = keyof typeof TYPES

const TYPE_NAMES: ReadonlyMap<number, string> = new Map(Object.entries(TYPES).map(([name, code]) => [code, name]))

/** Class IN, the internet; there is hardly another. */
export const CLASS_IN = 1

/** `A`, or `TYPE999` for one without a name here. @see RFC 3597 section 5 */
export function formatType(type: number): string {
  return TYPE_NAMES.get(type) ?? `TYPE${type}`
}

/** The number of `A` or `TYPE999`, in any case; nothing for other words. */
export function findType(text: string): number | undefined {
  const word = text.toUpperCase()
  if (Object.hasOwn(TYPES, word)) return TYPES[word as TypeName]
  const [, digits] = /^TYPE(\d{1,5})$/.exec(word) ?? []
  return digits !== undefined && Number(digits) < 0x10000 ? Number(digits) : undefined
}

export interface Soa {
  readonly type: 'SOA'
  /** The primary server. */
  readonly mname: Name
  /** The mailbox of whoever is responsible, its `@` as a dot. */
  readonly rname: Name
  readonly serial: number
  readonly refresh: Seconds
  readonly retry: Seconds
  readonly expire: Seconds
  /** How long a denial may be kept. @see RFC 2308 section 4 */
  readonly minimum: Seconds
}

/** What a record says of its owner. */
export type RecordData =
  | { readonly type: 'A'; readonly address: Ipv4 }
  | { readonly type: 'AAAA'; readonly address: Ipv6 }
  | { readonly type: 'CNAME' | 'NS' | 'PTR'; readonly target: Name }
  | { readonly type: 'MX'; readonly preference: number; readonly target: Name }
  | {
      readonly type: 'SRV'
      readonly priority: number
      readonly weight: number
      readonly port: number
      readonly target: Name
    }
  | Soa
  /** Strings of at most 255 octets, one character an octet. */
  | { readonly type: 'TXT'; readonly texts: readonly string[] }
  /** Of another type or class: its octets as they came. */
  | { readonly type: 'other'; readonly code: number; readonly class: number; readonly data: Uint8Array }

export type ResourceRecord = RecordData & {
  readonly owner: Name
  readonly ttl: Seconds
}

/** The type's number. */
export function typeOf(record: RecordData): number {
  return record.type === 'other' ? record.code : TYPES[record.type]
}

/** A line as zone files have it, without the class: `web.default.svc.cluster.local. 30 A 10.96.0.10` */
export function formatRecord(record: ResourceRecord): string {
  return `${formatName(record.owner)} ${record.ttl} ${formatType(typeOf(record))} ${formatData(record)}`
}

function formatData(record: RecordData): string {
  switch (record.type) {
    case 'A':
      return formatIpv4(record.address)
    case 'AAAA':
      return formatIpv6(record.address)
    case 'CNAME':
    case 'NS':
    case 'PTR':
      return formatName(record.target)
    case 'MX':
      return `${record.preference} ${formatName(record.target)}`
    case 'SRV':
      return `${record.priority} ${record.weight} ${record.port} ${formatName(record.target)}`
    case 'SOA': {
      const numbers = [record.serial, record.refresh, record.retry, record.expire, record.minimum]
      return `${formatName(record.mname)} ${formatName(record.rname)} ${numbers.join(' ')}`
    }
    case 'TXT':
      return record.texts.map(formatText).join(' ')
    case 'other':
      return `\\# ${record.data.length} ${[...record.data].map(byte => byte.toString(16).padStart(2, '0')).join('')}`.trim()
  }
}

function formatText(text: string): string {
  const inner = [...text].map(char => {
    if (char === '"' || char === '\\') return `\\${char}`
    return char >= ' ' && char <= '~' ? char : `\\${String(char.charCodeAt(0)).padStart(3, '0')}`
  })
  return `"${inner.join('')}"`
}
