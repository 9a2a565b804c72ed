import type { KubeObject } from './meta.ts'

export interface Namespace extends KubeObject {
  readonly kind: 'Namespace'
  readonly spec?: { readonly finalizers?: readonly string[] }
  readonly status?: { readonly phase?: 'Active' | 'Terminating' }
}
