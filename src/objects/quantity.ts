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
