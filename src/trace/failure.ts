/**
 * Where and how a path failed: what every reason starts from.
 *
 * @module
 */
import type { HookStep } from '../netfilter/run/hook.ts'
import type { Step } from '../node/step.ts'
import type { Packet } from '../packet/packet.ts'
import { lastPacket, sentPacket } from './endings.ts'
import type { Exchange, Flow, Hop, Journey, Outcome, Path, Trace } from './journey.ts'
import { wayOf } from './story.ts'
import { failedJourney } from './verdict.ts'

export interface Failure {
  readonly exchange: Exchange
  readonly flow: Flow
  /** Of the flow, in the trace. */
  readonly index: number
  /** The request, or the reply that failed after it. */
  readonly journey: Journey
  readonly isReply: boolean
  /** The hops that lead to the outcome. */
  readonly hops: readonly Hop[]
  /** The machine at which it ended. */
  readonly machine: string
  readonly outcome: Outcome
  /** The packet of the request as it was sent. */
  readonly sent: Packet
  /** The packet of the journey as it was last seen. */
  readonly last: Packet
}

/** The first of the path's exchanges that did not come through. */
export function failureOf({ exchanges }: Path, { flows }: Trace): Failure | undefined {
  for (const [index, exchange] of exchanges.entries()) {
    const journey = failedJourney(exchange)
    const flow = flows[index]
    if (!journey || !flow) continue
    const hops = wayOf(journey).flatMap(at => journey.hops[at] ?? [])
    return {
      exchange,
      flow,
      index,
      journey,
      isReply: journey === exchange.reply,
      hops,
      machine: hops.at(-1)?.machine ?? flow.sender,
      outcome: journey.outcome,
      sent: sentPacket(exchange.request),
      last: lastPacket(journey, hops),
    }
  }
  return undefined
}

/** The rule or policy that ended the packet in the last machine. */
export function deciderOf({ hops }: Pick<Failure, 'hops'>): Extract<HookStep, { kind: 'rule' | 'policy' }> | undefined {
  for (const step of hops.at(-1)?.steps.toReversed() ?? []) {
    if (step.component !== 'netfilter') continue
    const { step: one } = step
    if (one.kind === 'rule' && ENDING.includes(one.effect)) return one
    if (one.kind === 'policy' && one.policy === 'drop') return one
  }
  return undefined
}

const ENDING: readonly string[] = ['drop', 'reject', 'queue']

/** The last step of a kind in the last machine. */
export function lastStep<C extends Step['component']>(
  { hops }: Pick<Failure, 'hops'>,
  component: C,
): Extract<Step, { component: C }> | undefined {
  return hops.at(-1)?.steps.findLast((step): step is Extract<Step, { component: C }> => step.component === component)
}
