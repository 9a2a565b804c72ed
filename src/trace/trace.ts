/**
 * Follows packets through a world: by all ways that chance can take, or by the one that a seed draws.
 *
 * @module
 */
import type { Choose } from '../base/choice.ts'
import { seededRandom } from '../base/random.ts'
import { compareRatio } from '../base/ratio.ts'
import { abridge, stepsOf } from './abridged.ts'
import type { Memories, Voyage } from './carry.ts'
import { exchange } from './exchange.ts'
import type { Exchange, Flow, Path, Trace } from './journey.ts'
import { isDelivered } from './result.ts'
import { drawnWay, everyWay, follow, type Way } from './ways.ts'
import type { World } from './world.ts'

export interface TraceOptions {
  /** `all`, or the one that the seed draws. */
  readonly ways: 'all' | 'one'
  readonly seed: number
  /** Most ways to follow. */
  readonly most: number
  /** After so many steps of all ways together, no other way is begun. */
  readonly mostSteps?: number
  /** What to take rules for that cannot be decided. */
  readonly assume?: 'match' | 'miss'
  /** Told how many ways have been followed. */
  readonly progress?: (ways: number) => void
}

/** Some seconds, whatever the rules are. */
const MOST_STEPS = 5_000_000

/** So many paths are kept with all their steps, of so many steps together. */
const MOST_WHOLE = 64
const MOST_KEPT_STEPS = 250_000

/**
 * Follows the flows one after the other, in one world that remembers: connections, and what `recent`
 * has seen.
 *
 * The likeliest path is whole, and the likeliest of those that failed; of the others, only the first
 * that were followed: the rest is abridged.
 */
export function traceFlows(flows: readonly Flow[], world: World, options: TraceOptions): Trace {
  const run = runOf(flows, world, options, false)
  if (options.ways === 'one') return { flows, paths: [pathOf(drawnWay(run, options.seed))], complete: false }
  const { paths, complete } = followedWays(run, options)
  // Sorting is stable: ways that are as likely as each other keep the order of the rules.
  paths.sort((a, b) => compareRatio(b.probability, a.probability))
  const failing = paths.findIndex(path => !isDelivered(path))
  return {
    flows,
    paths: paths.map((path, i) => (path.abridged && (i === 0 || i === failing) ? again(path, run) : path)),
    complete,
  }
}

function followedWays(
  run: Run,
  { most, mostSteps = MOST_STEPS, progress }: TraceOptions,
): { readonly paths: Path[]; readonly complete: boolean } {
  const paths: Path[] = []
  let [steps, kept] = [0, 0]
  for (const way of everyWay(run)) {
    if (paths.length >= most || steps >= mostSteps) return { paths, complete: false }
    const path = pathOf(way)
    const own = stepsOf(path)
    const whole = paths.length < MOST_WHOLE && kept + own <= MOST_KEPT_STEPS
    steps += own
    if (whole) kept += own
    paths.push(whole ? path : abridge(path))
    progress?.(paths.length)
  }
  return { paths, complete: true }
}

/** The path with its steps, followed once more if they were not kept. */
export function wholePath(path: Path, flows: readonly Flow[], world: World, options: TraceOptions): Path {
  return path.abridged ? again(path, runOf(flows, world, options, false)) : path
}

/** The same path once more, told with the rules that did not match and why. */
export function explainPath(path: Path, flows: readonly Flow[], world: World, options: TraceOptions): Path {
  return again(path, runOf(flows, world, options, true))
}

type Run = (choose: Choose) => readonly Exchange[]

function again({ draws }: Path, run: Run): Path {
  return pathOf(follow(run, draws))
}

function runOf(flows: readonly Flow[], world: World, { seed, assume }: TraceOptions, verbose: boolean): Run {
  return choose => {
    const memories: Memories = new Map()
    const random = seededRandom(seed, 'ports')
    return flows.map(({ sender, packet, at }) => {
      const voyage: Voyage = { world, memories, now: at, choose, random, verbose, ...(assume ? { assume } : {}) }
      return exchange(sender, { packet, mark: 0, cuttable: true }, voyage)
    })
  }
}

function pathOf({ value, draws, probability }: Way<readonly Exchange[]>): Path {
  return { exchanges: value, draws, probability }
}
