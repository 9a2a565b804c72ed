/**
 * What REJECT sends back.
 *
 * @see net/ipv4/netfilter/nf_reject_ipv4.c, net/ipv6/netfilter/nf_reject_ipv6.c of Linux
 * @module
 */
import type { Family, Ip } from '../../base/ip.ts'
import type { Ipv4 } from '../../base/ipv4.ts'
import { ipv6 } from '../../base/ipv6.ts'
import { icmpError, rejectKind } from '../../packet/icmp-error.ts'
import type { Packet } from '../../packet/packet.ts'
import { tcpReset } from '../../packet/tcp-reset.ts'
import type { Devices, Hook, Surroundings } from './hook.ts'
import type { Skb } from './skb.ts'
import { trackedAnswer } from './track.ts'
import type { Tracking } from './tracker.ts'
import { closeTcp } from './tracker-tcp.ts'

/** Where REJECT stands, and what it knows there. */
export interface Rejecting {
  readonly hook: Hook
  readonly devices: Devices
  readonly surroundings: Surroundings
  readonly tracking: Tracking
}

const UNSPECIFIED: Readonly<Record<Family, Ip>> = { 4: 0 as Ipv4, 6: ipv6(0, 0, 0, 0) }

const FWMARK_REFLECT: Readonly<Record<Family, string>> = { 4: 'net.ipv4.fwmark_reflect', 6: 'net.ipv6.fwmark_reflect' }

/**
 * The answer by its name in iptables, with the connection of the packet that it is about.
 *
 * A reset comes from where the packet went. So does an ICMP error if that is an address of the
 * machine; otherwise its source is unspecified here, for the route back to the sender chooses it.
 *
 * @returns nothing where Linux does not answer: errors, resets, later fragments, broadcasts
 */
export function answerTo(skb: Skb, name: string, rejecting: Rejecting): Skb | undefined {
  const packet = name === 'tcp-reset' ? resetFor(skb, rejecting) : errorFor(skb, name, rejecting)
  if (!packet) return undefined
  const { family } = packet
  const reflected = rejecting.tracking.sysctl(FWMARK_REFLECT[family])
  const tracked = trackedAnswer(skb)
  return {
    packet,
    mark: reflected !== undefined && reflected !== '0' ? skb.mark : 0,
    ...(tracked && { tracked }),
  }
}

/** @see nf_send_reset, nf_send_reset6: what came in by a bridge is answered past the hooks, see `answerBy` */
function resetFor({ packet, tracked }: Skb, { surroundings, tracking }: Rejecting): Packet | undefined {
  if (packet.family === 4 && isForMany(packet.dst, surroundings)) return undefined
  const reset = tcpReset(packet)
  // The reset goes out without meeting the tracker, so the connection is told of its end here.
  if (reset && tracked?.connection) closeTcp(tracked.connection, tracking)
  return reset
}

/** @see icmp_send, icmp6_send */
function errorFor(skb: Skb, name: string, rejecting: Rejecting): Packet | undefined {
  const { packet, addressed = 'unicast' } = skb
  const kind = rejectKind(name)
  if (!kind) throw new RangeError(`REJECT does not answer with ${name}`)
  // A bridge hands what passes it to the hooks as if it were addressed to the machine.
  const meant = addressed === 'unicast' || (addressed === 'other host' && rejecting.devices.bridged === true)
  if (!meant || isForMany(packet.dst, rejecting.surroundings)) return undefined
  return icmpError({ about: packet, kind, src: sourceOfError(packet, rejecting) })
}

function isForMany(dst: Ip, { addressType }: Surroundings): boolean {
  const type = addressType(dst)
  return type === 'BROADCAST' || type === 'MULTICAST'
}

/** In IPv4 the packet's route decides what is local, in IPv6 its destination. */
function sourceOfError({ family, src, dst }: Packet, { hook, devices, surroundings }: Rejecting): Ip {
  if (family === 4 && hook === 'input') return dst
  if ((family === 6 || hook === 'output') && surroundings.addressType(dst) === 'LOCAL') return dst
  const inbound = family === 4 && surroundings.sysctl('net.ipv4.icmp_errors_use_inbound_ifaddr') === '1'
  if (inbound && devices.in !== undefined) return surroundings.sourceOf(devices.in, src) ?? UNSPECIFIED[4]
  return UNSPECIFIED[family]
}
