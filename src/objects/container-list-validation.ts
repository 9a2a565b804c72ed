/**
 * Rules for a Pod's containers together: which may do what, and what they must not share.
 *
 * @see validateContainers and validateInitContainers in pkg/apis/core/validation/validation.go of Kubernetes
 *
 * @module
 */
import { validateContainer } from './container-validation.ts'
import { at, type Field } from './field.ts'
import { duplicate, type Finding, forbidden, required, unsupported } from './finding.ts'
import { numberIn, objectsIn, type Plain, textIn } from './plain.ts'
import { validateLifecycle, validateProbes } from './probe-validation.ts'

const RESTART_POLICIES = ['Always', 'Never', 'OnFailure']
/** What only containers that keep running may have. */
const LASTING = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe']

/** @param field the Pod's spec */
export function* validateContainers(spec: Plain, field: Field, volumes: ReadonlySet<string>): Generator<Finding> {
  const containers = objectsIn(spec, 'containers')
  const list = at(field, 'containers')
  if (containers.length === 0) yield required(list)
  const names = new Set<string>()
  for (const [index, container] of containers.entries()) {
    const place = at(list, index)
    yield* validateContainer(container, place, volumes)
    yield* validateOwnName(container, place, names)
    yield* validateLifecycle(container, place)
    yield* validateProbes(container, place)
    yield* validateRestart(container, place)
  }
  yield* validateHostPortConflicts(containers, list)
  yield* validateInitContainers(spec, at(field, 'initContainers'), volumes, names)
}

function* validateInitContainers(
  spec: Plain,
  list: Field,
  volumes: ReadonlySet<string>,
  names: Set<string>,
): Generator<Finding> {
  const containers = objectsIn(spec, 'initContainers')
  for (const [index, container] of containers.entries()) {
    const place = at(list, index)
    yield* validateContainer(container, place, volumes)
    yield* validateOwnName(container, place, names)
    yield* validateHostPortConflicts([container], list, index)
    yield* validateRestart(container, place)
    if (container['restartPolicy'] === 'Always') {
      yield* validateLifecycle(container, place)
      yield* validateProbes(container, place)
      continue
    }
    for (const name of LASTING) {
      const why = 'may not be set for init containers without restartPolicy=Always'
      if (container[name] !== undefined) yield forbidden(at(place, name), why)
    }
  }
}

function* validateOwnName(container: Plain, field: Field, names: Set<string>): Generator<Finding> {
  const name = textIn(container, 'name')
  if (names.has(name)) yield duplicate(at(field, 'name'), name)
  names.add(name)
}

function* validateRestart(container: Plain, field: Field): Generator<Finding> {
  const policy = container['restartPolicy']
  if (policy !== undefined && !RESTART_POLICIES.includes(`${policy}`)) {
    yield unsupported(at(field, 'restartPolicy'), policy, RESTART_POLICIES)
  }
}

/** @param first the place in the list of the first container given */
function* validateHostPortConflicts(containers: readonly Plain[], list: Field, first = 0): Generator<Finding> {
  const seen = new Set<string>()
  for (const [index, container] of containers.entries()) {
    for (const [i, port] of objectsIn(container, 'ports').entries()) {
      const number = numberIn(port, 'hostPort')
      if (number === 0) continue
      const use = `${textIn(port, 'protocol')}/${textIn(port, 'hostIP')}/${number}`
      if (seen.has(use)) yield duplicate(at(list, first + index, 'ports', i, 'hostPort'), use)
      seen.add(use)
    }
  }
}
