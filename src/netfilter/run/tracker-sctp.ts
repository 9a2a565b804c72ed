/**
 * SCTP, as connection tracking sees it: phases by chunks, and the verification tags of both sides.
 *
 * @see net/netfilter/nf_conntrack_proto_sctp.c of Linux: nf_conntrack_sctp_packet
 * @module
 */
import type { SctpChunk, SctpPacket } from '../../packet/packet.ts'
import { type Connection, type Direction, opposite, type SctpMemory, type SctpPhase } from './conntrack.ts'
import { type Judgement, refresh, type Timeout, type Tracking, timeoutNamed } from './tracker.ts'

/** @see RFC 9260 section 3.2 */
const CHUNK = {
  DATA: 0,
  INIT: 1,
  INIT_ACK: 2,
  HEARTBEAT: 4,
  HEARTBEAT_ACK: 5,
  ABORT: 6,
  SHUTDOWN: 7,
  SHUTDOWN_ACK: 8,
  ERROR: 9,
  COOKIE_ECHO: 10,
  COOKIE_ACK: 11,
  SHUTDOWN_COMPLETE: 14,
} as const

type From = SctpMemory['phase']

const PHASES: readonly From[] = [
  'NONE',
  'CLOSED',
  'COOKIE_WAIT',
  'COOKIE_ECHOED',
  'ESTABLISHED',
  'SHUTDOWN_SENT',
  'SHUTDOWN_RECD',
  'SHUTDOWN_ACK_SENT',
  'HEARTBEAT_SENT',
]

const SHORT: Readonly<Record<string, SctpPhase>> = {
  cl: 'CLOSED',
  cw: 'COOKIE_WAIT',
  ce: 'COOKIE_ECHOED',
  es: 'ESTABLISHED',
  ss: 'SHUTDOWN_SENT',
  sr: 'SHUTDOWN_RECD',
  sa: 'SHUTDOWN_ACK_SENT',
  hs: 'HEARTBEAT_SENT',
}

type Row = ReadonlyMap<From, SctpPhase>

/** Where each chunk leads from each phase; absent: it does not belong. @see sctp_conntracks */
// biome-ignore format: a table
const MOVES: Readonly<Record<Direction, ReadonlyMap<number, Row>>> = {
  original: new Map([
    //                             none cl cw ce es ss sr sa hs
    [CHUNK.INIT,              row('cl cl cw ce es cl cl sa cw')],
    [CHUNK.INIT_ACK,          row('cl cl cw ce es ss sr sa cl')],
    [CHUNK.ABORT,             row('cl cl cl cl cl cl cl cl cl')],
    [CHUNK.SHUTDOWN,          row('cl cl cw ce ss ss sr sa cl')],
    [CHUNK.SHUTDOWN_ACK,      row('sa cl cw ce es sa sa sa sa')],
    [CHUNK.ERROR,             row('cl cl cw ce es ss sr sa cl')],
    [CHUNK.COOKIE_ECHO,       row('cl cl ce ce es ss sr sa cl')],
    [CHUNK.COOKIE_ACK,        row('cl cl cw es es ss sr sa cl')],
    [CHUNK.SHUTDOWN_COMPLETE, row('cl cl cw ce es ss sr cl cl')],
    [CHUNK.HEARTBEAT,         row('hs cl cw ce es ss sr sa hs')],
    [CHUNK.HEARTBEAT_ACK,     row('cl cl cw ce es ss sr sa hs')],
  ]),
  reply: new Map([
    [CHUNK.INIT,              row('-- cl cw ce es ss sr sa --')],
    [CHUNK.INIT_ACK,          row('-- cw cw ce es ss sr sa --')],
    [CHUNK.ABORT,             row('-- cl cl cl cl cl cl cl --')],
    [CHUNK.SHUTDOWN,          row('-- cl cw ce sr ss sr sa --')],
    [CHUNK.SHUTDOWN_ACK,      row('-- cl cw ce es sa sa sa --')],
    [CHUNK.ERROR,             row('-- cl cw cl es ss sr sa --')],
    [CHUNK.COOKIE_ECHO,       row('-- cl ce ce es ss sr sa --')],
    [CHUNK.COOKIE_ACK,        row('-- cl cw es es ss sr sa --')],
    [CHUNK.SHUTDOWN_COMPLETE, row('-- cl cw ce es ss sr cl --')],
    [CHUNK.HEARTBEAT,         row('-- cl cw ce es ss sr sa hs')],
    [CHUNK.HEARTBEAT_ACK,     row('-- cl cw ce es ss sr sa es')],
  ]),
}

