/**
 * Packets in a few words, for expectations that people read.
 *
 * @module
 */
import { formatIp } from '../../../src/base/ip.ts'
import { isIcmp, type Packet, portsOf } from '../../../src/packet/packet.ts'

/** `10.1.0.2:1000 > 10.2.0.2:80`, `10.1.0.2 > 10.2.0.2 icmp 8/0` */
export function describePacket({ src, dst, payload }: Packet): string {
  const ports = portsOf(payload)
  if (ports) return `${formatIp(src)}:${ports.sport} > ${formatIp(dst)}:${ports.dport}`
  const ends = `${formatIp(src)} > ${formatIp(dst)}`
  return isIcmp(payload) ? `${ends} icmp ${payload.type}/${payload.code}` : ends
}
