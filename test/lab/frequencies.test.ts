/** Whether counts are as likely as the model says, and who is told when they are not. */
import fc from 'fast-check'
import t from 'tap'
import { drawInteger, seededRandom } from '../../src/base/random.ts'
import { add, formatRatio, type Ratio, ratio, ZERO } from '../../src/base/ratio.ts'
import type { Prediction } from '../../src/lab/agreement.ts'
import {
  frequenciesOf,
  isOpen,
  outcomeName,
  SIGNIFICANCE,
  shareOf,
  type Tally,
  tallies,
} from '../../src/lab/frequencies.ts'
import { judged, played, predicted } from './judged.ts'

const share = shareOf(SIGNIFICANCE, 1)

function tally(outcomes: Readonly<Record<string, readonly [over: number, under: number, seen: number]>>): Tally {
  const all = Object.entries(outcomes)
  return {
    distribution: new Map(all.flatMap(([name, [over, under]]) => (over > 0 ? [[name, ratio(over, under)]] : []))),
    counts: new Map(all.map(([name, [, , seen]]) => [name, seen])),
  }
}

// biome-ignore format: one case, one row
const ROWS: readonly [says: string, tally: Tally, agrees: boolean, why?: RegExp][] = [
  ['a third each', tally({ a: [1, 3, 33], b: [1, 3, 30], c: [1, 3, 37] }), true],
  ['a third each, exactly', tally({ a: [1, 3, 40], b: [1, 3, 40], c: [1, 3, 40] }), true],
  ['one of three is never taken', tally({ a: [1, 3, 60], b: [1, 3, 60], c: [1, 3, 0] }), false, /^so far from what is likely only once in .* times; accepted is once in 1\.0e\+6$/],
  ['one of three is taken twice as often', tally({ a: [1, 3, 150], b: [1, 3, 75], c: [1, 3, 75] }), false, /^so far/],
  ['a half that is a third', tally({ a: [1, 2, 100], b: [1, 2, 200] }), false, /^so far/],
  ['once what cannot be', tally({ a: [1, 1, 1000], b: [0, 1, 1] }), false, /^the model says that it cannot be, but it was seen: b \(1 of 1001\)$/],
  ['what is sure', tally({ a: [1, 1, 1000] }), true],
  ['too few to say', tally({ a: [1, 3, 3], b: [1, 3, 0], c: [1, 3, 0] }), true],
  ['no trial at all', tally({ a: [1, 2, 0], b: [1, 2, 0] }), true],
  ['rare ones together are as many as they should be', tally({ a: [90, 100, 91], b: [4, 100, 4], c: [3, 100, 2], d: [3, 100, 3] }), true],
  ['rare ones together are far too many', tally({ a: [97, 100, 170], b: [1, 100, 10], c: [1, 100, 10], d: [1, 100, 10] }), false, /^so far/],
]

for (const [says, one, agrees, why] of ROWS) {
  t.test(`${says}: ${agrees ? 'agrees' : 'does not agree'}`, async t => {
    const frequencies = frequenciesOf(one, share)
    t.equal(frequencies.agrees, agrees)
    if (why) t.match(frequencies.why, why)
    else t.equal(frequencies.why, undefined)
  })
}

t.test('what is told of a test', async t => {
  const { trials, outcomes, test } = frequenciesOf(tally({ b: [1, 4, 30], a: [3, 4, 70], c: [0, 1, 0] }), share)
  t.equal(trials, 100)
  t.strictSame(
    outcomes.map(({ name, seen }) => [name, seen]),
    [
      ['a', 70],
      ['b', 30],
      ['c', 0],
    ],
  )
  t.equal(test?.degrees, 1)
  t.ok(Math.abs((test?.statistic ?? 0) - 25 / 75 - 1) < 1e-12)
})

t.test('all tests of a run share its significance evenly', async t => {
  t.equal(shareOf(1e-6, 4), 2.5e-7)
  t.equal(shareOf(1e-6, 0), 1e-6)
  const far = tally({ a: [1, 2, 380], b: [1, 2, 620] })
  const { test } = frequenciesOf(far, 1)
  t.ok(test && test.p < 1e-6 && test.p > 1e-30)
  t.equal(frequenciesOf(far, shareOf(1e-6, 1)).agrees, false)
  t.equal(frequenciesOf(tally({ a: [1, 2, 420], b: [1, 2, 580] }), 1e-6).agrees, false)
  t.equal(frequenciesOf(tally({ a: [1, 2, 420], b: [1, 2, 580] }), shareOf(1e-6, 1000)).agrees, true)
})

