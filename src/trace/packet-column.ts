/**
 * Packets in the narrow column beside the steps.
 *
 * @module
 */
import { equalIp } from '../base/ip.ts'
import { isIcmp, isTcp, type Packet, portsOf, TCP_FLAG } from '../packet/packet.ts'
import { formatEnd, formatEnds, formatPayload } from '../packet/summary.ts'

/** Its ends, and what it is where the flow's protocol does not say that: an ICMP message, a reset, a fragment. */
export function formatBrief(packet: Packet): string {
  const { payload, fragment } = packet
  const isPlain = !fragment && !isIcmp(payload) && !(isTcp(payload) && payload.flags & TCP_FLAG.RST)
  return isPlain ? formatEnds(packet) : `${formatEnds(packet)} ${formatPayload(packet)}`
}

/** `> 10.244.2.9:8080` or `192.168.1.11:40000 >`: the end that changed; both, if both did, or neither. */
export function formatChanged(before: Packet, after: Packet): string {
  const [from, to] = [portsOf(before.payload), portsOf(after.payload)]
  const src = !equalIp(before.src, after.src) || from?.sport !== to?.sport
  const dst = !equalIp(before.dst, after.dst) || from?.dport !== to?.dport
  if (src === dst) return formatEnds(after)
  return src ? `${formatEnd(after.src, to?.sport)} >` : `> ${formatEnd(after.dst, to?.dport)}`
}
