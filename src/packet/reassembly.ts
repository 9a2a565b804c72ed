/**
 * Putting fragments together again.
 *
 * @see ip_frag_queue and ip_frag_reasm in net/ipv4/ip_fragment.c, ip6_frag_queue in
 * net/ipv6/reassembly.c, inet_frag_queue_insert in net/ipv4/inet_fragment.c of Linux
 * @module
 */
import type { Millis } from '../base/clock.ts'
import { ParseError } from '../base/error.ts'
import { equalIp, type Family } from '../base/ip.ts'
import { decodeExtensions, type FragmentHeader, lastDestination } from './ipv6-extensions.ts'
import { headerLength, IPV6_HEADER, lengthOf } from './length.ts'
import { concatBytes, NO_BYTES } from './octets.ts'
import type { Packet } from './packet.ts'
import { decodePayload, encodePayload } from './payload.ts'

/** Packets of which a machine has some pieces. Changed by the functions of this file only. */
export interface FragmentQueue {
  pending: readonly Pending[]
}

/** What is there of one packet. */
interface Pending {
  readonly since: Millis
  /** By offset; none overlaps another. */
  readonly pieces: readonly Piece[]
  /** Pieces that came one behind the other, as spans: what repeats a part of one is passed over. */
  readonly runs: readonly Span[]
  /** Bytes of the whole payload, as far as is known; final once the last piece came. */
  readonly length: number
  readonly hasLast: boolean
}

interface Span {
  readonly from: number
  /** Not included. */
  readonly to: number
}

interface Piece extends Span {
  readonly packet: Packet
  readonly fragment: FragmentHeader
  readonly bytes: Uint8Array
}

/** What became of a piece. */
export type Gathered =
  /** It was the one that was missing, or no fragment at all. */
  | { readonly kind: 'whole'; readonly packet: Packet; readonly pieces: number }
  /** So many pieces are there now, but not all. */
  | { readonly kind: 'waiting'; readonly pieces: number }
  | { readonly kind: 'dropped'; readonly why: string }

/** Why a piece is not taken, and whether those of its packet that are there go with it. */
interface Refusal {
  readonly why: string
  readonly costs: 'piece' | 'packet'
}

const OVERLAPS: Refusal = { why: 'the fragment overlaps another', costs: 'packet' }
const REPEATS: Refusal = { why: 'the fragment repeats what is there', costs: 'piece' }
const EMPTY: Refusal = { why: 'the fragment is empty', costs: 'packet' }
const UNEVEN: Refusal = { why: 'more is to follow, but the fragment is no multiple of 8 bytes', costs: 'piece' }
const CONTRADICTS: Refusal = { why: 'the fragment contradicts others about where the packet ends', costs: 'packet' }

/** How long pieces wait for the others, in ms. @see net.ipv4.ipfrag_time, net.ipv6.ip6frag_time of Linux */
const PATIENCE: Readonly<Record<Family, Millis>> = { 4: 30_000, 6: 60_000 }

const LONGEST = 0xffff

export function newFragmentQueue(): FragmentQueue {
  return { pending: [] }
}

export function copyFragments({ pending }: FragmentQueue): FragmentQueue {
  return { pending }
}

/**
 * Adds a piece to those that wait, and gives the whole packet if it is complete now.
 *
 * A piece that overlaps others, or contradicts them about the end, costs the packet: all of its
 * pieces are forgotten. One that repeats what is there is dropped by itself.
 */
export function gatherFragment(queue: FragmentQueue, packet: Packet, now: Millis): Gathered {
  const piece = pieceOf(packet)
  if (!piece) return { kind: 'whole', packet, pieces: 1 }
  const fresh = queue.pending.filter(waiting => !isExpired(waiting, now))
  const found = fresh.find(({ pieces: [first] }) => first !== undefined && belongTogether(first, piece))
  const others = fresh.filter(waiting => waiting !== found)
  const next = insert(found ?? { since: now, pieces: [], runs: [], length: 0, hasLast: false }, piece)
  if ('why' in next) {
    queue.pending = next.costs === 'piece' ? fresh : others
    return { kind: 'dropped', why: next.why }
  }
  const complete = isComplete(next)
  queue.pending = complete ? others : [...others, next]
  if (complete) return joined(next)
  return { kind: 'waiting', pieces: next.pieces.length }
}

/**
 * Forgets packets that stayed incomplete for too long.
 *
 * @returns the first piece of each of which it came: those that the sender is told of
 */
export function expireFragments(queue: FragmentQueue, now: Millis): readonly Packet[] {
  const expired = queue.pending.filter(waiting => isExpired(waiting, now))
  if (expired.length === 0) return []
  queue.pending = queue.pending.filter(waiting => !isExpired(waiting, now))
  return expired.flatMap(({ pieces: [first] }) => (first?.from === 0 ? [first.packet] : []))
}

/** The packet that was split into these pieces, in any order; nothing when they are not one whole packet. */
export function reassemble(pieces: readonly Packet[]): Packet | undefined {
  const queue = newFragmentQueue()
  for (const piece of pieces) {
    const gathered = gatherFragment(queue, piece, 0)
    if (gathered.kind === 'whole') return gathered.packet
  }
  return undefined
}

