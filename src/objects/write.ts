import type { KubeObject } from './meta.ts'

/**
 * A change to the stored objects that a controller wants: the whole object as it is to be, or as it last was.
 *
 * As in the API, an update leaves the status of a kind that has one alone, and a status update all else.
 */
export interface Write<T extends KubeObject = KubeObject> {
  readonly do: 'create' | 'update' | 'update-status' | 'delete'
  readonly object: T
}

/** Something that a controller tells the user about an object, without changing it. */
export interface Notice {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}
