/**
 * Exact fractions, for probabilities.
 *
 * @module
 */

/** `over / under`, in lowest terms; `under` is above 0. */
export interface Ratio {
  readonly over: bigint
  readonly under: bigint
}

export const ONE: Ratio = { over: 1n, under: 1n }
export const ZERO: Ratio = { over: 0n, under: 1n }

/** @throws {RangeError} when `under` is not above 0 */
export function ratio(over: bigint | number, under: bigint | number): Ratio {
  const [a, b] = [BigInt(over), BigInt(under)]
  if (b <= 0n) throw new RangeError(`a fraction over ${b}`)
  const common = commonDivisor(a < 0n ? -a : a, b)
  return { over: a / common, under: b / common }
}

export function multiply(a: Ratio, b: Ratio): Ratio {
  return ratio(a.over * b.over, a.under * b.under)
}

export function add(a: Ratio, b: Ratio): Ratio {
  return ratio(a.over * b.under + b.over * a.under, a.under * b.under)
}

/** Below 0 when `a` is less than `b`, above 0 when more. */
export function compareRatio(a: Ratio, b: Ratio): number {
  const difference = a.over * b.under - b.over * a.under
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

export function toNumber({ over, under }: Ratio): number {
  // Both are cut to what a double can hold; their quotient stays as exact as a double can be.
  const excess = Math.max(0, under.toString(2).length - 1000)
  return Number(over >> BigInt(excess)) / Number(under >> BigInt(excess))
}

/** The fraction as it is: `715827883/2147483648`, `1`. */
export function formatRatio({ over, under }: Ratio): string {
  return under === 1n ? `${over}` : `${over}/${under}`
}

/**
 * The fraction as people say it: the simplest one with a denominator of at most `most` that is as
 * near as `tolerance`, such as 1/3 for what the kernel keeps of 0.33333333349; else six digits.
 */
export function formatNear(value: Ratio, most = 10_000, tolerance = 2e-9): string {
  const number = toNumber(value)
  for (const [over, under] of convergents(number, most)) {
    if (Math.abs(number - over / under) <= tolerance) return under === 1 ? `${over}` : `${over}/${under}`
  }
  return number.toPrecision(6)
}

/** The continued fraction's approximations of a number of 0 to 1, simplest first. */
function* convergents(number: number, most: number): Iterable<readonly [over: number, under: number]> {
  let [h0, k0, h1, k1] = [0, 1, 1, 0]
  for (let x = number; ; ) {
    const whole = Math.floor(x)
    ;[h0, k0, h1, k1] = [h1, k1, whole * h1 + h0, whole * k1 + k0]
    if (k1 > most) return
    yield [h1, k1]
    if (x - whole < 1e-12) return
    x = 1 / (x - whole)
  }
}

function commonDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b]
  while (y !== 0n) [x, y] = [y, x % y]
  return x === 0n ? 1n : x
}
