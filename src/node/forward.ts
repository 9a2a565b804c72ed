/**
 * What happens to a packet that goes on to another machine, between routing and its way out.
 *
 * @see net/ipv4/ip_forward.c of Linux: ip_forward; net/ipv6/ip6_output.c: ip6_forward
 * @module
 */
import { isIpv4, isLinkLocal, isLoopback, isUnspecified } from '../base/ip.ts'
import type { Devices } from '../netfilter/run/hook.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import { isMulticast } from '../packet/address-kind.ts'
import { lengthOf } from '../packet/length.ts'
import type { Packet } from '../packet/packet.ts'
import type { Device } from './device.ts'
import { answerError, isForUs } from './error-answer.ts'
import { runHook } from './hook-run.ts'
import { forwardMtu, staysWhole, tooBig } from './mtu.ts'
import type { Routed } from './route.ts'
import { end, note, type Walk } from './walk.ts'

/** A packet at the door of layer 3. */
export interface Entrant {
  readonly skb: Skb
  /** The device that it came by: of a frame that a bridge handed up, the bridge. */
  readonly device: Device
  /** The bridge port behind it, of a frame whose rules were run on the bridge. */
  readonly physIn?: string
  /** PREROUTING was run on the bridge; and routing, where the rules changed the destination. */
  readonly prerouted?: { readonly routed?: Routed }
  /** Bytes of the largest piece in which it came, if it came in pieces. */
  readonly pieces?: number
  /**
   * It was put together on a bridge, and is not known any more to have come in pieces: it goes on whole
   * where it fits, and else in the pieces that it still consists of.
   *
   * @see ip_rcv_core in net/ipv4/ip_input.c of Linux, which begins with a clean `IPCB`; ip_do_fragment
   */
  readonly joined?: true
}

/** The packet with one hop less to go, past FORWARD. */
export function forward(walk: Walk, entrant: Entrant, routed: Routed): Skb | undefined {
  const { skb } = entrant
  // Unlike IPv4, IPv6 finds a route all the same: what a bridge sends on by it never comes here.
  if (skb.packet.family === 6 && !walk.machine.settings.forwards6) {
    return end(walk, { kind: 'not forwarding', why: 'net.ipv6.conf.all.forwarding is 0' })
  }
  if (!isForUs(skb)) {
    return end(walk, { kind: 'not for this machine', why: 'a frame to all or to a group is not sent on' })
  }
  if (!mayTravel(walk, entrant)) return undefined
  if (skb.packet.ttl <= 1) return expired(walk, entrant)
  const mtu = forwardMtu(walk, skb, routed)
  if (exceeds(entrant, mtu)) {
    answerError(walk, skb, 'too-big', { device: errorDevice(entrant), mtu })
    return tooBig(walk, skb, routed, mtu)
  }
  const after: Packet = { ...skb.packet, ttl: skb.packet.ttl - 1 }
  note(walk, { component: 'ttl', action: 'decrement' }, skb.packet, after)
  return runHook(walk, 'forward', { ...skb, packet: after }, devicesThrough(entrant, routed))
}

/**
 * The device that an error about the packet takes for the one that it came by. To IPv6 what was routed on the
 * bridge came by where it goes.
 *
 * @see ip6_rcv_core in net/ipv6/ip6_input.c of Linux, which asks the route for `iif` where there is one
 */
export function errorDevice({ skb, device, prerouted }: Entrant): Device {
  return skb.packet.family === 6 ? (prerouted?.routed?.out ?? device) : device
}

/** The devices that FORWARD sees. */
function devicesThrough({ device, physIn }: Entrant, { out, via }: Routed): Devices {
  return {
    in: device.name,
    out: out.name,
    ...(physIn === undefined ? {} : { physIn }),
    ...(via === undefined ? {} : { via }),
  }
}

/** IPv6 does not forward from addresses that mean nothing elsewhere; of IPv4 routing has seen to that. */
function mayTravel(walk: Walk, { skb, device }: Entrant): boolean {
  const { src } = skb.packet
  if (isIpv4(src)) return true
  if (isUnspecified(src) || isMulticast(src) || isLoopback(src)) {
    end(walk, { kind: 'martian', why: `the source is not one that may come in by ${device.name}` })
    return false
  }
  if (!isLinkLocal(src)) return true
  end(walk, { kind: 'martian', why: 'a packet from a link-local address does not leave its link' })
  return false
}

function expired(walk: Walk, entrant: Entrant): undefined {
  const { skb } = entrant
  note(walk, { component: 'ttl', action: 'expire' }, skb.packet)
  answerError(walk, skb, 'ttl-exceeded', { device: errorDevice(entrant) })
  const what = skb.packet.family === 4 ? 'TTL' : 'hop limit'
  return end(walk, { kind: 'ttl exceeded', why: `the packet came with a ${what} of ${skb.packet.ttl}` })
}

/** A packet that came in pieces goes on in pieces of the same size. */
function exceeds({ skb, pieces, joined }: Entrant, mtu: number): boolean {
  if (pieces !== undefined && skb.packet.family === 6) return !joined && pieces > mtu
  return staysWhole(skb.packet) && lengthOf(skb.packet) > mtu
}
