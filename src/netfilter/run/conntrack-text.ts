/**
 * Connections as people know them from `conntrack -L`.
 *
 * @see net/netfilter/nf_conntrack_standalone.c of Linux: ct_seq_show
 * @module
 */
import type { Millis } from '../../base/clock.ts'
import { ICMP, ICMPV6, type Protocol, SCTP, TCP, UDP } from '../../base/protocol.ts'
import type { Connection } from './conntrack.ts'
import { formatTuple } from './tuple.ts'

const NAMES: ReadonlyMap<Protocol, string> = new Map([
  [ICMP, 'icmp'],
  [TCP, 'tcp'],
  [UDP, 'udp'],
  [47, 'gre'],
  [ICMPV6, 'icmpv6'],
  [SCTP, 'sctp'],
])

/**
 * `tcp SYN_SENT src=10.244.1.5 dst=10.96.0.10 sport=40000 dport=80 [UNREPLIED] src=10.244.2.7
 * dst=10.244.1.5 sport=8080 dport=40000 mark=0`. With `now`, the seconds that it has left stand
 * behind the protocol.
 */
export function formatConnection(connection: Connection, now?: Millis): string {
  const { original, reply, seenReply, assured, mark, expires } = connection
  const words = [NAMES.get(original.protocol) ?? 'unknown']
  if (now !== undefined) words.push(`${Math.max(0, Math.floor((expires - now) / 1000))}`)
  const phase = connection.tcp?.phase ?? connection.sctp?.phase
  if (phase) words.push(phase)
  words.push(formatTuple(original))
  if (!seenReply) words.push('[UNREPLIED]')
  words.push(formatTuple(reply))
  if (assured) words.push('[ASSURED]')
  words.push(`mark=${mark >>> 0}`)
  return words.join(' ')
}
