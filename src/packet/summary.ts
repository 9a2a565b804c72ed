/**
 * A packet in one line, as people who read captures write it.
 *
 * @module
 */
import { formatIp, type Ip, isIpv4 } from '../base/ip.ts'
import { hasIdentifier, icmpName, isIcmpError } from './icmp-types.ts'
import { type IcmpMessage, isIcmp, isSctp, isTcp, isUdp, type Packet, portsOf, TCP_FLAG } from './packet.ts'
import { type Quote, readQuote } from './quote.ts'

/** `10.96.17.80:80`, `[fd00::1]:80`; the address alone where there is no port. */
export function formatEnd(ip: Ip, port?: number): string {
  const address = formatIp(ip)
  if (port === undefined) return address
  return isIpv4(ip) ? `${address}:${port}` : `[${address}]:${port}`
}

/** `10.244.1.20:40000 > 10.96.17.80:80`; addresses alone where there are no ports. */
export function formatEnds({ src, dst, payload }: Packet): string {
  const ports = portsOf(payload)
  return `${formatEnd(src, ports?.sport)} > ${formatEnd(dst, ports?.dport)}`
}

/**
 * Ends, protocol and what matters of it:
 *
 *     10.244.1.20:40000 > 10.96.17.80:80 tcp syn
 *     10.244.1.20 > 10.244.2.7 icmp echo request id 1 seq 1
 *     10.244.1.1 > 10.244.1.20 icmp port unreachable (about 10.244.1.20:40000 > 10.96.17.80:53 udp)
 */
export function summaryOf(packet: Packet): string {
  return `${formatEnds(packet)} ${formatPayload(packet)}`
}

/** What a packet carries, without its ends: `tcp syn ack`, `udp 5 bytes`, `icmp echo request id 1 seq 1`. */
export function formatPayload({ family, payload, fragment }: Packet): string {
  if (fragment) {
    const more = fragment.more ? ', more follow' : ''
    return `${protocolName(payload.protocol)} fragment at byte ${fragment.offset}${more}`
  }
  const protocol = protocolName(payload.protocol)
  if (isTcp(payload)) return joinWords(protocol, tcpFlags(payload.flags), size(payload.data))
  if (isUdp(payload)) return joinWords(protocol, size(payload.data))
  if (isSctp(payload)) return joinWords(protocol, payload.chunks.map(({ type }) => chunkName(type)).join(' '))
  if (isIcmp(payload)) return joinWords(protocol, icmpName(payload), icmpDetail(payload, family))
  return joinWords(protocol, size(payload.raw))
}

function joinWords(...words: readonly string[]): string {
  return words.filter(word => word !== '').join(' ')
}

function size({ length }: Uint8Array): string {
  return length === 0 ? '' : length === 1 ? '1 byte' : `${length} bytes`
}

function icmpDetail(message: IcmpMessage, family: Packet['family']): string {
  if (hasIdentifier(message.type, family)) return `id ${message.rest >>> 16} seq ${message.rest & 0xffff}`
  if (!isIcmpError(message)) return ''
  const quote = readQuote(message, family)
  return joinWords(mtuOf(message, family), quote ? `(about ${formatQuote(quote)})` : '')
}

function mtuOf({ type, code, rest }: IcmpMessage, family: Packet['family']): string {
  if (family === 4) return type === 3 && code === 4 ? `mtu ${rest & 0xffff}` : ''
  return type === 2 ? `mtu ${rest >>> 0}` : ''
}

/** `10.244.1.20:40000 > 10.96.17.80:53 udp` */
export function formatQuote({ src, dst, protocol, sport, dport, icmp }: Quote): string {
  const ends = `${formatEnd(src, sport)} > ${formatEnd(dst, dport)} ${protocolName(protocol)}`
  if (!icmp) return ends
  const { type, code, id } = icmp
  const name = icmpName({ protocol: protocol === 1 ? 1 : 58, type, code, rest: 0, data: new Uint8Array(0) })
  return hasIdentifier(type, isIpv4(src) ? 4 : 6) ? `${ends} ${name} id ${id}` : `${ends} ${name}`
}

const FLAG_NAMES = Object.entries(TCP_FLAG).map(([name, bit]) => [name.toLowerCase(), bit] as const)
const FLAG_ORDER = ['syn', 'fin', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr']

/** `syn ack`, in the order in which people say them. */
export function tcpFlags(flags: number): string {
  const set = FLAG_NAMES.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name)
  return set.sort((a, b) => FLAG_ORDER.indexOf(a) - FLAG_ORDER.indexOf(b)).join(' ')
}

const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [2, 'igmp'],
  [4, 'ipip'],
  [6, 'tcp'],
  [17, 'udp'],
  [33, 'dccp'],
  [41, 'ipv6'],
  [47, 'gre'],
  [50, 'esp'],
  [51, 'ah'],
  [58, 'icmp6'],
  [89, 'ospf'],
  [103, 'pim'],
  [112, 'vrrp'],
  [132, 'sctp'],
  [136, 'udplite'],
])

/** `tcp`, `icmp6`; those without a name here as `protocol 99`. */
export function protocolName(protocol: number): string {
  return PROTOCOL_NAMES.get(protocol) ?? `protocol ${protocol}`
}

/** @see RFC 9260 section 3.2 */
const CHUNK_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'data'],
  [1, 'init'],
  [2, 'init ack'],
  [3, 'sack'],
  [4, 'heartbeat'],
  [5, 'heartbeat ack'],
  [6, 'abort'],
  [7, 'shutdown'],
  [8, 'shutdown ack'],
  [9, 'error'],
  [10, 'cookie echo'],
  [11, 'cookie ack'],
  [14, 'shutdown complete'],
])

function chunkName(type: number): string {
  return CHUNK_NAMES.get(type) ?? `chunk ${type}`
}
