/**
 * Frames that a model says would pass a link against those that did, field by field.
 *
 * @module
 */
import { formatMac } from '../base/mac.ts'
import { changesOf } from '../packet/changes.ts'
import { type Frame, isUdp, type Packet } from '../packet/packet.ts'
import { summaryOf } from '../packet/summary.ts'
import { decodeVxlan } from '../packet/vxlan.ts'

/** A link of a machine, and what passed it, in order. */
export interface LinkFrames {
  readonly machine: string
  readonly link: string
  readonly frames: readonly Frame[]
}

/** A field on which two frames differ: `ip.ttl`, `inner.eth.dst`. */
export interface FieldDifference {
  readonly field: string
  readonly model: string
  readonly kernel: string
}

/** One frame at one link. */
export interface FrameDifference {
  readonly machine: string
  readonly link: string
  /** Its place among the frames of the link, from 1. */
  readonly number: number
  /** The frame by the model; absent: it knows of none. */
  readonly model?: string
  readonly kernel?: string
  /** Of two that stand against each other. */
  readonly fields: readonly FieldDifference[]
}

export interface FrameOptions {
  /** The UDP ports whose datagrams carry frames. */
  readonly vxlanPorts: readonly number[]
  /** Whether a field of this kind of packet is drawn by the kernel, and says nothing. */
  readonly isExcluded: (field: string, kernel: Packet) => boolean
}

/** Every frame that has no like on the other side, and every field that differs between two that stand at one place. */
export function compareFrames(
  model: readonly LinkFrames[],
  kernel: readonly LinkFrames[],
  options: FrameOptions,
): readonly FrameDifference[] {
  const keyOf = ({ machine, link }: LinkFrames) => `${machine} ${link}`
  const seen = new Map(kernel.map(one => [keyOf(one), one]))
  const said = new Map(model.map(one => [keyOf(one), one]))
  const links = new Map([...model, ...kernel].map(one => [keyOf(one), one]))
  return [...links].flatMap(([key, { machine, link }]) => {
    const [ours, theirs] = [said.get(key)?.frames ?? [], seen.get(key)?.frames ?? []]
    return Array.from({ length: Math.max(ours.length, theirs.length) }, (_, i) => i).flatMap(i =>
      compareAt({ machine, link, number: i + 1 }, ours[i], theirs[i], options),
    )
  })
}

type Place = Pick<FrameDifference, 'machine' | 'link' | 'number'>

function compareAt(
  place: Place,
  model: Frame | undefined,
  kernel: Frame | undefined,
  options: FrameOptions,
): readonly FrameDifference[] {
  if (model && kernel) {
    const fields = fieldDifferences(model, kernel, options, '')
    return fields.length > 0 ? [{ ...place, model: wordFor(model), kernel: wordFor(kernel), fields }] : []
  }
  const one = { ...(model ? { model: wordFor(model) } : {}), ...(kernel ? { kernel: wordFor(kernel) } : {}) }
  return [{ ...place, ...one, fields: [] }]
}

function wordFor({ body }: Frame): string {
  return body.kind === 'ip' ? summaryOf(body.packet) : body.kind
}

/** @param prefix `inner.` for what is inside a tunnel */
function fieldDifferences(
  model: Frame,
  kernel: Frame,
  options: FrameOptions,
  prefix: string,
): readonly FieldDifference[] {
  const ends = (['src', 'dst'] as const).flatMap(end => {
    const [ours, theirs] = [formatMac(model[end]), formatMac(kernel[end])]
    return ours === theirs ? [] : [{ field: `${prefix}eth.${end}`, model: ours, kernel: theirs }]
  })
  const [ours, theirs] = [model.body, kernel.body]
  if (ours.kind !== 'ip' || theirs.kind !== 'ip') {
    return ours.kind === theirs.kind
      ? ends
      : [...ends, { field: `${prefix}eth.type`, model: ours.kind, kernel: theirs.kind }]
  }
  return [...ends, ...packetDifferences(ours.packet, theirs.packet, options, prefix)]
}

function packetDifferences(
  model: Packet,
  kernel: Packet,
  options: FrameOptions,
  prefix: string,
): readonly FieldDifference[] {
  if (model.family !== kernel.family) {
    return [{ field: `${prefix}ip.version`, model: String(model.family), kernel: String(kernel.family) }]
  }
  const [ours, theirs] = [carriedBy(model, options), carriedBy(kernel, options)]
  const inner = ours && theirs ? fieldDifferences(ours, theirs, options, `${prefix}inner.`) : undefined
  const own = changesOf(model, kernel)
    .filter(({ field }) => !(inner && field === 'data'))
    .map(({ field, from, to }) => ({ field: `${prefix}ip.${field}`, model: from, kernel: to }))
    .filter(({ field }) => !options.isExcluded(field, kernel))
  return [...own, ...(inner ?? [])]
}

function carriedBy({ payload, fragment }: Packet, { vxlanPorts }: FrameOptions): Frame | undefined {
  if (fragment || !isUdp(payload) || !vxlanPorts.includes(payload.dport)) return undefined
  try {
    return decodeVxlan(payload.data).frame
  } catch {
    // Bytes that are no frame are compared as bytes.
    return undefined
  }
}
