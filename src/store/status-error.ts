/**
 * The store's refusals, in the API server's words.
 *
 * @see staging/src/k8s.io/apimachinery/pkg/api/errors/errors.go of Kubernetes
 *
 * @module
 */

export type StatusReason = 'NotFound' | 'AlreadyExists' | 'Conflict' | 'Expired' | 'Invalid'

const CODES: Readonly<Record<StatusReason, number>> = {
  NotFound: 404,
  AlreadyExists: 409,
  Conflict: 409,
  Expired: 410,
  Invalid: 422,
}

/** A request that the store refuses; nothing was changed. */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly code = 'ERR_STATUS'
  readonly reason: StatusReason
  /** The HTTP status. */
  readonly status: number

  constructor(reason: StatusReason, message: string) {
    super(message)
    this.reason = reason
    this.status = CODES[reason]
  }
}

/** `services "web" not found` */
export function notFound(resource: string, name: string): StatusError {
  return new StatusError('NotFound', `${resource} "${name}" not found`)
}

/** `deployments.apps "web" already exists` */
export function alreadyExists(resource: string, name: string): StatusError {
  return new StatusError('AlreadyExists', `${resource} "${name}" already exists`)
}

export function conflict(resource: string, name: string, problem: string): StatusError {
  return new StatusError('Conflict', `Operation cannot be fulfilled on ${resource} "${name}": ${problem}`)
}

export const MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again'

/** The history no longer reaches back to where a watch wants to start. */
export function tooOld(since: number, oldest: number): StatusError {
  return new StatusError('Expired', `too old resource version: ${since} (${oldest})`)
}
