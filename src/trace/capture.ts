/**
 * A path as a capture file: every frame at every link that it passed, request and reply, with a
 * capture interface for each link of each machine.
 *
 * @module
 */
import { encodeFrame } from '../packet/ethernet.ts'
import { type CapturedFrame, type CapturePoint, encodePcapng } from '../packet/pcapng.ts'
import type { TraceContext } from './context.ts'
import type { Exchange, Journey, Sighting, Trace, Try } from './journey.ts'

/** The shown path as pcapng. Frames bear the number of their hop as a comment. */
export function traceToCapture(trace: Trace, { shown = trace.paths[0] }: Pick<TraceContext, 'shown'>): Uint8Array {
  const seen = (shown?.exchanges ?? []).flatMap(commented)
  const names = [...new Set(seen.map(({ sighting }) => pointOf(sighting)))]
  const points = new Map(names.map((name, index) => [name, index]))
  return encodePcapng({
    interfaces: names.map((name): CapturePoint => ({ name })),
    frames: seen.map(({ sighting, comment }): CapturedFrame => {
      const { at, direction, frame } = sighting
      return {
        at: Math.round(at * MICROSECONDS),
        interface: points.get(pointOf(sighting)) ?? 0,
        bytes: encodeFrame(frame),
        direction,
        comment,
      }
    }),
    application: 'podwire',
  })
}

/** In a millisecond. */
const MICROSECONDS = 1000

/** `node-1/flannel.1`; of pods `shop/web-0/eth0`. */
function pointOf({ machine, link }: Sighting): string {
  return `${machine}/${link}`
}

interface Seen {
  readonly sighting: Sighting
  readonly comment: string
}

function commented({ tries = [], request, reply, sightings }: Exchange): readonly Seen[] {
  const comments = [
    ...tries.flatMap(one => legComments(one, 'too long ')),
    ...legComments({ request, ...(reply ? { reply } : {}) }, ''),
  ]
  return sightings.map((sighting, i) => ({ sighting, comment: comments[i] ?? '' }))
}

function legComments({ request, reply }: Try, which: string): readonly string[] {
  return [...commentsOf(request, `${which}request`), ...(reply ? commentsOf(reply, 'reply') : [])]
}

/** For each frame at a link, in the order of the journey: frames are seen in the order of its hops and steps. */
function commentsOf({ hops }: Journey, what: string): readonly string[] {
  return hops.flatMap(({ machine, steps }, hop) =>
    steps.flatMap(step => (step.component === 'link' ? `${what}, hop ${hop}: ${machine} ${VERBS[step.action]}` : [])),
  )
}

const VERBS = { receive: 'receives', transmit: 'sends' } as const
