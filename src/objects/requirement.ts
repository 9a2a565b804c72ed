/**
 * One condition on one label.
 *
 * @see Requirement in staging/src/k8s.io/apimachinery/pkg/labels/selector.go of Kubernetes
 *
 * @module
 */
import type { StringMap } from './meta.ts'

export type Operator = '=' | '==' | '!=' | 'in' | 'notin' | 'exists' | '!' | 'gt' | 'lt'

/** One condition. `values` are sorted and without repetition. */
export interface Requirement {
  readonly key: string
  readonly operator: Operator
  readonly values: readonly string[]
}

/** Whether labels meet the condition. */
export function holds({ key, operator, values }: Requirement, labels: StringMap | undefined): boolean {
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case '=':
    case '==':
    case 'in':
      return value !== undefined && values.includes(value)
    case '!=':
    case 'notin':
      return value === undefined || !values.includes(value)
    case 'exists':
      return value !== undefined
    case '!':
      return value === undefined
    case 'gt':
    case 'lt':
      return compares(operator, value, values[0])
  }
}

const INT64 = /^[+-]?\d+$/

function compares(operator: 'gt' | 'lt', value: string | undefined, bound: string | undefined): boolean {
  const left = findInt64(value)
  const right = findInt64(bound)
  if (left === undefined || right === undefined) return false
  return operator === 'gt' ? left > right : left < right
}

/** A decimal number that 64 bits with a sign can hold. */
export function findInt64(text: string | undefined): bigint | undefined {
  if (text === undefined || !INT64.test(text)) return undefined
  const number = BigInt(text.replace('+', ''))
  return BigInt.asIntN(64, number) === number ? number : undefined
}

/** `app in (a,b)` */
export function formatRequirement({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'exists':
      return key
    case '!':
      return `!${key}`
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values.join(',')})`
    case 'gt':
      return `${key}>${values.join(',')}`
    case 'lt':
      return `${key}<${values.join(',')}`
    case '=':
    case '==':
    case '!=':
      return `${key}${operator}${values.join(',')}`
  }
}

export function sortRequirements(requirements: readonly Requirement[]): readonly Requirement[] {
  return requirements.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
}

/** In order and without repetition. */
export function sorted(values: Iterable<string>): readonly string[] {
  return [...new Set(values)].sort()
}
