/**
 * Paths without their steps: of thousands of paths, what tells them apart is where they end.
 *
 * @module
 */
import { lastPacket, sentPacket } from './endings.ts'
import type { Exchange, Journey, Path, Try } from './journey.ts'
import { wayOf } from './story.ts'

/** The same path by its draws, its machines and its ends alone. */
export function abridge({ draws, probability, exchanges }: Path): Path {
  return { draws, probability, exchanges: exchanges.map(abridgedExchange), abridged: true }
}

function abridgedExchange({ tries, request, reply, experience }: Exchange): Exchange {
  return {
    ...(tries ? { tries: tries.map(abridgedTry) } : {}),
    ...abridgedTry({ request, ...(reply ? { reply } : {}) }),
    experience,
    sightings: [],
  }
}

function abridgedTry({ request, reply }: Try): Try {
  return { request: abridgedJourney(request), ...(reply ? { reply: abridgedJourney(reply) } : {}) }
}

function abridgedJourney(journey: Journey): Journey {
  const { packet, hops, outcome } = journey
  const way = wayOf(journey).flatMap(index => hops[index] ?? [])
  return {
    packet,
    hops: hops.map(({ passings: _, ...hop }) => ({ ...hop, steps: [] })),
    outcome,
    ends: { sent: sentPacket(journey), last: lastPacket(journey, way) },
  }
}

/** How many steps the path has, as long as they are kept. */
export function stepsOf({ exchanges }: Path): number {
  const journeys = exchanges
    .flatMap(exchange => [...(exchange.tries ?? []), exchange])
    .flatMap(({ request, reply }) => (reply ? [request, reply] : [request]))
  return journeys.reduce((sum, journey) => sum + stepsIn(journey), 0)
}

function stepsIn({ hops }: Journey): number {
  return hops.reduce((sum, { steps }) => sum + steps.length, 0)
}
