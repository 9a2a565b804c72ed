/**
 * TCP, as connection tracking sees it: phases by the flags of segments, not the streams inside.
 *
 * Sequence windows are not tracked. The packets of a trace are made one by one, in order, inside
 * both sides' windows, so that the kernel's window checks would pass each of them; what is kept of
 * sequence numbers serves resets, reopened connections and unacknowledged data. Nor are
 * retransmissions and zero windows counted, which shorten a connection's time.
 *
 * @see net/netfilter/nf_conntrack_proto_tcp.c of Linux: nf_conntrack_tcp_packet
 * @module
 */
import { TCP_FLAG, type TcpSegment } from '../../packet/packet.ts'
import {
  type Connection,
  type Direction,
  opposite,
  type TcpKind,
  type TcpMemory,
  type TcpPhase,
  type TcpSide,
} from './conntrack.ts'
import { type Judgement, refresh, secondsOf, type Timeout, type Tracking, timeoutNamed } from './tracker.ts'

/** The next phase; `ignore`: let the segment through and stay; `invalid`: it does not belong. */
type Move = TcpPhase | 'ignore' | 'invalid'

type Phase = TcpMemory['phase']

const PHASES: readonly Phase[] = [
  'NONE',
  'SYN_SENT',
  'SYN_RECV',
  'ESTABLISHED',
  'FIN_WAIT',
  'CLOSE_WAIT',
  'LAST_ACK',
  'TIME_WAIT',
  'CLOSE',
  'SYN_SENT2',
]

const SHORT: Readonly<Record<string, Move>> = {
  ss: 'SYN_SENT',
  sr: 'SYN_RECV',
  es: 'ESTABLISHED',
  fw: 'FIN_WAIT',
  cw: 'CLOSE_WAIT',
  la: 'LAST_ACK',
  tw: 'TIME_WAIT',
  cl: 'CLOSE',
  s2: 'SYN_SENT2',
  ig: 'ignore',
  '--': 'invalid',
}

/** Where each kind of segment leads from each phase. @see tcp_conntracks */
// biome-ignore format: a table
const MOVES: Readonly<Record<Direction, Readonly<Record<TcpKind, ReadonlyMap<Phase, Move>>>>> = {
  original: {
    //           none ss sr es fw cw la tw cl s2
    syn:    row('ss ss ig ig ig ig ig ss ss s2'),
    synack: row('-- -- sr -- -- -- -- -- -- sr'),
    fin:    row('-- -- fw fw la la la tw cl --'),
    ack:    row('es -- es es cw cw tw tw cl --'),
    rst:    row('-- cl cl cl cl cl cl cl cl cl'),
    none:   row('-- -- -- -- -- -- -- -- -- --'),
  },
  reply: {
    syn:    row('-- s2 -- -- -- -- -- ss -- s2'),
    synack: row('-- sr ig ig ig ig ig ig ig sr'),
    fin:    row('-- -- fw fw la la la tw cl --'),
    ack:    row('-- ig sr es cw cw tw tw cl ig'),
    rst:    row('-- cl cl cl cl cl cl cl cl cl'),
    none:   row('-- -- -- -- -- -- -- -- -- --'),
  },
}

function row(text: string): ReadonlyMap<Phase, Move> {
  return new Map(text.split(' ').map((short, index) => [PHASES[index] ?? 'NONE', SHORT[short] ?? 'invalid']))
}

/** @see tcp_timeouts */
const TIMEOUTS: Readonly<Record<TcpPhase, Timeout>> = {
  SYN_SENT: timeoutNamed('tcp_timeout_syn_sent', 120),
  SYN_RECV: timeoutNamed('tcp_timeout_syn_recv', 60),
  ESTABLISHED: timeoutNamed('tcp_timeout_established', 432_000),
  FIN_WAIT: timeoutNamed('tcp_timeout_fin_wait', 120),
  CLOSE_WAIT: timeoutNamed('tcp_timeout_close_wait', 60),
  LAST_ACK: timeoutNamed('tcp_timeout_last_ack', 30),
  TIME_WAIT: timeoutNamed('tcp_timeout_time_wait', 120),
  CLOSE: timeoutNamed('tcp_timeout_close', 10),
  // The kernel has no setting of its own for it.
  SYN_SENT2: timeoutNamed('tcp_timeout_syn_sent', 120),
}
const UNACKNOWLEDGED = timeoutNamed('tcp_timeout_unacknowledged', 300)

const { FIN, SYN, RST, ACK, URG } = TCP_FLAG

/** Flags that may stand together, without ECE, CWR and PSH, which always may. @see tcp_valid_flags */
const SOUND = new Set([SYN, SYN | URG, SYN | ACK, RST, RST | ACK, FIN | ACK, FIN | ACK | URG, ACK, ACK | URG])

