/**
 * The way out of a machine, behind POSTROUTING: pieces that fit, a neighbour, a frame, a device.
 *
 * @see net/ipv4/ip_output.c of Linux: ip_finish_output; net/bridge/br_device.c: br_dev_xmit
 * @module
 */
import type { Skb } from '../netfilter/run/skb.ts'
import { lengthOf } from '../packet/length.ts'
import type { Frame, Packet } from '../packet/packet.ts'
import { decide } from './bridging.ts'
import { type Device, NO_MAC } from './device.ts'
import { answerError } from './error-answer.ts'
import { fitsFrame, forwardMtu, ownMtu, piecesOf, tooBig } from './mtu.ts'
import { neighbourMac } from './neighbour.ts'
import type { Routed } from './route.ts'
import { intoTunnel } from './tunnel.ts'
import { follow, note, type Walk } from './walk.ts'

/** What a packet that leaves has behind it. */
export interface Leaving {
  readonly skb: Skb
  readonly routed: Routed
  /** Absent: it was made here. */
  readonly from?: Device
  /** Bytes of the largest piece in which it came, if it came in pieces. */
  readonly pieces?: number
  /** It goes on whole where it fits all the same. */
  readonly joined?: true
  /** It was made here and must not be cut. */
  readonly whole?: boolean
}

/**
 * Sends a packet on its way. Of one that nobody answers for the sender is told, be it the machine itself.
 *
 * @see net/ipv4/arp.c of Linux: arp_error_report; net/ipv4/route.c: ipv4_link_failure
 */
export function transmit(walk: Walk, { skb, routed, from, pieces, joined, whole = false }: Leaving): void {
  const { out } = routed
  if (out === walk.machine.loopback) {
    loop(walk, skb)
    return
  }
  const mac = out.mac ? neighbourMac(walk, skb, routed) : NO_MAC
  const mtu = from ? forwardMtu(walk, skb, routed) : ownMtu(walk, skb, routed)
  const most = joined && lengthOf(skb.packet) <= mtu ? undefined : pieces
  if (!mac) {
    // Each piece waits for the neighbour by itself.
    for (const piece of piecesOf(walk, skb, mtu, most))
      answerError(walk, piece, 'host-unreachable', from ? { device: from } : {})
    return
  }
  if (whole && lengthOf(skb.packet) > mtu) {
    // A socket would have known; who made the packet itself is told as anybody would be.
    if (skb.raw) answerError(walk, skb, 'too-big', { mtu })
    tooBig(walk, skb, routed, mtu)
    return
  }
  const all = piecesOf(walk, skb, mtu, most)
  // A pod's device, half of a pair in memory, says at once that a piece was lost. @see veth_xmit of Linux; ip_do_fragment
  const pieceOf = all.length > 1 && walk.machine.config.kind === 'pod' ? skb.packet : undefined
  for (const piece of all) {
    const frame: Frame = { src: out.mac ?? NO_MAC, dst: mac, body: { kind: 'ip', packet: piece.packet } }
    emit(walk, piece, out, frame, pieceOf)
  }
}

/** The loopback device gives back what it is given. */
function loop(walk: Walk, skb: Skb): void {
  const link = walk.machine.loopback.name
  const frame: Frame = { src: NO_MAC, dst: NO_MAC, body: { kind: 'ip', packet: skb.packet } }
  note(walk, { component: 'link', action: 'transmit', link, frame }, skb.packet)
  follow(walk, [{ kind: 'looped', skb }])
}

function emit(walk: Walk, skb: Skb, out: Device, frame: Frame, pieceOf: Packet | undefined): void {
  note(walk, { component: 'link', action: 'transmit', link: out.name, frame }, skb.packet)
  if (out.link.kind === 'vxlan') intoTunnel(walk, skb, out.link, frame)
  else if (out.link.kind === 'bridge') ontoBridge(walk, skb, out, frame)
  else walk.departures.push({ link: out.name, frame, ...(pieceOf ? { pieceOf } : {}) })
}

function ontoBridge(walk: Walk, { packet }: Skb, bridge: Device, frame: Frame): void {
  for (const port of decide(walk, bridge, frame, packet).ports) throughPort(walk, port, frame)
}

/** A frame out by a port of a bridge. */
export function throughPort(walk: Walk, port: Device, frame: Frame): void {
  if (frame.body.kind !== 'ip' || !fitsFrame(walk, frame.body.packet, port)) return
  note(walk, { component: 'link', action: 'transmit', link: port.name, frame }, frame.body.packet)
  walk.departures.push({ link: port.name, frame })
}
