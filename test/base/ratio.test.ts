import fc from 'fast-check'
import t from 'tap'
import {
  add,
  compareRatio,
  formatNear,
  formatRatio,
  multiply,
  type Ratio,
  ratio,
  toNumber,
} from '../../src/base/ratio.ts'

const fraction = fc
  .tuple(fc.bigInt({ min: 0n, max: 1n << 80n }), fc.bigInt({ min: 1n, max: 1n << 80n }))
  .map(([over, under]) => ratio(over, under))

t.test('fractions are in lowest terms', async t => {
  t.same(ratio(6, 4), { over: 3n, under: 2n })
  t.same(ratio(0, 5), { over: 0n, under: 1n })
  t.throws(() => ratio(1, 0), RangeError)
})

t.test('sums and products are exact', async t => {
  t.equal(formatRatio(add(ratio(1, 3), ratio(1, 6))), '1/2')
  t.equal(formatRatio(multiply(ratio(2, 3), ratio(3, 2))), '1')
  fc.assert(
    fc.property(fraction, fraction, (a, b) => {
      const same = (x: Ratio, y: Ratio) => compareRatio(x, y) === 0
      return same(add(a, b), add(b, a)) && same(multiply(a, b), multiply(b, a)) && compareRatio(add(a, b), a) >= 0
    }),
  )
})

t.test('a fraction of thousands of digits is still a number', async t => {
  const huge = 3n ** 5000n
  t.ok(Math.abs(toNumber(ratio(huge, 2n * huge + 1n)) - 0.5) < 1e-9)
})

// biome-ignore format: one case, one row
const NEAR: readonly (readonly [Ratio, string])[] = [
  [ratio(715827883, 2147483648), '1/3'],
  [ratio(1, 1), '1'],
  [ratio(0, 1), '0'],
  [ratio(306783379, 2147483648), '1/7'],
  [ratio(2147483, 2147483648), '1/1000'],
  [ratio(718281828, 1000000000), '0.718282'],
]
for (const [value, text] of NEAR) {
  t.test(`${formatRatio(value)} is said as ${text}`, async t => {
    t.equal(formatNear(value), text)
  })
}
