/**
 * How likely a draw of a rule was, and a path.
 *
 * @module
 */
import { multiply, ONE, type Ratio, ratio } from '../base/ratio.ts'
import type { HookStep } from '../netfilter/run/hook.ts'
import type { Path } from './journey.ts'
import { probabilityOf } from './ways.ts'

/**
 * The probability of what rules drew at a hook; absent where they drew nothing.
 *
 * Told in full, the steps say it. Otherwise the draws that led past rules are not among the steps,
 * but they are among the path's, if it has no other packet to draw for.
 */
export function chanceAt(steps: readonly HookStep[], { draws, exchanges }: Path): Ratio | undefined {
  const told = steps.some(step => step.kind === 'miss')
  if (!told) {
    const drawn = draws.filter(({ fork }) => fork.by === 'statistic')
    return exchanges.length === 1 && drawn.length > 0 ? probabilityOf(drawn) : undefined
  }
  let [probability, drew] = [ONE, false]
  for (const step of steps) {
    if ((step.kind !== 'rule' && step.kind !== 'miss') || !step.chance) continue
    const { taken, of } = step.chance
    drew = true
    probability = multiply(probability, ratio(step.kind === 'rule' ? taken : of - taken, of))
  }
  return drew ? probability : undefined
}
