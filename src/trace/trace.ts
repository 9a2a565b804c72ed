/**
 * Follows packets through a world: by all ways that chance can take, or by the one that a seed draws.
 *
 * @module
 */
import type { Choose } from '../base/choice.ts'
import { seededRandom } from '../base/random.ts'
import { compareRatio } from '../base/ratio.ts'
import type { Memories, Voyage } from './carry.ts'
import { exchange } from './exchange.ts'
import type { Exchange, Flow, Path, Trace } from './journey.ts'
import { drawnWay, everyWay, follow, type Way } from './ways.ts'
import type { World } from './world.ts'

export interface TraceOptions {
  /** `all`, or the one that the seed draws. */
  readonly ways: 'all' | 'one'
  readonly seed: number
  /** Most ways to follow. */
  readonly most: number
  /** What to take rules for that cannot be decided. */
  readonly assume?: 'match' | 'miss'
  /** Told how many ways have been followed. */
  readonly progress?: (ways: number) => void
}

/**
 * Follows the flows one after the other, in one world that remembers: connections, and what `recent`
 * has seen.
 */
export function traceFlows(flows: readonly Flow[], world: World, options: TraceOptions): Trace {
  const run = runOf(flows, world, options, false)
  if (options.ways === 'one') return { flows, paths: [pathOf(drawnWay(run, options.seed))], complete: false }
  const paths: Path[] = []
  let complete = true
  for (const way of everyWay(run)) {
    if (paths.length >= options.most) {
      complete = false
      break
    }
    paths.push(pathOf(way))
    options.progress?.(paths.length)
  }
  // Sorting is stable: ways that are as likely as each other keep the order of the rules.
  return { flows, paths: paths.sort((a, b) => compareRatio(b.probability, a.probability)), complete }
}

/** The same path once more, told with the rules that did not match and why. */
export function explainPath(path: Path, flows: readonly Flow[], world: World, options: TraceOptions): Path {
  return pathOf(follow(runOf(flows, world, options, true), path.draws))
}

function runOf(
  flows: readonly Flow[],
  world: World,
  { seed, assume }: TraceOptions,
  verbose: boolean,
): (choose: Choose) => readonly Exchange[] {
  return choose => {
    const memories: Memories = new Map()
    const random = seededRandom(seed, 'ports')
    return flows.map(({ sender, packet, at }) => {
      const voyage: Voyage = { world, memories, now: at, choose, random, verbose, ...(assume ? { assume } : {}) }
      return exchange(sender, { packet, mark: 0 }, voyage)
    })
  }
}

function pathOf({ value, draws, probability }: Way<readonly Exchange[]>): Path {
  return { exchanges: value, draws, probability }
}
