/**
 * Pearson's chi-square test: how likely counts are to be as far from what is expected, by chance alone.
 *
 * @see K. Pearson, "On the criterion that a given system of deviations…", Philosophical Magazine 50 (1900)
 * @module
 */

/** What was counted, and what was to be expected. */
export interface Cell {
  readonly seen: number
  readonly expected: number
}

/**
 * The sum over all cells of (seen − expected)² / expected.
 *
 * @throws {RangeError} for a cell of which none are expected
 */
export function chiSquare(cells: readonly Cell[]): number {
  return cells.reduce((sum, { seen, expected }) => {
    if (!(expected > 0)) throw new RangeError(`a cell in which ${expected} are expected`)
    return sum + (seen - expected) ** 2 / expected
  }, 0)
}

/**
 * The probability that a chi-square variable of so many degrees of freedom is `statistic` or more.
 *
 * @throws {RangeError} unless `degrees` is a whole number from 1 up and `statistic` 0 or more
 */
export function chiSquareTail(statistic: number, degrees: number): number {
  if (!Number.isInteger(degrees) || degrees < 1) throw new RangeError(`${degrees} degrees of freedom`)
  if (!(statistic >= 0)) throw new RangeError(`a chi-square of ${statistic}`)
  const [a, x] = [degrees / 2, statistic / 2]
  if (x === 0) return 1
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a))
  return x < a + 1 ? 1 - scale * lowerSeries(a, x) : scale * upperFraction(a, x)
}

/** Where a double's last bit no longer changes. */
const CLOSE = 1e-16

/** γ(a, x) eˣ / xᵃ. @see https://dlmf.nist.gov/8.11.E4 */
function lowerSeries(a: number, x: number): number {
  let term = 1 / a
  let sum = term
  for (let n = 1; term > sum * CLOSE; n++) {
    term *= x / (a + n)
    sum += term
  }
  return sum
}

/**
 * Γ(a, x) eˣ / xᵃ as the continued fraction 1 / (x+1−a − 1(1−a) / (x+3−a − 2(2−a) / (x+5−a − …))),
 * from its front by the method of Lentz as Thompson and Barnett changed it. For x of a + 1 and more no
 * denominator is 0.
 *
 * @see https://dlmf.nist.gov/8.9.E2; https://dlmf.nist.gov/3.10.iii
 */
function upperFraction(a: number, x: number): number {
  let b = x + 1 - a
  let c = Number.POSITIVE_INFINITY
  let d = 1 / b
  let value = d
  for (let n = 1; ; n++) {
    const numerator = -n * (n - a)
    b += 2
    d = 1 / (numerator * d + b)
    c = b + numerator / c
    value *= c * d
    if (Math.abs(c * d - 1) < 2 * CLOSE) return value
  }
}

/** ln Γ of a whole or half number: Γ(1) = 1, Γ(1/2) = √π, Γ(a + 1) = a Γ(a). */
function logGamma(a: number): number {
  let sum = Number.isInteger(a) ? 0 : Math.log(Math.PI) / 2
  for (let below = a - 1; below > 0; below--) sum += Math.log(below)
  return sum
}
