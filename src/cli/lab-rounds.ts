/**
 * What a verification sends, round by round: what was asked for, or what is drawn.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import type { Cluster } from '../cluster/cluster.ts'
import type { SettledCluster } from '../cluster/host-state.ts'
import type { LabPlan } from '../lab/lab.ts'
import { drawPhases } from '../lab/phases.ts'
import type { Round, Verification } from '../lab/verify.ts'
import type { Asked } from '../trace/ask.ts'
import { parseFault } from '../trace/fault.ts'
import { CLIENT_PORT } from '../trace/flow.ts'
import { askedOf } from './asked.ts'
import type { Given } from './command.ts'
import type { Wishes } from './lab-wishes.ts'

type Rounds = Verification['rounds']

/**
 * The flows of the command line, once all is broken that is to be.
 *
 * @throws {UsageError} @throws {ParseError} for a fault that cannot be
 */
export function askedRounds(given: Given, cluster: SettledCluster): Rounds {
  // As in a trace, those that name no source port are connections of their own.
  const asked = askedOf(given).map((one, i): Asked => ({ sport: CLIENT_PORT + i, ...one }))
  const faults = given.texts('fault').map(parseFault)
  if (faults.length === 0) return [{ cluster, faults, asked }]
  return [
    { cluster, faults: [], asked: [] },
    ...faults.map((fault, i): Round => {
      const isLast = i === faults.length - 1
      return { event: { kind: 'given', fault }, cluster, faults: faults.slice(0, i + 1), asked: isLast ? asked : [] }
    }),
  ]
}

export interface Drawing extends Pick<Wishes, 'seed' | 'flows' | 'events'> {
  readonly signal: AbortSignal
  readonly progress: (what: string, done: number, total: number) => void
}

/**
 * Flows and events that are drawn.
 *
 * @throws the signal's reason when it is given
 */
export async function drawnRounds(cluster: Cluster, { machines }: LabPlan, drawing: Drawing): Promise<Rounds> {
  const { seed, flows: count, events, signal, progress } = drawing
  const besides = machines.filter(({ kind }) => kind === 'beside').flatMap(({ addresses }) => addresses)
  const rounds: Round[] = []
  for (const { flows, ...phase } of drawPhases(cluster, { seed, flows: count, events, besides })) {
    rounds.push({ ...phase, asked: flows.map(({ asked }) => asked) })
    progress('drawing flows', rounds.length, events + 1)
    // Signals are heard in between.
    await setImmediate()
    signal.throwIfAborted()
  }
  const [first, ...others] = rounds
  if (!first) throw new RangeError('there is a phase before the first event')
  return [first, ...others]
}
