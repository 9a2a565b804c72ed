import type { KubeObject, StringMap } from './meta.ts'

export interface ConfigMap extends KubeObject {
  readonly kind: 'ConfigMap'
  readonly data?: StringMap
  /** Base64. */
  readonly binaryData?: StringMap
  readonly immutable?: boolean
}
