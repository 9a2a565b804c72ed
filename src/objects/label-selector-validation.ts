/**
 * Rules for label selectors in object form, and for the like of them that select nodes.
 *
 * @see staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go of Kubernetes
 *
 * @module
 */
import { at, type Field } from './field.ts'
import { type Finding, forbidden, invalid, invalids, required } from './finding.ts'
import type { LabelSelector, StringMap } from './meta.ts'
import { validateLabels } from './metadata-validation.ts'
import { labelValueProblems, qualifiedNameProblems } from './name.ts'
import { entriesIn, isPlain, objectIn, objectsIn, type Plain, textIn, textsIn } from './plain.ts'
import { matches, selectorOf } from './selector.ts'

const WITH_VALUES = ['In', 'NotIn']
const WITHOUT_VALUES = ['Exists', 'DoesNotExist']
const NEEDS_VALUES = "must be specified when `operator` is 'In' or 'NotIn'"
const TAKES_NO_VALUES = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
const NO_OPERATOR = 'not a valid selector operator'

/** An absent selector has no faults. */
export function* validateLabelSelector(selector: Plain | undefined, field: Field): Generator<Finding> {
  if (selector === undefined) return
  yield* validateLabels(selector, 'matchLabels', field)
  for (const [index, requirement] of objectsIn(selector, 'matchExpressions').entries()) {
    yield* validateRequirement(requirement, at(field, 'matchExpressions', index))
  }
}

function* validateRequirement(requirement: Plain, field: Field): Generator<Finding> {
  const operator = textIn(requirement, 'operator')
  const values = textsIn(requirement, 'values')
  if (WITH_VALUES.includes(operator)) {
    if (values.length === 0) yield required(at(field, 'values'), NEEDS_VALUES)
  } else if (WITHOUT_VALUES.includes(operator)) {
    if (values.length > 0) yield forbidden(at(field, 'values'), TAKES_NO_VALUES)
  } else yield invalid(at(field, 'operator'), operator, NO_OPERATOR)
  yield* validateKeyAndValues(requirement, field)
}

/** A requirement on a node's labels, which also knows comparisons. */
export function* validateNodeRequirement(requirement: Plain, field: Field): Generator<Finding> {
  const operator = textIn(requirement, 'operator')
  const values = textsIn(requirement, 'values')
  if (operator !== 'Gt' && operator !== 'Lt') {
    yield* validateRequirement(requirement, field)
    return
  }
  if (values.length !== 1) {
    yield required(at(field, 'values'), "must be specified single value when `operator` is 'Lt' or 'Gt'")
  }
  yield* validateKeyAndValues(requirement, field)
}

function* validateKeyAndValues(requirement: Plain, field: Field): Generator<Finding> {
  const key = textIn(requirement, 'key')
  yield* invalids(at(field, 'key'), key, qualifiedNameProblems(key))
  for (const [index, value] of textsIn(requirement, 'values').entries()) {
    yield* invalids(at(field, 'values', index), value, labelValueProblems(value))
  }
}

/** Whether the selector has no conditions and so selects everything. */
export function isEmptySelector(selector: Plain): boolean {
  return entriesIn(selector, 'matchLabels').length === 0 && objectsIn(selector, 'matchExpressions').length === 0
}

/** Whether a selector without faults selects the template's labels. An absent one selects nothing. */
export function selectsTemplate(selector: Plain | undefined, template: Plain): boolean {
  return matches(selectorOf(selector as LabelSelector | undefined), templateLabels(template))
}

/** The labels of a template, if it has any. */
export function templateLabels(template: Plain): StringMap | undefined {
  const labels = objectIn(template, 'metadata')?.['labels']
  return isPlain(labels) ? (labels as StringMap) : undefined
}
