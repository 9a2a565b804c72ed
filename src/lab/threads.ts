/**
 * Packets that are on their way at once, such as the pieces of one: what happens to each is in order, what happens
 * to one and what to another is not.
 *
 * @module
 */
import { formatIp } from '../base/ip.ts'
import type { Sides } from './aligned.ts'
import type { TracedPacket } from './observation.ts'

/** Something that happened to a packet. */
export interface Happening {
  readonly packet: TracedPacket
  /** What it was, alone: of two packets that look alike, the second one meets the same thing a second time. */
  readonly mark: string
}

/** What happened packet by packet: the indices of each one's happenings, the packet that came first before the others. */
export type Threads = readonly (readonly number[])[]

export function threadsOf(happenings: readonly Happening[]): Threads {
  const threads = new Map<string, number[]>()
  const met = new Map<string, number>()
  for (const [i, { packet, mark }] of happenings.entries()) {
    const alike = packetKey(packet)
    const times = met.get(`${alike} ${mark}`) ?? 0
    met.set(`${alike} ${mark}`, times + 1)
    const key = `${times} ${alike}`
    const own = threads.get(key)
    if (own) own.push(i)
    else threads.set(key, [i])
  }
  return [...threads.values()]
}

/** Without its TTL: it is the same packet when it has been forwarded. */
function packetKey({ protocol, src, dst, sport, dport }: TracedPacket): string {
  return `${protocol} ${formatIp(src)} ${sport} ${formatIp(dst)} ${dport}`
}

/** Both sides packet by packet: each packet of the model's faces the first of the kernel's that met just the same. */
export function untangled(sides: Sides, model: Threads, kernel: Threads): Sides {
  const left = [...kernel]
  const facing = model.map(thread => {
    const at = left.findIndex(
      other =>
        other.length === thread.length &&
        thread.every((i, n) => sides.model[i] === sides.kernelLine(other[n] ?? -1, i)),
    )
    return at < 0 ? undefined : left.splice(at, 1)[0]
  })
  // What nobody has met stands where the kernel has it, so that it is shown beside what the model has there.
  const ours = model.flat()
  const theirs = facing.flatMap(thread => thread ?? left.shift() ?? []).concat(left.flat())
  return {
    model: ours.map(i => sides.model[i] ?? ''),
    kernel: theirs.length,
    kernelLine: (j, i) => sides.kernelLine(theirs[j] ?? -1, i === undefined ? undefined : ours[i]),
  }
}
