/**
 * Frames of a flow by the model and by the kernel, link by link, and in what they differ.
 *
 * @module
 */
import { equalMac, type Mac } from '../base/mac.ts'
import { encodeFrame } from '../packet/ethernet.ts'
import type { Frame } from '../packet/packet.ts'
import type { Exchange, Flow } from '../trace/journey.ts'
import { LOOPBACK_LINK, POD_LINK } from '../trace/machines.ts'
import { macOfDevice } from '../trace/station.ts'
import type { Difference, FrameSights, Judgement, SeenFrame } from './agreement.ts'
import { type BridgedFrame, bridgedFrames } from './bridged-frames.ts'
import { labNames, NOTHING } from './compare.ts'
import { compareFrames, type FrameDifference, type FrameOptions, type FramePlace } from './compare-frames.ts'
import { portWords } from './drawn-ports.ts'
import { isExcludedField, isExcludedPacket } from './excluded.ts'
import { type Leg, legsOf } from './expected.ts'
import { isOfFence } from './fence-packet.ts'
import type { PassedFrame } from './frame-watch.ts'
import { decodeObservedFrame } from './observed-frame.ts'
import { OUTSIDE } from './underlay.ts'

/**
 * The judgement with what passed the links: where frames differ, the kernel took none of the model's ways.
 *
 * @param passed of the flow, whose packet was sent as the model's own bytes
 * @param tunnels UDP ports of VXLAN
 */
export function withFrames(
  judgement: Judgement,
  passed: readonly PassedFrame[],
  tunnels: readonly number[],
): Judgement {
  const kernel = passed.map(one => watched(one, tunnels)).filter(({ frame }) => !isFence(frame))
  const { taken, nearest, ...rest } = judgement
  const told = taken ?? nearest
  const model = told ? expectedFrames(judgement.flow, told.exchange, labNames(judgement.observation)) : []
  const frames: FrameSights = { model: model.map(seenFrame), kernel, compared: model.length }
  const found = told ? differencesOf(judgement, told.exchange, model, kernel, tunnels) : []
  if (!told || found.length === 0) return { ...judgement, frames }
  return { ...rest, nearest: told, differences: [...judgement.differences, ...found], frames }
}

interface ExpectedFrame {
  readonly at: number
  readonly leg: Leg
  readonly machine: string
  readonly link: string
  readonly direction: 'in' | 'out'
  readonly frame: Frame
}

/** The frames of all journeys, a microsecond apart. */
export function expectedFrames(
  { at }: Pick<Flow, 'at'>,
  exchange: Exchange,
  nameOf: (machine: string) => string,
): readonly ExpectedFrame[] {
  const passages = legsOf(exchange).flatMap(({ leg, journey }) =>
    journey.hops.flatMap(({ machine, steps }) =>
      steps.flatMap(step => {
        if (step.component !== 'link') return []
        const direction = step.action === 'receive' ? ('in' as const) : ('out' as const)
        return [{ leg, machine, link: step.link, direction, frame: step.frame }]
      }),
    ),
  )
  const strangers = new Set(passages.map(({ machine }) => machine).filter(machine => nameOf(machine) !== machine))
  const macs = [...strangers].map(machine => macOfDevice(machine, POD_LINK))
  return (
    passages
      // A capture of the loopback device shows each packet once, as it comes back.
      .filter(({ link, direction }) => link !== LOOPBACK_LINK || direction === 'in')
      .map((one, i) => ({
        ...one,
        at: Math.round(at * MICROSECONDS) + i,
        machine: nameOf(one.machine),
        frame: ofOutside(one.frame, macs),
      }))
  )
}

/** In a millisecond. */
const MICROSECONDS = 1000

/** Clients outside are one machine in a lab, whatever address they have: it has one MAC. */
function ofOutside(frame: Frame, strangers: readonly Mac[]): Frame {
  const macOf = (mac: Mac) => (strangers.some(one => equalMac(one, mac)) ? macOfDevice(OUTSIDE, POD_LINK) : mac)
  return { ...frame, src: macOf(frame.src), dst: macOf(frame.dst) }
}

function seenFrame({ at, machine, link, direction, frame }: ExpectedFrame): SeenFrame {
  return { at, machine, link, direction, bytes: encodeFrame(frame) }
}

interface WatchedFrame extends PassedFrame {
  readonly frame: Frame
  readonly flaw?: string
}

