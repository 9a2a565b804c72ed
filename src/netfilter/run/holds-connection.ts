/**
 * Conditions on what connection tracking knows, and on marks.
 *
 * @see net/netfilter/xt_conntrack.c, xt_state.c, xt_mark.c, xt_connmark.c of Linux
 * @module
 */
import { contains } from '../../base/ip.ts'
import type { ConnectionState, ConntrackMatch, MatchOn, PortMatch } from '../rule.ts'
import type { Holds } from './condition.ts'
import type { Connection } from './conntrack.ts'
import type { Skb } from './skb.ts'

export function holdsMark({ is, mask, not }: MatchOn<'mark'>): Holds {
  return probe => ((probe.mark & mask) === is) === !not
}

/** Without a connection neither the condition nor its opposite holds. */
export function holdsConnmark({ is, mask, not }: MatchOn<'connmark'>): Holds {
  return ({ skb }) => {
    const connection = skb.tracked?.connection
    return connection !== undefined && ((connection.mark & mask) === is) === !not
  }
}

export function holdsState({ states, not }: MatchOn<'state'>): Holds {
  return ({ skb }) => isInState(skb, states) === !not
}

/** A packet that tracking has not seen is `INVALID`; `SNAT` and `DNAT` are beside the state proper. */
export function isInState({ tracked }: Skb, states: readonly ConnectionState[]): boolean {
  if (states.includes(tracked?.state ?? 'INVALID')) return true
  const connection = tracked?.connection
  if (!connection) return false
  return (
    (connection.sourceRewritten && states.includes('SNAT')) ||
    (connection.destinationRewritten && states.includes('DNAT'))
  )
}

export function holdsConntrack(match: ConntrackMatch): Holds {
  const { state, direction } = match
  return ({ skb, passing }) => {
    if (state && isInState(skb, state.in) !== !state.not) return false
    const connection = skb.tracked?.connection
    // The kernel asks no more of a packet without a connection.
    if (!connection) return state !== undefined
    if (direction && (direction === 'REPLY') !== (skb.tracked?.direction === 'reply')) return false
    return (
      areAddresses(match, connection) &&
      arePorts(match, connection) &&
      isAlive(match, connection, passing.circumstances.now)
    )
  }
}

function areAddresses(
  { origSrc, origDst, replSrc, replDst }: ConntrackMatch,
  { original, reply }: Connection,
): boolean {
  return (
    (!origSrc || contains(origSrc.in, original.src) === !origSrc.not) &&
    (!origDst || contains(origDst.in, original.dst) === !origDst.not) &&
    (!replSrc || contains(replSrc.in, reply.src) === !replSrc.not) &&
    (!replDst || contains(replDst.in, reply.dst) === !replDst.not)
  )
}

function arePorts(match: ConntrackMatch, { original, reply }: Connection): boolean {
  const { protocol, origSport, origDport, replSport, replDport } = match
  return (
    (!protocol || (original.protocol === protocol.is) === !protocol.not) &&
    (!origSport || isPort(original.sport, origSport)) &&
    (!origDport || isPort(original.dport, origDport)) &&
    (!replSport || isPort(reply.sport, replSport)) &&
    (!replDport || isPort(reply.dport, replDport))
  )
}

function isPort(port: number, { from, to, not }: PortMatch): boolean {
  return (port >= from && port <= to) === !not
}

function isAlive({ status, expire }: ConntrackMatch, connection: Connection, now: number): boolean {
  if (status && status.in.some(name => hasStatus(connection, name)) !== !status.not) return false
  if (!expire) return true
  const left = secondsLeft(connection, now)
  return (left >= expire.from && left <= expire.to) === !expire.not
}

/** `NONE` is the lack of a bit to look for, so nothing has it. Connections that were foretold are not followed. */
export function hasStatus(connection: Connection, name: string): boolean {
  switch (name) {
    case 'SEEN_REPLY':
      return connection.seenReply
    case 'ASSURED':
      return connection.assured
    case 'CONFIRMED':
      return connection.confirmed
    default:
      return false
  }
}

/**
 * Whole seconds until the connection ends. One that is not confirmed has none yet: its timer holds a
 * span of time, which lies in the past when it is taken for a time.
 */
export function secondsLeft({ confirmed, expires }: Connection, now: number): number {
  return confirmed ? Math.max(0, Math.floor((expires - now) / 1000)) : 0
}
