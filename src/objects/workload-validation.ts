/**
 * Rules for the kinds that keep Pods running.
 *
 * @see pkg/apis/apps/validation/validation.go and ValidateReplicationController in
 * pkg/apis/core/validation/validation.go of Kubernetes
 *
 * @module
 */
import { at, type Field, ROOT } from './field.ts'
import { type Finding, forbidden, invalid, negative, required, unsupported } from './finding.ts'
import { isEmptySelector, selectsTemplate, templateLabels, validateLabelSelector } from './label-selector-validation.ts'
import { validateMetadata, validateTemplateMetadata } from './metadata-validation.ts'
import { labelProblems, subdomainProblems } from './name.ts'
import { numberIn, objectIn, type Plain, textIn } from './plain.ts'
import { validateTemplate } from './pod-validation.ts'
import { validateDaemonStrategy, validateDeploymentStrategy, validateSetStrategy } from './strategy-validation.ts'

const SPEC: Field = at(ROOT, 'spec')
const TEMPLATE: Field = at(SPEC, 'template')
const NO_MATCH = '`selector` does not match template `labels`'
const MANAGEMENT = ['OrderedReady', 'Parallel']

export function* validateDeployment(deployment: Plain): Generator<Finding> {
  yield* validateMetadata(deployment, { nameProblems: subdomainProblems, namespaced: true })
  const spec = objectIn(deployment, 'spec') ?? {}
  yield* negative(at(SPEC, 'replicas'), spec['replicas'])
  yield* validateSelectorAndTemplate(spec, 'deployment', 'ReplicaSet')
  yield* validateDeploymentStrategy(objectIn(spec, 'strategy') ?? {}, at(SPEC, 'strategy'))
  for (const name of ['minReadySeconds', 'revisionHistoryLimit', 'progressDeadlineSeconds']) {
    yield* negative(at(SPEC, name), spec[name])
  }
  const deadline = spec['progressDeadlineSeconds']
  if (typeof deadline === 'number' && deadline <= numberIn(spec, 'minReadySeconds')) {
    yield invalid(at(SPEC, 'progressDeadlineSeconds'), deadline, 'must be greater than minReadySeconds')
  }
}

export function* validateReplicaSet(set: Plain): Generator<Finding> {
  yield* validateMetadata(set, { nameProblems: subdomainProblems, namespaced: true })
  const spec = objectIn(set, 'spec') ?? {}
  for (const name of ['replicas', 'minReadySeconds']) yield* negative(at(SPEC, name), spec[name])
  yield* validateSelectorAndTemplate(spec, 'deployment', 'ReplicaSet')
}

export function* validateReplicationController(controller: Plain): Generator<Finding> {
  yield* validateMetadata(controller, { nameProblems: subdomainProblems, namespaced: true })
  const spec = objectIn(controller, 'spec') ?? {}
  yield* negative(at(SPEC, 'minReadySeconds'), spec['minReadySeconds'])
  const selector = objectIn(spec, 'selector') ?? {}
  if (Object.keys(selector).length === 0) yield required(at(SPEC, 'selector'))
  yield* negative(at(SPEC, 'replicas'), spec['replicas'])
  const template = objectIn(spec, 'template') ?? {}
  if (!selectsTemplate({ matchLabels: selector }, template)) yield mismatch(template)
  yield* validateTemplate(template, TEMPLATE)
  yield* validateLasting(template, 'ReplicationController')
}

export function* validateStatefulSet(set: Plain): Generator<Finding> {
  yield* validateMetadata(set, { nameProblems: labelProblems, namespaced: true })
  const spec = objectIn(set, 'spec') ?? {}
  const management = textIn(spec, 'podManagementPolicy')
  if (!MANAGEMENT.includes(management)) {
    yield invalid(at(SPEC, 'podManagementPolicy'), management, "must be 'OrderedReady' or 'Parallel'")
  }
  yield* validateSetStrategy(objectIn(spec, 'updateStrategy') ?? {}, at(SPEC, 'updateStrategy'))
  yield* validateRetention(spec)
  for (const name of ['replicas', 'minReadySeconds']) yield* negative(at(SPEC, name), spec[name])
  yield* negative(at(SPEC, 'ordinals', 'start'), objectIn(spec, 'ordinals')?.['start'])
  // The Pods of a StatefulSet get volumes from its claims, which is why the API server leaves their spec unchecked.
  yield* validateSelectorAndTemplate(spec, 'statefulset', 'StatefulSet', validateTemplateMetadata)
  yield* negative(at(SPEC, 'revisionHistoryLimit'), spec['revisionHistoryLimit'])
}

