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
import type { Device } from './device.ts'
import { answerError } from './error-answer.ts'
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
  return tooLong(walk, packet, { name: routed.out.name, mtu })
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
  // Whoever makes a packet that may be cut gives it an identification. @see ip_select_ident in include/net/ip.h of Linux
  if (!packet.df) return fragmentPacket(packet.id === 0 ? { ...packet, id: nextId(memory) } : packet, size)
  return fragmentPacket({ ...packet, df: false }, size).map(piece => ({ ...piece, df: true }))
}

/**
 * The pieces in which a packet leaves by a port after its rules were run on the bridge; nothing where it is too
 * long and may not be cut, or came in pieces that are too long themselves.
 *
 * Unlike {@link VLAN_ROOM} there is no room to spare. How long pieces may be is asked of the bridge.
 *
 * @see net/bridge/br_netfilter_hooks.c of Linux: br_nf_dev_queue_xmit, br_nf_ip_fragment; net/ipv6/ip6_output.c:
 * ip6_fragment
 */
export function portPieces(
  walk: Walk,
  skb: Skb,
  { bridge, port }: { readonly bridge: Device; readonly port: Device },
  most: number | undefined,
): readonly Skb[] | undefined {
  const { packet } = skb
  if (lengthOf(packet) <= Math.min(port.mtu, most ?? port.mtu)) return [skb]
  // How long the pieces were that it came in; of IPv4 what came whole is not asked.
  const came = most ?? (packet.family === 6 ? lengthOf(packet) : 0)
  if (came > bridge.mtu) {
    // Only IPv6 says so, even of what was for another station: rules are not shown that it was.
    const shown: Skb = { ...skb, addressed: 'unicast' }
    if (packet.family === 6) answerError(walk, shown, 'too-big', { device: bridge, mtu: bridge.mtu })
    return tooLong(walk, packet, bridge)
  }
  if (most === undefined && staysWhole(packet)) return tooLong(walk, packet, port)
  return piecesOf(walk, skb, bridge.mtu, most)
}

/**
 * Bytes by which a frame may be longer than the MTU of a device allows: room for a VLAN header,
 * whether it has one or not. A bridge's port that sends it holds it to that, and so does the far end of
 * a veth pair.
 *
 * @see net/core/dev.c of Linux: is_skb_forwardable
 */
const VLAN_ROOM = 4

/** Whether the device takes the packet in one frame; if not, it is dropped, and nobody is told. */
export function fitsFrame(walk: Walk, packet: Packet, device: Device): boolean {
  if (lengthOf(packet) <= device.mtu + VLAN_ROOM) return true
  tooLong(walk, packet, device)
  return false
}

function tooLong(walk: Walk, packet: Packet, { name, mtu }: Pick<Device, 'name' | 'mtu'>): undefined {
  const length = lengthOf(packet)
  note(walk, { component: 'mtu', action: 'too big', link: name, mtu, length }, packet)
  return end(walk, { kind: 'too big', why: `the packet has ${length} bytes, ${name} carries ${mtu}` })
}