t.test('a fair die is not blamed, and a loaded one is', async t => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 2, max: 12 }), (seed, sides) => {
      const random = seededRandom(seed, 'die')
      const [fair, loaded] = [new Array<number>(sides).fill(0), new Array<number>(sides).fill(0)]
      for (let i = 0; i < 2000; i++) {
        const side = drawInteger(random, sides)
        fair[side] = (fair[side] ?? 0) + 1
        const other = random() < 0.3 ? 0 : side
        loaded[other] = (loaded[other] ?? 0) + 1
      }
      const of = (counts: readonly number[]) =>
        frequenciesOf(tally(Object.fromEntries(counts.map((seen, i) => [`${i}`, [1, sides, seen]]))), 1e-9).agrees
      return of(fair) && !of(loaded)
    }),
  )
  t.pass('whatever the seed')
})

t.test('of a flow that was sent many times', async t => {
  const one = predicted({ from: 'pod/client', to: 'svc/web:80' })
  const judgements = [0, 1, 1, 0, 1].map(way => judged(one, played(one, way)))
  const all = tallies(judgements)
  t.equal(all.length, 1)
  const [first] = all
  if (!first) throw new Error('no tally')
  t.ok(isOpen(first))
  t.strictSame([...first.counts].sort(), [
    ['default/web-1 at 10.244.1.2:8080', 2],
    ['default/web-2 at 10.244.2.2:8080', 3],
  ])
  t.strictSame(
    [...first.distribution].map(([name, probability]) => [name, formatRatio(probability)]),
    [
      ['default/web-1 at 10.244.1.2:8080', '1/2'],
      ['default/web-2 at 10.244.2.2:8080', '1/2'],
    ],
  )
})

t.test('what agrees with no way is left to the flow itself; what is sure is not open', async t => {
  const one = predicted({ from: 'pod/client', to: 'svc/empty:80' })
  const seen = played(one)
  t.strictSame(tallies([judged(one, { ...seen, met: { experience: 'answered' } })]), [])
  const [sure] = tallies([judged(one, seen)])
  t.equal(sure && isOpen(sure), false)
  t.strictSame(sure && [...sure.counts], [['refused', 1]])
})

t.test('what is decided by a hash is no draw', async t => {
  const one = predicted({ from: 'pod/client', to: 'svc/web:80' })
  const [a, b] = one.predictions
  if (!a || !b) throw new Error('not two ways')
  /** The two endpoints, by either of two next hops. */
  const by = (hop: number) =>
    [a, b].map((way): Prediction => {
      const draw = { fork: { by: 'next hop', weights: [1, 3] }, taken: hop }
      return { ...way, draws: [draw, ...way.draws], probability: ratio(hop === 0 ? 1 : 3, 8) }
    })
  const predictions = [...by(0), ...by(1)]
  const [first] = predictions
  if (!first) throw new Error('no way')
  const judgement = { ...judged(one, played(one)), predictions, taken: first }
  const [only] = tallies([judgement])
  t.strictSame([...(only?.distribution.values() ?? [])].map(formatRatio), ['1/2', '1/2'])
})

t.test('the probabilities of a distribution sum to exactly 1', async t => {
  const one = predicted({ from: 'ip:198.51.100.7', to: 'node/node-1:30080' })
  const [only] = tallies([judged(one, played(one, 1))])
  t.equal(formatRatio([...(only?.distribution.values() ?? [])].reduce<Ratio>(add, ZERO)), '1')
})

t.test('outcomes are called by whom the packet reached, or what its sender met', async t => {
  const name = (to: string) =>
    predicted({ from: 'pod/client', to }).predictions.map(({ exchange }) => outcomeName(exchange))
  t.strictSame(name('svc/web:80'), ['default/web-1 at 10.244.1.2:8080', 'default/web-2 at 10.244.2.2:8080'])
  t.strictSame(name('svc/empty:80'), ['refused'])
})
