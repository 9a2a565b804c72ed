import fc from 'fast-check'
import t from 'tap'
import type { Choose } from '../../src/base/choice.ts'
import { add, formatRatio, ONE, ratio, ZERO } from '../../src/base/ratio.ts'
import { drawnWay, everyWay, follow } from '../../src/trace/ways.ts'

/** A run that draws as a tree says: its leaves are what comes of it. */
type Tree = { readonly leaf: number } | { readonly weights: readonly number[]; readonly under: readonly Tree[] }

const tree: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>(tie => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.record({ leaf: fc.integer() }),
    fc
      .array(fc.tuple(fc.integer({ min: 0, max: 2 ** 31 }), tie('tree')), { minLength: 1, maxLength: 4 })
      .filter(ways => ways.some(([weight]) => weight > 0))
      .map(ways => ({ weights: ways.map(([weight]) => weight), under: ways.map(([, one]) => one) })),
  ),
})).tree

function walk(one: Tree, choose: Choose): number {
  if ('leaf' in one) return one.leaf
  const next = one.under[choose({ by: 'tree', weights: one.weights })]
  if (!next) throw new RangeError('chosen outside of the fork')
  return walk(next, choose)
}

/** The leaves that can be reached, slowly and obviously. */
function leaves(one: Tree): number[] {
  if ('leaf' in one) return [one.leaf]
  return one.under.flatMap((next, i) => ((one.weights[i] ?? 0) > 0 ? leaves(next) : []))
}

t.test('every leaf of possible weight is reached once, and the probabilities sum to exactly one', async t => {
  fc.assert(
    fc.property(tree, one => {
      const ways = [...everyWay(choose => walk(one, choose))]
      const sum = ways.map(way => way.probability).reduce(add, ZERO)
      return (
        formatRatio(sum) === formatRatio(ONE) &&
        JSON.stringify(ways.map(way => way.value)) === JSON.stringify(leaves(one))
      )
    }),
  )
  t.pass('for random trees of draws')
})

t.test('a way that is followed again gives the same', async t => {
  fc.assert(
    fc.property(tree, one => {
      const run = (choose: Choose) => walk(one, choose)
      return [...everyWay(run)].every(way => JSON.stringify(follow(run, way.draws).value) === JSON.stringify(way.value))
    }),
  )
  t.pass('for random trees of draws')
})

t.test('a seed draws each way about as often as it is likely', async t => {
  const third = (choose: Choose) => choose({ by: 'die', weights: [1, 2] })
  const counts = [0, 0]
  for (let seed = 0; seed < 3000; seed++) {
    const { value } = drawnWay(third, seed)
    counts[value] = (counts[value] ?? 0) + 1
  }
  t.ok(Math.abs((counts[0] ?? 0) - 1000) < 120, `${counts}`)
  t.same(drawnWay(third, 7), drawnWay(third, 7), 'the same seed draws the same')
  t.same(drawnWay(third, 7).probability, drawnWay(third, 7).value === 0 ? ratio(1, 3) : ratio(2, 3))
})

t.test('a way of weight 0 is never taken', async t => {
  const run = (choose: Choose) => choose({ by: 'nothing', weights: [0, 1, 0] })
  t.same(
    [...everyWay(run)].map(way => way.value),
    [1],
  )
  t.equal(drawnWay(run, 3).value, 1)
})