function kindOf(flags: number): TcpKind {
  if (flags & RST) return 'rst'
  if (flags & SYN) return flags & ACK ? 'synack' : 'syn'
  if (flags & FIN) return 'fin'
  return flags & ACK ? 'ack' : 'none'
}

/** A segment with what its tracker looks at again and again. */
interface Seen {
  readonly segment: TcpSegment
  readonly kind: TcpKind
  readonly direction: Direction
  readonly end: number
}

/** Takes note of a segment of `connection`. */
export function trackTcp(
  connection: Connection,
  segment: TcpSegment,
  direction: Direction,
  tracking: Tracking,
): Judgement {
  if (!SOUND.has(segment.flags & (FIN | SYN | RST | ACK | URG))) return 'invalid'
  const seen = { segment, kind: kindOf(segment.flags), direction, end: endOf(segment) }
  if (!connection.confirmed && !begin(connection, seen, tracking)) return 'invalid'
  const { tcp } = connection
  if (!tcp) throw new RangeError('a TCP connection without its memory')
  const { phase } = tcp
  const move = MOVES[direction][seen.kind].get(phase) ?? 'invalid'
  if (move === 'invalid') return 'invalid'
  if (move === 'SYN_SENT' && (phase === 'TIME_WAIT' || phase === 'CLOSE')) {
    return isReopened(tcp, direction) ? 'again' : overlook(connection, tcp, seen, tracking)
  }
  if (move === 'ignore') return overlook(connection, tcp, seen, tracking)
  if (move === 'TIME_WAIT' && isChallengeAck(tcp, seen)) {
    tcp.challenged = false
    return 'accept'
  }
  if (seen.kind === 'rst') return reset(connection, tcp, seen, tracking)
  if (move === 'SYN_SENT2') tcp.simultaneousOpen = true
  const answered = move === 'SYN_RECV' && direction === 'reply' && seen.kind === 'ack' && tcp.simultaneousOpen
  return advance(connection, tcp, answered ? 'ESTABLISHED' : move, seen, tracking)
}

/** Whether a segment may be a connection's first. @see tcp_new */
function begin(connection: Connection, { kind, end }: Seen, { sysctl }: Tracking): boolean {
  const move = MOVES.original[kind].get('NONE')
  if (move === 'invalid') return false
  // A connection of which the beginning was missed is picked up, unless that is switched off.
  if (move !== 'SYN_SENT' && sysctl('net.netfilter.nf_conntrack_tcp_loose') === '0') return false
  connection.tcp = {
    phase: 'NONE',
    lastKind: 'none',
    lastDirection: 'original',
    lastEnd: 0,
    original: { end, waiting: false, closed: false },
    reply: { waiting: false, closed: false },
    simultaneousOpen: false,
    challenged: false,
  }
  return true
}

/** The sequence number behind a segment; SYN and FIN count as one byte each. */
function endOf({ seq, data, flags }: TcpSegment): number {
  return (seq + data.length + (flags & SYN ? 1 : 0) + (flags & FIN ? 1 : 0)) | 0
}

/** Whether `a` comes before `b` in sequence space. @see RFC 9293 section 3.4 */
function isBefore(a: number, b: number): boolean {
  return ((a - b) | 0) < 0
}

function isReopened(tcp: TcpMemory, direction: Direction): boolean {
  if (tcp.original.closed || tcp.reply.closed) return true
  return tcp.lastDirection === direction && tcp.lastKind === 'rst'
}

/** A bare ACK that answers a stray SYN must not be taken for that of the last FIN. */
function isChallengeAck(tcp: TcpMemory, { kind, direction }: Seen): boolean {
  return (
    tcp.phase === 'LAST_ACK' &&
    kind === 'ack' &&
    tcp.lastDirection !== direction &&
    tcp.lastKind === 'syn' &&
    tcp.challenged
  )
}

/**
 * Lets a segment through that does not fit what is known, for the two ends may know better: what
 * they answer will tell.
 */
function overlook(connection: Connection, tcp: TcpMemory, seen: Seen, tracking: Tracking): Judgement {
  const { kind, direction, end, segment } = seen
  if (kind === 'synack' && tcp.lastKind === 'syn' && tcp.lastDirection !== direction && segment.ack === tcp.lastEnd) {
    tcp[opposite(direction)].end = tcp.lastEnd
    tcp.challenged = false
    forget(tcp[direction])
    return advance(connection, tcp, 'SYN_RECV', seen, tracking)
  }
  tcp.lastKind = kind
  tcp.lastDirection = direction
  tcp.lastEnd = end
  if (kind === 'syn' && direction === 'original') tcp.challenged = true
  return 'accept'
}

