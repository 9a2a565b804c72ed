/**
 * Rules for NetworkPolicies.
 *
 * @see pkg/apis/networking/validation/validation.go of Kubernetes
 *
 * @module
 */
import { contains } from '../base/ip.ts'
import { findLenientNetwork, validateNetwork } from './address-validation.ts'
import { at, type Field, ROOT } from './field.ts'
import { type Finding, forbidden, invalid, invalids, required, unsupported } from './finding.ts'
import { validateLabelSelector } from './label-selector-validation.ts'
import { validateMetadata } from './metadata-validation.ts'
import { portNameProblems, portNumberProblems, subdomainProblems } from './name.ts'
import { numberIn, objectIn, objectsIn, type Plain, textIn, textsIn } from './plain.ts'

const TYPES = ['Egress', 'Ingress']
const PROTOCOLS = ['TCP', 'UDP', 'SCTP']

export function* validateNetworkPolicy(policy: Plain): Generator<Finding> {
  yield* validateMetadata(policy, { nameProblems: subdomainProblems, namespaced: true })
  const field = at(ROOT, 'spec')
  const spec = objectIn(policy, 'spec') ?? {}
  yield* validateLabelSelector(objectIn(spec, 'podSelector'), at(field, 'podSelector'))
  yield* validateRules(spec, 'ingress', 'from', field)
  yield* validateRules(spec, 'egress', 'to', field)
  const types = textsIn(spec, 'policyTypes')
  if (types.length > TYPES.length) {
    yield invalid(at(field, 'policyTypes'), types, 'may not specify more than two policyTypes')
    return
  }
  for (const [index, type] of types.entries()) {
    if (!TYPES.includes(type)) yield unsupported(at(field, 'policyTypes', index), type, TYPES)
  }
}

function* validateRules(spec: Plain, direction: string, peers: 'from' | 'to', parent: Field): Generator<Finding> {
  for (const [index, rule] of objectsIn(spec, direction).entries()) {
    const field = at(parent, direction, index)
    for (const [i, port] of objectsIn(rule, 'ports').entries()) yield* validatePort(port, at(field, 'ports', i))
    for (const [i, peer] of objectsIn(rule, peers).entries()) yield* validatePeer(peer, at(field, peers, i))
  }
}

function* validatePort(policyPort: Plain, field: Field): Generator<Finding> {
  const { protocol, port, endPort } = policyPort
  if (protocol !== undefined && !PROTOCOLS.includes(`${protocol}`)) {
    yield unsupported(at(field, 'protocol'), protocol, PROTOCOLS)
  }
  if (typeof port === 'number') {
    yield* invalids(at(field, 'port'), port, portNumberProblems(port))
    if (endPort === undefined) return
    const end = numberIn(policyPort, 'endPort')
    if (end < port) yield invalid(at(field, 'endPort'), end, 'must be greater than or equal to `port`')
    yield* invalids(at(field, 'endPort'), end, portNumberProblems(end))
    return
  }
  const why = port === undefined ? '`port` is not specified' : '`port` is non-numeric'
  if (endPort !== undefined) yield invalid(at(field, 'endPort'), endPort, `may not be specified when ${why}`)
  if (typeof port === 'string') yield* invalids(at(field, 'port'), port, portNameProblems(port))
}

function* validatePeer(peer: Plain, field: Field): Generator<Finding> {
  const block = objectIn(peer, 'ipBlock')
  const selectors = ['podSelector', 'namespaceSelector'].filter(name => peer[name] !== undefined)
  for (const name of selectors) yield* validateLabelSelector(objectIn(peer, name), at(field, name))
  if (block !== undefined) yield* validateBlock(block, at(field, 'ipBlock'))
  if (selectors.length === 0 && block === undefined) yield required(field, 'must specify a peer')
  if (selectors.length > 0 && block !== undefined)
    yield forbidden(field, 'may not specify both ipBlock and another peer')
}

function* validateBlock(block: Plain, field: Field): Generator<Finding> {
  const cidr = textIn(block, 'cidr')
  if (cidr === '') {
    yield required(at(field, 'cidr'))
    return
  }
  yield* validateNetwork(cidr, at(field, 'cidr'))
  const network = findLenientNetwork(cidr)
  if (network === undefined) return
  for (const [index, text] of textsIn(block, 'except').entries()) {
    const place = at(field, 'except', index)
    yield* validateNetwork(text, place)
    const except = findLenientNetwork(text)
    if (except === undefined) continue
    const inside = except.family === network.family && contains(network, except.base) && except.bits > network.bits
    if (!inside) yield invalid(place, text, 'must be a strict subset of `cidr`')
  }
}
