/**
 * The rules of layer 3 on frames that cross a bridge.
 *
 *     port ── PREROUTING ── (rewritten: route) ── bridge decides ─┬─ FORWARD ── POSTROUTING ── port
 *                                                                 └─ up: PREROUTING is not run again
 *
 * On while `net.bridge.bridge-nf-call-iptables` (of IPv6: `-ip6tables`) is 1.
 *
 * @see net/bridge/br_netfilter_hooks.c, br_netfilter_ipv6.c of Linux
 * @module
 */
import { equalIp } from '../base/ip.ts'
import type { Mac } from '../base/mac.ts'
import type { Devices } from '../netfilter/run/hook.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import { reassembled } from './defragment.ts'
import type { Device } from './device.ts'
import { answerError } from './error-answer.ts'
import { runHook } from './hook-run.ts'
import { neighbourMac } from './neighbour.ts'
import type { Routed } from './route.ts'
import { routeIn } from './route-in.ts'
import type { Walk } from './walk.ts'

/** A bridged packet past PREROUTING. */
export interface Prerouted {
  readonly skb: Skb
  /** Where the frame is to go now that its packet goes elsewhere; absent: where it went. */
  readonly dst?: Mac
  readonly routed?: Routed
  readonly pieces?: number
}

/** PREROUTING of a frame that came in by a port, and the new way of a packet that it rewrote. */
export function preroute(walk: Walk, bridge: Device, port: Device, arrived: Skb): Prerouted | undefined {
  const whole = reassembled(walk, arrived)
  if (!whole) return undefined
  const { addressed } = arrived
  // Rules are not shown that the frame is for another station.
  const shown: Skb = addressed === 'other host' ? { ...whole.skb, addressed: 'unicast' } : whole.skb
  const entered = runHook(walk, 'prerouting', shown, { in: bridge.name, physIn: port.name })
  if (!entered) return undefined
  const pieces = whole.pieces === undefined ? {} : { pieces: whole.pieces }
  if (equalIp(entered.packet.dst, arrived.packet.dst)) {
    return { skb: addressed ? { ...entered, addressed } : entered, ...pieces }
  }
  const skb: Skb = { ...entered, addressed: 'unicast' }
  const answers = walk.answers.length
  const routed = routeIn(walk, skb, bridge)
  if (!routed) {
    // Of IPv6 nobody is told. @see br_nf_pre_routing_finish_ipv6 in net/bridge/br_netfilter_ipv6.c of Linux
    if (skb.packet.family === 6) walk.answers.splice(answers)
    return undefined
  }
  if (routed.kind !== 'unicast' || routed.out !== bridge) {
    return { skb, routed, ...pieces, ...(bridge.mac ? { dst: bridge.mac } : {}) }
  }
  const dst = neighbourMac(walk, skb, routed)
  if (dst) return { skb, dst, routed, ...pieces }
  answerError(walk, skb, 'host-unreachable', { device: bridge })
  return undefined
}

/** FORWARD and POSTROUTING of a frame that stays on the bridge. */
export function passBridge(walk: Walk, bridge: Device, port: Device, out: Device, skb: Skb): Skb | undefined {
  const ports = { physIn: port.name, physOut: out.name, bridged: true } as const
  const through: Devices = { in: bridge.name, out: bridge.name, ...ports }
  const forwarded = runHook(walk, 'forward', skb, through)
  return forwarded && runHook(walk, 'postrouting', forwarded, { out: bridge.name, ...ports })
}
