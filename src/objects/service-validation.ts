/**
 * Rules for Services.
 *
 * Addresses and node ports are allocated before the rest is looked at, so that a fault in them hides all others.
 *
 * @see ValidateService in pkg/apis/core/validation/validation.go of Kubernetes
 *
 * @module
 */
import { validateAddress, validateNetwork, validateReachable } from './address-validation.ts'
import { at, type Field, ROOT } from './field.ts'
import { duplicate, type Finding, forbidden, invalid, invalids, located, required, unsupported } from './finding.ts'
import { validateLabels, validateMetadata } from './metadata-validation.ts'
import { labelProblems, qualifiedNameProblems, subdomainProblems } from './name.ts'
import { numberIn, objectIn, objectsIn, type Plain, textIn, textsIn } from './plain.ts'
import { validateServiceAddresses } from './service-address-validation.ts'
import { validateServicePorts } from './service-port-validation.ts'

const SPEC: Field = at(ROOT, 'spec')
const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const POLICIES = ['Cluster', 'Local']
const DISTRIBUTIONS = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
const ONLY_BALANCED = "may only be used when `type` is 'LoadBalancer'"
/** A day. */
const MAX_AFFINITY_SECONDS = 86_400
const SOURCE_RANGES = 'service.beta.kubernetes.io/load-balancer-source-ranges'

export function* validateService(service: Plain): Generator<Finding> {
  const spec = objectIn(service, 'spec') ?? {}
  const first = [...validateServiceAddresses(spec, SPEC), ...validateNodePortsOnce(spec)]
  if (first.length > 0) {
    yield* first
    return
  }
  yield* validateMetadata(service, { nameProblems: labelProblems, namespaced: true })
  if (objectsIn(spec, 'ports').length === 0 && !isHeadless(spec) && spec['type'] !== 'ExternalName') {
    yield required(at(SPEC, 'ports'))
  }
  yield* validateByType(spec)
  yield* validateServicePorts(spec, at(SPEC, 'ports'))
  yield* validateLabels(spec, 'selector', SPEC)
  yield* validateAffinity(spec)
  for (const [index, address] of textsIn(spec, 'externalIPs').entries()) {
    const field = at(SPEC, 'externalIPs', index)
    const faults = validateAddress(address, field)
    yield* faults.length > 0 ? faults : validateReachable(address, field)
  }
  if (!TYPES.includes(textIn(spec, 'type'))) yield unsupported(at(SPEC, 'type'), spec['type'], TYPES)
  yield* validateUniquePorts(spec)
  yield* validateSourceRanges(service, spec)
  yield* validateBalancer(spec)
  yield* validateTrafficPolicies(spec)
}

/** What the API server warns about. */
export function* warnAboutService(service: Plain): Generator<string> {
  const spec = objectIn(service, 'spec') ?? {}
  const external = textsIn(spec, 'externalIPs')
  const headless = isHeadless(spec)
  if (external.length > 0) {
    yield headless
      ? 'spec.externalIPs is ignored for headless services'
      : 'spec.externalIPs is deprecated and may no longer be implemented in some clusters'
  }
  if (headless && spec['sessionAffinity'] === 'ClientIP') yield 'spec.SessionAffinity is ignored for headless services'
  if (headless && textIn(spec, 'loadBalancerIP') !== '') yield 'spec.loadBalancerIP is ignored for headless services'
  if (textIn(spec, 'externalName') !== '' && spec['type'] !== 'ExternalName') {
    yield 'spec.externalName is ignored when spec.type is not "ExternalName"'
  }
  if (spec['trafficDistribution'] === 'PreferClose') {
    yield 'spec.trafficDistribution: PreferClose is deprecated; use PreferSameZone instead'
  }
}

function isHeadless(spec: Plain): boolean {
  const [first] = textsIn(spec, 'clusterIPs')
  return (first ?? textIn(spec, 'clusterIP')) === 'None'
}

/** Two ports of one Service share a node port only if they are one number under several protocols. */
function* validateNodePortsOnce(spec: Plain): Generator<Finding> {
  if (spec['type'] !== 'NodePort' && spec['type'] !== 'LoadBalancer') return
  const seen: Plain[] = []
  for (const [index, port] of objectsIn(spec, 'ports').entries()) {
    const number = numberIn(port, 'nodePort')
    const others = seen.filter(other => numberIn(other, 'nodePort') === number)
    const shared = others.every(other => {
      return (
        numberIn(other, 'port') === numberIn(port, 'port') && textIn(other, 'protocol') !== textIn(port, 'protocol')
      )
    })
    if (number !== 0 && !shared) {
      yield invalid(at(SPEC, 'ports', index, 'nodePort'), number, 'provided port is already allocated')
      return
    }
    seen.push(port)
  }
}

function* validateByType(spec: Plain): Generator<Finding> {
  const type = textIn(spec, 'type')
  if ((type === 'LoadBalancer' || type === 'NodePort') && isHeadless(spec)) {
    yield invalid(at(SPEC, 'clusterIPs', 0), 'None', `may not be set to 'None' for ${type} services`)
  }
  if (type !== 'ExternalName') return
  for (const field of ['clusterIPs', 'ipFamilies', 'ipFamilyPolicy']) {
    const given = spec[field] !== undefined || (field === 'clusterIPs' && textIn(spec, 'clusterIP') !== '')
    if (given) {
      const finding = forbidden(at(SPEC, field), 'may not be set for ExternalName services')
      yield spec[field] === undefined ? located(finding, at(SPEC, 'clusterIP')) : finding
    }
  }
  const name = textIn(spec, 'externalName').replace(/\.$/, '')
  if (name === '') yield required(at(SPEC, 'externalName'))
  else yield* invalids(at(SPEC, 'externalName'), name, subdomainProblems(name))
}

