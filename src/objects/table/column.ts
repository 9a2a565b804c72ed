/**
 * Objects as rows of a table: the columns that the API server gives for each kind.
 *
 * @see Kubernetes pkg/printers/internalversion/printers.go
 * @module
 */
import type { Millis } from '../../base/clock.ts'
import type { KubeObject, ObjectMeta } from '../meta.ts'

export interface Column<T extends KubeObject = KubeObject> {
  /** As the API spells it: `Cluster-IP`. */
  readonly name: string
  /** Shown with `-o wide` only. */
  readonly wide?: true
  readonly cell: (object: T, now: Millis) => string | number
}

export const NONE = '<none>'

/** The column that every kind begins with. */
export const NAME: Column = { name: 'Name', cell: object => object.metadata.name }

/** The column that every kind has, before the wide ones. */
export const AGE: Column = { name: 'Age', cell: (object, now) => ageOf(object.metadata, now) }

/** How long ago the object was made, in kubectl's short form. */
export function ageOf(meta: ObjectMeta, now: Millis): string {
  if (meta.creationTimestamp === undefined) return '<unknown>'
  return formatAge(now - Date.parse(meta.creationTimestamp))
}

/**
 * A span in the two largest units that matter: `8s`, `6m26s`, `3h`, `2d5h`.
 *
 * @see k8s.io/apimachinery/pkg/util/duration: HumanDuration
 */
export function formatAge(span: Millis): string {
  const seconds = Math.floor(span / 1000)
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 120) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10) return both(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 8) return both(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.floor(hours / 24)
  if (days < 8) return both(days, 'd', hours % 24, 'h')
  if (days < 730) return `${days}d`
  const years = Math.floor(days / 365)
  return years < 8 ? both(years, 'y', days % 365, 'd') : `${years}y`
}

function both(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`
}

/** At most three of `list`, and how many more there are. */
export function firstThree(list: readonly string[], whenEmpty: string): string {
  if (list.length === 0) return whenEmpty
  const shown = list.slice(0, 3).join(',')
  return list.length > 3 ? `${shown} + ${list.length - 3} more...` : shown
}

/** `<none>` for what is empty. */
export function orNone(text: string | undefined): string {
  return text === undefined || text === '' ? NONE : text
}