function forget(side: TcpSide): void {
  delete side.end
  delete side.acknowledged
  side.waiting = false
  side.closed = false
}

/** Phases in which a connection is closing: its tuple may be in use again already. @see tcp_can_early_drop */
const CLOSING: ReadonlySet<Phase> = new Set(['FIN_WAIT', 'CLOSE_WAIT', 'LAST_ACK', 'TIME_WAIT', 'CLOSE'])

/** A reset counts if its number is what the other side waits for. @see RFC 5961 section 3 */
function reset(connection: Connection, tcp: TcpMemory, seen: Seen, tracking: Tracking): Judgement {
  const { phase } = tcp
  const { direction } = seen
  const { seq } = seen.segment
  const expected = tcp[opposite(direction)].acknowledged
  if (CLOSING.has(phase) || expected === undefined || tcp.lastKind === 'syn') {
    return advance(connection, tcp, 'CLOSE', seen, tracking)
  }
  const established = phase === 'ESTABLISHED' && connection.assured
  if (seq === 0 && !established) return advance(connection, tcp, 'CLOSE', seen, tracking)
  if (isBefore(seq, expected) && !isSet(tracking.sysctl('net.netfilter.nf_conntrack_tcp_ignore_invalid_rst'))) {
    return 'invalid'
  }
  const follows = tcp.lastKind === 'ack' && tcp.lastDirection === direction && seq === tcp.lastEnd
  const exact = !established || seq === expected || follows
  return advance(connection, tcp, exact ? 'CLOSE' : 'ESTABLISHED', seen, tracking)
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '0'
}

/** Brings the connection to `phase` by a segment that counts. */
function advance(connection: Connection, tcp: TcpMemory, phase: TcpPhase, seen: Seen, tracking: Tracking): Judgement {
  const before = tcp.phase
  const { kind, direction } = seen
  noteNumbers(tcp, seen)
  tcp.lastKind = kind
  tcp.lastDirection = direction
  tcp.phase = phase
  if (before !== phase && phase === 'FIN_WAIT') tcp[direction].closed = true
  let timeout = kind === 'rst' ? TIMEOUTS.CLOSE : TIMEOUTS[phase]
  if (kind !== 'rst' && (tcp.original.waiting || tcp.reply.waiting)) timeout = shorter(timeout, tracking)
  if (!connection.seenReply) {
    // `seenReply` is set behind the tracker, so this covers a reset that is the only answer.
    if (kind === 'rst') return 'over'
    // A client that keeps asking in vain must not keep the entry, and its NAT, alive.
    if (kind === 'syn' && before === 'SYN_SENT') return 'accept'
    if (phase === 'ESTABLISHED') timeout = shorter(timeout, tracking)
  } else if (phase === 'ESTABLISHED' && (before === 'SYN_RECV' || before === 'ESTABLISHED')) {
    connection.assured = true
  }
  refresh(connection, timeout, tracking)
  return 'accept'
}

function shorter(timeout: Timeout, { sysctl }: Tracking): Timeout {
  return secondsOf(UNACKNOWLEDGED, sysctl) < secondsOf(timeout, sysctl) ? UNACKNOWLEDGED : timeout
}

/** Keeps what later segments are compared with. @see tcp_in_window */
function noteNumbers(tcp: TcpMemory, { segment, kind, direction, end }: Seen): void {
  const { phase } = tcp
  const sender = tcp[direction]
  const receiver = tcp[opposite(direction)]
  const anew = kind === 'syn' || kind === 'synack' ? phase === 'SYN_SENT' || phase === 'SYN_RECV' : false
  if (sender.end === undefined || (anew && isBefore(sender.end, end))) {
    sender.end = end
    sender.waiting = false
  } else if (isBefore(sender.end, end) && !(kind === 'rst' && segment.seq === 0)) {
    sender.end = end
    sender.waiting = true
  }
  if (segment.flags & ACK) {
    const { ack } = segment
    if (sender.acknowledged === undefined || isBefore(sender.acknowledged, ack)) sender.acknowledged = ack
    if (receiver.end === undefined) receiver.end = ack
    if (ack === receiver.end) receiver.waiting = false
  }
  if (kind === 'ack') tcp.lastEnd = end
}

/** Takes note that this machine has reset the connection. @see nf_conntrack_tcp_set_closing */
export function closeTcp(connection: Connection, tracking: Tracking): void {
  const { tcp } = connection
  if (!tcp || tcp.phase === 'CLOSE') return
  tcp.phase = 'CLOSE'
  refresh(connection, TIMEOUTS.CLOSE, tracking)
}
