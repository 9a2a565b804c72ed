/**
 * Why a condition on the connection did not hold, in words.
 *
 * @module
 */
import { contains } from '../../base/ip.ts'
import { formatProtocol } from '../name.ts'
import type { ConnectionState, ConntrackMatch, MatchOn } from '../rule.ts'
import type { Connection } from './conntrack.ts'
import { hasStatus, isInState, secondsLeft } from './holds-connection.ts'
import type { Probe } from './probe.ts'
import type { Skb } from './skb.ts'
import { formatPorts, whyNotIn, whyNotMark, whyNotPort } from './why-not-words.ts'

const NO_CONNECTION = 'the packet is of no connection'

export function whyNotState({ tracked }: Skb, states: readonly ConnectionState[], not: boolean | undefined): string {
  const state = tracked?.state ?? 'INVALID'
  return not ? `the connection is ${state}` : `the connection is ${state}, not ${states.join(',')}`
}

export function whyNotConnmark({ is, mask, not }: MatchOn<'connmark'>, { skb }: Probe): string {
  const connection = skb.tracked?.connection
  return connection ? whyNotMark('connection mark', connection.mark, is, mask, not) : NO_CONNECTION
}

export function whyNotConntrack(match: ConntrackMatch, { skb, passing }: Probe): string {
  const { state, direction } = match
  if (state && isInState(skb, state.in) !== !state.not) return whyNotState(skb, state.in, state.not)
  const connection = skb.tracked?.connection
  if (!connection) return NO_CONNECTION
  const own = skb.tracked?.direction === 'reply' ? 'REPLY' : 'ORIGINAL'
  if (direction && direction !== own) return `the direction is ${own}, not ${direction}`
  return (
    whyNotAddress(match, connection) ??
    whyNotPorts(match, connection) ??
    whyNotAlive(match, connection, passing.circumstances.now)
  )
}

function whyNotAddress(match: ConntrackMatch, { original, reply }: Connection): string | undefined {
  for (const [what, ip, asked] of [
    ['original source', original.src, match.origSrc],
    ['original destination', original.dst, match.origDst],
    ['reply source', reply.src, match.replSrc],
    ['reply destination', reply.dst, match.replDst],
  ] as const) {
    if (asked && contains(asked.in, ip) !== !asked.not) return whyNotIn(what, ip, asked.in, asked.not)
  }
  return undefined
}

function whyNotPorts(match: ConntrackMatch, { original, reply }: Connection): string | undefined {
  const { protocol } = match
  if (protocol && (original.protocol === protocol.is) !== !protocol.not) {
    const own = `the connection's protocol is ${formatProtocol(original.protocol)}`
    return protocol.not ? own : `${own}, not ${formatProtocol(protocol.is)}`
  }
  for (const [what, port, asked] of [
    ['original source port', original.sport, match.origSport],
    ['original destination port', original.dport, match.origDport],
    ['reply source port', reply.sport, match.replSport],
    ['reply destination port', reply.dport, match.replDport],
  ] as const) {
    if (asked && (port >= asked.from && port <= asked.to) !== !asked.not) return whyNotPort(what, port, asked)
  }
  return undefined
}

function whyNotAlive({ status, expire }: ConntrackMatch, connection: Connection, now: number): string {
  if (status && status.in.some(name => hasStatus(connection, name)) !== !status.not) {
    return `the connection is ${status.not ? '' : 'not '}${status.in.join(',')}`
  }
  if (!expire) return 'the connection is not as asked'
  const left = secondsLeft(connection, now)
  return `the connection ends in ${left} s, which is ${expire.not ? '' : 'not '}in ${formatPorts(expire)} s`
}
