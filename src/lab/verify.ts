/**
 * A verification: flows through a lab, and what happens to the cluster in between.
 *
 * @module
 */
import type { Family } from '../base/ip.ts'
import { type Asked, questionsOf } from '../trace/ask.ts'
import { type Directory, reachOf } from '../trace/directory.ts'
import { withFaults } from '../trace/faulty-world.ts'
import type { Flow } from '../trace/journey.ts'
import { createWorld } from '../trace/wiring.ts'
import type { World } from '../trace/world.ts'
import type { Judgement } from './agreement.ts'
import { requireAnswerer } from './answerer.ts'
import { type EventOptions, eventStages } from './event-jobs.ts'
import { neighbourStage } from './forgetting.ts'
import { isOpen, tallies } from './frequencies.ts'
import { runStages } from './jobs.ts'
import type { LabPlan } from './lab.ts'
import { labWorld } from './lab-world.ts'
import { linksAtRest } from './link-rest.ts'
import { requireNameServer } from './name-server.ts'
import { type Pause, pauseUntil } from './pause.ts'
import type { Phase } from './phases.ts'
import { openSession, type Session } from './session.ts'

/** What is asked for once something has happened. */
export interface Round extends Omit<Phase, 'flows'> {
  readonly asked: readonly Asked[]
}

export interface Verification {
  readonly plan: LabPlan
  /** The first has no event. */
  readonly rounds: readonly [Round, ...Round[]]
  readonly host: EventOptions
  /** Of objects that are named without one. */
  readonly namespace: string
  readonly family: Family
  readonly seed: number
  readonly crafted: boolean
  /** Watch every link, too, and compare frame by frame: only what is crafted can be. */
  readonly capture?: boolean
  /** How often a flow is sent again of which the kernel draws the outcome: the first such of the first round. */
  readonly draws: number
  readonly signal?: AbortSignal
  /** Told again and again while time has to pass before the next flow. */
  readonly pausing?: (pause: Pause) => void
}

/** A flow, and the words that asked for it. */
export interface ReadyFlow {
  readonly asked: Asked
  /** When it is sent is not known yet. */
  readonly flow: Omit<Flow, 'at'>
}

/** A round of which every name was found. */
export interface ReadyRound {
  readonly round: Round
  readonly world: World
  readonly directory: Directory
  readonly flows: readonly ReadyFlow[]
}

/** One flow that was judged. */
export interface Judged {
  readonly judgement: Judgement
  /** It is one of many of the same flow, to see how often what comes of it. */
  readonly draw: boolean
  readonly asked: Asked
  /** The event before it, if any. */
  readonly round: Round
}

/** Source ports of repeated flows: behind those of all others. */
const FIRST_DRAW = 50_000

/**
 * Who sends what to whom, round by round; no lab is needed for it.
 *
 * @throws {ParseError} for a name that nothing has
 */
export function readyRounds(verification: Verification): readonly ReadyRound[] {
  return verification.rounds.map(round => {
    const { plan, host, namespace, family } = verification
    const config = withFaults(labWorld(round.cluster, plan, host), round.faults)
    const world = createWorld(config)
    const directory: Directory = {
      cluster: round.cluster,
      nodes: config.nodes.map(({ name }) => name),
      namespace,
      family,
      addressesOf: reachOf(config.nodes),
      holderOf: ip => world.holderOf(ip),
    }
    return { round, world, directory, flows: round.asked.map(asked => ({ asked, flow: flowOf(asked, directory) })) }
  })
}

function flowOf(asked: Asked, directory: Directory): Omit<Flow, 'at'> {
  const [question] = questionsOf([asked], directory, 0)
  if (!question) throw new RangeError('a question has a flow')
  const { at: _, ...flow } = question.flow
  return flow
}

/**
 * Sends the flows one after the other, in a lab that is up.
 *
 * @throws {LabError} when the lab itself fails
 */
export async function* verify(
  verification: Verification,
  rounds: readonly ReadyRound[] = readyRounds(verification),
): AsyncGenerator<Judged, void> {
  const { plan, host, seed, crafted, capture = false } = verification
  const [first] = rounds
  if (!first) return
  requireAnswers(plan.id)
  const session = await openSession({ plan, world: first.world, seed, crafted, capture })
  try {
    let before = first.round
    for (const ready of rounds) {
      if (ready !== first) {
        const running = { lab: plan.id }
        await runStages(eventStages(before, { ...ready.round, flows: [] }, host), running)
        await linksAtRest(plan.machines, running)
        await runStages([neighbourStage(plan)], running)
        await session.enter(ready.world)
      }
      yield* roundOf(ready, session, verification, ready === first)
      before = ready.round
    }
  } finally {
    await session.close()
  }
}

async function* roundOf(
  { round, flows, directory }: ReadyRound,
  session: Session,
  verification: Verification,
  draws: boolean,
): AsyncGenerator<Judged, void> {
  let open: Asked | undefined
  let last = Date.now()
  for (const [i, { asked, flow }] of flows.entries()) {
    if (asked.after > 0) await pauseUntil(last + asked.after * 1000, verification)
    last = Date.now()
    const judgement = await send(flow, session, verification, i === flows.length - 1)
    yield { judgement, draw: false, asked, round }
    if (draws && !open && hasDraws(judgement)) open = asked
  }
  if (!open) return
  for (let i = 0; i < verification.draws; i++) {
    const asked = { ...open, sport: FIRST_DRAW + i, after: 0 }
    const judgement = await send(flowOf(asked, directory), session, verification)
    yield { judgement, draw: true, asked, round }
  }
}

function requireAnswers(id: string): void {
  requireAnswerer(id)
  requireNameServer(id)
}

function hasDraws(judgement: Judgement): boolean {
  return tallies([judgement]).some(isOpen)
}

async function send(
  flow: Omit<Flow, 'at'>,
  session: Session,
  { plan, signal }: Verification,
  last = false,
): Promise<Judgement> {
  signal?.throwIfAborted()
  const judgement = await session.send({ ...flow, at: Date.now() }, { last })
  // A lab in which nobody answers is no disagreement.
  if (judgement.differences.length > 0) requireAnswers(plan.id)
  return judgement
}