function* validateAffinity(spec: Plain): Generator<Finding> {
  const affinity = textIn(spec, 'sessionAffinity')
  if (affinity !== 'ClientIP') {
    if (affinity !== 'None') yield unsupported(at(SPEC, 'sessionAffinity'), affinity, ['ClientIP', 'None'])
    return
  }
  const clientIp = objectIn(objectIn(spec, 'sessionAffinityConfig') ?? {}, 'clientIP') ?? {}
  const seconds = numberIn(clientIp, 'timeoutSeconds')
  if (seconds > 0 && seconds <= MAX_AFFINITY_SECONDS) return
  const field = at(SPEC, 'sessionAffinityConfig', 'clientIP', 'timeoutSeconds')
  yield invalid(field, seconds, `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`)
}

function* validateUniquePorts(spec: Plain): Generator<Finding> {
  const seen = new Set<string>()
  for (const [index, port] of objectsIn(spec, 'ports').entries()) {
    const field = at(SPEC, 'ports', index)
    const nodePort = numberIn(port, 'nodePort')
    if (nodePort !== 0 && spec['type'] === 'ClusterIP') {
      yield forbidden(at(field, 'nodePort'), "may not be used when `type` is 'ClusterIP'")
    }
    const Protocol = textIn(port, 'protocol')
    const Port = numberIn(port, 'port')
    const key = `${Port}/${Protocol}`
    // Shown as the API server holds ports inside, without what is not compared.
    if (seen.has(key))
      yield duplicate(field, { Name: '', Protocol, AppProtocol: null, Port, TargetPort: 0, NodePort: 0 })
    seen.add(key)
  }
}

function* validateSourceRanges(service: Plain, spec: Plain): Generator<Finding> {
  const ranges = textsIn(spec, 'loadBalancerSourceRanges')
  const annotation = objectIn(objectIn(service, 'metadata') ?? {}, 'annotations')?.[SOURCE_RANGES]
  const balanced = spec['type'] === 'LoadBalancer'
  if (ranges.length > 0) {
    // The field's name starts with a capital in messages, and only there.
    const field = at(SPEC, 'LoadBalancerSourceRanges')
    const origin = at(SPEC, 'loadBalancerSourceRanges')
    if (!balanced) yield located(forbidden(field, ONLY_BALANCED), origin)
    for (const [index, range] of ranges.entries()) {
      for (const fault of validateNetwork(range.trim(), at(field, index))) yield located(fault, at(origin, index))
    }
  } else if (typeof annotation === 'string') {
    const field: Field = { parent: at(ROOT, 'metadata', 'annotations'), step: SOURCE_RANGES, key: true }
    if (!balanced) yield forbidden(field, ONLY_BALANCED)
    if (annotation.trim() === '') return
    for (const range of annotation.split(',')) yield* validateNetwork(range.trim(), field)
  }
}

function* validateBalancer(spec: Plain): Generator<Finding> {
  const balanced = spec['type'] === 'LoadBalancer'
  if (!balanced && spec['allocateLoadBalancerNodePorts'] !== undefined) {
    yield forbidden(at(SPEC, 'allocateLoadBalancerNodePorts'), ONLY_BALANCED)
  }
  const name = spec['loadBalancerClass']
  if (typeof name !== 'string') return
  const field = at(SPEC, 'loadBalancerClass')
  if (!balanced) yield forbidden(field, ONLY_BALANCED)
  else yield* invalids(field, name, qualifiedNameProblems(name))
}

function* validateTrafficPolicies(spec: Plain): Generator<Finding> {
  const type = textIn(spec, 'type')
  const external = textIn(spec, 'externalTrafficPolicy')
  const field = at(SPEC, 'externalTrafficPolicy')
  const reachable = type === 'NodePort' || type === 'LoadBalancer'
  if (!reachable && !(type === 'ClusterIP' && textsIn(spec, 'externalIPs').length > 0)) {
    if (external !== '') yield invalid(field, external, 'may only be set for externally-accessible services')
  } else if (!POLICIES.includes(external)) yield unsupported(field, external, POLICIES)
  const health = numberIn(spec, 'healthCheckNodePort')
  if (health !== 0 && !(type === 'LoadBalancer' && external === 'Local')) {
    const only = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
    yield invalid(at(SPEC, 'healthCheckNodePort'), health, only)
  }
  const internal = spec['internalTrafficPolicy']
  if (internal !== undefined && !POLICIES.includes(`${internal}`)) {
    yield unsupported(at(SPEC, 'internalTrafficPolicy'), internal, POLICIES)
  }
  const distribution = spec['trafficDistribution']
  if (distribution !== undefined && !DISTRIBUTIONS.includes(`${distribution}`)) {
    yield unsupported(at(SPEC, 'trafficDistribution'), distribution, DISTRIBUTIONS)
  }
}
