/**
 * Pieces of packets, put together where the kernel does so: before rules that track connections,
 * and before a packet goes up to the machine.
 *
 * @see net/ipv4/ip_fragment.c of Linux: ip_defrag; net/ipv4/netfilter/nf_defrag_ipv4.c
 * @module
 */
import { equalIp } from '../base/ip.ts'
import type { Skb } from '../netfilter/run/skb.ts'
import { lengthOf } from '../packet/length.ts'
import type { Packet } from '../packet/packet.ts'
import { gatherFragment } from '../packet/reassembly.ts'
import { end, note, type Walk } from './walk.ts'

/** A whole packet. */
export interface Whole {
  readonly skb: Skb
  /** Bytes of the largest piece in which it came, if it came in pieces. */
  readonly pieces?: number
}

/** Ahead of PREROUTING: only where connections are tracked; elsewhere pieces go on as they are. */
export function reassembled(walk: Walk, skb: Skb): Whole | undefined {
  const { fragment, family } = skb.packet
  return fragment && walk.machine.tracks[family] ? assemble(walk, skb) : { skb }
}

/** The packet of which this is a piece; nothing, as long as others are missing. */
export function assemble(walk: Walk, skb: Skb): Whole | undefined {
  const { packet } = skb
  if (!packet.fragment) return { skb }
  const largest = largestWith(walk, packet)
  const gathered = gatherFragment(walk.memory.fragments, packet, walk.around.now)
  switch (gathered.kind) {
    case 'waiting':
      note(walk, { component: 'fragment', action: 'wait', pieces: gathered.pieces }, packet)
      return end(walk, { kind: 'consumed', why: 'the piece waits for the rest of its packet' })
    case 'dropped':
      return end(walk, { kind: 'consumed', why: gathered.why })
    case 'whole':
      note(walk, { component: 'fragment', action: 'reassemble', pieces: gathered.pieces }, packet, gathered.packet)
      return { skb: { ...skb, packet: gathered.packet }, pieces: largest }
  }
}

/** Bytes of the largest among the piece and those of its packet that wait. */
function largestWith({ memory }: Walk, packet: Packet): number {
  const waiting = memory.fragments.pending.flatMap(({ pieces }) => pieces.map(piece => piece.packet))
  const same = waiting.filter(other => isOfOne(other, packet))
  return Math.max(lengthOf(packet), ...same.map(lengthOf))
}

function isOfOne(a: Packet, b: Packet): boolean {
  const ids = a.id === b.id && a.fragment?.id === b.fragment?.id
  return ids && a.family === b.family && equalIp(a.src, b.src) && equalIp(a.dst, b.dst)
}
