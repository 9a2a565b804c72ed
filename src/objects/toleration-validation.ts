/**
 * Rules for taints of Nodes and tolerations of Pods.
 *
 * @see ValidateTolerations and validateNodeTaints in pkg/apis/core/validation/validation.go of Kubernetes
 *
 * @module
 */
import { at, type Field } from './field.ts'
import { type Finding, invalid, invalids, unsupported } from './finding.ts'
import { labelValueProblems, qualifiedNameProblems } from './name.ts'
import { objectsIn, type Plain, textIn } from './plain.ts'

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']
const MATCH_ALL = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'

export function* validateTolerations(spec: Plain, parent: Field): Generator<Finding> {
  for (const [index, toleration] of objectsIn(spec, 'tolerations').entries()) {
    yield* validateToleration(toleration, at(parent, 'tolerations', index))
  }
}

function* validateToleration(toleration: Plain, field: Field): Generator<Finding> {
  const key = textIn(toleration, 'key')
  const operator = textIn(toleration, 'operator')
  const effect = textIn(toleration, 'effect')
  if (key !== '') yield* invalids(at(field, 'key'), key, taintKeyProblems(key))
  else if (operator !== 'Exists') yield invalid(at(field, 'operator'), operator, MATCH_ALL)
  if (toleration['tolerationSeconds'] !== undefined && effect !== 'NoExecute') {
    yield invalid(at(field, 'effect'), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")
  }
  yield* validateOperator(operator, textIn(toleration, 'value'), toleration, at(field, 'operator'))
  if (effect !== '') yield* validateTaintEffect(effect, at(field, 'effect'))
}

function* validateOperator(operator: string, value: string, toleration: Plain, field: Field): Generator<Finding> {
  switch (operator) {
    case '':
    case 'Equal':
      yield* validateTaintValue(value, field)
      return
    case 'Exists':
      if (value !== '') yield invalid(field, inside(toleration), "value must be empty when `operator` is 'Exists'")
      return
    default:
      yield unsupported(field, operator, ['Equal', 'Exists'])
  }
}

/** A toleration as the API server holds it inside. */
function inside(toleration: Plain): Plain {
  return {
    Key: textIn(toleration, 'key'),
    Operator: textIn(toleration, 'operator'),
    Value: textIn(toleration, 'value'),
    Effect: textIn(toleration, 'effect'),
    TolerationSeconds: toleration['tolerationSeconds'] ?? null,
  }
}

export function taintKeyProblems(key: string): string[] {
  return qualifiedNameProblems(key)
}

/** All that is wrong with a value goes into one finding. */
export function validateTaintValue(value: string, field: Field): Finding[] {
  const problems = labelValueProblems(value)
  return problems.length === 0 ? [] : [invalid(field, value, problems.join(';'))]
}

export function validateTaintEffect(effect: string, field: Field): Finding[] {
  return EFFECTS.includes(effect) ? [] : [unsupported(field, effect, EFFECTS)]
}
