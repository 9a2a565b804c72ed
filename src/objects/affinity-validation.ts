/**
 * Rules for what draws Pods to nodes and to or from other Pods.
 *
 * @see validateAffinity in pkg/apis/core/validation/validation.go of Kubernetes
 *
 * @module
 */
import { at, type Field } from './field.ts'
import { type Finding, invalid, invalids, required } from './finding.ts'
import { validateLabelSelector, validateNodeRequirement } from './label-selector-validation.ts'
import { labelProblems, qualifiedNameProblems } from './name.ts'
import { numberIn, objectIn, objectsIn, type Plain, textIn, textsIn } from './plain.ts'

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'

export function* validateAffinity(spec: Plain, field: Field): Generator<Finding> {
  const affinity = objectIn(spec, 'affinity')
  if (affinity === undefined) return
  const node = objectIn(affinity, 'nodeAffinity')
  if (node !== undefined) yield* validateNodeAffinity(node, at(field, 'nodeAffinity'))
  for (const name of ['podAffinity', 'podAntiAffinity']) {
    const pods = objectIn(affinity, name)
    if (pods !== undefined) yield* validatePodAffinity(pods, at(field, name))
  }
}

function* validateNodeAffinity(affinity: Plain, field: Field): Generator<Finding> {
  const selector = objectIn(affinity, REQUIRED)
  if (selector !== undefined) {
    const terms = objectsIn(selector, 'nodeSelectorTerms')
    const place = at(field, REQUIRED, 'nodeSelectorTerms')
    if (terms.length === 0) yield required(place, 'must have at least one node selector term')
    for (const [index, term] of terms.entries()) yield* validateNodeTerm(term, at(place, index))
  }
  for (const [index, preferred] of objectsIn(affinity, PREFERRED).entries()) {
    const place = at(field, PREFERRED, index)
    yield* validateWeight(preferred, place)
    yield* validateNodeTerm(objectIn(preferred, 'preference') ?? {}, at(place, 'preference'))
  }
}

function* validateNodeTerm(term: Plain, field: Field): Generator<Finding> {
  for (const [index, requirement] of objectsIn(term, 'matchExpressions').entries()) {
    yield* validateNodeRequirement(requirement, at(field, 'matchExpressions', index))
  }
  for (const [index, requirement] of objectsIn(term, 'matchFields').entries()) {
    yield* validateFieldRequirement(requirement, at(field, 'matchFields', index))
  }
}

/** Of a node's fields only the name can be asked for. */
function* validateFieldRequirement(requirement: Plain, field: Field): Generator<Finding> {
  const operator = textIn(requirement, 'operator')
  const values = textsIn(requirement, 'values')
  if (operator !== 'In' && operator !== 'NotIn') {
    yield invalid(at(field, 'operator'), operator, 'not a valid selector operator')
  } else if (values.length !== 1) {
    yield required(
      at(field, 'values'),
      "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
    )
  }
  if (textIn(requirement, 'key') !== 'metadata.name') {
    yield invalid(at(field, 'key'), textIn(requirement, 'key'), 'not a valid field selector key')
  }
}

function* validatePodAffinity(affinity: Plain, field: Field): Generator<Finding> {
  for (const [index, term] of objectsIn(affinity, REQUIRED).entries()) {
    yield* validatePodTerm(term, at(field, REQUIRED, index))
  }
  for (const [index, preferred] of objectsIn(affinity, PREFERRED).entries()) {
    const place = at(field, PREFERRED, index)
    yield* validateWeight(preferred, place)
    yield* validatePodTerm(objectIn(preferred, 'podAffinityTerm') ?? {}, at(place, 'podAffinityTerm'))
  }
}

function* validatePodTerm(term: Plain, field: Field): Generator<Finding> {
  for (const name of ['labelSelector', 'namespaceSelector']) {
    yield* validateLabelSelector(objectIn(term, name), at(field, name))
  }
  for (const namespace of textsIn(term, 'namespaces')) {
    yield* invalids(at(field, 'namespace'), namespace, labelProblems(namespace))
  }
  const key = textIn(term, 'topologyKey')
  if (key === '') yield required(at(field, 'topologyKey'), 'can not be empty')
  yield* invalids(at(field, 'topologyKey'), key, qualifiedNameProblems(key))
}

function* validateWeight(preferred: Plain, field: Field): Generator<Finding> {
  const weight = numberIn(preferred, 'weight')
  if (weight < 1 || weight > 100) yield invalid(at(field, 'weight'), weight, 'must be in the range 1-100')
}
