/**
 * Rules for ports of Services, Endpoints and EndpointSlices.
 *
 * @see validateServicePort, validateEndpointPort in pkg/apis/core/validation/validation.go of Kubernetes
 *
 * @module
 */
import { at, type Field } from './field.ts'
import { duplicate, type Finding, invalids, required, unsupported } from './finding.ts'
import { labelProblems, portNameProblems, portNumberProblems, qualifiedNameProblems } from './name.ts'
import { numberIn, objectsIn, type Plain, textIn } from './plain.ts'

const PROTOCOLS = ['SCTP', 'TCP', 'UDP']

/** @param field the list of ports */
export function* validateServicePorts(spec: Plain, field: Field): Generator<Finding> {
  const ports = objectsIn(spec, 'ports')
  const names = new Set<string>()
  for (const [index, port] of ports.entries()) {
    const place = at(field, index)
    const name = textIn(port, 'name')
    yield* validateName(name, ports.length > 1, at(place, 'name'))
    if (name !== '' && names.has(name)) yield duplicate(at(place, 'name'), name)
    names.add(name)
    const number = numberIn(port, 'port')
    yield* invalids(at(place, 'port'), number, portNumberProblems(number))
    yield* validateProtocol(port, place)
    yield* validatePortReference(port['targetPort'] ?? 0, at(place, 'targetPort'))
    yield* validateAppProtocol(port, place)
  }
}

/** The ports of a subset of Endpoints. */
export function* validateEndpointPorts(subset: Plain, field: Field): Generator<Finding> {
  const ports = objectsIn(subset, 'ports')
  for (const [index, port] of ports.entries()) {
    const place = at(field, index)
    yield* validateName(textIn(port, 'name'), ports.length > 1, at(place, 'name'))
    const number = numberIn(port, 'port')
    yield* invalids(at(place, 'port'), number, portNumberProblems(number))
    yield* validateProtocol(port, place)
    yield* validateAppProtocol(port, place)
  }
}

/** The ports of a slice, whose names may all be empty but must differ. */
export function* validateSlicePorts(slice: Plain, field: Field): Generator<Finding> {
  const names = new Set<string>()
  for (const [index, port] of objectsIn(slice, 'ports').entries()) {
    const place = at(field, index)
    const name = textIn(port, 'name')
    yield* validateName(name, false, at(place, 'name'))
    if (names.has(name)) yield duplicate(at(place, 'name'), name)
    names.add(name)
    yield* validateProtocol(port, place)
    yield* validateAppProtocol(port, place)
  }
}

/** The number of a port, or the name of one. */
export function validatePortReference(reference: unknown, field: Field): Finding[] {
  if (typeof reference === 'string') return invalids(field, reference, portNameProblems(reference))
  return invalids(field, reference, portNumberProblems(Number(reference)))
}

/** @param port holds `protocol` */
export function* validateProtocol(port: Plain, field: Field): Generator<Finding> {
  const protocol = textIn(port, 'protocol')
  if (protocol === '') yield required(at(field, 'protocol'))
  else if (!PROTOCOLS.includes(protocol)) yield unsupported(at(field, 'protocol'), protocol, PROTOCOLS)
}

function* validateName(name: string, needed: boolean, field: Field): Generator<Finding> {
  if (name !== '') yield* invalids(field, name, labelProblems(name))
  else if (needed) yield required(field)
}

function* validateAppProtocol(port: Plain, field: Field): Generator<Finding> {
  const name = port['appProtocol']
  if (typeof name === 'string') yield* invalids(at(field, 'appProtocol'), name, qualifiedNameProblems(name))
}
