/**
 * All the ways that chance can take, one after the other.
 *
 * A run is asked for again and again, each time with the draws of its beginning laid down, so that
 * every way is walked from the start with the code that walks one.
 *
 * @module
 */
import type { Choose, Fork } from '../base/choice.ts'
import { type Random, seededRandom } from '../base/random.ts'
import { type Ratio, ratio } from '../base/ratio.ts'

/** A draw, and the way that was taken, by its index. */
export interface Draw {
  readonly fork: Fork
  readonly taken: number
}

/** One run: what came of it, by which draws, and how likely these are. */
export interface Way<T> {
  readonly value: T
  readonly draws: readonly Draw[]
  readonly probability: Ratio
}

/**
 * Every way of `run`, the first alternatives first. Their probabilities sum to exactly one.
 *
 * @param run must draw by nothing but the given `choose`, and start afresh each time
 */
export function* everyWay<T>(run: (choose: Choose) => T): Generator<Way<T>, void> {
  let laidDown: readonly Draw[] | undefined = []
  while (laidDown) {
    const way: Way<T> = follow(run, laidDown)
    yield way
    laidDown = nextAfter(way.draws)
  }
}

/** The way that begins with the draws laid down and goes on with the first alternative of each draw. */
export function follow<T>(run: (choose: Choose) => T, laidDown: readonly Draw[]): Way<T> {
  const draws: Draw[] = []
  const value = run(fork => {
    const taken = laidDown[draws.length]?.taken ?? firstPossible(fork, 0) ?? 0
    draws.push({ fork, taken })
    return taken
  })
  return { value, draws, probability: probabilityOf(draws) }
}

/** The way that a seed draws. */
export function drawnWay<T>(run: (choose: Choose) => T, seed: number): Way<T> {
  const random = seededRandom(seed, 'trace')
  const draws: Draw[] = []
  const value = run(fork => {
    const taken = drawFrom(fork, random)
    draws.push({ fork, taken })
    return taken
  })
  return { value, draws, probability: probabilityOf(draws) }
}

/** The probability of these draws together, exactly. */
export function probabilityOf(draws: readonly Draw[]): Ratio {
  let [over, under] = [1n, 1n]
  for (const { fork, taken } of draws) {
    over *= BigInt(fork.weights[taken] ?? 0)
    under *= BigInt(totalOf(fork))
  }
  return ratio(over, under)
}

/** The same beginning with the last draw that has another alternative moved on to it. */
function nextAfter(draws: readonly Draw[]): readonly Draw[] | undefined {
  for (let i = draws.length - 1; i >= 0; i--) {
    const draw = draws[i]
    const next = draw && firstPossible(draw.fork, draw.taken + 1)
    if (draw && next !== undefined) return [...draws.slice(0, i), { fork: draw.fork, taken: next }]
  }
  return undefined
}

function firstPossible({ weights }: Fork, from: number): number | undefined {
  const at = weights.findIndex((weight, i) => i >= from && weight > 0)
  return at < 0 ? undefined : at
}

function totalOf({ weights }: Fork): number {
  return weights.reduce((sum, weight) => sum + weight, 0)
}

function drawFrom(fork: Fork, random: Random): number {
  let left = random() * totalOf(fork)
  for (const [i, weight] of fork.weights.entries()) {
    left -= weight
    if (left < 0 && weight > 0) return i
  }
  return firstPossible(fork, 0) ?? 0
}
