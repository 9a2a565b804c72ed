import type { KubeObject } from './meta.ts'

/** A change to the stored objects that a controller wants: the whole object as it is to be, or as it last was. */
export interface Write<T extends KubeObject = KubeObject> {
  readonly do: 'create' | 'update' | 'delete'
  readonly object: T
}

/** Something that a controller tells the user about an object, without changing it. */
export interface Notice {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}
