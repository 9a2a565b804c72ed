/**
 * Rules for volumes.
 *
 * @see ValidateVolumes and validateVolumeSource in pkg/apis/core/validation/validation.go of Kubernetes
 *
 * @module
 */
import { validateInnerPath } from './container-validation.ts'
import { at, type Field } from './field.ts'
import { duplicate, type Finding, forbidden, invalid, invalids, required, unsupported } from './finding.ts'
import { labelProblems, subdomainProblems } from './name.ts'
import { numberIn, objectIn, objectsIn, type Plain, textIn } from './plain.ts'
import { parseQuantity } from './quantity.ts'

const MAX_MODE = 0o777
const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
]

/** By source: the fields that must not be empty. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  awsElasticBlockStore: ['volumeID'],
  cinder: ['volumeID'],
  configMap: ['name'],
  csi: ['driver'],
  flexVolume: ['driver'],
  gcePersistentDisk: ['pdName'],
  gitRepo: ['repository'],
  glusterfs: ['endpoints', 'path'],
  hostPath: ['path'],
  iscsi: ['targetPortal', 'iqn'],
  nfs: ['server', 'path'],
  persistentVolumeClaim: ['claimName'],
  rbd: ['image'],
  secret: ['secretName'],
}

/** Adds the names of volumes without faults to `names`, for mounts to refer to. */
export function* validateVolumes(spec: Plain, list: Field, names: Set<string>): Generator<Finding> {
  for (const [index, volume] of objectsIn(spec, 'volumes').entries()) {
    const field = at(list, index)
    const name = textIn(volume, 'name')
    const faults = [...validateSources(volume, field)]
    if (name === '') faults.push(required(at(field, 'name')))
    else faults.push(...invalids(at(field, 'name'), name, labelProblems(name)))
    if (names.has(name)) faults.push(duplicate(at(field, 'name'), name))
    if (faults.length === 0) names.add(name)
    yield* faults
  }
}

function* validateSources(volume: Plain, field: Field): Generator<Finding> {
  const [first, ...others] = Object.keys(volume).filter(name => name !== 'name' && volume[name] !== undefined)
  if (first === undefined) yield required(field, 'must specify a volume type')
  else yield* validateSource(first, objectIn(volume, first) ?? {}, at(field, first))
  for (const name of others) yield forbidden(at(field, name), 'may not specify more than 1 volume type')
}

function* validateSource(kind: string, source: Plain, field: Field): Generator<Finding> {
  for (const name of NEEDED[kind] ?? []) if (textIn(source, name) === '') yield required(at(field, name))
  switch (kind) {
    case 'emptyDir':
      yield* validateSize(source, field)
      return
    case 'hostPath':
      yield* validateHostPath(source, field)
      return
    case 'nfs':
      if (textIn(source, 'path') !== '' && !textIn(source, 'path').startsWith('/')) {
        yield invalid(at(field, 'path'), textIn(source, 'path'), 'must be an absolute path')
      }
      return
    case 'configMap':
    case 'secret':
    case 'downwardAPI':
      yield* validateMode(source, 'defaultMode', field)
      yield* validateItems(source, field)
      return
    case 'projected':
      yield* validateMode(source, 'defaultMode', field)
      for (const [index, part] of objectsIn(source, 'sources').entries()) {
        yield* validateProjection(part, at(field, 'sources', index))
      }
      return
    case 'csi':
      yield* invalids(at(field, 'driver'), textIn(source, 'driver'), driverProblems(textIn(source, 'driver')))
  }
}

function driverProblems(name: string): string[] {
  return name === '' ? [] : subdomainProblems(name.toLowerCase())
}

function* validateSize(source: Plain, field: Field): Generator<Finding> {
  const size = source['sizeLimit']
  if ((typeof size === 'string' || typeof size === 'number') && parseQuantity(size) < 0) {
    yield forbidden(at(field, 'sizeLimit'), 'SizeLimit field must be a valid resource quantity')
  }
}

function* validateHostPath(source: Plain, field: Field): Generator<Finding> {
  const path = textIn(source, 'path')
  if (path.split('/').includes('..')) yield invalid(at(field, 'path'), path, "must not contain '..'")
  const type = textIn(source, 'type')
  if (!HOST_PATH_TYPES.includes(type)) yield unsupported(at(field, 'type'), type, HOST_PATH_TYPES)
}

function* validateMode(holder: Plain, name: string, field: Field): Generator<Finding> {
  if (holder[name] === undefined) return
  const mode = numberIn(holder, name)
  if (mode < 0 || mode > MAX_MODE) {
    yield invalid(at(field, name), mode, 'must be a number between 0 and 0777 (octal), both inclusive')
  }
}

/** Files made of keys or of fields. */
function* validateItems(source: Plain, field: Field): Generator<Finding> {
  for (const [index, item] of objectsIn(source, 'items').entries()) {
    const place = at(field, 'items', index)
    const downward = item['fieldRef'] !== undefined || item['resourceFieldRef'] !== undefined
    if (!downward && textIn(item, 'key') === '') yield required(at(place, 'key'))
    const path = textIn(item, 'path')
    if (path === '') yield required(at(place, 'path'))
    else yield* validateInnerPath(path, at(place, 'path'))
    yield* validateMode(item, 'mode', place)
  }
}

const PROJECTIONS = [
  'secret',
  'configMap',
  'downwardAPI',
  'serviceAccountToken',
  'clusterTrustBundle',
  'podCertificate',
]
const LEAST_TOKEN_SECONDS = 600

function* validateProjection(source: Plain, field: Field): Generator<Finding> {
  const given = PROJECTIONS.filter(name => source[name] !== undefined)
  const [first] = given
  if (first === undefined) yield required(field, 'must specify at least one of the projected sources')
  for (const name of given) {
    const part = objectIn(source, name) ?? {}
    if (name !== first) yield forbidden(at(field, name), 'may not specify more than 1 volume type')
    if ((name === 'secret' || name === 'configMap') && textIn(part, 'name') === '')
      yield required(at(field, name, 'name'))
    yield* validateItems(part, at(field, name))
    if (name === 'serviceAccountToken') yield* validateToken(part, at(field, name))
  }
}

function* validateToken(token: Plain, field: Field): Generator<Finding> {
  const seconds = numberIn(token, 'expirationSeconds')
  if (seconds < LEAST_TOKEN_SECONDS) {
    yield invalid(at(field, 'expirationSeconds'), seconds, 'may not specify a duration less than 10 minutes')
  }
  if (textIn(token, 'path') === '') yield required(at(field, 'path'))
  else yield* validateInnerPath(textIn(token, 'path'), at(field, 'path'))
}
