/**
 * Congestion marks between the packet in a frame and the one that carries the frame.
 *
 * @see RFC 6040; include/net/inet_ecn.h of Linux
 * @module
 */
import type { Frame } from '../packet/packet.ts'

const ECN = 3
const NOT_CAPABLE = 0
const ECT_1 = 1
const ECT_0 = 2
const CONGESTED = 3

/** The TOS of the outer packet: no class, and the inner packet's mark; but "congestion met" starts over. */
export function outerEcn({ body }: Frame): number {
  const inner = body.kind === 'ip' ? body.packet.tos & ECN : NOT_CAPABLE
  return inner === CONGESTED ? ECT_0 : inner
}

/**
 * The frame with the mark that its packet gets from the outer one; nothing if the frame must be
 * dropped: there was congestion, and the sender inside does not understand marks.
 */
export function withOuterEcn(frame: Frame, outerTos: number): Frame | undefined {
  const { body } = frame
  if (body.kind !== 'ip') return frame
  const outer = outerTos & ECN
  const inner = body.packet.tos & ECN
  if (inner === NOT_CAPABLE) return outer === CONGESTED ? undefined : frame
  const mark = outer === CONGESTED ? CONGESTED : outer === ECT_1 && inner === ECT_0 ? ECT_1 : inner
  if (mark === inner) return frame
  return { ...frame, body: { ...body, packet: { ...body.packet, tos: (body.packet.tos & ~ECN) | mark } } }
}
