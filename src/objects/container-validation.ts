/**
 * Rules for one container.
 *
 * @see validateContainerCommon in pkg/apis/core/validation/validation.go of Kubernetes
 *
 * @module
 */
import { validateAddress } from './address-validation.ts'
import { validateEnvironment } from './environment-validation.ts'
import { at, type Field } from './field.ts'
import { duplicate, type Finding, invalid, invalids, notFound, required, unsupported } from './finding.ts'
import { labelProblems, portNameProblems, portNumberProblems } from './name.ts'
import { numberIn, objectIn, objectsIn, type Plain, textIn } from './plain.ts'
import { validateResources } from './resource-validation.ts'
import { validateContainerSecurity } from './security-validation.ts'
import { validateProtocol } from './service-port-validation.ts'

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never']
const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError']
const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None']

/** @param volumes the names of the Pod's volumes */
export function* validateContainer(container: Plain, field: Field, volumes: ReadonlySet<string>): Generator<Finding> {
  const name = textIn(container, 'name')
  if (name === '') yield required(at(field, 'name'))
  else yield* invalids(at(field, 'name'), name, labelProblems(name))
  const image = textIn(container, 'image')
  if (image === '') yield required(at(field, 'image'))
  else if (image.trim() !== image) {
    yield invalid(at(field, 'image'), image, 'must not have leading or trailing whitespace')
  }
  const messages = textIn(container, 'terminationMessagePolicy')
  if (!MESSAGE_POLICIES.includes(messages)) {
    yield unsupported(at(field, 'terminationMessagePolicy'), messages, MESSAGE_POLICIES)
  }
  yield* validatePorts(container, at(field, 'ports'))
  yield* validateEnvironment(container, field)
  yield* validateMounts(container, at(field, 'volumeMounts'), volumes)
  const pull = textIn(container, 'imagePullPolicy')
  if (!PULL_POLICIES.includes(pull)) yield unsupported(at(field, 'imagePullPolicy'), pull, PULL_POLICIES)
  yield* validateResources(objectIn(container, 'resources') ?? {}, at(field, 'resources'))
  yield* validateContainerSecurity(container, at(field, 'securityContext'))
}

function* validatePorts(container: Plain, list: Field): Generator<Finding> {
  const names = new Set<string>()
  for (const [index, port] of objectsIn(container, 'ports').entries()) {
    const field = at(list, index)
    const name = textIn(port, 'name')
    const problems = name === '' ? [] : portNameProblems(name)
    yield* invalids(at(field, 'name'), name, problems)
    if (name !== '' && problems.length === 0 && names.has(name)) yield duplicate(at(field, 'name'), name)
    if (problems.length === 0) names.add(name)
    const number = numberIn(port, 'containerPort')
    if (number === 0) yield required(at(field, 'containerPort'))
    else yield* invalids(at(field, 'containerPort'), number, portNumberProblems(number))
    const hostPort = numberIn(port, 'hostPort')
    if (hostPort !== 0) yield* invalids(at(field, 'hostPort'), hostPort, portNumberProblems(hostPort))
    const hostIp = textIn(port, 'hostIP')
    if (hostIp !== '') yield* validateAddress(hostIp, at(field, 'hostIP'))
    yield* validateProtocol(port, field)
  }
}

function* validateMounts(container: Plain, list: Field, volumes: ReadonlySet<string>): Generator<Finding> {
  const paths = new Set<string>()
  for (const [index, mount] of objectsIn(container, 'volumeMounts').entries()) {
    const field = at(list, index)
    const name = textIn(mount, 'name')
    const path = textIn(mount, 'mountPath')
    if (name === '') yield required(at(field, 'name'))
    if (!volumes.has(name)) yield notFound(at(field, 'name'), name)
    if (path === '') yield required(at(field, 'mountPath'))
    if (paths.has(path)) yield invalid(at(field, 'mountPath'), path, 'must be unique')
    paths.add(path)
    yield* validateSubPath(mount, field)
    const propagation = mount['mountPropagation']
    if (propagation !== undefined && !PROPAGATIONS.includes(`${propagation}`)) {
      yield unsupported(at(field, 'mountPropagation'), propagation, PROPAGATIONS)
    }
  }
}

function* validateSubPath(mount: Plain, field: Field): Generator<Finding> {
  const path = textIn(mount, 'subPath')
  const expression = textIn(mount, 'subPathExpr')
  yield* validateInnerPath(path, at(field, 'subPath'))
  if (expression === '') return
  if (path !== '') yield invalid(at(field, 'subPathExpr'), expression, 'subPathExpr and subPath are mutually exclusive')
  yield* validateInnerPath(expression, at(field, 'subPathExpr'))
}

/** A path that stays below where it starts. */
export function* validateInnerPath(path: string, field: Field): Generator<Finding> {
  if (path.startsWith('/')) yield invalid(field, path, 'must be a relative path')
  if (path.split('/').includes('..')) yield invalid(field, path, "must not contain '..'")
}
