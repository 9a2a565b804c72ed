/**
 * How large a packet may be on its way, and what is done with one that is larger.
 *
 * @see include/net/ip.h of Linux: ip_dst_mtu_maybe_forward; net/ipv4/ip_output.c: ip_fragment
 * @module
 */
import type { Ip } from '../base/ip.ts'
import { TCP } from '../base/protocol.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import { VXLAN_OVERHEAD } from '../overlay/devices.ts'
import { fragmentPacket } from '../packet/fragment.ts'
import { lengthOf } from '../packet/length.ts'
import type { Packet } from '../packet/packet.ts'
import { nextId } from './memory.ts'
import type { Routed } from './route.ts'
import { end, note, type Walk } from './walk.ts'

/** The smallest MTU that IPv6 knows. */
const LEAST_6 = 1280

/** Bytes of the largest packet for a forwarded one: by the device or the route, not by what was learned. */
export function forwardMtu(walk: Walk, { packet }: Skb, routed: Routed): number {
  const own = routed.mtu ?? routed.out.mtu
  if (packet.family === 6) return Math.max(own, LEAST_6)
  return walk.machine.settings.forwardsByPathMtu ? Math.min(own, learnedMtu(walk, packet.dst) ?? own) : own
}

/** Bytes of the largest packet of the machine's own to the destination. */
export function ownMtu(walk: Walk, { packet }: Skb, routed: Routed): number {
  const own = routed.mtu ?? routed.out.mtu
  return Math.min(own, learnedMtu(walk, packet.dst) ?? own)
}

function learnedMtu({ memory, around }: Walk, dst: Ip): number | undefined {
  const learned = memory.pathMtus.get(dst)
  return learned && learned.until > around.now ? learned.mtu : undefined
}

/** Every machine takes pieces of that many bytes. @see RFC 791 section 3.2 */
const LEAST_PIECE_4 = 68

/** Remembers what a path can carry, as far as that is less than the kernel believed. */
export function learnMtu({ machine, memory, around }: Walk, family: Packet['family'], dst: Ip, mtu: number): void {
  const known = memory.pathMtus.get(dst)
  if (known && known.until > around.now && known.mtu <= mtu) return
  const until = around.now + machine.settings.mtuExpires[family] * 1000
  memory.pathMtus.set(dst, { mtu: Math.max(mtu, family === 6 ? LEAST_6 : LEAST_4), until })
}

/**
 * Remembers what a tunnel's outer packets leave for those inside, if one has more. It is sent all the
 * same, and its outer packet in pieces.
 *
 * @param mtu of the outer packet's way, in bytes
 * @see include/net/dst.h of Linux: skb_tunnel_check_pmtu
 */
export function learnTunnelMtu(walk: Walk, inner: Packet, outer: Packet, mtu: number): void {
  const room = mtu - VXLAN_OVERHEAD[outer.family]
  if (lengthOf(inner) > room) learnMtu(walk, inner.family, inner.dst, room)
}

/** @see ip_rt_min_pmtu of Linux */
const LEAST_4 = 552

/**
 * Whether a packet of the machine's own has to fit as it is. What a program sends by UDP or ICMP,
 * IPv6 cuts for it; TCP makes segments that fit.
 */
export function mustFit({ family, df, payload }: Packet): boolean {
  return family === 4 ? df : payload.protocol === TCP
}

/** Whether nobody on the way may cut the packet. */
export function staysWhole({ df, family }: Packet): boolean {
  return df || family === 6
}

export function tooBig(walk: Walk, { packet }: Skb, routed: Routed, mtu: number): undefined {
  const length = lengthOf(packet)
  note(walk, { component: 'mtu', action: 'too big', link: routed.out.name, mtu, length }, packet)
  const why = `the packet has ${length} bytes, ${routed.out.name} carries ${mtu}`
  return end(walk, { kind: 'too big', why })
}

/**
 * The packet in pieces that fit; whole if it does.
 *
 * @param most bytes of the largest piece in which it came, if it was put together here: it goes on
 * in no larger ones
 */
export function piecesOf(walk: Walk, skb: Skb, mtu: number, most: number | undefined): readonly Skb[] {
  if (most === undefined && lengthOf(skb.packet) <= mtu) return [skb]
  const size = Math.max(Math.min(mtu, most ?? mtu), skb.packet.family === 6 ? LEAST_6 : LEAST_PIECE_4)
  const pieces = cut(walk, skb.packet, size)
  const [first] = pieces
  if (!first || pieces.length === 1) return [skb]
  note(walk, { component: 'fragment', action: 'split', pieces: pieces.length, mtu: size }, skb.packet, first)
  return pieces.map(packet => ({ ...skb, packet }))
}

/** What was put together here and had "don't fragment" in its pieces has it again in the new ones. */
function cut({ memory }: Walk, packet: Packet, size: number): readonly Packet[] {
  if (packet.family === 6) return packet.fragment ? [packet] : fragmentPacket(packet, size, nextId(memory))
  if (!packet.df) return fragmentPacket(packet, size)
  return fragmentPacket({ ...packet, df: false }, size).map(piece => ({ ...piece, df: true }))
}

/**
 * The pieces in which a packet leaves by a port after its rules were run on the bridge. One that
 * fits, or may not be cut, stays whole; the port will drop what is too long.
 *
 * @see net/bridge/br_netfilter_hooks.c of Linux: br_nf_dev_queue_xmit
 */
export function bridgePieces(
  walk: Walk,
  skb: Skb,
  { mtu }: { readonly mtu: number },
  bridge: { readonly mtu: number },
  most: number | undefined,
): readonly Skb[] {
  const length = lengthOf(skb.packet)
  if (length <= Math.min(mtu, most ?? mtu)) return [skb]
  if (most === undefined && staysWhole(skb.packet)) return [skb]
  return piecesOf(walk, skb, bridge.mtu, most)
}
