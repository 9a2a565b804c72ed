/**
 * A question about packets, from the words of a person to the trace.
 *
 * @module
 */
import type { Millis, Seconds } from '../base/clock.ts'
import { familyOf, findIp } from '../base/ip.ts'
import { type Protocol, UDP } from '../base/protocol.ts'
import { formatEnd } from '../packet/summary.ts'
import { findDestination } from './destination.ts'
import type { Directory } from './directory.ts'
import { CLIENT_PORT, flowOf } from './flow.ts'
import type { Flow } from './journey.ts'
import type { Destination, Entry } from './service-destination.ts'
import { findSource, type Source } from './source.ts'

/** One packet, as a person asks for it. */
export interface Asked {
  readonly from: string
  readonly to: string
  /** How long after the packet before. */
  readonly after: Seconds
  readonly protocol?: Protocol
  readonly entry?: Entry
  readonly via?: string
  readonly sport?: number
  readonly size?: number
  readonly ttl?: number
  /** What the resolver sends before it, too. */
  readonly withDns?: true
}

/** A flow, with how its destination was found. */
export interface Question {
  readonly flow: Flow
  readonly destination: Destination
  /** The name that the flow asks a name server for. */
  readonly asksFor?: string
}

/**
 * The flows that were asked for. Those that name no source port are connections of their own: each
 * has the port behind the one before.
 *
 * @throws {ParseError} for a name that nothing has
 */
export function questionsOf(asked: readonly Asked[], directory: Directory, start: Millis): readonly Question[] {
  let at = start
  let port = CLIENT_PORT
  return asked.flatMap(({ from, to, after, withDns, ...wishes }) => {
    at += after * 1000
    const source = findSource(from, directory)
    const family = source.ip === undefined ? directory.family : familyOf(source.ip)
    const destination = findDestination(to, source, { ...directory, family }, wishes)
    const queries = withDns ? dnsQuestions(source, destination, at, () => port++) : []
    // The program has to wait for each answer.
    at += queries.length * ANSWER_TIME
    return [...queries, { flow: flowOf(source, destination, { sport: port++, ...wishes, at }), destination }]
  })
}

const DNS_PORT = 53
const ANSWER_TIME: Millis = 1

/** What the resolver sends to each of its name servers, if it has to ask; all names go the same way. */
function dnsQuestions(
  source: Source,
  { resolution }: Destination,
  at: Millis,
  sport: () => number,
): readonly Question[] {
  if (!resolution || resolution.assumed) return []
  const { name, lookup } = resolution
  const queries = lookup.attempts.flatMap(({ text, queries }) => queries.map(({ server }) => ({ text, server })))
  const servers = [...new Set(queries.map(({ server }) => server))]
  return servers.flatMap((server, i) => {
    const ip = findIp(server)
    if (ip === undefined) return []
    const names = new Set(queries.filter(one => one.server === server).map(({ text }) => text))
    const destination: Destination = {
      label: formatEnd(ip, DNS_PORT),
      ip,
      port: DNS_PORT,
      protocol: UDP,
      notes: [`DNS: asks for ${[...names].join(', ')}`],
    }
    return [
      { flow: flowOf(source, destination, { sport: sport(), at: at + i * ANSWER_TIME }), destination, asksFor: name },
    ]
  })
}
