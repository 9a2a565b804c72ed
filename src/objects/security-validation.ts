/**
 * Rules for the privileges of Pods and containers.
 *
 * @see ValidateSecurityContext in pkg/apis/core/validation/validation.go of Kubernetes
 *
 * @module
 */
import { at, type Field } from './field.ts'
import { duplicate, type Finding, invalid, required, unsupported } from './finding.ts'
import { objectIn, objectsIn, type Plain, textIn, textsIn } from './plain.ts'

const MAX_ID = 2 ** 31 - 1
const PROFILE_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined']
const SYSCTL = /^[a-z0-9]([-_a-z0-9]*[a-z0-9])?([./][a-z0-9]([-_a-z0-9]*[a-z0-9])?)*$/
const SYSCTL_FORM =
  'must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$'

/** @param field the Pod's spec */
export function* validatePodSecurity(spec: Plain, field: Field): Generator<Finding> {
  const context = objectIn(spec, 'securityContext')
  if (context === undefined) return
  const place = at(field, 'securityContext')
  yield* validateIds(context, ['fsGroup', 'runAsUser', 'runAsGroup'], place)
  const groups: readonly unknown[] = Array.isArray(context['supplementalGroups']) ? context['supplementalGroups'] : []
  for (const [index, group] of groups.entries()) yield* validateId(group, at(place, 'supplementalGroups', index))
  if (spec['shareProcessNamespace'] === true && spec['hostPID'] === true) {
    yield invalid(at(field, 'shareProcessNamespace'), true, 'ShareProcessNamespace and HostPID cannot both be enabled')
  }
  yield* validateSysctls(context, spec, at(place, 'sysctls'))
  const change = context['fsGroupChangePolicy']
  if (change !== undefined && change !== 'Always' && change !== 'OnRootMismatch') {
    yield unsupported(at(place, 'fsGroupChangePolicy'), change, ['Always', 'OnRootMismatch'])
  }
  yield* validateProfiles(context, place)
}

function* validateSysctls(context: Plain, spec: Plain, field: Field): Generator<Finding> {
  const seen = new Set<string>()
  for (const [index, sysctl] of objectsIn(context, 'sysctls').entries()) {
    const place = at(field, index, 'name')
    const name = textIn(sysctl, 'name')
    if (name === '') yield required(place)
    else if (name.length > 253 || !SYSCTL.test(name)) yield invalid(place, name, SYSCTL_FORM)
    else if (seen.has(name)) yield duplicate(place, name)
    else if (spec['hostNetwork'] === true && name.replaceAll('/', '.').startsWith('net.')) {
      yield invalid(place, name, "may not be specified when 'hostNetwork' is set to true")
    }
    seen.add(name)
  }
}

/** @param field the container's security context */
export function* validateContainerSecurity(container: Plain, field: Field): Generator<Finding> {
  const context = objectIn(container, 'securityContext')
  if (context === undefined) return
  yield* validateIds(context, ['runAsUser', 'runAsGroup'], field)
  if (context['allowPrivilegeEscalation'] === false) {
    if (context['privileged'] === true) {
      yield invalid(field, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true')
    }
    if (textsIn(objectIn(context, 'capabilities') ?? {}, 'add').includes('CAP_SYS_ADMIN')) {
      const why = 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'
      yield invalid(field, context, why)
    }
  }
  yield* validateProfiles(context, field)
}

function* validateIds(context: Plain, names: readonly string[], field: Field): Generator<Finding> {
  for (const name of names) if (context[name] !== undefined) yield* validateId(context[name], at(field, name))
}

function* validateId(id: unknown, field: Field): Generator<Finding> {
  if (typeof id === 'number' && (id < 0 || id > MAX_ID)) {
    yield invalid(field, id, `must be between 0 and ${MAX_ID}, inclusive`)
  }
}

function* validateProfiles(context: Plain, field: Field): Generator<Finding> {
  for (const name of ['seccompProfile', 'appArmorProfile']) {
    const profile = objectIn(context, name)
    if (profile === undefined) continue
    const place = at(field, name)
    const type = textIn(profile, 'type')
    const local = profile['localhostProfile']
    if (type === 'Localhost') {
      if (local === undefined)
        yield required(at(place, 'localhostProfile'), 'must be set when seccomp type is Localhost')
    } else if (local !== undefined) {
      yield invalid(at(place, 'localhostProfile'), local, 'can only be set when seccomp type is Localhost')
    }
    if (type === '') yield required(at(place, 'type'), 'type is required when seccompProfile is set')
    else if (!PROFILE_TYPES.includes(type)) yield unsupported(at(place, 'type'), type, PROFILE_TYPES)
  }
  if (textIn(context, 'procMount') !== '' && !['Default', 'Unmasked'].includes(textIn(context, 'procMount'))) {
    yield unsupported(at(field, 'procMount'), context['procMount'], ['Default', 'Unmasked'])
  }
}
