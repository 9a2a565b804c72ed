/**
 * What a command does to one object.
 *
 * @see staging/src/k8s.io/apiserver/pkg/registry/rest/{create,update,delete}.go of Kubernetes
 *
 * @module
 */

import { formatTime, type Millis } from '../base/clock.ts'
import { equalValue } from '../base/equal.ts'
import { findKind } from '../objects/kind.ts'
import { kindKeyOf, resourceOfKey } from '../objects/kind-key.ts'
import type { KubeObject, ObjectMeta } from '../objects/meta.ts'
import type { Command, DeleteOptions } from './command.ts'
import { alreadyExists, conflict, MODIFIED, notFound } from './status-error.ts'

export interface Change {
  /** `NONE` leaves the store as it is. */
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'NONE'
  readonly object: KubeObject
}

/** Kinds that count how often what is wanted of them changed; so do all custom kinds. */
const COUNTED = new Set([
  'CronJob',
  'DaemonSet',
  'Deployment',
  'EndpointSlice',
  'Ingress',
  'Job',
  'NetworkPolicy',
  'Pod',
  'PodDisruptionBudget',
  'ReplicaSet',
  'ReplicationController',
  'StatefulSet',
])

/**
 * The change that `command` makes to the object `stored` under its key.
 *
 * @param revision the resource version that the change gets
 * @throws {StatusError} when the command cannot be carried out
 */
export function changeOf(command: Command, stored: KubeObject | undefined, revision: number): Change {
  switch (command.do) {
    case 'create':
    case 'import':
      if (stored !== undefined) throw alreadyExists(resourceOfKey(kindKeyOf(stored)), stored.metadata.name)
      return { type: 'ADDED', object: born(command, revision) }
    case 'update':
    case 'update-status':
      return updated(command, present(command.object, stored), revision)
    case 'delete':
      if (stored === undefined) throw notFound(resourceOfKey(command.key.kind), command.key.name)
      return deleted(stored, command.options, command.now, revision)
  }
}

function present(object: KubeObject, stored: KubeObject | undefined): KubeObject {
  const resource = resourceOfKey(kindKeyOf(object))
  const { name, uid, resourceVersion } = object.metadata
  if (stored === undefined) throw notFound(resource, name)
  const own = stored.metadata
  if (uid !== undefined && uid !== own.uid) throw conflict(resource, name, uidProblem(uid, own.uid))
  if (resourceVersion !== undefined && resourceVersion !== own.resourceVersion) throw conflict(resource, name, MODIFIED)
  return stored
}

function uidProblem(wanted: string, found: string | undefined): string {
  return `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found ?? ''}`
}

function born(command: Command & { readonly do: 'create' | 'import' }, revision: number): KubeObject {
  const { object, uid, now } = command
  const kept: Partial<ObjectMeta> = command.do === 'import' ? object.metadata : {}
  const { deletionTimestamp, deletionGracePeriodSeconds, ...metadata } = object.metadata
  return {
    ...object,
    metadata: {
      ...metadata,
      ...(command.do === 'import' && deletionTimestamp !== undefined && { deletionTimestamp }),
      ...(command.do === 'import' && deletionGracePeriodSeconds !== undefined && { deletionGracePeriodSeconds }),
      uid: kept.uid ?? uid,
      creationTimestamp: kept.creationTimestamp ?? formatTime(now),
      resourceVersion: `${revision}`,
      ...(isCounted(object) && { generation: kept.generation ?? 1 }),
    },
  }
}

function updated(
  command: Command & { readonly do: 'update' | 'update-status' },
  stored: KubeObject,
  revision: number,
): Change {
  const object = command.do === 'update' ? withNewSpec(command.object, stored) : withNewStatus(command.object, stored)
  if (equalValue(object, stored)) return { type: 'NONE', object: stored }
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata
  const over = deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0 && finalizers.length === 0
  return { type: over ? 'DELETED' : 'MODIFIED', object: versioned(object, revision) }
}

function withNewStatus(object: KubeObject, stored: KubeObject): KubeObject {
  const { status: _, ...rest } = statusOf(stored)
  const { status } = statusOf(object)
  return status === undefined ? (rest as KubeObject) : ({ ...rest, status } as KubeObject)
}

/** Identity, times and, where it is a subresource, status are not the client's to change. */
function withNewSpec(object: KubeObject, stored: KubeObject): KubeObject {
  const own = stored.metadata
  const { deletionTimestamp: _, deletionGracePeriodSeconds: __, generation: ___, ...metadata } = object.metadata
  const bare: KubeObject = {
    ...(hasStatusSubresource(object) ? withNewStatus(stored, object) : object),
    metadata: {
      ...metadata,
      ...(own.uid !== undefined && { uid: own.uid }),
      ...(own.creationTimestamp !== undefined && { creationTimestamp: own.creationTimestamp }),
      ...(own.resourceVersion !== undefined && { resourceVersion: own.resourceVersion }),
      ...(own.deletionTimestamp !== undefined && { deletionTimestamp: own.deletionTimestamp }),
      ...(own.deletionGracePeriodSeconds !== undefined && {
        deletionGracePeriodSeconds: own.deletionGracePeriodSeconds,
      }),
    },
  }
  if (own.generation === undefined) return bare
  const generation = sameWants(bare, stored) ? own.generation : own.generation + 1
  return { ...bare, metadata: { ...bare.metadata, generation } }
}

/** Whether two versions differ at most in metadata and status. */
function sameWants(a: KubeObject, b: KubeObject): boolean {
  const bare = (object: KubeObject) => ({ ...statusOf(object), metadata: undefined, status: undefined })
  return equalValue(bare(a), bare(b))
}

function deleted(stored: KubeObject, options: DeleteOptions, now: Millis, revision: number): Change {
  const { metadata } = stored
  const resource = resourceOfKey(kindKeyOf(stored))
  if (options.uid !== undefined && options.uid !== metadata.uid) {
    throw conflict(resource, metadata.name, uidProblem(options.uid, metadata.uid))
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== metadata.resourceVersion) {
    throw conflict(resource, metadata.name, MODIFIED)
  }
  const grace = options.gracePeriodSeconds ?? 0
  if (grace === 0 && (metadata.finalizers ?? []).length === 0) {
    return { type: 'DELETED', object: versioned(stored, revision) }
  }
  const remaining = metadata.deletionGracePeriodSeconds ?? Number.POSITIVE_INFINITY
  if (grace >= remaining) return { type: 'NONE', object: stored } // a grace period is never extended
  const deletionTimestamp = formatTime(now + grace * 1000)
  const marked = { ...stored, metadata: { ...metadata, deletionTimestamp, deletionGracePeriodSeconds: grace } }
  return { type: 'MODIFIED', object: versioned(marked, revision) }
}

function versioned(object: KubeObject, revision: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: `${revision}` } }
}

function statusOf(object: KubeObject): KubeObject & { readonly status?: unknown } {
  return object
}

function hasStatusSubresource(object: KubeObject): boolean {
  return findKind(kindKeyOf(object))?.status ?? false
}

function isCounted(object: KubeObject): boolean {
  const key = kindKeyOf(object)
  return COUNTED.has(key) || findKind(key) === undefined
}
