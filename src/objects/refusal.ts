/**
 * Refusals as the API server answers them.
 *
 * @see NewInvalid and NewBadRequest in staging/src/k8s.io/apimachinery/pkg/api/errors/errors.go of Kubernetes
 *
 * @module
 */
import type { Admission } from './admission.ts'
import { formatField } from './field.ts'
import { formatFinding, quote } from './finding.ts'
import { findKind, splitApiVersion } from './kind.ts'
import { isPlain, type Plain } from './plain.ts'

/** The answer to a request that was refused. */
export interface Refusal {
  /** The HTTP status. */
  readonly code: 400 | 422
  readonly reason: 'BadRequest' | 'Invalid'
  /** `Service "web" is invalid: spec.ports: Required value` */
  readonly message: string
  readonly causes: readonly { readonly reason: string; readonly message: string; readonly field: string }[]
}

/** What the API server answers to the object, if it refuses it. */
export function refusalOf(admission: Admission, object: Plain): Refusal | undefined {
  const apiVersion = `${object['apiVersion']}`
  const kind = `${object['kind']}`
  switch (admission.verdict) {
    case 'malformed': {
      const version = splitApiVersion(apiVersion).version
      const problems = joinProblems(admission.problems.map(problem => problem.message))
      const message = `${kind} in version ${quote(version)} cannot be handled as a ${kind}: ${problems}`
      return { code: 400, reason: 'BadRequest', message, causes: [] }
    }
    case 'misplaced':
      return { code: 400, reason: 'BadRequest', message: admission.message, causes: [] }
    case 'invalid': {
      const { findings } = admission
      const list = [...new Set(findings.map(formatFinding))]
      const text = list.length === 1 ? list[0] : `[${list.join(', ')}]`
      const causes = findings.map(({ reason, message, field }) => ({ reason, message, field: formatField(field) }))
      return {
        code: 422,
        reason: 'Invalid',
        message: `${qualified(kind)} ${quote(nameOf(object))} is invalid: ${text}`,
        causes,
      }
    }
    case 'accepted':
    case 'unknown':
      return undefined
  }
}

const STRICT = 'strict decoding error: '

/** Several unknown fields share one introduction. */
function joinProblems(messages: readonly string[]): string {
  const strict = messages.filter(message => message.startsWith(STRICT))
  if (strict.length === 0) return messages.join(', ')
  return `${STRICT}${strict.map(message => message.slice(STRICT.length)).join(', ')}`
}

/** `Deployment.apps`, as opposed to `Pod` of the core group. */
function qualified(kind: string): string {
  const group = findKind(kind)?.group ?? ''
  return group === '' ? kind : `${kind}.${group}`
}

function nameOf(object: Plain): string {
  const metadata = isPlain(object['metadata']) ? object['metadata'] : {}
  return `${metadata['name'] ?? ''}`
}
