/**
 * Tuples of connections as text.
 *
 * @module
 */
import { ICMP, ICMPV6 } from '../base/protocol.ts'
import type { Tuple } from '../netfilter/run/conntrack.ts'
import { formatEnd, protocolName } from '../packet/summary.ts'

/** `tcp 10.244.1.20:40000 > 10.96.17.80:80`; of an echo the identifier stands for ports. */
export function formatTuple({ src, dst, protocol, sport, dport }: Tuple): string {
  const name = protocolName(protocol)
  if (protocol === ICMP || protocol === ICMPV6) return `${name} ${formatEnd(src)} > ${formatEnd(dst)} id ${sport}`
  return `${name} ${formatEnd(src, sport)} > ${formatEnd(dst, dport)}`
}
