/**
 * Frames that a model says would pass a link against those that did, field by field.
 *
 * @module
 */
import { formatMac } from '../base/mac.ts'
import { changesOf } from '../packet/changes.ts'
import { isIcmpError } from '../packet/icmp-types.ts'
import { IPV6_HEADER } from '../packet/length.ts'
import { concatBytes, get16, NO_BYTES } from '../packet/octets.ts'
import { type Frame, isIcmp, isUdp, type Packet, type VxlanPacket } from '../packet/packet.ts'
import { summaryOf } from '../packet/summary.ts'
import { decodeVxlan } from '../packet/vxlan.ts'
import type { PacketPair } from './excluded.ts'
import { decodeObserved } from './observed-packet.ts'

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

export interface FramePlace {
  readonly machine: string
  readonly link: string
  /** Among the frames of the link, from 1. */
  readonly number: number
}

/** One frame at one link. */
export interface FrameDifference extends FramePlace {
  /** The frame by the model; absent: it knows of none. */
  readonly model?: string
  readonly kernel?: string
  /** Of two that stand against each other. */
  readonly fields: readonly FieldDifference[]
}

export interface FrameOptions {
  /** The UDP ports whose datagrams carry frames. */
  readonly vxlanPorts: readonly number[]
  /** Whether a field in which these packets differ says nothing. */
  readonly isExcluded: (field: string, pair: PacketPair, place: FramePlace) => boolean
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

function compareAt(
  place: FramePlace,
  model: Frame | undefined,
  kernel: Frame | undefined,
  options: FrameOptions,
): readonly FrameDifference[] {
  if (model && kernel) {
    const fields = fieldDifferences(model, kernel, { ...options, place }, '')
    return fields.length > 0 ? [{ ...place, model: wordFor(model), kernel: wordFor(kernel), fields }] : []
  }
  const one = { ...(model ? { model: wordFor(model) } : {}), ...(kernel ? { kernel: wordFor(kernel) } : {}) }
  return [{ ...place, ...one, fields: [] }]
}

function wordFor({ body }: Frame): string {
  return body.kind === 'ip' ? summaryOf(body.packet) : body.kind
}

interface Context extends FrameOptions {
  readonly place: FramePlace
}

/** @param prefix `inner.` for what is inside a tunnel */
function fieldDifferences(model: Frame, kernel: Frame, context: Context, prefix: string): readonly FieldDifference[] {
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
  return [...ends, ...packetDifferences({ model: ours.packet, kernel: theirs.packet }, context, prefix)]
}

function packetDifferences(pair: PacketPair, context: Context, prefix: string): readonly FieldDifference[] {
  const { model, kernel } = pair
  if (model.family !== kernel.family) {
    return [{ field: `${prefix}ip.version`, model: String(model.family), kernel: String(kernel.family) }]
  }
  const inside = carriedDifferences(pair, context, prefix) ?? quotedDifferences(pair, context, prefix)
  const own = changesOf(inside ? withoutData(model) : model, inside ? withoutData(kernel) : kernel)
    .map(({ field, from, to }) => ({ field: `${prefix}ip.${field}`, model: from, kernel: to }))
    .filter(one => !isExcluded(one, pair, context))
  return [...own, ...(inside ?? [])]
}

function isExcluded({ field, model, kernel }: FieldDifference, pair: PacketPair, context: Context): boolean {
  // Of IPv6 a piece's place holds its identification, too.
  const isNumbered = field.endsWith('ip.fragment') && placeIn(model) === placeIn(kernel)
  return context.isExcluded(isNumbered ? field.replace(/fragment$/, 'id') : field, pair, context.place)
}

/** `0 more` of `0 more 17`. */
function placeIn(fragment: string): string {
  return fragment.split(' ', 2).join(' ')
}

/** What is carried or quoted has been compared by itself. */
function withoutData(packet: Packet): Packet {
  const { payload } = packet
  return 'data' in payload ? { ...packet, payload: { ...payload, data: NO_BYTES } } : packet
}

function carriedDifferences(
  { model, kernel }: PacketPair,
  context: Context,
  prefix: string,
): readonly FieldDifference[] | undefined {
  const [ours, theirs] = [carriedBy(model, context), carriedBy(kernel, context)]
  if (!ours || !theirs) return undefined
  const network = { field: `${prefix}vxlan.vni`, model: String(ours.vni), kernel: String(theirs.vni) }
  return [
    ...(ours.vni === theirs.vni ? [] : [network]),
    ...fieldDifferences(ours.frame, theirs.frame, context, `${prefix}inner.`),
  ]
}

function carriedBy({ payload, fragment }: Packet, { vxlanPorts }: FrameOptions): VxlanPacket | undefined {
  if (fragment || !isUdp(payload) || !vxlanPorts.includes(payload.dport)) return undefined
  try {
    return decodeVxlan(payload.data)
  } catch {
    // Bytes that are no frame are compared as bytes.
    return undefined
  }
}

function quotedDifferences(
  { model, kernel }: PacketPair,
  context: Context,
  prefix: string,
): readonly FieldDifference[] | undefined {
  const [ours, theirs] = [quotedIn(model), quotedIn(kernel)]
  if (!ours || !theirs) return undefined
  const pair = { model: ours.packet, kernel: theirs.packet }
  const length = { field: `${prefix}quote.ip.data`, model: `${ours.length} bytes`, kernel: `${theirs.length} bytes` }
  return [
    ...(ours.length === theirs.length || isExcluded(length, pair, context) ? [] : [length]),
    ...packetDifferences(pair, context, `${prefix}quote.`),
  ]
}

/** The packet that an error is about, and how much of it is quoted. What is not is taken for zeros. */
function quotedIn({
  family,
  payload,
  fragment,
}: Packet): { readonly packet: Packet; readonly length: number } | undefined {
  if (fragment || !isIcmp(payload) || !isIcmpError(payload)) return undefined
  const { data } = payload
  try {
    const whole = family === 4 ? get16(data, 2) : IPV6_HEADER + get16(data, 4)
    const cut = new Uint8Array(Math.max(0, whole - data.length))
    return { packet: decodeObserved(concatBytes([data, cut])), length: data.length }
  } catch {
    // Not even a header: compared as bytes.
    return undefined
  }
}
