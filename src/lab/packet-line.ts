/**
 * A packet at a hook as one line that holds all that is compared of it, and nothing else.
 *
 *     postrouting eth0  192.168.64.11:drawn > 10.244.2.9:8080 tcp syn  ttl 63 tos 0x00 df mark 0x4000
 *
 * @module
 */
import { formatIp, type Ip, isIpv4 } from '../base/ip.ts'
import { formatMac } from '../base/mac.ts'
import { hasIdentifier, icmpName, isIcmpError } from '../packet/icmp-types.ts'
import { lengthOf } from '../packet/length.ts'
import { type IcmpMessage, isIcmp, isSctp, isTcp, isUdp, type Packet, portsOf, TCP_FLAG } from '../packet/packet.ts'
import { type Quote, readQuote } from '../packet/quote.ts'
import { formatPayload, protocolName, tcpFlags } from '../packet/summary.ts'
import { decodeVxlan } from '../packet/vxlan.ts'
import type { PortWord } from './drawn-ports.ts'
import type { PacketSight } from './observation.ts'

export interface LineOptions {
  readonly word: PortWord
  /** UDP ports by which packets go that carry others. */
  readonly tunnels: ReadonlySet<number>
  /** Name the device. */
  readonly device: boolean
  /** Say how long the packet is. */
  readonly length: boolean
  /** Say what a kernel's socket chooses by itself: all flags and numbers. */
  readonly exact: boolean
}

export function packetLine({ hook, in: input, out, mark, packet }: PacketSight, options: LineOptions): string {
  const device = options.device ? (hook === 'prerouting' || hook === 'input' ? input : out) : undefined
  const { ttl, tos, df, family } = packet
  const fields = [
    `ttl ${ttl}`,
    `tos 0x${hex(tos)}`,
    ...(df && family === 4 ? ['df'] : []),
    `mark 0x${(mark >>> 0).toString(16)}`,
    ...(options.length ? [`length ${lengthOf(packet)}`] : []),
  ]
  return `${hook}${device === undefined ? '' : ` ${device}`}  ${contentText(packet, options)}  ${fields.join(' ')}`
}

/** Ends, protocol and what matters of it. */
function contentText(packet: Packet, options: LineOptions): string {
  const { src, dst, payload } = packet
  const inner = innerText(packet, options)
  if (inner !== undefined) return `${formatIp(src)} > ${endText(dst, portsOf(payload)?.dport, options)} ${inner}`
  const ports = portsOf(payload)
  return `${endText(src, ports?.sport, options)} > ${endText(dst, ports?.dport, options)} ${payloadText(packet, options)}`
}

function innerText({ payload, fragment }: Packet, options: LineOptions): string | undefined {
  if (fragment || !isUdp(payload) || !options.tunnels.has(payload.dport)) return undefined
  try {
    const { vni, frame } = decodeVxlan(payload.data)
    const ends = `vxlan ${vni} ${formatMac(frame.src)} > ${formatMac(frame.dst)}`
    return frame.body.kind === 'ip'
      ? `${ends} (${contentText(frame.body.packet, options)})`
      : `${ends} ${frame.body.kind}`
  } catch {
    // Bytes that are no frame are a datagram's like any other's.
    return undefined
  }
}

function endText(ip: Ip, port: number | undefined, { word }: LineOptions): string {
  const address = formatIp(ip)
  if (port === undefined) return address
  const text = word(ip, port) ?? port
  return isIpv4(ip) ? `${address}:${text}` : `[${address}]:${text}`
}

/** What says how a connection goes on; of a handshake, ECN is for sockets to agree on. */
const STATE_FLAGS = TCP_FLAG.FIN | TCP_FLAG.SYN | TCP_FLAG.RST | TCP_FLAG.ACK

function payloadText(packet: Packet, options: LineOptions): string {
  const { payload, fragment } = packet
  if (fragment) return `${formatPayload(packet)}${options.length ? '' : ` of ${lengthOf(packet)} bytes`}`
  const protocol = protocolName(payload.protocol)
  if (isTcp(payload)) {
    const { flags, seq, ack, window } = payload
    const numbers = options.exact ? ` seq ${seq >>> 0} ack ${ack >>> 0} window ${window}` : ''
    return `${protocol} ${tcpFlags(options.exact ? flags : flags & STATE_FLAGS)}${numbers}`
  }
  if (isSctp(payload)) return formatPayload({ ...packet, payload: { ...payload, chunks: payload.chunks.slice(0, 1) } })
  return isIcmp(payload) ? `${protocol} ${icmpText(payload, packet, options)}` : protocol
}

function icmpText(message: IcmpMessage, { family, src, dst }: Packet, options: LineOptions): string {
  const name = icmpName(message)
  const { type, rest } = message
  if (hasIdentifier(type, family)) {
    const id = rest >>> 16
    // A request's identifier is its source's, a reply's that of whom it is for.
    const text = options.word(src, id) ?? options.word(dst, id) ?? id
    return `${name} id ${text}${options.exact ? ` seq ${rest & 0xffff}` : ''}`
  }
  if (!isIcmpError(message)) return name
  const quote = readQuote(message, family)
  const mtu = tellsMtu(message, family) ? ` mtu ${family === 4 ? rest & 0xffff : rest >>> 0}` : ''
  return `${name}${mtu}${quote ? ` (about ${quoteText(quote, options)})` : ''}`
}

function tellsMtu({ type, code }: IcmpMessage, family: Packet['family']): boolean {
  return family === 4 ? type === 3 && code === 4 : type === 2
}

function quoteText({ src, dst, protocol, sport, dport, icmp }: Quote, options: LineOptions): string {
  const tunnel = protocol === 17 && dport !== undefined && options.tunnels.has(dport)
  const ends = `${endText(src, tunnel ? undefined : sport, options)} > ${endText(dst, dport, options)} ${protocolName(protocol)}`
  if (!icmp) return ends
  return `${ends} type ${icmp.type} id ${options.word(src, icmp.id) ?? options.word(dst, icmp.id) ?? icmp.id}`
}

function hex(value: number): string {
  return value.toString(16).padStart(2, '0')
}
