/**
 * NAT of ICMP errors: both the error and the packet that it quotes are rewritten, so that the sender
 * of that packet knows it again.
 *
 * @see net/netfilter/nf_nat_proto.c of Linux: nf_nat_icmp_reply_translation, nf_nat_icmpv6_reply_translation
 * @module
 */
import type { IcmpMessage, Packet } from '../../packet/packet.ts'
import { type QuoteChange, rewriteQuote } from '../../packet/quote.ts'
import { type Connection, type Direction, opposite, type Tuple } from './conntrack.ts'
import { isRewritten, manipulate } from './nat.ts'
import type { Manipulation } from './nat-range.ts'
import { inverseOf, isIcmpProtocol } from './tuple.ts'

const REDIRECT: Readonly<Record<Packet['family'], number>> = { 4: 5, 6: 137 }

/**
 * An error that goes in `direction` of its connection, as that wants it; the same value where
 * nothing changes; nothing where it may not go on: a redirect would name a router that the other
 * side of a NAT cannot use.
 */
export function rewriteError(
  packet: Packet & { readonly payload: IcmpMessage },
  connection: Connection,
  direction: Direction,
  manipulation: Manipulation,
): Packet | undefined {
  const { family, payload } = packet
  if (payload.type === REDIRECT[family] && !isUntouched(connection)) return undefined
  if (!isRewritten(connection, direction, manipulation)) return packet
  const quoted = connection[opposite(direction)]
  const told = rewriteQuote(payload, family, changeTo(quoted, manipulation))
  return manipulate({ ...packet, payload: told }, manipulation, inverseOf(quoted))
}

function isUntouched(connection: Connection): boolean {
  const { sourceDone, destinationDone, sourceRewritten, destinationRewritten } = connection
  return sourceDone && destinationDone && !sourceRewritten && !destinationRewritten
}

/** The quoted packet went the other way, so it is its other end that changes. */
function changeTo(quoted: Tuple, manipulation: Manipulation): QuoteChange {
  const { src, dst, sport, dport, protocol } = quoted
  const port = isIcmpProtocol(protocol) ? { icmpId: sport } : manipulation === 'source' ? { dport } : { sport }
  return manipulation === 'source' ? { dst, ...port } : { src, ...port }
}
