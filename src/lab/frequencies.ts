/**
 * Where the kernel draws: whether it takes each way as often as the model says.
 *
 * A flow is sent many times; each time the model gives every outcome an exact probability. What the
 * kernel decides by a hash, such as which of several next hops, is the same for the same two ends and
 * no draw: outcomes are weighed among those ways that agree with the one taken in all such choices.
 *
 * @module
 */
import { add, compareRatio, formatRatio, type Ratio, ratio, toNumber, ZERO } from '../base/ratio.ts'
import { portsOf } from '../packet/packet.ts'
import { formatEnd } from '../packet/summary.ts'
import type { Exchange } from '../trace/journey.ts'
import type { Draw } from '../trace/ways.ts'
import type { Judgement, Prediction } from './agreement.ts'
import { type Cell, chiSquare, chiSquareTail } from './chi-square.ts'

/** By its name, how likely each outcome is. They sum to exactly 1. */
export type Distribution = ReadonlyMap<string, Ratio>

/** Trials that all had the same distribution, and what came of them. */
export interface Tally {
  readonly distribution: Distribution
  readonly counts: ReadonlyMap<string, number>
}

export interface Outcome {
  readonly name: string
  readonly probability: Ratio
  readonly seen: number
}

export interface Frequencies {
  readonly trials: number
  /** The likeliest first; then those that cannot be but were seen. */
  readonly outcomes: readonly Outcome[]
  /** Absent: fewer than two cells were left, so that nothing is to be tested. */
  readonly test?: {
    readonly statistic: number
    readonly degrees: number
    readonly p: number
  }
  readonly agrees: boolean
  /** In words, where they do not agree. */
  readonly why?: string
}

/**
 * Of how many runs without any fault in model or kernel one may fail: the chance of a false alarm in a
 * whole run, however many tests it has.
 */
export const SIGNIFICANCE = 1e-6

/**
 * What one of so many tests may have of the significance of all: an even share, so that together they
 * alarm falsely no more often than that.
 *
 * @see C. E. Bonferroni, "Teoria statistica delle classi e calcolo delle probabilità" (1936)
 */
export function shareOf(significance: number, tests: number): number {
  return significance / Math.max(1, tests)
}

/** Cells of which fewer are expected are put together, for which the statistic is not near enough to chi-square. */
const LEAST_EXPECTED = 5

/** @param share of the significance that this test has */
export function frequenciesOf({ distribution, counts }: Tally, share: number): Frequencies {
  const trials = [...counts.values()].reduce((sum, count) => sum + count, 0)
  const outcomes = outcomesOf(distribution, counts)
  const common = { trials, outcomes }
  const impossible = outcomes.filter(({ probability, seen }) => seen > 0 && probability.over === 0n)
  if (impossible.length > 0) {
    const names = impossible.map(({ name, seen }) => `${name} (${seen} of ${trials})`).join(', ')
    return { ...common, agrees: false, why: `the model says that it cannot be, but it was seen: ${names}` }
  }
  const cells = pooled(outcomes, trials)
  if (cells.length < 2) return { ...common, agrees: true }
  const statistic = chiSquare(cells)
  const degrees = cells.length - 1
  const p = chiSquareTail(statistic, degrees)
  const test = { statistic, degrees, p }
  if (p >= share) return { ...common, test, agrees: true }
  const why = `so far from what is likely only once in ${(1 / p).toPrecision(2)} times; accepted is once in ${(1 / share).toPrecision(2)}`
  return { ...common, test, agrees: false, why }
}

function outcomesOf(distribution: Distribution, counts: ReadonlyMap<string, number>): readonly Outcome[] {
  const names = [...new Set([...distribution.keys(), ...counts.keys()])]
  return names
    .map(name => ({ name, probability: distribution.get(name) ?? ZERO, seen: counts.get(name) ?? 0 }))
    .sort((a, b) => compareRatio(b.probability, a.probability))
}

/** The rarest cells together, until as many are expected in each as there must be. */
function pooled(outcomes: readonly Outcome[], trials: number): readonly Cell[] {
  const cells = outcomes
    .filter(({ probability }) => probability.over > 0n)
    .map(({ probability, seen }): Cell => ({ seen, expected: toNumber(probability) * trials }))
  while (cells.length > 1) {
    const [last, other] = [cells.at(-1), cells.at(-2)]
    if (!last || !other || last.expected >= LEAST_EXPECTED) break
    const both = { seen: last.seen + other.seen, expected: last.expected + other.expected }
    cells.splice(-2, 2, both)
    cells.sort((a, b) => b.expected - a.expected)
  }
  return cells
}

/** The trials of a flow by the distributions that they had: what machines remember may change them. */
export function tallies(judgements: readonly Judgement[]): readonly Tally[] {
  const all = new Map<string, { readonly distribution: Distribution; readonly counts: Map<string, number> }>()
  for (const { predictions, taken } of judgements) {
    // Of one that agrees with no way, that is told already.
    if (!taken) continue
    const distribution = distributionOf(predictions, taken)
    const key = [...distribution].map(([name, probability]) => `${name} ${formatRatio(probability)}`).join('\n')
    const tally = all.get(key) ?? { distribution, counts: new Map<string, number>() }
    all.set(key, tally)
    const name = outcomeName(taken.exchange)
    tally.counts.set(name, (tally.counts.get(name) ?? 0) + 1)
  }
  return [...all.values()]
}

/** Whether there is anything to be tested: an outcome that is neither sure nor impossible. */
export function isOpen({ distribution }: Tally): boolean {
  return distribution.size > 1
}

function distributionOf(predictions: readonly Prediction[], taken: Prediction): Distribution {
  const choices = hashed(taken.draws)
  const alike = predictions.filter(({ draws }) => hashed(draws) === choices)
  const total = alike.map(({ probability }) => probability).reduce(add, ZERO)
  const distribution = new Map<string, Ratio>()
  for (const { exchange, probability } of alike) {
    const name = outcomeName(exchange)
    const own = ratio(probability.over * total.under, probability.under * total.over)
    distribution.set(name, add(distribution.get(name) ?? ZERO, own))
  }
  return new Map([...distribution].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What draws at random for each packet or connection. @see xt_statistic in Linux */
const RANDOM = 'statistic'

function hashed(draws: readonly Draw[]): string {
  const choices = draws.filter(({ fork }) => fork.by !== RANDOM)
  return choices.map(({ fork, taken }) => `${fork.by} ${fork.weights.join(':')} ${taken}`).join('\n')
}

/** Whom the packet reached, or else what its sender met. */
export function outcomeName({ request, experience }: Exchange): string {
  if (request.outcome.kind !== 'delivered') return experience
  const { machine, packet } = request.outcome
  return `${machine} at ${formatEnd(packet.dst, portsOf(packet.payload)?.dport)}`
}
