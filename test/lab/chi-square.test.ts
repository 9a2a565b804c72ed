/** The test of counts against published tables. */
import fc from 'fast-check'
import t from 'tap'
import { chiSquare, chiSquareTail } from '../../src/lab/chi-square.ts'

// biome-ignore format: one case, one row
/** Upper critical values. @see NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.4 */
const CRITICAL: readonly [degrees: number, p10: number, p5: number, p1: number, p01: number][] = [
  [1,     2.706,   3.841,   6.635,  10.828],
  [2,     4.605,   5.991,   9.210,  13.816],
  [3,     6.251,   7.815,  11.345,  16.266],
  [4,     7.779,   9.488,  13.277,  18.467],
  [5,     9.236,  11.070,  15.086,  20.515],
  [7,    12.017,  14.067,  18.475,  24.322],
  [10,   15.987,  18.307,  23.209,  29.588],
  [20,   28.412,  31.410,  37.566,  45.315],
  [31,   41.422,  44.985,  52.191,  61.098],
  [50,   63.167,  67.505,  76.154,  86.661],
  [99,  117.407, 123.225, 134.642, 148.230],
  [100, 118.498, 124.342, 135.807, 149.449],
]

for (const [degrees, ...values] of CRITICAL) {
  t.test(`${degrees} degrees of freedom: as tables have it`, async t => {
    for (const [i, p] of [0.1, 0.05, 0.01, 0.001].entries()) {
      const tail = chiSquareTail(values[i] ?? 0, degrees)
      t.ok(Math.abs(tail - p) < p * 2e-3, `${values[i]}: ${tail} is ${p}`)
    }
  })
}

t.test('far out and near', async t => {
  t.equal(chiSquareTail(0, 3), 1)
  // Of two degrees of freedom it is e^(-x/2).
  for (const x of [1e-9, 0.1, 1, 3.9, 4, 4.1, 30, 200, 1400]) {
    t.ok(Math.abs(chiSquareTail(x, 2) / Math.exp(-x / 2) - 1) < 1e-12, `e^(-${x}/2)`)
  }
  // The two-sided tail of a normal variable beyond five deviations: 5.733e-7.
  t.ok(Math.abs(chiSquareTail(25, 1) / 5.733031437583869e-7 - 1) < 1e-12)
  t.equal(chiSquareTail(1e6, 5), 0)
  t.ok(Math.abs(chiSquareTail(5000, 5000) - 0.4973) < 1e-3, 'half of it is beyond the mean, nearly')
})

t.test('a larger statistic is less likely, more degrees make it likelier', async t => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 400, noNaN: true }), fc.integer({ min: 1, max: 200 }), (x, degrees) => {
      const tail = chiSquareTail(x, degrees)
      const grace = 1e-12
      return (
        tail >= 0 &&
        tail <= 1 + grace &&
        chiSquareTail(x + 0.5, degrees) <= tail + grace &&
        chiSquareTail(x, degrees + 1) >= tail - grace
      )
    }),
  )
  t.pass('for all')
})

t.test('one degree of freedom more is one term more', async t => {
  // Q(a+1, x) = Q(a, x) + x^a e^-x / Γ(a+1): https://dlmf.nist.gov/8.8.E6
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 100, noNaN: true }), fc.integer({ min: 0, max: 20 }), (x, n) => {
      const term = Array.from({ length: n + 1 }, (_, k) => Math.log(x / 2) - Math.log(k + 1)).reduce((a, b) => a + b, 0)
      const more = chiSquareTail(x, 2 * n + 4) - chiSquareTail(x, 2 * n + 2)
      return Math.abs(more - Math.exp(term - x / 2)) < 1e-12
    }),
  )
  t.pass('for all')
})

t.test('the statistic', async t => {
  // Sixty throws of a die: the example of every textbook.
  const die = [5, 8, 9, 8, 10, 20].map(seen => ({ seen, expected: 10 }))
  t.equal(chiSquare(die), 13.4)
  t.ok(Math.abs(chiSquareTail(13.4, 5) - 0.0199) < 1e-4)
  t.throws(() => chiSquare([{ seen: 1, expected: 0 }]), { message: 'a cell in which 0 are expected' })
  t.throws(() => chiSquareTail(1, 0), { message: '0 degrees of freedom' })
  t.throws(() => chiSquareTail(1, 1.5), { message: '1.5 degrees of freedom' })
  t.throws(() => chiSquareTail(-1, 1), { message: 'a chi-square of -1' })
  t.throws(() => chiSquareTail(Number.NaN, 1), RangeError)
})
