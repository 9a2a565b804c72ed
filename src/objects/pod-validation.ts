/**
 * Rules for Pods and for the Pods that templates describe.
 *
 * @see ValidatePodSpec in pkg/apis/core/validation/validation.go of Kubernetes
 *
 * @module
 */
import { validateAffinity } from './affinity-validation.ts'
import { validateContainers } from './container-list-validation.ts'
import { at, type Field, ROOT } from './field.ts'
import { duplicate, type Finding, forbidden, invalid, invalids, required, unsupported } from './finding.ts'
import { validateLabelSelector } from './label-selector-validation.ts'
import { validateLabels, validateMetadata, validateTemplateMetadata } from './metadata-validation.ts'
import { labelProblems, qualifiedNameProblems, subdomainProblems } from './name.ts'
import { numberIn, objectIn, objectsIn, type Plain, textIn } from './plain.ts'
import { validateDnsConfig, validateDnsPolicy, validateHostAliases } from './pod-dns-validation.ts'
import { validatePodSecurity } from './security-validation.ts'
import { validateTolerations } from './toleration-validation.ts'
import { validateVolumes } from './volume-validation.ts'

const MAX_INT32 = 2 ** 31 - 1
const RESTART_POLICIES = ['Always', 'OnFailure', 'Never']
const PREEMPTION_POLICIES = ['PreemptLowerPriority', 'Never']
const SPREAD_ACTIONS = ['DoNotSchedule', 'ScheduleAnyway']
const MATCH_PORT = 'must match `containerPort` when `hostNetwork` is true'

export function* validatePod(pod: Plain): Generator<Finding> {
  yield* validateMetadata(pod, { nameProblems: subdomainProblems, namespaced: true })
  const spec = objectIn(pod, 'spec') ?? {}
  yield* validatePodSpec(spec, at(ROOT, 'spec'), true)
  if (objectsIn(spec, 'ephemeralContainers').length > 0) {
    yield forbidden(at(ROOT, 'spec', 'ephemeralContainers'), 'cannot be set on create')
  }
}

/** The template of a workload. */
export function* validateTemplate(template: Plain, field: Field): Generator<Finding> {
  yield* validateTemplateMetadata(template, field)
  const spec = objectIn(template, 'spec') ?? {}
  yield* validatePodSpec(spec, at(field, 'spec'), false)
  if (objectsIn(spec, 'ephemeralContainers').length > 0) {
    yield forbidden(at(field, 'spec', 'ephemeralContainers'), 'ephemeral containers not allowed in pod template')
  }
}

function* validatePodSpec(spec: Plain, field: Field, isPod: boolean): Generator<Finding> {
  const volumes = new Set<string>()
  yield* validateVolumes(spec, at(field, 'volumes'), volumes)
  yield* validateContainers(spec, field, volumes)
  if (spec['hostNetwork'] === true) yield* validateHostPorts(spec, at(field, 'containers'), isPod)
  const restart = textIn(spec, 'restartPolicy')
  if (!RESTART_POLICIES.includes(restart)) yield unsupported(at(field, 'restartPolicy'), restart, RESTART_POLICIES)
  yield* validateDnsPolicy(spec, at(field, 'dnsPolicy'))
  yield* validateLabels(spec, 'nodeSelector', field)
  yield* validatePodSecurity(spec, field)
  yield* validatePullSecrets(spec, at(field, 'imagePullSecrets'))
  yield* validateAffinity(spec, at(field, 'affinity'))
  yield* validateDnsConfig(spec, at(field, 'dnsConfig'))
  yield* validateGates(spec, field)
  yield* validateSpread(spec, at(field, 'topologySpreadConstraints'))
  yield* validateNames(spec, field)
  yield* validateTolerations(spec, field)
  yield* validateHostAliases(spec, field)
  yield* validateScheduling(spec, field)
}

/** In a template an absent host port is filled in when the Pod is made. */
function* validateHostPorts(spec: Plain, field: Field, isPod: boolean): Generator<Finding> {
  for (const [index, container] of objectsIn(spec, 'containers').entries()) {
    for (const [i, port] of objectsIn(container, 'ports').entries()) {
      const hostPort = numberIn(port, 'hostPort')
      if ((isPod || hostPort !== 0) && hostPort !== numberIn(port, 'containerPort')) {
        yield invalid(at(field, index, 'ports', i, 'hostPort'), hostPort, MATCH_PORT)
      }
    }
  }
}

