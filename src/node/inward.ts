/**
 * The way of a packet that came in:
 *
 *     device ── (bridge) ── PREROUTING ── route ──┬── FORWARD ── POSTROUTING ── out
 *                                                 └── INPUT ── program, kernel or tunnel
 *
 * Reads top to bottom as the packet goes left to right.
 *
 * @module
 */
import { equalIp, isIpv4, isLoopback } from '../base/ip.ts'
import { equalMac } from '../base/mac.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import { isMulticast } from '../packet/address-kind.ts'
import type { Frame, Packet } from '../packet/packet.ts'
import { crossBridge } from './bridge-crossing.ts'
import { assemble, reassembled } from './defragment.ts'
import { type Device, isBroadcastMac, isGroupMac, NO_MAC } from './device.ts'
import { type Entrant, errorDevice, forward } from './forward.ts'
import { runHook } from './hook-run.ts'
import { handOver } from './local.ts'
import { fitsFrame } from './mtu.ts'
import type { Routed } from './route.ts'
import { routeIn } from './route-in.ts'
import { transmit } from './transmit.ts'
import { outOfTunnel } from './tunnel.ts'
import { end, type Leg, note, type Walk } from './walk.ts'

/** A frame that came in by a device. */
export function walkFrame(walk: Walk, { device, frame, mark }: Leg & { readonly kind: 'frame' }): void {
  const packet = take(walk, device, frame)
  if (!packet) return
  const arrived: Skb = { packet, mark, source: frame.src, addressed: addressOf(device, frame) }

  const bridge = device.master === undefined ? undefined : walk.machine.devices.get(device.master)
  const entrant = bridge ? crossBridge(walk, bridge, device, frame, arrived) : { skb: arrived, device }
  if (!entrant) return

  if (entrant.skb.addressed === 'other host') {
    end(walk, { kind: 'not for this machine', why: `${entrant.device.name} has another MAC than the frame is for` })
    return
  }
  if (isStrange6(entrant.skb.packet)) {
    end(walk, { kind: 'martian', why: 'such an address does not come in from outside' })
    return
  }
  enter(walk, entrant)
}

/** A packet that the loopback device gave back: it brings its connection and its route along. */
export function walkLooped(walk: Walk, { skb }: Leg & { readonly kind: 'looped' }): void {
  const { loopback } = walk.machine
  const frame: Frame = { src: NO_MAC, dst: NO_MAC, body: { kind: 'ip', packet: skb.packet } }
  note(walk, { component: 'link', action: 'receive', link: loopback.name, frame }, skb.packet)

  const whole = reassembled(walk, skb)
  const entered = whole && runHook(walk, 'prerouting', whole.skb, { in: loopback.name })
  if (!entered) return
  const rewritten = !equalIp(entered.packet.dst, skb.packet.dst)
  const routed: Routed | undefined = rewritten ? routeIn(walk, entered, loopback) : { kind: 'local', out: loopback }
  if (routed) lead(walk, { ...whole, skb: entered, device: loopback }, routed)
}

function enter(walk: Walk, entrant: Entrant): void {
  const entered = entrant.prerouted ? skipPrerouting(walk, entrant) : preroute(walk, entrant)
  if (!entered) return
  const routed = entrant.prerouted?.routed ?? routeIn(walk, entered.skb, entered.device)
  if (routed) lead(walk, entered, routed)
}

function preroute(walk: Walk, entrant: Entrant): Entrant | undefined {
  const whole = reassembled(walk, entrant.skb)
  if (!whole) return undefined
  const skb = runHook(walk, 'prerouting', whole.skb, { in: entrant.device.name })
  return skb && { ...entrant, ...whole, skb }
}

function skipPrerouting(walk: Walk, entrant: Entrant): Entrant {
  note(
    walk,
    { component: 'skipped', what: 'PREROUTING', why: `it was run when the frame came in by ${entrant.physIn}` },
    entrant.skb.packet,
  )
  return entrant
}

/** Up to the machine, or on to another. */
function lead(walk: Walk, entrant: Entrant, routed: Routed): void {
  if (routed.kind !== 'unicast') {
    deliver(walk, entrant, routed)
    return
  }
  const forwarded = forward(walk, entrant, routed)
  if (!forwarded) return
  const { out, via } = routed
  const leaving = runHook(walk, 'postrouting', forwarded, {
    out: out.name,
    ...(entrant.physIn === undefined ? {} : { physIn: entrant.physIn }),
    ...(via === undefined ? {} : { via }),
  })
  if (!leaving) return
  const { pieces, joined } = entrant
  transmit(walk, {
    skb: leaving,
    routed,
    from: errorDevice(entrant),
    ...(pieces === undefined ? {} : { pieces }),
    ...(joined ? { joined } : {}),
  })
}

/**
 * IPv4 puts pieces together before INPUT; of IPv6 they are what comes behind its header, and so behind it.
 *
 * @see ip_local_deliver in net/ipv4/ip_input.c of Linux; ip6_input_finish in net/ipv6/ip6_input.c
 */
function deliver(walk: Walk, { skb, device, physIn }: Entrant, routed: Routed): void {
  const accept = (one: Skb) =>
    runHook(walk, 'input', one, { in: device.name, ...(physIn === undefined ? {} : { physIn }) })
  const whole = (one: Skb) => assemble(walk, one)?.skb
  const [first, second] = skb.packet.family === 4 ? [whole, accept] : [accept, whole]
  const half = first(skb)
  const delivered = half && second(half)
  if (delivered && !outOfTunnel(walk, delivered)) handOver(walk, delivered, routed, device)
}

/** The packet in a frame that the device takes. */
function take(walk: Walk, device: Device, frame: Frame): Packet | undefined {
  if (frame.body.kind !== 'ip') return pass(walk, frame)
  const { packet } = frame.body
  if (!device.up) return end(walk, { kind: 'link down', why: `${device.name} is down` })
  // What came out of a tunnel is not measured again.
  if (device.link.kind !== 'vxlan' && !fitsFrame(walk, packet, device)) return undefined
  note(walk, { component: 'link', action: 'receive', link: device.name, frame }, packet)
  return packet
}

/**
 * What IPv6 refuses before any rule sees it. @see net/ipv6/ip6_input.c of Linux: ip6_rcv_core
 */
function isStrange6({ src, dst }: Packet): boolean {
  if (isIpv4(src)) return false
  return isLoopback(src) || isLoopback(dst) || isMulticast(src)
}

/** Who answers for an address is asked of the neighbourhood: these frames have done their work. */
function pass(walk: Walk, { body }: Frame): undefined {
  if (body.kind === 'arp') return end(walk, { kind: 'consumed', why: 'the kernel takes ARP itself' })
  return end(walk, { kind: 'not for this machine', why: 'the frame holds no IP packet' })
}

/** How the frame is addressed, seen by a device. */
function addressOf(device: Device, { dst }: Frame): NonNullable<Skb['addressed']> {
  if (!device.mac) return 'unicast'
  if (equalMac(dst, device.mac)) return 'unicast'
  if (isBroadcastMac(dst)) return 'broadcast'
  return isGroupMac(dst) ? 'multicast' : 'other host'
}
