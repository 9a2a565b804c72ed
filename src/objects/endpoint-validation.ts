/**
 * Rules for EndpointSlices and Endpoints.
 *
 * @see pkg/apis/discovery/validation/validation.go and ValidateEndpoints in pkg/apis/core/validation/validation.go
 * of Kubernetes
 *
 * @module
 */
import { familyOfText, validateAddress, validateReachable } from './address-validation.ts'
import { at, type Field, ROOT } from './field.ts'
import { type Finding, invalid, invalids, required, tooMany, unsupported } from './finding.ts'
import { validateLabels, validateMetadata } from './metadata-validation.ts'
import { labelProblems, subdomainProblems } from './name.ts'
import { objectIn, objectsIn, type Plain, textIn, textsIn } from './plain.ts'
import { validateEndpointPorts, validateSlicePorts } from './service-port-validation.ts'

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6']
const MAX_ENDPOINTS = 1000
const MAX_ADDRESSES = 100
const MAX_PORTS = 20_000
const MAX_ZONES = 8

export function* validateEndpointSlice(slice: Plain): Generator<Finding> {
  yield* validateMetadata(slice, { nameProblems: subdomainProblems, namespaced: true })
  const type = textIn(slice, 'addressType')
  if (type !== '' && !ADDRESS_TYPES.includes(type)) yield unsupported(at(ROOT, 'addressType'), type, ADDRESS_TYPES)
  const endpoints = objectsIn(slice, 'endpoints')
  const ports = objectsIn(slice, 'ports')
  if (endpoints.length > MAX_ENDPOINTS) yield tooMany(at(ROOT, 'endpoints'), endpoints.length, MAX_ENDPOINTS)
  else {
    for (const [index, endpoint] of endpoints.entries())
      yield* validateEndpoint(endpoint, type, at(ROOT, 'endpoints', index))
  }
  if (ports.length > MAX_PORTS) yield tooMany(at(ROOT, 'ports'), ports.length, MAX_PORTS)
  else yield* validateSlicePorts(slice, at(ROOT, 'ports'))
  if (type === '') yield required(at(ROOT, 'addressType'))
}

function* validateEndpoint(endpoint: Plain, type: string, field: Field): Generator<Finding> {
  const addresses = textsIn(endpoint, 'addresses')
  const place = at(field, 'addresses')
  if (addresses.length === 0) yield required(place)
  else if (addresses.length > MAX_ADDRESSES) yield tooMany(place, addresses.length, MAX_ADDRESSES)
  else for (const [index, address] of addresses.entries()) yield* validateEndpointAddress(address, type, place, index)
  const node = endpoint['nodeName']
  if (typeof node === 'string') yield* invalids(at(field, 'nodeName'), node, subdomainProblems(node))
  yield* validateLabels(endpoint, 'deprecatedTopology', field)
  yield* validateHints(endpoint, at(field, 'hints'))
  const hostname = endpoint['hostname']
  if (typeof hostname === 'string') yield* invalids(at(field, 'hostname'), hostname, labelProblems(hostname))
}

function* validateEndpointAddress(address: string, type: string, list: Field, index: number): Generator<Finding> {
  const field = at(list, index)
  if (type === 'FQDN') {
    yield* invalids(field, address, domainProblems(address))
    return
  }
  if (type !== 'IPv4' && type !== 'IPv6') return
  const faults = validateAddress(address, field)
  if (faults.length > 0) {
    yield* faults
    return
  }
  if (familyOfText(address) !== (type === 'IPv4' ? 4 : 6)) yield invalid(list, address, `must be an ${type} address`)
  yield* validateReachable(address, field)
}

/** A name with at least two labels, and perhaps a dot at its end. */
function domainProblems(name: string): string[] {
  const problems = subdomainProblems(name.replace(/\.$/, ''))
  if (problems.length > 0) return problems
  return name.replace(/\.$/, '').includes('.')
    ? []
    : ['should be a domain with at least two segments separated by dots']
}

function* validateHints(endpoint: Plain, field: Field): Generator<Finding> {
  const hints = objectIn(endpoint, 'hints')
  if (hints === undefined) return
  for (const list of ['forZones', 'forNodes']) {
    const items = objectsIn(hints, list)
    if (items.length > MAX_ZONES) yield tooMany(at(field, list), items.length, MAX_ZONES)
    for (const [index, item] of items.entries()) {
      const name = textIn(item, 'name')
      yield* invalids(at(field, list, index, 'name'), name, subdomainProblems(name))
    }
  }
}

export function* validateEndpoints(endpoints: Plain): Generator<Finding> {
  yield* validateMetadata(endpoints, { nameProblems: subdomainProblems, namespaced: true })
  for (const [index, subset] of objectsIn(endpoints, 'subsets').entries()) {
    const field = at(ROOT, 'subsets', index)
    const ready = objectsIn(subset, 'addresses')
    const notReady = objectsIn(subset, 'notReadyAddresses')
    if (ready.length + notReady.length === 0) yield required(field, 'must specify `addresses` or `notReadyAddresses`')
    for (const [i, address] of ready.entries()) yield* validateSubsetAddress(address, at(field, 'addresses', i))
    for (const [i, address] of notReady.entries())
      yield* validateSubsetAddress(address, at(field, 'notReadyAddresses', i))
    yield* validateEndpointPorts(subset, at(field, 'ports'))
  }
}

function* validateSubsetAddress(address: Plain, field: Field): Generator<Finding> {
  const ip = textIn(address, 'ip')
  const hostname = textIn(address, 'hostname')
  const node = address['nodeName']
  const faults = validateAddress(ip, at(field, 'ip'))
  yield* faults
  if (hostname !== '') yield* invalids(at(field, 'hostname'), hostname, labelProblems(hostname))
  if (typeof node === 'string') yield* invalids(at(field, 'nodeName'), node, subdomainProblems(node))
  if (faults.length === 0) yield* validateReachable(ip, at(field, 'ip'))
}

export const ENDPOINTS_WARNING = 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'