function* validateRetention(spec: Plain): Generator<Finding> {
  const policy = objectIn(spec, 'persistentVolumeClaimRetentionPolicy') ?? {}
  for (const name of ['whenDeleted', 'whenScaled']) {
    const value = textIn(policy, name)
    if (value !== 'Retain' && value !== 'Delete') {
      yield unsupported(at(SPEC, 'persistentVolumeClaimRetentionPolicy', name), value, ['Retain', 'Delete'])
    }
  }
}

export function* validateDaemonSet(set: Plain): Generator<Finding> {
  yield* validateMetadata(set, { nameProblems: subdomainProblems, namespaced: true })
  const spec = objectIn(set, 'spec') ?? {}
  const selector = objectIn(spec, 'selector')
  const template = objectIn(spec, 'template') ?? {}
  const faults = [...validateLabelSelector(selector, at(SPEC, 'selector'))]
  yield* faults
  if (faults.length === 0 && !selectsTemplate(selector, template)) yield mismatch(template)
  if (selector !== undefined && isEmptySelector(selector)) {
    yield invalid(at(SPEC, 'selector'), selector, 'empty selector is invalid for daemonset')
  }
  yield* validateTemplate(template, TEMPLATE)
  yield* validateLasting(template, 'DaemonSet')
  yield* negative(at(SPEC, 'minReadySeconds'), spec['minReadySeconds'])
  yield* validateDaemonStrategy(objectIn(spec, 'updateStrategy') ?? {}, at(SPEC, 'updateStrategy'))
  yield* negative(at(SPEC, 'revisionHistoryLimit'), spec['revisionHistoryLimit'])
}

/** @param noun what an empty selector is invalid for, in the API server's words */
function* validateSelectorAndTemplate(
  spec: Plain,
  noun: string,
  owner: string,
  check: (template: Plain, field: Field) => Iterable<Finding> = validateTemplate,
): Generator<Finding> {
  const field = at(SPEC, 'selector')
  const selector = objectIn(spec, 'selector')
  const template = objectIn(spec, 'template') ?? {}
  const faults = [...validateLabelSelector(selector, field)]
  if (selector === undefined) yield required(field)
  yield* faults
  if (selector !== undefined && isEmptySelector(selector)) {
    yield invalid(field, selector, `empty selector is invalid for ${noun}`)
  }
  if (faults.length > 0) {
    yield invalid(field, insideSelector(selector), 'invalid label selector')
    return
  }
  if (!selectsTemplate(selector, template)) yield mismatch(template)
  yield* check(template, TEMPLATE)
  yield* validateLasting(template, owner)
}

/** A selector as the API server prints it: both parts, whether given or not. */
function insideSelector(selector: Plain | undefined): Plain {
  const { matchLabels, matchExpressions } = selector ?? {}
  return {
    ...(matchLabels !== undefined && { matchLabels }),
    ...(matchExpressions !== undefined && { matchExpressions }),
  }
}

function mismatch(template: Plain): Finding {
  return invalid(at(TEMPLATE, 'metadata', 'labels'), templateLabels(template) ?? null, NO_MATCH)
}

/** Pods that are to run on and on may not say when to end. */
function* validateLasting(template: Plain, owner: string): Generator<Finding> {
  const spec = objectIn(template, 'spec') ?? {}
  const restart = textIn(spec, 'restartPolicy')
  if (restart !== 'Always') yield unsupported(at(TEMPLATE, 'spec', 'restartPolicy'), restart, ['Always'])
  if (spec['activeDeadlineSeconds'] !== undefined) {
    const why = `activeDeadlineSeconds in ${owner} is not Supported`
    yield forbidden(at(TEMPLATE, 'spec', 'activeDeadlineSeconds'), why)
  }
}
