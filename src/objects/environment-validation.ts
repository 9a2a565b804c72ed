/**
 * Rules for a container's environment.
 *
 * @see ValidateEnv and ValidateEnvFrom in pkg/apis/core/validation/validation.go of Kubernetes
 *
 * @module
 */
import { at, type Field } from './field.ts'
import { type Finding, invalid, invalids, required, unsupported } from './finding.ts'
import { configKeyProblems, variableNameProblems } from './name.ts'
import { objectIn, objectsIn, type Plain, textIn } from './plain.ts'

const SOURCES = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef']
const FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]
/** Fields that Pods have, but that no variable may hold. */
const OTHER_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
]
const SUBSCRIPT = /^metadata\.(?:annotations|labels)\['.*'\]$/
const ONE_OF_KEYS = '`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'
const MORE_THAN_ONE = 'may not have more than one field specified at a time'

export function* validateEnvironment(container: Plain, field: Field): Generator<Finding> {
  for (const [index, variable] of objectsIn(container, 'env').entries()) {
    const place = at(field, 'env', index)
    const name = textIn(variable, 'name')
    if (name === '') yield required(at(place, 'name'))
    else yield* invalids(at(place, 'name'), name, variableNameProblems(name))
    const source = objectIn(variable, 'valueFrom')
    if (source !== undefined) yield* validateSource(source, textIn(variable, 'value'), at(place, 'valueFrom'))
  }
  for (const [index, source] of objectsIn(container, 'envFrom').entries()) {
    yield* validateWholeSource(source, at(field, 'envFrom', index))
  }
}

function* validateSource(source: Plain, value: string, field: Field): Generator<Finding> {
  const given = SOURCES.filter(name => source[name] !== undefined)
  for (const name of given) yield* validateReference(name, objectIn(source, name) ?? {}, at(field, name))
  if (given.length === 0) yield invalid(field, '', `must specify one of: ${ONE_OF_KEYS}`)
  if (value !== '') {
    if (given.length > 0) yield invalid(field, '', 'may not be specified when `value` is not empty')
  } else if (given.length > 1) yield invalid(field, '', MORE_THAN_ONE)
}

function* validateReference(name: string, reference: Plain, field: Field): Generator<Finding> {
  switch (name) {
    case 'fieldRef':
      yield* validateFieldReference(reference, field)
      return
    case 'resourceFieldRef':
      if (textIn(reference, 'resource') === '') yield required(at(field, 'resource'))
      return
    case 'fileKeyRef':
      for (const part of ['key', 'volumeName', 'path'])
        if (textIn(reference, part) === '') yield required(at(field, part))
      return
    default: {
      if (textIn(reference, 'name') === '') yield required(at(field, 'name'))
      const key = textIn(reference, 'key')
      if (key === '') yield required(at(field, 'key'))
      else yield* invalids(at(field, 'key'), key, configKeyProblems(key))
    }
  }
}

function* validateFieldReference(reference: Plain, field: Field): Generator<Finding> {
  const path = textIn(reference, 'fieldPath')
  const place = at(field, 'fieldPath')
  if (path === '') yield required(place)
  else if (FIELDS.includes(path) || SUBSCRIPT.test(path)) return
  else if (OTHER_FIELDS.includes(path)) yield unsupported(place, path, FIELDS)
  else yield invalid(place, path, `error converting fieldPath: field label not supported: ${path}`)
}

function* validateWholeSource(source: Plain, field: Field): Generator<Finding> {
  const prefix = textIn(source, 'prefix')
  if (prefix !== '') yield* invalids(at(field, 'prefix'), prefix, variableNameProblems(prefix))
  const given = ['configMapRef', 'secretRef'].filter(name => source[name] !== undefined)
  for (const name of given) {
    if (textIn(objectIn(source, name) ?? {}, 'name') === '') yield required(at(field, name, 'name'))
  }
  if (given.length === 0) yield invalid(field, '', 'must specify one of: `configMapRef` or `secretRef`')
  else if (given.length > 1) yield invalid(field, '', MORE_THAN_ONE)
}
