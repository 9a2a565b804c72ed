/**
 * Which of the ways that the model knows the kernel took; and if it took none, how it differs from the
 * nearest.
 *
 * @module
 */
import { compareRatio } from '../base/ratio.ts'
import type { Flow } from '../trace/journey.ts'
import type { Difference, Judgement, Prediction } from './agreement.ts'
import { compare, compareEnds, differencesIn, isSpoken, labNames } from './compare.ts'
import { portWords } from './drawn-ports.ts'
import type { Observation } from './observation.ts'
import { isByOtherHops, withoutOpenWays } from './open-ways.ts'
import { isCrafted, type ProbeOptions } from './predict.ts'

/** @param options those that the probe was made with */
export function judge(
  flow: Flow,
  predictions: readonly Prediction[],
  observation: Observation,
  options: Pick<ProbeOptions, 'crafted'> = {},
): Judgement {
  const crafted = isCrafted(flow, options)
  // Sorting is stable: ways that are as likely as each other keep the order of the draws.
  const likeliest = [...predictions].sort((a, b) => compareRatio(b.probability, a.probability))
  const spoken = isSpoken(flow, { crafted })
  const ends = likeliest.map(prediction => ({ prediction, count: endDifferences(prediction, observation, spoken) }))
  const least = Math.min(...ends.map(({ count }) => count))
  const differencesOf = ({ exchange }: Prediction) => differencesIn(compare(flow, exchange, observation, { crafted }))
  let nearest: { readonly prediction: Prediction; readonly differences: readonly Difference[] } | undefined
  for (const { prediction, count } of ends) {
    // A way that ends elsewhere is not the one, and not nearer than one that does not.
    if (count > least) continue
    const differences = differencesOf(prediction)
    if (differences.length === 0) {
      const twins = likeliest.filter(one => isByOtherHops(one, prediction) && differencesOf(one).length === 0)
      return { flow, predictions, observation, taken: withoutOpenWays(prediction, twins), differences }
    }
    if (!nearest || differences.length < nearest.differences.length) nearest = { prediction, differences }
  }
  if (nearest) return { flow, predictions, observation, nearest: nearest.prediction, differences: nearest.differences }
  const nothing: Difference = { what: 'verdict', model: 'no way at all', kernel: observation.met.experience }
  return { flow, predictions, observation, differences: [nothing] }
}

function endDifferences({ exchange }: Prediction, observation: Observation, spoken: boolean): number {
  const nameOf = labNames(observation)
  const words = portWords(exchange, observation.machines, nameOf)
  return compareEnds(exchange, observation, { words, nameOf, spoken }).length
}
