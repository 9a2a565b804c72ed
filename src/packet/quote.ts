/**
 * The packet that an ICMP error is about: the beginning of it that the error quotes.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import type { Family, Ip } from '../base/ip.ts'
import { ICMP, ICMPV6, type Protocol, SCTP, TCP, UDP } from '../base/protocol.ts'
import { updateChecksum, updateChecksumForIp } from './checksum.ts'
import { hasIdentifier, isIcmpError } from './icmp-types.ts'
import { decodeExtensions } from './ipv6-extensions.ts'
import { ICMP_HEADER, IPV4_HEADER, IPV6_HEADER, SCTP_HEADER, TCP_HEADER, UDP_HEADER } from './length.ts'
import { get8, get16, getIp, put16, put32, putIp } from './octets.ts'
import type { IcmpMessage } from './packet.ts'
import { sctpChecksum } from './sctp.ts'

/** What a quote tells of the packet that was sent, as it was where the error arose. */
export interface Quote {
  readonly src: Ip
  readonly dst: Ip
  readonly protocol: Protocol
  /** Of TCP, UDP and SCTP. */
  readonly sport?: number
  readonly dport?: number
  /** Of ICMP and ICMPv6: `id` is the first half of the `rest`. */
  readonly icmp?: { readonly type: number; readonly code: number; readonly id: number }
}

/** New values in a quote; what is absent stays. */
export interface QuoteChange {
  readonly src?: Ip
  readonly dst?: Ip
  readonly sport?: number
  readonly dport?: number
  /** Of an echo and its like. */
  readonly icmpId?: number
}

/** The transport header in a quote. */
interface Place {
  readonly protocol: Protocol
  readonly at: number
}

const SRC_AT: Readonly<Record<Family, number>> = { 4: 12, 6: 8 }
const DST_AT: Readonly<Record<Family, number>> = { 4: 16, 6: 24 }
const PORTS = 4

/**
 * What an ICMP error says of the packet that it is about, or nothing: the message is no error, or
 * its quote is cut short before the ports, no packet of the family, or a later fragment.
 */
export function readQuote(message: IcmpMessage, family: Family): Quote | undefined {
  if (!isIcmpError(message)) return undefined
  const { data } = message
  const place = findTransport(data, family)
  if (!place) return undefined
  const { protocol, at } = place
  const ends = { src: getIp(data, SRC_AT[family], family), dst: getIp(data, DST_AT[family], family), protocol }
  if (hasPorts(protocol)) {
    if (data.length < at + PORTS) return undefined
    return { ...ends, sport: get16(data, at), dport: get16(data, at + 2) }
  }
  if (protocol === icmpOf(family)) {
    if (data.length < at + ICMP_HEADER) return undefined
    return { ...ends, icmp: { type: get8(data, at), code: get8(data, at + 1), id: get16(data, at + 4) } }
  }
  return ends
}

/**
 * The message with other addresses and ports in its quote, and with the quoted checksums that cover
 * them set right, as far as they are in the quote. A message whose quote cannot be read stays as it is.
 *
 * @see nf_nat_icmp_reply_translation and l4proto_manip_pkt in net/netfilter/nf_nat_proto.c of Linux
 */
export function rewriteQuote(message: IcmpMessage, family: Family, change: QuoteChange): IcmpMessage {
  const place = isIcmpError(message) ? findTransport(message.data, family) : undefined
  if (!place) return message
  const data = Uint8Array.from(message.data)
  const draft: Draft = { data, family, place, checksumAt: checksumPlace(data, family, place) }
  if (change.src !== undefined) rewriteIp(draft, SRC_AT[family], change.src)
  if (change.dst !== undefined) rewriteIp(draft, DST_AT[family], change.dst)
  if (hasPorts(place.protocol) && data.length >= place.at + PORTS) {
    if (change.sport !== undefined) rewriteWord(draft, place.at, change.sport)
    if (change.dport !== undefined) rewriteWord(draft, place.at + 2, change.dport)
  }
  if (change.icmpId !== undefined && quotesIdentifier(draft)) rewriteWord(draft, place.at + 4, change.icmpId)
  closeChecksum(draft)
  return { ...message, data }
}

/** A quote that is being rewritten. */
interface Draft {
  readonly data: Uint8Array
  readonly family: Family
  readonly place: Place
  /** Of the transport's checksum; absent: it has none, or it is not in the quote. */
  readonly checksumAt: number | undefined
}

function findTransport(data: Uint8Array, family: Family): Place | undefined {
  return family === 4 ? findTransport4(data) : findTransport6(data)
}

function findTransport4(data: Uint8Array): Place | undefined {
  const at = (get8(data, 0) & 15) * 4
  if (get8(data, 0) >>> 4 !== 4 || at < IPV4_HEADER || at > data.length) return undefined
  const isLater = (get16(data, 6) & 0x1fff) !== 0
  return isLater ? undefined : { protocol: get8(data, 9), at }
}

function findTransport6(data: Uint8Array): Place | undefined {
  if (data.length < IPV6_HEADER || get8(data, 0) >>> 4 !== 6) return undefined
  let place: Place = { protocol: get8(data, 6), at: IPV6_HEADER }
  try {
    for (;;) {
      const { protocol, at, fragment } = decodeExtensions(data, place.at, place.protocol)
      place = { protocol, at }
      if (!fragment) return place
      if (fragment.offset > 0) return undefined
    }
  } catch (cause) {
    if (cause instanceof ParseError) return undefined
    throw cause
  }
}

function hasPorts(protocol: Protocol): boolean {
  return protocol === TCP || protocol === UDP || protocol === SCTP
}

function icmpOf(family: Family): Protocol {
  return family === 4 ? ICMP : ICMPV6
}

function quotesIdentifier({ data, family, place: { protocol, at } }: Draft): boolean {
  return protocol === icmpOf(family) && data.length >= at + ICMP_HEADER && hasIdentifier(get8(data, at), family)
}

/** SCTP's is not a sum: see `closeChecksum`. */
function checksumPlace(data: Uint8Array, family: Family, { protocol, at }: Place): number | undefined {
  const present = data.length - at
  if (protocol === TCP) return present >= TCP_HEADER ? at + 16 : undefined
  if (protocol === UDP) return present >= UDP_HEADER && get16(data, at + 6) !== 0 ? at + 6 : undefined
  return protocol === icmpOf(family) && present >= ICMP_HEADER ? at + 2 : undefined
}

function rewriteIp({ data, family, place, checksumAt }: Draft, at: number, ip: Ip): void {
  const before = getIp(data, at, family)
  if (family === 4) put16(data, 10, updateChecksumForIp(get16(data, 10), before, ip))
  const covered = place.protocol !== ICMP
  if (checksumAt !== undefined && covered) {
    put16(data, checksumAt, updateChecksumForIp(get16(data, checksumAt), before, ip))
  }
  putIp(data, at, ip)
}

function rewriteWord({ data, checksumAt }: Draft, at: number, word: number): void {
  if (checksumAt !== undefined) put16(data, checksumAt, updateChecksum(get16(data, checksumAt), get16(data, at), word))
  put16(data, at, word)
}

function closeChecksum({ data, place: { protocol, at }, checksumAt }: Draft): void {
  if (protocol === UDP && checksumAt !== undefined && get16(data, checksumAt) === 0) put16(data, checksumAt, 0xffff)
  // Linux computes it anew over as much as is quoted, right or not.
  if (protocol === SCTP && data.length >= at + SCTP_HEADER) put32(data, at + 8, sctpChecksum(data.subarray(at)))
}
