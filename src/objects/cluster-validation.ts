/**
 * Rules for Node, Namespace, ConfigMap, Secret and for kinds of which only the metadata is checked.
 *
 * @see pkg/apis/core/validation/validation.go of Kubernetes
 *
 * @module
 */
import { findLenientNetwork, validateNetwork } from './address-validation.ts'
import { at, atKey, type Field, ROOT } from './field.ts'
import { duplicate, type Finding, invalid, invalids, located, required, tooLong } from './finding.ts'
import { byteLength, validateMetadata } from './metadata-validation.ts'
import { configKeyProblems, labelProblems, subdomainProblems } from './name.ts'
import { entriesIn, objectIn, objectsIn, type Plain, textIn, textsIn } from './plain.ts'
import { taintKeyProblems, validateTaintEffect, validateTaintValue } from './toleration-validation.ts'

const MAX_DATA = 1024 * 1024

/** Objects of which nothing but the metadata is looked at. */
export function* validateNamed(object: Plain): Generator<Finding> {
  yield* validateMetadata(object, { nameProblems: subdomainProblems, namespaced: true })
}

export function* validateNamespace(namespace: Plain): Generator<Finding> {
  yield* validateMetadata(namespace, { nameProblems: labelProblems, namespaced: false })
}

export function* validateNode(node: Plain): Generator<Finding> {
  yield* validateMetadata(node, { nameProblems: subdomainProblems, namespaced: false })
  const spec = objectIn(node, 'spec') ?? {}
  yield* validateTaints(spec)
  const networks = textsIn(spec, 'podCIDRs')
  const field = at(ROOT, 'spec', 'podCIDRs')
  for (const [index, network] of networks.entries()) yield* validateNetwork(network, at(field, index))
  const families = networks.map(network => findLenientNetwork(network)?.family)
  const dual = families.length === 2 && families.includes(4) && families.includes(6)
  if (networks.length > 1 && !dual && !families.includes(undefined)) {
    yield invalid(field, networks, 'may specify no more than one CIDR for each IP family')
  }
}

function* validateTaints(spec: Plain): Generator<Finding> {
  const seen = new Set<string>()
  for (const [index, taint] of objectsIn(spec, 'taints').entries()) {
    // Messages put the taints into the metadata.
    const field = at(ROOT, 'metadata', 'taints', index)
    const origin = at(ROOT, 'spec', 'taints', index)
    for (const finding of validateTaint(taint, field, seen)) yield located(finding, origin)
  }
}

function* validateTaint(taint: Plain, field: Field, seen: Set<string>): Generator<Finding> {
  const key = textIn(taint, 'key')
  const value = textIn(taint, 'value')
  const effect = textIn(taint, 'effect')
  yield* invalids(at(field, 'key'), key, taintKeyProblems(key))
  yield* validateTaintValue(value, at(field, 'value'))
  if (effect === '') yield required(at(field, 'effect'))
  else yield* validateTaintEffect(effect, at(field, 'effect'))
  const pair = `${key}:${effect}`
  if (seen.has(pair)) {
    const inside = { Key: key, Value: value, Effect: effect, TimeAdded: taint['timeAdded'] ?? null }
    yield duplicate(field, inside, 'taints must be unique by key and effect pair')
  }
  seen.add(pair)
}

export function* validateConfigMap(map: Plain): Generator<Finding> {
  yield* validateMetadata(map, { nameProblems: subdomainProblems, namespaced: true })
  const binary = new Set(entriesIn(map, 'binaryData').map(([key]) => key))
  let size = 0
  for (const name of ['data', 'binaryData']) {
    for (const [key, value] of entriesIn(map, name)) {
      const field = atKey(at(ROOT, name), key)
      yield* invalids(field, key, configKeyProblems(key))
      if (name === 'data' && binary.has(key)) yield invalid(field, key, 'duplicate of key present in binaryData')
      size += name === 'data' ? byteLength(value) : Math.floor((value.length * 3) / 4)
    }
  }
  if (size > MAX_DATA) yield tooLong(ROOT, MAX_DATA)
}

/** By a Secret's type: the keys that it must have. */
const SECRET_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
}

export function* validateSecret(secret: Plain): Generator<Finding> {
  yield* validateMetadata(secret, { nameProblems: subdomainProblems, namespaced: true })
  const data = [...entriesIn(secret, 'data'), ...entriesIn(secret, 'stringData')]
  const present = new Set<string>()
  let size = 0
  for (const [key, value] of data) {
    yield* invalids(atKey(at(ROOT, 'data'), key), key, configKeyProblems(key))
    present.add(key)
    size += byteLength(value)
  }
  if (size > MAX_DATA) yield tooLong(at(ROOT, 'data'), MAX_DATA)
  for (const key of SECRET_KEYS[textIn(secret, 'type')] ?? []) {
    if (!present.has(key)) yield required(atKey(at(ROOT, 'data'), key))
  }
}
