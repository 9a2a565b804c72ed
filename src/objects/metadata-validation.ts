/**
 * Rules for the metadata of every kind.
 *
 * @see staging/src/k8s.io/apimachinery/pkg/api/validation/objectmeta.go of Kubernetes
 *
 * @module
 */
import { at, atKey, type Field, ROOT } from './field.ts'
import { type Finding, forbidden, invalid, invalids, located, negative, required, tooLong } from './finding.ts'
import { splitApiVersion } from './kind.ts'
import { labelProblems, labelValueProblems, qualifiedNameProblems } from './name.ts'
import { entriesIn, objectIn, objectsIn, type Plain, textIn, textsIn } from './plain.ts'

const MAX_ANNOTATIONS = 256 * 1024

export interface MetadataRules {
  /** What is wrong with a name of the kind. */
  readonly nameProblems: (name: string) => readonly string[]
  readonly namespaced: boolean
}

/** @param object the whole object; its metadata may be absent */
export function* validateMetadata(object: Plain, rules: MetadataRules): Generator<Finding> {
  const field = at(ROOT, 'metadata')
  const metadata = objectIn(object, 'metadata') ?? {}
  yield* validateName(metadata, rules, field)
  yield* validateNamespace(metadata, rules, field)
  yield* validateOwners(metadata, at(field, 'ownerReferences'))
  yield* negative(at(field, 'generation'), metadata['generation'])
  yield* validateLabels(metadata, 'labels', field)
  yield* validateAnnotations(metadata, field)
  for (const [index, finalizer] of textsIn(metadata, 'finalizers').entries()) {
    yield* validateFinalizer(finalizer, at(field, 'finalizers', index))
  }
}

function* validateName(metadata: Plain, { nameProblems }: MetadataRules, field: Field): Generator<Finding> {
  const name = textIn(metadata, 'name')
  const prefix = textIn(metadata, 'generateName')
  // A prefix may end in what only the drawn suffix makes right.
  const whole = prefix.endsWith('-') ? `${prefix.slice(0, -1)}a` : prefix
  if (prefix !== '') yield* invalids(at(field, 'generateName'), prefix, nameProblems(whole))
  if (name !== '') yield* invalids(at(field, 'name'), name, nameProblems(name))
  else if (prefix === '') yield required(at(field, 'name'), 'name or generateName is required')
}

function* validateNamespace(metadata: Plain, { namespaced }: MetadataRules, field: Field): Generator<Finding> {
  const namespace = textIn(metadata, 'namespace')
  const place = at(field, 'namespace')
  if (!namespaced) {
    if (namespace !== '') yield forbidden(place, 'not allowed on this type')
  } else if (namespace === '') yield required(place)
  else yield* invalids(place, namespace, labelProblems(namespace))
}

function* validateOwners(metadata: Plain, field: Field): Generator<Finding> {
  const owners = objectsIn(metadata, 'ownerReferences')
  for (const [index, owner] of owners.entries()) {
    const place = at(field, index)
    const apiVersion = textIn(owner, 'apiVersion')
    if (splitApiVersion(apiVersion).version === '') {
      yield invalid(at(place, 'apiVersion'), apiVersion, 'version must not be empty')
    }
    for (const part of ['kind', 'name', 'uid']) {
      if (textIn(owner, part) === '') yield invalid(at(place, part), '', 'must not be empty')
    }
  }
  const [first, second] = owners.filter(owner => owner['controller'] === true)
  if (first !== undefined && second !== undefined) {
    const both = `${textIn(first, 'kind')}/${textIn(first, 'name')} and ${textIn(second, 'kind')}/${textIn(second, 'name')}`
    yield invalid(
      field,
      owners,
      `Only one reference can have Controller set to true. Found "true" in references for ${both}`,
    )
  }
}

/**
 * Labels, or anything of their form.
 *
 * @param parent the field that messages name above `name`
 * @param origin the field above `name` where the map really stands
 */
export function* validateLabels(object: Plain, name: string, parent: Field, origin = parent): Generator<Finding> {
  const field = at(parent, name)
  for (const [key, value] of entriesIn(object, name)) {
    const place = atKey(at(origin, name), key)
    for (const finding of invalids(field, key, qualifiedNameProblems(key))) yield located(finding, place)
    for (const finding of invalids(field, value, labelValueProblems(value))) yield located(finding, place)
  }
}

/** @param parent the field that messages name above `annotations` */
function* validateAnnotations(metadata: Plain, parent: Field, origin = parent): Generator<Finding> {
  const field = at(parent, 'annotations')
  let size = 0
  for (const [key, value] of entriesIn(metadata, 'annotations')) {
    const place = atKey(at(origin, 'annotations'), key)
    for (const finding of invalids(field, key, qualifiedNameProblems(key.toLowerCase()))) yield located(finding, place)
    size += byteLength(key) + byteLength(value)
  }
  if (size > MAX_ANNOTATIONS) yield located(tooLong(field, MAX_ANNOTATIONS), at(origin, 'annotations'))
}

/** The metadata of a template. Messages leave out the word `metadata`. */
export function* validateTemplateMetadata(template: Plain, field: Field): Generator<Finding> {
  const metadata = objectIn(template, 'metadata')
  if (metadata === undefined) return
  yield* validateLabels(metadata, 'labels', field, at(field, 'metadata'))
  yield* validateAnnotations(metadata, field, at(field, 'metadata'))
}

function* validateFinalizer(finalizer: string, field: Field): Generator<Finding> {
  yield* invalids(field, finalizer, qualifiedNameProblems(finalizer))
  const standard = ['kubernetes', 'orphan', 'foregroundDeletion'].includes(finalizer)
  if (!finalizer.includes('/') && !standard) {
    yield invalid(field, finalizer, 'name is neither a standard finalizer name nor is it fully qualified')
  }
}

/** How many bytes the text takes in UTF-8. */
export function byteLength(text: string): number {
  let length = 0
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0
    length += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4
  }
  return length
}
