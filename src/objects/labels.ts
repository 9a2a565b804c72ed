import type { LabelSelector, StringMap } from './meta.ts'

/**
 * Labels in one line, sorted by key: `app=web,tier=front`.
 *
 * @see k8s.io/apimachinery/pkg/labels: FormatLabels
 */
export function formatLabels(labels: StringMap | null | undefined): string {
  const pairs = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return pairs.length === 0 ? '<none>' : pairs.map(([key, value]) => `${key}=${value}`).join(',')
}

const OPERATORS: Readonly<Record<string, string>> = { In: 'in', NotIn: 'notin' }

/**
 * A label selector in the string grammar, as kubectl shows it.
 *
 * @see k8s.io/apimachinery/pkg/apis/meta/v1: FormatLabelSelector
 */
export function formatLabelSelector(selector: LabelSelector | null | undefined): string {
  const parts: [key: string, text: string][] = [
    ...Object.entries(selector?.matchLabels ?? {}).map(([key, value]): [string, string] => [key, `${key}=${value}`]),
    ...(selector?.matchExpressions ?? []).map((one): [string, string] => {
      const word = OPERATORS[one.operator]
      if (word) return [one.key, `${one.key} ${word} (${[...(one.values ?? [])].sort().join(',')})`]
      return [one.key, one.operator === 'Exists' ? one.key : `!${one.key}`]
    }),
  ]
  if (parts.length === 0) return '<none>'
  return parts
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, text]) => text)
    .join(',')
}
