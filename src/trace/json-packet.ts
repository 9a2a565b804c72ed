/**
 * Packets and frames as JSON.
 *
 * @module
 */
import { formatIp } from '../base/ip.ts'
import { formatMac } from '../base/mac.ts'
import { lengthOf } from '../packet/length.ts'
import { type Frame, isIcmp, isTcp, type Packet, portsOf } from '../packet/packet.ts'
import { protocolName, summaryOf, tcpFlags } from '../packet/summary.ts'
import type { Json } from './json-value.ts'

/** `text` says it all in a line; the other members are for programs. */
export function packetToJson(packet: Packet): Json {
  const { family, src, dst, ttl, tos, df, fragment, payload } = packet
  const ports = portsOf(payload)
  return {
    text: summaryOf(packet),
    family,
    src: formatIp(src),
    dst: formatIp(dst),
    protocol: protocolName(payload.protocol),
    ...(ports ? { sport: ports.sport, dport: ports.dport } : {}),
    ...(isTcp(payload) ? { flags: tcpFlags(payload.flags) } : {}),
    ...(isIcmp(payload) ? { type: payload.type, code: payload.code } : {}),
    ttl,
    tos,
    df,
    ...(fragment ? { fragment: { offset: fragment.offset, more: fragment.more } } : {}),
    length: lengthOf(packet),
  }
}

export function frameToJson({ src, dst, body }: Frame): Json {
  return { src: formatMac(src), dst: formatMac(dst), kind: body.kind }
}
