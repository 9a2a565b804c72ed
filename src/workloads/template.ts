/**
 * Pods made from templates.
 *
 * @module
 */
import { hash32, type Random } from '../base/random.ts'
import { encodeHash, generateFreeName } from '../objects/generated-name.ts'
import type { KubeObject, OwnerReference, StringMap } from '../objects/meta.ts'
import type { Pod, PodSpec, PodTemplateSpec } from '../objects/pod.ts'

/** On ReplicaSets of Deployments and their Pods: which version of the template they are. */
export const TEMPLATE_HASH_LABEL = 'pod-template-hash'
/** On Pods of StatefulSets and DaemonSets: which version of the template they are. */
export const REVISION_LABEL = 'controller-revision-hash'

/** Where the names of new objects come from. */
export interface NameContext {
  readonly random: Random
}

/** What a controller adds to the template. */
export interface PodParts {
  readonly labels?: StringMap
  readonly annotations?: StringMap
  readonly spec?: Partial<PodSpec>
}

/** The object as the controller of what is made for it. */
export function controllerReference(owner: KubeObject): OwnerReference {
  const { apiVersion, kind, metadata } = owner
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid ?? '', controller: true, blockOwnerDeletion: true }
}

/** A new Pod of that name, owned by `owner`. */
export function podNamed(name: string, owner: KubeObject, template: PodTemplateSpec, parts: PodParts = {}): Pod {
  const { metadata = {}, spec } = template
  const labels = { ...metadata.labels, ...parts.labels }
  const annotations = { ...metadata.annotations, ...parts.annotations }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: owner.metadata.namespace ?? '',
      ...(Object.keys(labels).length > 0 && { labels }),
      ...(Object.keys(annotations).length > 0 && { annotations }),
      ...(metadata.finalizers && { finalizers: metadata.finalizers }),
      ownerReferences: [controllerReference(owner)],
    },
    // The same object as in the template where nothing is added: who works on many Pods can see that they are alike.
    spec: parts.spec ? { ...spec, ...parts.spec } : spec,
  }
}

/** A new Pod whose name is drawn: `base` and five letters that are not in `taken`, where it goes. */
export function podDrawn(
  base: string,
  owner: KubeObject,
  template: PodTemplateSpec,
  taken: Set<string>,
  context: NameContext,
  parts: PodParts = {},
): Pod {
  const name = generateFreeName(base, one => taken.has(one), context.random)
  taken.add(name)
  const pod = podNamed(name, owner, template, parts)
  return { ...pod, metadata: { ...pod.metadata, generateName: base } }
}

/**
 * Letters that say which template it is: equal for equal templates, whatever the order of their
 * fields.
 *
 * @param collisions how often another template turned out to have the same letters
 * @see k8s.io/kubernetes/pkg/controller: ComputeHash
 */
export function templateHash(template: PodTemplateSpec, collisions = 0): string {
  return encodeHash(hash32(`${canonical(template)}${collisions > 0 ? collisions : ''}`))
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? ''
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonical(member)}`).join()}}`
}
