/**
 * Frames that passed the links of a lab as capture files, with an interface for each link of each machine.
 *
 * @module
 */
import { encodePcapng } from '../packet/pcapng.ts'
import type { SeenFrame } from './agreement.ts'

/** A frame of one flow among several. */
export interface CommentedFrame extends SeenFrame {
  /** Which flow it is of, for whoever reads the file. */
  readonly comment: string
}

/** In the order of time; frames of one time as they stand. */
export function framesToCapture(frames: readonly CommentedFrame[]): Uint8Array {
  const inTime = [...frames].sort((a, b) => a.at - b.at)
  const names = [...new Set(inTime.map(pointOf))]
  const points = new Map(names.map((name, index) => [name, index]))
  return encodePcapng({
    interfaces: names.map(name => ({ name })),
    frames: inTime.map(({ at, bytes, direction, comment, ...place }) => ({
      at,
      interface: points.get(pointOf(place)) ?? 0,
      bytes,
      ...(direction === undefined ? {} : { direction }),
      comment,
    })),
    application: 'podwire',
  })
}

/** `node-1/flannel.1`; of pods `shop/web-0/eth0`. */
function pointOf({ machine, link }: Pick<SeenFrame, 'machine' | 'link'>): string {
  return `${machine}/${link}`
}