function watched(passed: PassedFrame, tunnels: readonly number[]): WatchedFrame {
  return { ...passed, ...decodeObservedFrame(passed.bytes, tunnels) }
}

function isFence({ body }: Frame): boolean {
  return body.kind === 'ip' && isOfFence(body.packet)
}

function differencesOf(
  { flow, observation }: Judgement,
  exchange: Exchange,
  model: readonly ExpectedFrame[],
  passed: readonly WatchedFrame[],
  tunnels: readonly number[],
): readonly Difference[] {
  const context = { tunnels: new Set(tunnels), sent: flow.packet }
  const words = portWords(exchange, observation.machines, labNames(observation))
  const told = passed.filter(
    ({ frame: { body } }) => body.kind === 'raw' || (body.kind === 'ip' && !isExcludedPacket(body.packet, context)),
  )
  const kernel = withoutBridged(told, bridgedFrames(exchange), {
    vxlanPorts: tunnels,
    isExcluded: (field, pair) => isExcludedField(field, pair, { tunnels: context.tunnels, words }),
  })
  const [ours, theirs] = [byLink(model), byLink(kernel)]
  const options: FrameOptions = {
    vxlanPorts: tunnels,
    isExcluded: (field, pair, place) => {
      const leg = ours.at(place)?.leg
      // What an error quotes on its way back is the request.
      const exact = leg === 'request' || leg === 'try' || (leg === 'reply' && field.includes('quote.'))
      const computed = theirs.at(place)?.computes === true
      return isExcludedField(field, pair, { tunnels: context.tunnels, words, exact, computed })
    },
  }
  return [
    ...compareFrames(ours.links, theirs.links, options).map(differenceOf),
    ...theirs.places.flatMap(place => flawOf(place, theirs.at(place))),
  ]
}

/** See `neighbours` in `excluded.ts`. */
function withoutBridged(
  kernel: readonly WatchedFrame[],
  bridged: readonly BridgedFrame[],
  options: FrameOptions,
): readonly WatchedFrame[] {
  const open = [...bridged]
  return kernel.filter(({ machine, link, frame }) => {
    const seen = [{ machine, link, frames: [frame] }]
    const at = open.findIndex(({ packet, src, dst = frame.dst, ...place }) => {
      const expected: Frame = { src, dst, body: { kind: 'ip', packet } }
      return compareFrames([{ ...place, frames: [expected] }], seen, options).length === 0
    })
    if (at >= 0) open.splice(at, 1)
    return at < 0
  })
}

interface AtLink {
  readonly machine: string
  readonly link: string
  readonly frame: Frame
}

/** Frames by the link that they passed. */
function byLink<T extends AtLink>(all: readonly T[]) {
  const links = new Map<string, T[]>()
  for (const one of all) {
    const key = `${one.machine} ${one.link}`
    links.set(key, [...(links.get(key) ?? []), one])
  }
  const places = [...links.values()].flatMap(own =>
    own.map(({ machine, link }, i): FramePlace => ({ machine, link, number: i + 1 })),
  )
  return {
    links: [...links.values()].flatMap(own => {
      const [first] = own
      return first ? [{ machine: first.machine, link: first.link, frames: own.map(({ frame }) => frame) }] : []
    }),
    places,
    at: ({ machine, link, number }: FramePlace): T | undefined => links.get(`${machine} ${link}`)?.[number - 1],
  }
}

function differenceOf({ model, kernel, fields, ...place }: FrameDifference): Difference {
  const where = placeText(place)
  if (fields.length === 0) return { what: 'frame', where, model: model ?? NOTHING, kernel: kernel ?? NOTHING }
  const told = (side: 'model' | 'kernel') => fields.map(one => `${one.field} ${one[side]}`).join(', ')
  return { what: 'frame', where, model: told('model'), kernel: told('kernel') }
}

/** `node-1 flannel.1 frame 2` */
function placeText({ machine, link, number }: FramePlace): string {
  return `${machine} ${link} frame ${number}`
}

/** A frame whose checksums were computed has right ones, and the lengths that it says. */
function flawOf(place: FramePlace, seen: WatchedFrame | undefined): readonly Difference[] {
  if (!seen?.computes || seen.flaw === undefined) return []
  return [{ what: 'frame', where: placeText(place), model: 'without flaw', kernel: seen.flaw }]
}