function* validatePullSecrets(spec: Plain, field: Field): Generator<Finding> {
  for (const [index, secret] of objectsIn(spec, 'imagePullSecrets').entries()) {
    if (textIn(secret, 'name') === '') yield required(at(field, index, 'name'))
  }
}

function* validateGates(spec: Plain, field: Field): Generator<Finding> {
  for (const [index, gate] of objectsIn(spec, 'readinessGates').entries()) {
    const type = textIn(gate, 'conditionType')
    yield* invalids(at(field, 'readinessGates', index, 'conditionType'), type, qualifiedNameProblems(type))
  }
  const seen = new Set<string>()
  for (const [index, gate] of objectsIn(spec, 'schedulingGates').entries()) {
    const name = textIn(gate, 'name')
    const place = at(field, 'schedulingGates', index)
    yield* invalids(place, name, qualifiedNameProblems(name))
    if (seen.has(name)) yield duplicate(place, name)
    seen.add(name)
  }
}

function* validateSpread(spec: Plain, field: Field): Generator<Finding> {
  const seen = new Set<string>()
  for (const [index, constraint] of objectsIn(spec, 'topologySpreadConstraints').entries()) {
    const place = at(field, index)
    const skew = numberIn(constraint, 'maxSkew')
    const key = textIn(constraint, 'topologyKey')
    const action = textIn(constraint, 'whenUnsatisfiable')
    if (skew <= 0) yield invalid(at(place, 'maxSkew'), skew, 'must be greater than zero')
    if (key === '') yield required(at(place, 'topologyKey'), 'can not be empty')
    else yield* invalids(at(place, 'topologyKey'), key, qualifiedNameProblems(key))
    if (!SPREAD_ACTIONS.includes(action)) yield unsupported(at(place, 'whenUnsatisfiable'), action, SPREAD_ACTIONS)
    const pair = `{${key}, ${action}}`
    if (seen.has(pair)) yield duplicate(at(place, '{topologyKey, whenUnsatisfiable}'), pair)
    seen.add(pair)
    yield* validateMinDomains(constraint, action, at(place, 'minDomains'))
    yield* validateLabelSelector(objectIn(constraint, 'labelSelector'), at(place, 'labelSelector'))
  }
}

function* validateMinDomains(constraint: Plain, action: string, field: Field): Generator<Finding> {
  const least = constraint['minDomains']
  if (typeof least !== 'number') return
  if (least <= 0) yield invalid(field, least, 'must be greater than zero')
  if (action !== 'DoNotSchedule') {
    yield invalid(field, least, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`)
  }
}

const LABELS = ['hostname', 'subdomain']
const SUBDOMAINS = ['serviceAccountName', 'nodeName', 'priorityClassName', 'runtimeClassName']

function* validateNames(spec: Plain, field: Field): Generator<Finding> {
  for (const name of SUBDOMAINS) {
    const text = textIn(spec, name)
    if (text !== '') yield* invalids(at(field, name), text, subdomainProblems(text))
  }
  const deadline = spec['activeDeadlineSeconds']
  if (typeof deadline === 'number' && (deadline < 1 || deadline > MAX_INT32)) {
    yield invalid(at(field, 'activeDeadlineSeconds'), deadline, `must be between 1 and ${MAX_INT32}, inclusive`)
  }
  for (const name of LABELS) {
    const text = textIn(spec, name)
    if (text !== '') yield* invalids(at(field, name), text, labelProblems(text))
  }
}

function* validateScheduling(spec: Plain, field: Field): Generator<Finding> {
  const preemption = spec['preemptionPolicy']
  if (preemption !== undefined && !PREEMPTION_POLICIES.includes(`${preemption}`)) {
    yield unsupported(at(field, 'preemptionPolicy'), preemption, PREEMPTION_POLICIES)
  }
  const os = objectIn(spec, 'os')
  const name = os === undefined ? '' : textIn(os, 'name')
  if (os !== undefined && name !== 'linux' && name !== 'windows') {
    const place = at(field, 'os', 'name')
    yield name === '' ? required(place) : unsupported(place, name, ['linux', 'windows'])
  }
}
