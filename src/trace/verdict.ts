/**
 * What became of one exchange, in a word.
 *
 * @module
 */
import type { Exchange, Journey, Outcome } from './journey.ts'

/** The list is closed. */
export const VERDICTS = [
  'DELIVERED',
  'REFUSED',
  'REJECTED',
  'DROPPED',
  'LOST',
  'UNREACHABLE',
  'UNDECIDED',
  'LEFT',
] as const

export type Verdict = (typeof VERDICTS)[number]

/**
 * Of the request if it did not arrive, else of its answer.
 *
 * `LOST` is what is only noticed by waiting; `UNREACHABLE` is told, by an error or a failing call.
 */
export function verdictOf({ request, reply, experience }: Exchange): Verdict {
  if (experience === 'answered') return 'DELIVERED'
  if (request.outcome.kind !== 'delivered') return ofOutcome(request.outcome, experience)
  if (experience === 'refused') return 'REFUSED'
  return reply && !isTurnedAway(reply) ? ofOutcome(reply.outcome, experience) : 'LOST'
}

function ofOutcome(outcome: Outcome, experience: Exchange['experience']): Verdict {
  switch (outcome.kind) {
    case 'delivered':
      return 'LOST'
    case 'left':
      return 'LEFT'
    case 'loop':
      return 'LOST'
    case 'ended':
      return ofEnd(outcome.end.kind, experience)
  }
}

function ofEnd(kind: Extract<Outcome, { kind: 'ended' }>['end']['kind'], experience: Exchange['experience']): Verdict {
  switch (kind) {
    case 'undecided':
      return 'UNDECIDED'
    case 'dropped by rule':
      return 'DROPPED'
    case 'rejected by rule':
      return 'REJECTED'
    case 'refused':
      return 'REFUSED'
    case 'no route':
    case 'not forwarding':
    case 'no neighbour':
    case 'no forwarding entry':
    case 'not for this machine':
    case 'reverse path':
    case 'martian':
    case 'ttl exceeded':
    case 'too big':
    case 'bad vxlan':
    case 'bridge':
    case 'link down':
    case 'consumed':
      return experience === 'timeout' ? 'LOST' : 'UNREACHABLE'
  }
}

/** The journey that failed: the request, or else its reply; absent for an exchange that came through. */
export function failedJourney({ request, reply, experience }: Exchange): Journey | undefined {
  if (experience === 'answered') return undefined
  return request.outcome.kind === 'delivered' ? (reply ?? request) : request
}

/** An answer for which nobody waits at the machine that it came to. */
export function isTurnedAway({ outcome }: Journey): boolean {
  return outcome.kind === 'ended' && outcome.end.kind === 'refused'
}
