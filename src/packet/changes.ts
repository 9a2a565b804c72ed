/**
 * How one packet differs from another: what a step of its way did to it.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { type Family, formatIp, type Ip, parseIp } from '../base/ip.ts'
import { hasIdentifier } from './icmp-types.ts'
import { equalBytes, formatBytes, parseBytes } from './octets.ts'
import { type IcmpMessage, isIcmp, isSctp, isTcp, isUdp, type Packet, type Payload } from './packet.ts'
import {
  type Field,
  ICMP_DATA_FIELDS,
  ICMP_FIELDS,
  ICMP_IDENTITY_FIELDS,
  ICMP_REST_FIELDS,
  PACKET_FIELDS,
  RAW_FIELDS,
  SCTP_FIELDS,
  TCP_FIELDS,
  UDP_FIELDS,
} from './packet-fields.ts'
import { decodePayload, encodePayload } from './payload.ts'
import { type Quote, type QuoteChange, readQuote, rewriteQuote } from './quote.ts'

type NameIn<Fields extends readonly { readonly name: string }[]> = Fields[number]['name']

/**
 * Where packets can differ. `data` is what a payload carries, `payload` all of it where it is of
 * another kind; `quote-…` are the ends of the packet that an ICMP error is about.
 */
export type ChangedField =
  | NameIn<typeof PACKET_FIELDS>
  | NameIn<typeof TCP_FIELDS>
  | NameIn<typeof UDP_FIELDS>
  | NameIn<typeof SCTP_FIELDS>
  | NameIn<typeof ICMP_FIELDS>
  | NameIn<typeof ICMP_IDENTITY_FIELDS>
  | NameIn<typeof ICMP_REST_FIELDS>
  | QuoteField
  | 'payload'

type QuoteField = 'quote-src' | 'quote-dst' | 'quote-sport' | 'quote-dport' | 'quote-icmp-id'

/** A field that differs, as text that {@link applyChanges} reads back: addresses, numbers, hexadecimal bytes. */
export interface Change {
  readonly field: ChangedField
  readonly from: string
  readonly to: string
}

/**
 * What differs, field by field: the header first, then the payload. Nothing for equal packets.
 *
 * @throws {RangeError} when they are of different families, which no step of a way makes of a packet
 */
export function changesOf(before: Packet, after: Packet): readonly Change[] {
  if (before === after) return []
  if (before.family !== after.family) throw new RangeError('packets of different families')
  const header = differences(PACKET_FIELDS, before, after)
  if (before.payload === after.payload) return header
  return [...header, ...payloadDifferences(before.payload, after.payload, before.family)]
}

/**
 * The packet with the changes made to it: `applyChanges(before, changesOf(before, after))` is `after`.
 *
 * @throws {ParseError} when a text is none of its field's, or the packet has no such field
 */
export function applyChanges(before: Packet, changes: readonly Change[]): Packet {
  let packet = before
  const quoted: QuoteDifference[] = []
  for (const { field, to } of changes) {
    if (isQuoteField(field)) quoted.push({ field, to })
    else packet = writeField(packet, field, to)
  }
  const [first] = quoted
  if (!first) return packet
  if (!isIcmp(packet.payload)) throw new ParseError('change', first.field, 'the packet quotes no other')
  return { ...packet, payload: rewriteQuote(packet.payload, packet.family, joinQuote(quoted)) }
}

function differences<T>(fields: readonly Field<T, ChangedField>[], before: T, after: T): readonly Change[] {
  const changes: Change[] = []
  for (const { name, read, equal } of fields) {
    if (equal?.(before, after)) continue
    const from = read(before)
    const to = read(after)
    if (from !== to) changes.push({ field: name, from, to })
  }
  return changes
}

function payloadDifferences(before: Payload, after: Payload, family: Family): readonly Change[] {
  if (isTcp(before) && isTcp(after)) return differences(TCP_FIELDS, before, after)
  if (isUdp(before) && isUdp(after)) return differences(UDP_FIELDS, before, after)
  if (isSctp(before) && isSctp(after)) return differences(SCTP_FIELDS, before, after)
  if (before.protocol === after.protocol) {
    if (isIcmp(before) && isIcmp(after)) return icmpDifferences(before, after, family)
    if ('raw' in before && 'raw' in after) return differences(RAW_FIELDS, before, after)
  }
  return [{ field: 'payload', from: formatPayload(before, family), to: formatPayload(after, family) }]
}

function icmpDifferences(before: IcmpMessage, after: IcmpMessage, family: Family): readonly Change[] {
  const identified = hasIdentifier(before.type, family) && hasIdentifier(after.type, family)
  return [
    ...differences(ICMP_FIELDS, before, after),
    ...differences(identified ? ICMP_IDENTITY_FIELDS : ICMP_REST_FIELDS, before, after),
    ...(quoteDifferences(before, after, family) ?? differences(ICMP_DATA_FIELDS, before, after)),
  ]
}

