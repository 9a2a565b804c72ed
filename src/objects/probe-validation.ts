/**
 * Rules for what the kubelet does to a container: probes and hooks.
 *
 * @see validateProbe, validateHandler in pkg/apis/core/validation/validation.go of Kubernetes
 *
 * @module
 */
import { at, type Field } from './field.ts'
import { type Finding, forbidden, invalid, invalids, negative, required, unsupported } from './finding.ts'
import { portNumberProblems } from './name.ts'
import { numberIn, objectIn, objectsIn, type Plain, textIn, textsIn } from './plain.ts'
import { validatePortReference } from './service-port-validation.ts'

const SECONDS = ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold']
const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep']
const SCHEMES = ['HTTP', 'HTTPS']
const HEADER = /^[-A-Za-z0-9]+$/
const HEADER_FORM =
  "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"

export function* validateProbes(container: Plain, field: Field): Generator<Finding> {
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = objectIn(container, name)
    if (probe !== undefined) yield* validateProbe(probe, at(field, name), name === 'readinessProbe')
  }
}

function* validateProbe(probe: Plain, field: Field, isReadiness: boolean): Generator<Finding> {
  yield* validateHandler(probe, field)
  for (const name of SECONDS) yield* negative(at(field, name), probe[name])
  const grace = probe['terminationGracePeriodSeconds']
  if (typeof grace === 'number' && grace <= 0) {
    yield invalid(at(field, 'terminationGracePeriodSeconds'), grace, 'must be greater than 0')
  }
  if (isReadiness) {
    if (grace !== undefined) {
      yield invalid(at(field, 'terminationGracePeriodSeconds'), grace, 'must not be set for readinessProbes')
    }
  } else if (numberIn(probe, 'successThreshold') !== 1) {
    yield invalid(at(field, 'successThreshold'), numberIn(probe, 'successThreshold'), 'must be 1')
  }
}

export function* validateLifecycle(container: Plain, field: Field): Generator<Finding> {
  const lifecycle = objectIn(container, 'lifecycle')
  if (lifecycle === undefined) return
  for (const name of ['postStart', 'preStop']) {
    const handler = objectIn(lifecycle, name)
    if (handler !== undefined) yield* validateHandler(handler, at(field, 'lifecycle', name))
  }
}

function* validateHandler(handler: Plain, field: Field): Generator<Finding> {
  const given = HANDLERS.filter(name => handler[name] !== undefined)
  const [first, ...others] = given
  if (first === undefined) yield required(field, 'must specify a handler type')
  else yield* validateAction(first, objectIn(handler, first) ?? {}, at(field, first))
  for (const name of others) yield forbidden(at(field, name), 'may not specify more than 1 handler type')
}

function* validateAction(kind: string, action: Plain, field: Field): Generator<Finding> {
  switch (kind) {
    case 'exec':
      if (textsIn(action, 'command').length === 0) yield required(at(field, 'command'))
      return
    case 'httpGet':
      yield* validateHttp(action, field)
      return
    case 'tcpSocket':
      yield* validatePortReference(action['port'] ?? 0, at(field, 'port'))
      return
    case 'grpc':
      yield* invalids(at(field, 'port'), numberIn(action, 'port'), portNumberProblems(numberIn(action, 'port')))
      return
    default:
      yield* negative(at(field, 'seconds'), action['seconds'])
  }
}

function* validateHttp(action: Plain, field: Field): Generator<Finding> {
  if (textIn(action, 'path') === '') yield required(at(field, 'path'))
  yield* validatePortReference(action['port'] ?? 0, at(field, 'port'))
  const scheme = textIn(action, 'scheme')
  if (!SCHEMES.includes(scheme)) yield unsupported(at(field, 'scheme'), scheme, SCHEMES)
  for (const header of objectsIn(action, 'httpHeaders')) {
    const name = textIn(header, 'name')
    if (!HEADER.test(name)) yield invalid(at(field, 'httpHeaders'), name, HEADER_FORM)
  }
}