function isExpired({ since, pieces: [first] }: Pending, now: Millis): boolean {
  return first !== undefined && now - since >= PATIENCE[first.packet.family]
}

function pieceOf(packet: Packet): Piece | undefined {
  const { fragment, payload, src, dst } = packet
  if (!fragment) return undefined
  const all = encodePayload(payload, src, dst)
  // IPv4 cuts what is behind the last multiple of eight, if more is to follow.
  const bytes = fragment.more && packet.family === 4 ? all.subarray(0, all.length & ~7) : all
  return { packet, fragment, bytes, from: fragment.offset, to: fragment.offset + bytes.length }
}

/** @see RFC 791 section 3.2, RFC 8200 section 4.5: the protocol tells IPv4's packets apart, not IPv6's */
function belongTogether(a: Piece, b: Piece): boolean {
  const [one, other] = [a.packet, b.packet]
  if (one.family !== other.family || !equalIp(one.src, other.src) || !equalIp(one.dst, other.dst)) return false
  if (one.family === 6) return (a.fragment.id ?? 0) === (b.fragment.id ?? 0)
  return one.id === other.id && one.payload.protocol === other.payload.protocol
}

/** The pieces with one more. */
function insert(waiting: Pending, piece: Piece): Pending | Refusal {
  const { fragment, from, to, packet } = piece
  if (packet.family === 6 && fragment.more && (to - from) % 8 !== 0) return UNEVEN
  const length = Math.max(waiting.length, to)
  const contradicts = fragment.more ? waiting.hasLast && to > waiting.length : to < waiting.length
  if (contradicts || (!fragment.more && waiting.hasLast && to !== waiting.length)) return CONTRADICTS
  if (from === to) return EMPTY
  const runs = insertRun(waiting, piece)
  if ('why' in runs) return runs
  return {
    since: waiting.since,
    pieces: [...waiting.pieces, piece].sort((a, b) => a.from - b.from),
    runs,
    length,
    hasLast: waiting.hasLast || !fragment.more,
  }
}

function insertRun({ runs, pieces }: Pending, { from, to }: Span): readonly Span[] | Refusal {
  const end = pieces.at(-1)?.to ?? 0
  const last = runs.at(-1)
  if (last && to > end) {
    if (from < end) return OVERLAPS
    return from === end ? [...runs.slice(0, -1), { from: last.from, to }] : [...runs, { from, to }]
  }
  const touched = runs.find(run => from < run.to && to > run.from)
  if (touched) return from >= touched.from && to <= touched.to ? REPEATS : OVERLAPS
  return [...runs, { from, to }].sort((a, b) => a.from - b.from)
}

function isComplete({ pieces, length, hasLast }: Pending): boolean {
  return hasLast && pieces.reduce((sum, { bytes }) => sum + bytes.length, 0) === length
}

/** The header is that of the first piece. */
function joined({ pieces }: Pending): Gathered {
  const [first] = pieces
  if (!first) throw new RangeError('no pieces')
  const ecn = joinEcn(pieces)
  if (ecn === undefined) return { kind: 'dropped', why: 'the fragments contradict each other about congestion (ECN)' }
  const { fragment: _, ...header } = first.packet
  const bytes = concatBytes(pieces.map(piece => piece.bytes))
  if (headerLength(header) + bytes.length > LONGEST + (header.family === 4 ? 0 : IPV6_HEADER)) {
    return { kind: 'dropped', why: 'the whole packet is too long' }
  }
  try {
    const whole = header.family === 4 ? wholeIpv4(header, bytes, pieces) : wholeIpv6(header, bytes)
    return { kind: 'whole', packet: { ...whole, tos: header.tos | ecn }, pieces: pieces.length }
  } catch (cause) {
    if (cause instanceof ParseError) return { kind: 'dropped', why: cause.message }
    throw cause
  }
}

/** "Don't fragment" comes back if the longest piece had it. */
function wholeIpv4(header: Packet, bytes: Uint8Array, pieces: readonly Piece[]): Packet {
  const longest = Math.max(...pieces.map(({ packet }) => lengthOf(packet)))
  const df = pieces.some(({ packet }) => packet.df && lengthOf(packet) === longest)
  return { ...header, df, payload: decodePayload(bytes, header.payload.protocol, header.src, header.dst) }
}

/** Extension headers that were among the pieces' bytes stand behind those that each piece had. */
function wholeIpv6(header: Packet, bytes: Uint8Array): Packet {
  const { options: behind = NO_BYTES, fragment, protocol, at } = decodeExtensions(bytes, 0, header.payload.protocol)
  const options = concatBytes([header.options ?? NO_BYTES, behind])
  const body = bytes.subarray(at)
  const payload = fragment
    ? { protocol, raw: body.slice() }
    : decodePayload(body, protocol, header.src, lastDestination(options, header.dst))
  return { ...header, ...(fragment ? { fragment } : {}), ...(options.length > 0 ? { options } : {}), payload }
}

const CE = 3

/** What the whole says of congestion; nothing where the pieces cannot be of one packet. @see ip_frag_ecn_table of Linux */
function joinEcn(pieces: readonly Piece[]): number | undefined {
  const seen = new Set(pieces.map(({ packet }) => packet.tos & 3))
  if (seen.size === 1) return 0
  if (seen.has(0)) return undefined
  return seen.has(CE) ? CE : 0
}
