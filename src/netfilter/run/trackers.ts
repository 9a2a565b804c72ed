/**
 * The trackers of all protocols: those that are a few lines, and the way to the others.
 *
 * @see net/netfilter/nf_conntrack_core.c of Linux: nf_conntrack_handle_packet
 * @module
 */
import type { Millis } from '../../base/clock.ts'
import { ICMP, ICMPV6, type Protocol } from '../../base/protocol.ts'
import { isIcmp, isSctp, isTcp, isUdp, type Packet } from '../../packet/packet.ts'
import type { Connection, Direction } from './conntrack.ts'
import { type Judgement, refresh, type Tracking, timeoutNamed } from './tracker.ts'
import { trackSctp } from './tracker-sctp.ts'
import { trackTcp } from './tracker-tcp.ts'

const GRE: Protocol = 47

const UDP_TIMEOUT = timeoutNamed('udp_timeout', 30)
const UDP_STREAM_TIMEOUT = timeoutNamed('udp_timeout_stream', 120)
const GRE_TIMEOUT = timeoutNamed('gre_timeout', 30)
const GRE_STREAM_TIMEOUT = timeoutNamed('gre_timeout_stream', 180)
const GENERIC_TIMEOUT = timeoutNamed('generic_timeout', 600)
const ICMP_TIMEOUTS = { 4: timeoutNamed('icmp_timeout', 30), 6: timeoutNamed('icmpv6_timeout', 30) }

/** How long both directions must be seen before UDP counts as a stream. */
const STREAM_AFTER: Millis = 2000

/**
 * Types of ICMP that may begin a connection: echo, timestamp, information and address mask
 * requests; in ICMPv6, echo requests and node information queries.
 *
 * @see net/netfilter/nf_conntrack_proto_icmp.c, nf_conntrack_proto_icmpv6.c of Linux: valid_new
 */
const QUESTIONS = { 4: new Set([8, 13, 15, 17]), 6: new Set([128, 139]) }

/** Judges a packet of `connection`, which is new when it is not confirmed, and takes note of it there. */
export function trackPacket(
  connection: Connection,
  packet: Packet,
  direction: Direction,
  tracking: Tracking,
): Judgement {
  const { payload } = packet
  if (isTcp(payload)) return trackTcp(connection, payload, direction, tracking)
  if (isSctp(payload)) return trackSctp(connection, payload, direction, tracking)
  if (isUdp(payload)) trackUdp(connection, tracking)
  else if (isIcmp(payload)) return trackIcmp(connection, packet, tracking)
  else if (payload.protocol === GRE) trackGre(connection, tracking)
  else refresh(connection, GENERIC_TIMEOUT, tracking)
  return 'accept'
}

/** @see net/netfilter/nf_conntrack_proto_udp.c of Linux: nf_conntrack_udp_packet */
function trackUdp(connection: Connection, tracking: Tracking): void {
  if (!connection.confirmed) connection.streamFrom = tracking.now + STREAM_AFTER
  // The first answer finds `seenReply` unset: it is set behind the tracker.
  const stream = connection.seenReply && tracking.now > (connection.streamFrom ?? 0)
  refresh(connection, stream ? UDP_STREAM_TIMEOUT : UDP_TIMEOUT, tracking)
  if (stream) connection.assured = true
}

/** @see net/netfilter/nf_conntrack_proto_gre.c of Linux: nf_conntrack_gre_packet */
function trackGre(connection: Connection, tracking: Tracking): void {
  refresh(connection, connection.seenReply ? GRE_STREAM_TIMEOUT : GRE_TIMEOUT, tracking)
  if (connection.seenReply) connection.assured = true
}

function trackIcmp(connection: Connection, { family, payload }: Packet, tracking: Tracking): Judgement {
  // Each family's tracker refuses the other's protocol.
  if (payload.protocol !== (family === 4 ? ICMP : ICMPV6)) return 'invalid'
  if (!QUESTIONS[family].has(connection.original.dport >> 8)) return 'invalid'
  refresh(connection, ICMP_TIMEOUTS[family], tracking)
  return 'accept'
}
