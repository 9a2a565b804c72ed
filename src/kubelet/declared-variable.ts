/**
 * What a container declares about its environment: `env` and `envFrom`, in their order.
 *
 * @module
 */
import { objectIn, objectsIn, type Plain, textIn } from '../objects/plain.ts'
import type { Container, Pod, Quantity } from '../objects/pod.ts'

/** Where a value is fetched from. */
export type ValueSource =
  | { readonly from: 'field'; readonly path: string }
  | {
      readonly from: 'resource'
      readonly resource: string
      /** Of that container of the pod; absent: of the one that declares it. */
      readonly container?: string
      readonly divisor: Quantity
    }
  | { readonly from: 'ConfigMap' | 'Secret'; readonly name: string; readonly key: string; readonly optional: boolean }
  | { readonly from: 'file'; readonly volume: string; readonly path: string; readonly key: string }
  /** One that Kubernetes 1.37 does not know, by its field's name. */
  | { readonly from: 'unknown'; readonly field: string }

/** An entry of `env`. */
export interface DeclaredVariable {
  readonly name: string
  /** With its references; empty when there is none. */
  readonly text: string
  readonly source?: ValueSource
}

/** An entry of `envFrom`: all keys of an object. */
export interface DeclaredSource {
  readonly from: 'ConfigMap' | 'Secret'
  readonly name: string
  readonly prefix: string
  readonly optional: boolean
}

/** The entries of `env`. */
export function declaredVariables(container: Container): readonly DeclaredVariable[] {
  return objectsIn(container, 'env').map(entry => {
    const reference = objectIn(entry, 'valueFrom')
    const source = reference === undefined ? undefined : sourceOf(reference)
    return { name: textIn(entry, 'name'), text: textIn(entry, 'value'), ...(source && { source }) }
  })
}

/** The entries of `envFrom`. */
export function declaredSources(container: Container): readonly DeclaredSource[] {
  return objectsIn(container, 'envFrom').flatMap((entry): DeclaredSource[] => {
    const map = objectIn(entry, 'configMapRef')
    const reference = map ?? objectIn(entry, 'secretRef')
    if (!reference) return []
    return [
      {
        from: map ? 'ConfigMap' : 'Secret',
        name: textIn(reference, 'name'),
        prefix: textIn(entry, 'prefix'),
        optional: reference['optional'] === true,
      },
    ]
  })
}

/** In the order in which kubelet looks for them. */
function sourceOf(reference: Plain): ValueSource | undefined {
  const field = objectIn(reference, 'fieldRef')
  if (field) return { from: 'field', path: textIn(field, 'fieldPath') }
  const resource = objectIn(reference, 'resourceFieldRef')
  if (resource) return resourceSource(resource)
  const map = objectIn(reference, 'configMapKeyRef')
  if (map) return keySource('ConfigMap', map)
  const secret = objectIn(reference, 'secretKeyRef')
  if (secret) return keySource('Secret', secret)
  const file = objectIn(reference, 'fileKeyRef')
  if (file) {
    return { from: 'file', volume: textIn(file, 'volumeName'), path: textIn(file, 'path'), key: textIn(file, 'key') }
  }
  const [unknown] = Object.keys(reference)
  return unknown === undefined ? undefined : { from: 'unknown', field: unknown }
}

function resourceSource(reference: Plain): ValueSource {
  const { divisor } = reference
  const container = textIn(reference, 'containerName')
  return {
    from: 'resource',
    resource: textIn(reference, 'resource'),
    ...(container !== '' && { container }),
    divisor: typeof divisor === 'string' || typeof divisor === 'number' ? divisor : '0',
  }
}

function keySource(from: 'ConfigMap' | 'Secret', reference: Plain): ValueSource {
  const optional = reference['optional'] === true
  return { from, name: textIn(reference, 'name'), key: textIn(reference, 'key'), optional }
}

/** A container and what it is to its pod. */
export interface PodContainer {
  readonly container: Container
  readonly role: 'init' | 'sidecar' | 'main' | 'ephemeral'
}

/** All containers of the pod in the order in which they start. */
export function podContainers({ spec }: Pod): readonly PodContainer[] {
  const ephemeral = objectsIn(spec, 'ephemeralContainers') as readonly Plain[] as readonly Container[]
  return [
    ...(spec.initContainers ?? []).map((container): PodContainer => {
      return { container, role: container.restartPolicy === 'Always' ? 'sidecar' : 'init' }
    }),
    ...spec.containers.map((container): PodContainer => ({ container, role: 'main' })),
    ...ephemeral.map((container): PodContainer => ({ container, role: 'ephemeral' })),
  ]
}