function row(text: string): Row {
  const moves = new Map<From, SctpPhase>()
  for (const [index, short] of text.split(' ').entries()) {
    const [from, to] = [PHASES[index], SHORT[short]]
    if (from && to) moves.set(from, to)
  }
  return moves
}

/** @see sctp_timeouts */
const TIMEOUTS: Readonly<Record<SctpPhase, Timeout>> = {
  CLOSED: timeoutNamed('sctp_timeout_closed', 10),
  COOKIE_WAIT: timeoutNamed('sctp_timeout_cookie_wait', 3),
  COOKIE_ECHOED: timeoutNamed('sctp_timeout_cookie_echoed', 3),
  ESTABLISHED: timeoutNamed('sctp_timeout_established', 210),
  SHUTDOWN_SENT: timeoutNamed('sctp_timeout_shutdown_sent', 3),
  SHUTDOWN_RECD: timeoutNamed('sctp_timeout_shutdown_recd', 3),
  SHUTDOWN_ACK_SENT: timeoutNamed('sctp_timeout_shutdown_ack_sent', 3),
  HEARTBEAT_SENT: timeoutNamed('sctp_timeout_heartbeat_sent', 30),
}

/** Chunks that must be alone in their packet, and those that must come first. @see do_basic_checks */
const ALONE = new Set<number>([CHUNK.INIT, CHUNK.INIT_ACK, CHUNK.SHUTDOWN_COMPLETE])
const FIRST = new Set<number>([CHUNK.COOKIE_ECHO, CHUNK.COOKIE_ACK])

/** Chunks that begin nothing. @see RFC 9260 section 8.4 */
const ENDS = new Set<number>([CHUNK.ABORT, CHUNK.SHUTDOWN_COMPLETE, CHUNK.COOKIE_ACK])

/** Chunks with a rule of their own for the tag. @see RFC 9260 section 8.5.1 */
const OWN_TAG_RULE = new Set<number>([
  CHUNK.INIT,
  CHUNK.SHUTDOWN_COMPLETE,
  CHUNK.COOKIE_ECHO,
  CHUNK.ABORT,
  CHUNK.SHUTDOWN_ACK,
  CHUNK.HEARTBEAT,
  CHUNK.HEARTBEAT_ACK,
])

/** The chunk's T bit: the sender had no tag of its own and took the other's. */
const REFLECTED = 1

/** Bytes of an INIT or INIT ACK chunk before its parameters. */
const INIT_LENGTH = 16

/** Takes note of a packet of `connection`. */
export function trackSctp(
  connection: Connection,
  packet: SctpPacket,
  direction: Direction,
  tracking: Tracking,
): Judgement {
  const { chunks, tag } = packet
  if (!isSound(chunks)) return 'invalid'
  if (!connection.confirmed && !begin(connection, packet)) return 'invalid'
  const { sctp } = connection
  if (!sctp) throw new RangeError('an SCTP connection without its memory')
  if (!chunks.some(({ type }) => OWN_TAG_RULE.has(type)) && tag !== sctp.tags[direction]) return 'invalid'
  let last: Step = { from: sctp.phase, to: sctp.phase }
  let stray = false
  for (const chunk of chunks) {
    const heard = hear(sctp, { chunk, packet, direction, stray })
    if (heard === 'invalid') return 'invalid'
    if (heard === 'stray') stray = true
    else last = heard
  }
  if (stray || last.to === 'NONE') return 'accept'
  refresh(connection, TIMEOUTS[last.to], tracking)
  if (last.from !== 'ESTABLISHED' && last.to === 'ESTABLISHED') connection.assured = true
  return 'accept'
}

/** The phase before and behind a chunk. */
interface Step {
  readonly from: From
  readonly to: From
}

function isSound(chunks: readonly SctpChunk[]): boolean {
  if (chunks.length === 0) return false
  if (chunks.length > 1 && chunks.some(({ type }) => ALONE.has(type))) return false
  return !chunks.some(({ type }, index) => index > 0 && FIRST.has(type))
}

