import type { KubeObject, StringMap } from './meta.ts'

export interface Secret extends KubeObject {
  readonly kind: 'Secret'
  readonly type?: string
  /** Base64. */
  readonly data?: StringMap
  /** As text; the API server puts it into `data`, over what is there. */
  readonly stringData?: StringMap
  readonly immutable?: boolean
}

/** The bytes of each key. */
export function secretData({ data, stringData }: Secret): ReadonlyMap<string, Uint8Array> {
  const bytes = new Map<string, Uint8Array>()
  for (const [key, text] of Object.entries(data ?? {})) {
    bytes.set(
      key,
      Uint8Array.from(atob(text), letter => letter.charCodeAt(0)),
    )
  }
  const encoder = new TextEncoder()
  for (const [key, text] of Object.entries(stringData ?? {})) bytes.set(key, encoder.encode(text))
  return bytes
}