function writeField(packet: Packet, field: ChangedField, text: string): Packet {
  const own = PACKET_FIELDS.find(({ name }) => name === field)
  if (own) return own.write(packet, text)
  const payload = field === 'payload' ? parsePayload(text, packet.family) : writePayload(packet.payload, field, text)
  return { ...packet, payload }
}

function writePayload(payload: Payload, field: ChangedField, text: string): Payload {
  if (isTcp(payload)) return written(TCP_FIELDS, payload, field, text)
  if (isUdp(payload)) return written(UDP_FIELDS, payload, field, text)
  if (isSctp(payload)) return written(SCTP_FIELDS, payload, field, text)
  if (isIcmp(payload)) return written(ALL_ICMP_FIELDS, payload, field, text)
  return written(RAW_FIELDS, payload, field, text)
}

const ALL_ICMP_FIELDS = [...ICMP_FIELDS, ...ICMP_IDENTITY_FIELDS, ...ICMP_REST_FIELDS, ...ICMP_DATA_FIELDS]

function written<T>(fields: readonly Field<T, ChangedField>[], of: T, field: ChangedField, text: string): T {
  const found = fields.find(({ name }) => name === field)
  if (!found) throw new ParseError('change', field, 'the packet has no such field')
  return found.write(of, text)
}

/** Addresses do not belong to a payload: its checksums are written as between these. */
const NOWHERE: Readonly<Record<Family, Ip>> = { 4: parseIp('0.0.0.0'), 6: parseIp('::') }

/** Protocol and bytes, `17 0035…`; `raw` before what is not taken apart. */
function formatPayload(payload: Payload, family: Family): string {
  const bytes = formatBytes(encodePayload(payload, NOWHERE[family], NOWHERE[family]))
  return `${'raw' in payload ? 'raw ' : ''}${payload.protocol} ${bytes}`
}

function parsePayload(text: string, family: Family): Payload {
  const isRaw = text.startsWith('raw ')
  const [protocol = '', bytes = ''] = (isRaw ? text.slice(4) : text).split(' ')
  if (!/^\d{1,3}$/.test(protocol)) throw new ParseError('payload', text, 'no protocol')
  if (isRaw) return { protocol: Number(protocol), raw: parseBytes(bytes) }
  return decodePayload(parseBytes(bytes), Number(protocol), NOWHERE[family], NOWHERE[family])
}

/** The ends that differ, if nothing else does in what two errors quote: as when NAT translates an error. */
function quoteDifferences(before: IcmpMessage, after: IcmpMessage, family: Family): readonly Change[] | undefined {
  const [from, to] = [readQuote(before, family), readQuote(after, family)]
  if (!from || !to || from.protocol !== to.protocol) return undefined
  const changes = QUOTE_FIELDS.flatMap(({ name, read }) => {
    const [was, is] = [read(from), read(to)]
    return was === undefined || is === undefined || was === is ? [] : [{ field: name, from: was, to: is }]
  })
  const rewritten = rewriteQuote({ ...after, data: before.data }, family, joinQuote(changes))
  return equalBytes(rewritten.data, after.data) ? changes : undefined
}

const QUOTE_FIELDS: readonly { readonly name: QuoteField; readonly read: (quote: Quote) => string | undefined }[] = [
  { name: 'quote-src', read: ({ src }) => formatIp(src) },
  { name: 'quote-dst', read: ({ dst }) => formatIp(dst) },
  { name: 'quote-sport', read: ({ sport }) => sport?.toString() },
  { name: 'quote-dport', read: ({ dport }) => dport?.toString() },
  { name: 'quote-icmp-id', read: ({ icmp }) => icmp?.id.toString() },
]

interface QuoteDifference {
  readonly field: QuoteField
  readonly to: string
}

function joinQuote(differences: readonly QuoteDifference[]): QuoteChange {
  return Object.assign({}, ...differences.map(({ field, to }) => quoteChange(field, to)))
}

function isQuoteField(field: ChangedField): field is QuoteField {
  return QUOTE_FIELDS.some(({ name }) => name === field)
}

function quoteChange(field: QuoteField, text: string): QuoteChange {
  switch (field) {
    case 'quote-src':
      return { src: parseIp(text) }
    case 'quote-dst':
      return { dst: parseIp(text) }
    case 'quote-sport':
      return { sport: Number(text) }
    case 'quote-dport':
      return { dport: Number(text) }
    case 'quote-icmp-id':
      return { icmpId: Number(text) }
  }
}