/** Whether a packet may be a connection's first. @see sctp_new */
function begin(connection: Connection, { chunks, tag }: SctpPacket): boolean {
  if (chunks.some(({ type }) => ENDS.has(type))) return false
  const tags = { original: 0, reply: 0 }
  for (const { type, value } of chunks) {
    if (!MOVES.original.get(type)?.has('NONE')) return false
    if (type === CHUNK.INIT) {
      if (tag !== 0 || value.length < INIT_LENGTH) return false
      tags.reply = initiateTag(value)
    } else if (type === CHUNK.HEARTBEAT || type === CHUNK.HEARTBEAT_ACK) tags.original = tag
    else tags.reply = tag
  }
  connection.sctp = { phase: 'NONE', tags, began: { original: false, reply: false } }
  return true
}

function initiateTag(value: Uint8Array): number {
  const [a = 0, b = 0, c = 0, d = 0] = value
  return (a << 24) | (b << 16) | (c << 8) | d
}

interface Heard {
  readonly chunk: SctpChunk
  readonly packet: SctpPacket
  readonly direction: Direction
  /** A chunk before this one was a stray heartbeat. */
  readonly stray: boolean
}

function hear(sctp: SctpMemory, heard: Heard): Step | 'invalid' | 'stray' {
  const tagged = checkTag(sctp, heard)
  if (tagged !== 'accept') return tagged
  const from = sctp.phase
  const { chunk, direction } = heard
  const row = MOVES[direction].get(chunk.type)
  // DATA, SACK and what else there is leave the phase as it is.
  if (!row) return { from, to: from }
  const to = row.get(from)
  if (!to || !noteInit(sctp, heard)) return 'invalid'
  sctp.phase = to
  return { from, to }
}

/** Whether the packet's tag is what the chunk asks for. */
function checkTag(sctp: SctpMemory, heard: Heard): 'accept' | 'invalid' | 'stray' {
  const { chunk, packet, direction } = heard
  const { tag } = packet
  const own = sctp.tags[direction]
  switch (chunk.type) {
    case CHUNK.INIT:
      return tag === 0 ? 'accept' : 'invalid'
    case CHUNK.ABORT:
    case CHUNK.SHUTDOWN_COMPLETE:
      return tag === (chunk.flags & REFLECTED ? sctp.tags[opposite(direction)] : own) ? 'accept' : 'invalid'
    case CHUNK.COOKIE_ECHO:
      return tag === own ? 'accept' : 'invalid'
    case CHUNK.COOKIE_ACK:
      sctp.began.original = false
      sctp.began.reply = false
      return 'accept'
    case CHUNK.HEARTBEAT:
    case CHUNK.HEARTBEAT_ACK:
      return checkHeartbeat(sctp, heard)
    default:
      return 'accept'
  }
}

/** Heartbeats on another path of a multihomed association show tags that the machine never saw. */
function checkHeartbeat(sctp: SctpMemory, heard: Heard): 'accept' | 'invalid' | 'stray' {
  const { chunk, packet, direction, stray } = heard
  const { tags } = sctp
  if (tags[direction] === 0) {
    tags[direction] = packet.tag
    return 'accept'
  }
  const waiting = sctp.strayHeartbeat
  if (packet.tag === tags[direction]) {
    delete sctp.strayHeartbeat
    return 'accept'
  }
  if (stray || packet.chunks.some(({ type }) => type === CHUNK.DATA)) return 'invalid'
  if (chunk.type === CHUNK.HEARTBEAT) {
    sctp.strayHeartbeat = direction
    return 'stray'
  }
  if (waiting === undefined || waiting === direction) return 'invalid'
  delete sctp.strayHeartbeat
  tags[direction] = packet.tag
  tags[opposite(direction)] = 0
  return 'accept'
}

/** Keeps the tag that INIT and INIT ACK ask the other side to use; false: it contradicts what is known. */
function noteInit({ tags, began }: SctpMemory, { chunk: { type, value }, direction }: Heard): boolean {
  if (type !== CHUNK.INIT && type !== CHUNK.INIT_ACK) return true
  if (value.length < INIT_LENGTH) return false
  const other = opposite(direction)
  const tag = initiateTag(value)
  if (type === CHUNK.INIT) {
    if (began[direction] && began[other]) began[other] = false
    began[direction] = true
  } else {
    if (!began[other] && tags[other] !== 0 && tags[other] !== tag) return false
    if (began[direction] && began[other] && tags[other] !== tag) return false
  }
  tags[other] = tag
  return true
}
