/**
 * Who has an address on a link, and by which MAC.
 *
 * @see net/core/neighbour.c of Linux; RFC 826, RFC 4861
 * @module
 */
import { formatIp, type Ip } from '../base/ip.ts'
import type { Mac } from '../base/mac.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import { BROADCAST_MAC, type Device, groupMac } from './device.ts'
import type { Routed } from './route.ts'
import { end, note, type Walk } from './walk.ts'

/** The MAC that the packet is sent to; nothing, if nobody answers for its next hop. */
export function neighbourMac(walk: Walk, { packet }: Skb, { kind, out, via }: Routed): Mac | undefined {
  if (kind === 'broadcast') return BROADCAST_MAC
  if (kind === 'multicast') return groupMac(packet.dst)
  const ip = via ?? packet.dst
  const entry = walk.machine.neighbours.get(out.name)?.get(ip)
  const mac = entry?.mac ?? walk.around.neighbourhood.whoHas(out.name, ip)
  if (!mac) return unanswered(walk, packet, out, ip)
  const action = entry && !entry.learned ? 'permanent' : 'answered'
  note(walk, { component: 'neighbour', action, link: out.name, ip, mac }, packet)
  return mac
}

function unanswered(walk: Walk, packet: Skb['packet'], { name }: Device, ip: Ip): undefined {
  note(walk, { component: 'neighbour', action: 'unanswered', link: name, ip }, packet)
  return end(walk, { kind: 'no neighbour', why: `nobody on ${name} answers for ${formatIp(ip)}` })
}
