/**
 * Amounts of resources: `500m`, `1Gi`, `1e3`.
 *
 * @see staging/src/k8s.io/apimachinery/pkg/api/resource/quantity.go of Kubernetes
 *
 * @module
 */
import { ParseError } from '../base/error.ts'

const FORM = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?$/

const PROBLEM = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

const BINARY = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }

/**
 * Reads an amount, to the nearest number: `500m` is 0.5, `1Ki` is 1024.
 *
 * @throws {ParseError} in the API server's words unless `value` is an amount
 */
export function parseQuantity(value: string | number): number {
  const text = `${value}`
  const [, sign = '', digits = '', suffix = ''] = FORM.exec(text) ?? []
  if (digits === '') throw new ParseError('quantity', text, PROBLEM)
  const binary = BINARY.indexOf(suffix)
  if (binary >= 0) return Number(`${sign}${digits}`) * 1024 ** (binary + 1)
  // The suffix E is a power of its own; e3 and E3 are exponents.
  const exponent = DECIMAL[suffix] ?? (suffix === '' ? 0 : Number(suffix.slice(1)))
  return Number(`${sign}${digits}e${exponent}`)
}

/** Whether `value` is an amount; if not, the API server's words for it. */
export function quantityProblem(value: string | number): string | undefined {
  return FORM.test(`${value}`) ? undefined : PROBLEM
}

/** The suffixes by powers of a thousand, from nano up. */
const THOUSANDS = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E']
const NANO = 1_000_000_000n

/**
 * An amount in its canonical form: no fraction, and the largest suffix that loses nothing. `1.5Gi` is `1536Mi`,
 * `2000m` is `2`.
 *
 * @throws {ParseError} unless `value` is an amount
 */
export function formatQuantity(value: string | number): string {
  const text = `${value}`
  const [, sign = '', digits = '', suffix = ''] = FORM.exec(text) ?? []
  if (digits === '') throw new ParseError('quantity', text, PROBLEM)
  const nanos = nanosOf(digits, suffix)
  const minus = sign === '-' && nanos > 0n ? '-' : ''
  const power = BINARY.indexOf(suffix)
  if (power >= 0 && nanos % NANO === 0n && nanos / NANO >= 1024n)
    return minus + shorten(nanos / NANO, 1024n, ['', ...BINARY])
  if (/^[eE]/.test(suffix) && suffix.length > 1) return minus + formatExponent(nanos)
  return minus + (nanos === 0n ? '0' : shorten(nanos, 1000n, THOUSANDS))
}

/**
 * The amount in billionths, rounded up as Kubernetes rounds: `1m` is 1,000,000.
 *
 * @throws {ParseError} unless `value` is an amount
 */
export function quantityNanos(value: string | number): bigint {
  const text = `${value}`
  const [, sign = '', digits = '', suffix = ''] = FORM.exec(text) ?? []
  if (digits === '') throw new ParseError('quantity', text, PROBLEM)
  const nanos = nanosOf(digits, suffix)
  return sign === '-' ? -nanos : nanos
}

/** Billionths, rounded up as Kubernetes rounds. */
function nanosOf(digits: string, suffix: string): bigint {
  const [whole = '', fraction = ''] = digits.split('.')
  const number = BigInt(whole + fraction)
  const power = BINARY.indexOf(suffix)
  const scale = power >= 0 ? 1024n ** BigInt(power + 1) : 1n
  const exponent = (power >= 0 ? 0 : (DECIMAL[suffix] ?? Number(suffix.slice(1)))) + 9 - fraction.length
  const scaled = number * scale
  if (exponent >= 0) return scaled * 10n ** BigInt(exponent)
  const divisor = 10n ** BigInt(-exponent)
  return (scaled + divisor - 1n) / divisor
}

function shorten(amount: bigint, base: bigint, suffixes: readonly string[]): string {
  let left = amount
  let power = 0
  while (power < suffixes.length - 1 && left % base === 0n) {
    left /= base
    power++
  }
  return `${left}${suffixes[power]}`
}

/** Powers in steps of three: `1e3`. */
function formatExponent(nanos: bigint): string {
  let left = nanos
  let exponent = -9
  while (left !== 0n && left % 1000n === 0n) {
    left /= 1000n
    exponent += 3
  }
  return exponent === 0 || left === 0n ? `${left}` : `${left}e${exponent}`
}
