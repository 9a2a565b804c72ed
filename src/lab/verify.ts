/**
 * A verification: flows through a lab, and what happens to the cluster in between.
 *
 * @module
 */
import type { Family } from '../base/ip.ts'
import type { SettledCluster } from '../cluster/host-state.ts'
import { type Asked, questionsOf } from '../trace/ask.ts'
import { reachOf } from '../trace/directory.ts'
import { withFaults } from '../trace/faulty-world.ts'
import { createWorld } from '../trace/wiring.ts'
import type { World } from '../trace/world.ts'
import type { Judgement } from './agreement.ts'
import { type EventOptions, eventStages } from './event-jobs.ts'
import { isOpen, tallies } from './frequencies.ts'
import { runStages } from './jobs.ts'
import type { Job, LabPlan, Stage } from './lab.ts'
import { labWorld } from './lab-world.ts'
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
}

/** One flow that was judged. */
export interface Judged {
  readonly judgement: Judgement
  /** It is one of many of the same flow, to see how often what comes of it. */
  readonly draw: boolean
  /** The event before it, if any. */
  readonly round: Round
}

/** Source ports of repeated flows: behind those of all others. */
const FIRST_DRAW = 50_000

/**
 * Sends the flows one after the other, in a lab that is up.
 *
 * @throws {ParseError} for a name that nothing has
 * @throws {Error} when the lab itself fails
 */
export async function* verify(verification: Verification): AsyncGenerator<Judged, void> {
  const { plan, rounds, host, seed, crafted, capture = false } = verification
  const worlds = rounds.map(round => worldOf(round, verification))
  const [first] = worlds
  if (!first) return
  const session = await openSession({ plan, world: first.world, seed, crafted, capture })
  try {
    let before = rounds[0]
    for (const [i, round] of rounds.entries()) {
      const ground = worlds[i] ?? first
      if (i > 0) {
        const stages = [...eventStages(before, { ...round, flows: [] }, host), forgettingStage(plan)]
        await runStages(stages, { lab: plan.id })
        await session.enter(ground.world)
      }
      yield* roundOf(round, ground, session, verification, i === 0)
      before = round
    }
  } finally {
    await session.close()
  }
}

/**
 * What machines have found out of their neighbours they find out anew: how long they would believe it depends on
 * when they last heard of them.
 */
function forgettingStage({ machines }: LabPlan): Stage {
  const asking = machines.filter(({ kind }) => kind !== 'switch')
  return {
    title: 'neighbours',
    jobs: asking.map(({ machine, namespace }): Job => {
      return { namespace, tool: 'ip', args: ['neigh', 'flush', 'all'], about: `${machine} neighbours` }
    }),
  }
}

interface Ground {
  readonly world: World
  readonly nodes: ReturnType<typeof labWorld>['nodes']
}

function worldOf({ cluster, faults }: Round, { plan, host }: Verification): Ground {
  const config = withFaults(labWorld(cluster, plan, host), faults)
  return { world: createWorld(config), nodes: config.nodes }
}

async function* roundOf(
  round: Round,
  ground: Ground,
  session: Session,
  verification: Verification,
  draws: boolean,
): AsyncGenerator<Judged, void> {
  let open: Asked | undefined
  for (const asked of round.asked) {
    const judgement = await ask(asked, round.cluster, ground, session, verification)
    yield { judgement, draw: false, round }
    if (draws && !open && hasDraws(judgement)) open = asked
  }
  if (!open) return
  for (let i = 0; i < verification.draws; i++) {
    const judgement = await ask({ ...open, sport: FIRST_DRAW + i }, round.cluster, ground, session, verification)
    yield { judgement, draw: true, round }
  }
}

function hasDraws(judgement: Judgement): boolean {
  return tallies([judgement]).some(isOpen)
}

async function ask(
  asked: Asked,
  cluster: SettledCluster,
  { world, nodes }: Ground,
  session: Session,
  { namespace, family, signal }: Verification,
): Promise<Judgement> {
  signal?.throwIfAborted()
  const directory = {
    cluster,
    nodes: nodes.map(({ name }) => name),
    namespace,
    family,
    addressesOf: reachOf(nodes),
    holderOf: (ip: Parameters<World['holderOf']>[0]) => world.holderOf(ip),
  }
  const [question] = questionsOf([asked], directory, Date.now())
  if (!question) throw new RangeError('a question has a flow')
  return session.send(question.flow)
}
