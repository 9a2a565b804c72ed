/**
 * Places inside an object: `spec.ports[0].port`.
 *
 * A field is a step from its parent, so that walking into an object costs one small value a step and the text is
 * made only for what is reported.
 *
 * @module
 */

/** A place inside an object. The root has no parent and no step. */
export interface Field {
  readonly parent?: Field
  /** A field's name, or the place in a list counted from 0. */
  readonly step?: string | number
  /** Whether the step is the key of a map, written in brackets. */
  readonly key?: boolean
}

/** Steps from the root of a document. */
export type Path = readonly (string | number)[]

/** The object itself. */
export const ROOT: Field = {}

/** The place `steps` below `field`: names of fields and places in lists. */
export function at(field: Field, ...steps: readonly (string | number)[]): Field {
  let place = field
  for (const step of steps) place = { parent: place, step }
  return place
}

/** The entry of a map: `data[a b]`. */
export function atKey(field: Field, key: string): Field {
  return { parent: field, step: key, key: true }
}

/** @see String in staging/src/k8s.io/apimachinery/pkg/util/validation/field/path.go of Kubernetes */
export function formatField(field: Field): string {
  if (field.parent === undefined) return ''
  const before = formatField(field.parent)
  if (typeof field.step === 'number' || field.key === true) return `${before}[${field.step}]`
  return before === '' ? `${field.step}` : `${before}.${field.step}`
}

export function pathOf(field: Field): Path {
  const steps: (string | number)[] = []
  for (let place: Field | undefined = field; place?.step !== undefined; place = place.parent) steps.push(place.step)
  return steps.reverse()
}
