/**
 * A question about packets, from the words of a person to the trace.
 *
 * @module
 */
import type { Millis, Seconds } from '../base/clock.ts'
import { familyOf } from '../base/ip.ts'
import type { Protocol } from '../base/protocol.ts'
import { findDestination } from './destination.ts'
import type { Directory } from './directory.ts'
import { CLIENT_PORT, flowOf } from './flow.ts'
import type { Flow } from './journey.ts'
import type { Destination, Entry } from './service-destination.ts'
import { findSource } from './source.ts'

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
}

/** A flow, with how its destination was found. */
export interface Question {
  readonly flow: Flow
  readonly destination: Destination
}

/**
 * The flows that were asked for. Those that name no source port are connections of their own: each
 * has the port behind the one before.
 *
 * @throws {ParseError} for a name that nothing has
 */
export function questionsOf(asked: readonly Asked[], directory: Directory, start: Millis): readonly Question[] {
  let at = start
  return asked.map(({ from, to, after, ...wishes }, i) => {
    at += after * 1000
    const source = findSource(from, directory)
    const family = source.ip === undefined ? directory.family : familyOf(source.ip)
    const destination = findDestination(to, source, { ...directory, family }, wishes)
    return { flow: flowOf(source, destination, { sport: CLIENT_PORT + i, ...wishes, at }), destination }
  })
}
