/**
 * How often Linux says that there is no way: no more than once a second to each source, and five times at once.
 *
 * What is allowed of the kind cannot be set for a namespace alone, so a lab waits instead.
 *
 * @see ip_error in net/ipv4/route.c of Linux; error_cost and error_burst of net.ipv4.route
 * @module
 */
import type { Millis } from '../base/clock.ts'
import { formatIp } from '../base/ip.ts'
import type { Hop } from '../trace/journey.ts'
import type { Prediction } from './agreement.ts'
import { legsOf } from './expected.ts'

const COST: Millis = 1000
const BURST: Millis = 5000
/** What the kernel's clock and ours may be apart. */
const MARGIN: Millis = 100

/** What has been saved up, in milliseconds of waiting. */
interface Purse {
  readonly saved: Millis
  readonly at: Millis
}

export type Purses = ReadonlyMap<string, Purse>

export interface Paced {
  /** How long to wait before the flow is sent. */
  readonly wait: Millis
  /** What is left once it has been. */
  readonly purses: Purses
}

/**
 * Of a flow that may be answered so.
 *
 * @param now when it would be sent
 */
export function paced(purses: Purses, predictions: readonly Prediction[], now: Millis): Paced {
  const askers = new Set(
    predictions.flatMap(({ exchange }) => legsOf(exchange).flatMap(leg => askersIn(leg.journey.hops))),
  )
  const savedBy = (asker: string, at: Millis) => {
    const purse = purses.get(asker)
    return purse ? Math.min(BURST, purse.saved + at - purse.at) : BURST
  }
  const wait = [...askers].reduce((most, asker) => Math.max(most, COST + MARGIN - savedBy(asker, now)), 0)
  const spent = [...askers].map(asker => [asker, { saved: savedBy(asker, now + wait) - COST, at: now + wait }] as const)
  return { wait, purses: new Map([...purses, ...spent]) }
}

/** Machines that have no way for what came to them, each with whom it came from. */
function askersIn(hops: readonly Hop[]): readonly string[] {
  return hops.flatMap(({ machine, from, outcome, steps }) => {
    if (from === undefined || outcome?.kind !== 'ended' || outcome.end.kind !== 'no route') return []
    const packet = steps.at(-1)?.after
    return packet?.family === 4 ? [`${machine} ${formatIp(packet.src)}`] : []
  })
}
