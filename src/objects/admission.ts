/**
 * The way of an object into the cluster: converted, decoded, defaulted, validated.
 *
 * @module
 */
import { convert, isFormerVersion } from './conversion.ts'
import { type DecodeProblem, decode } from './decode.ts'
import { at, type Field, ROOT } from './field.ts'
import type { Finding } from './finding.ts'
import { findKind, isServedGroup, type Kind, splitApiVersion } from './kind.ts'
import type { KubeObject } from './meta.ts'
import { isPlain, type Plain } from './plain.ts'
import { findDefinition } from './scheme.ts'

/** What the API server makes of an object. */
export type Admission =
  | { readonly verdict: 'accepted'; readonly object: KubeObject; readonly warnings: readonly string[] }
  /** A kind that podwire does not decode; it is kept as it is. */
  | { readonly verdict: 'unknown'; readonly object: KubeObject }
  /** It could not be decoded: HTTP status 400. */
  | { readonly verdict: 'malformed'; readonly problems: readonly DecodeProblem[]; readonly warnings: readonly string[] }
  /** It names another namespace than the request: HTTP status 400. */
  | { readonly verdict: 'misplaced'; readonly message: string; readonly warnings: readonly string[] }
  /** It was decoded and breaks rules: HTTP status 422. */
  | { readonly verdict: 'invalid'; readonly findings: readonly Finding[]; readonly warnings: readonly string[] }

export interface AdmissionOptions {
  /** Where objects go that do not say; `default` if left out. */
  readonly namespace?: string
  /** The namespace that the request itself names; an object that names another is refused. */
  readonly requested?: string
}

const METADATA: Field = at(ROOT, 'metadata')

/** Whether `value` says of which kind it is, as every Kubernetes object does. */
export function isTyped(value: unknown): value is Typed {
  return isPlain(value) && isText(value['apiVersion']) && isText(value['kind'])
}

/** Anything that says of which kind it is. */
export interface Typed extends Plain {
  readonly apiVersion: string
  readonly kind: string
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

/** Takes one object in, as `kubectl apply` and the API server together would. */
export function admit(given: Typed, options: AdmissionOptions = {}): Admission {
  const namespace = options.requested ?? options.namespace ?? 'default'
  const known = servedAs(given)
  if (known === 'nothing') return malformed(at(ROOT, 'kind'), noMatch(given))
  const definition = known === undefined ? undefined : findDefinition(known.kind)
  if (known === undefined || definition === undefined) return keep(given, known, namespace)
  const deprecation = [
    ...(definition.deprecation === undefined ? [] : [definition.deprecation]),
    ...(given.apiVersion === known.apiVersion ? [] : [formerVersion(given, known)]),
  ]
  const { apiVersion: _, kind: __, ...rest } = convert(given)
  const decoded = decode(known.kind, rest)
  if (decoded.problems.length > 0) {
    return { verdict: 'malformed', problems: decoded.problems, warnings: deprecation }
  }
  const bare: Plain = { ...decoded.value, apiVersion: known.apiVersion, kind: known.kind }
  const object = place(definition.setDefaults?.(bare) ?? bare, known, namespace)
  if (known.namespaced && options.requested !== undefined && object.metadata.namespace !== options.requested) {
    return { verdict: 'misplaced', message: MISPLACED, warnings: deprecation }
  }
  const findings = [...definition.validate(object)]
  if (findings.length > 0) return { verdict: 'invalid', findings, warnings: deprecation }
  return { verdict: 'accepted', object, warnings: [...deprecation, ...(definition.warn?.(object) ?? [])] }
}

const MISPLACED = 'the namespace of the provided object does not match the namespace sent on the request'

/** The kind that a cluster would take it for; `nothing` when no cluster has such a kind. */
function servedAs(given: Typed): Kind | 'nothing' | undefined {
  const { group } = splitApiVersion(given.apiVersion)
  const kind = findKind(given.kind)
  if (kind?.apiVersion === given.apiVersion || (kind !== undefined && isFormerVersion(kind, given.apiVersion)))
    return kind
  if (!isServedGroup(group)) return undefined
  return kind !== undefined && findDefinition(kind.kind) === undefined && kind.group === group ? kind : 'nothing'
}

/** A cluster would not know the version; it is read as repositories still carry it. */
function formerVersion({ apiVersion }: Typed, known: Kind): string {
  return `${apiVersion} ${known.kind} is no longer served by Kubernetes 1.37; it is read as ${known.apiVersion}`
}

function noMatch(given: Typed): string {
  return `no matches for kind ${JSON.stringify(given.kind)} in version ${JSON.stringify(given.apiVersion)}`
}

function keep(given: Typed, known: Kind | undefined, namespace: string): Admission {
  const metadata = given['metadata']
  if (!isPlain(metadata)) return malformed(METADATA, 'metadata: Required value')
  const name = metadata['name'] ?? metadata['generateName']
  if (!isText(name)) return malformed(METADATA, 'metadata.name: Required value: name or generateName is required')
  return { verdict: 'unknown', object: place(given, known, namespace) }
}

/** Puts it into its namespace, or into none. A custom kind is taken for one that has namespaces if it names one. */
function place(object: Plain, kind: Kind | undefined, namespace: string): KubeObject & Plain {
  const given = isPlain(object['metadata']) ? object['metadata'] : {}
  const { namespace: own, ...metadata } = given
  const placed = kind?.namespaced ?? own !== undefined
  const whole = { ...object, metadata: placed ? { ...metadata, namespace: own ?? namespace } : metadata }
  return whole as unknown as KubeObject & Plain
}

function malformed(field: Field, message: string): Admission {
  return { verdict: 'malformed', problems: [{ field, message, unknown: false }], warnings: [] }
}
