/**
 * Who belongs to whom, kept up to date with every change of the store.
 *
 * With this a change of one Pod finds its controller, its node and its Services without looking at
 * any other object.
 *
 * @module
 */
import { LabelIndex, SelectorIndex } from '../endpoints/label-index.ts'
import { selectorOf } from '../endpoints/membership.ts'
import { type EndpointSlice, SERVICE_NAME_LABEL } from '../objects/endpoint-slice.ts'
import { controllerOf, type KubeObject, keyOf, type LabelSelector, type StringMap } from '../objects/meta.ts'
import type { Pod } from '../objects/pod.ts'
import type { Service } from '../objects/service.ts'
import type { ReplicaSet } from '../objects/workload.ts'
import type { WatchEvent } from '../store/history.ts'

/** Objects by a key that several may share. */
class Groups<T extends KubeObject> {
  readonly #groups = new Map<string, Map<string, T>>()

  of(group: string): readonly T[] {
    return [...(this.#groups.get(group)?.values() ?? [])]
  }

  set(group: string, object: T): void {
    const members = this.#groups.get(group)
    if (members) members.set(keyOf(object.metadata), object)
    else this.#groups.set(group, new Map([[keyOf(object.metadata), object]]))
  }

  delete(group: string, object: T): void {
    const members = this.#groups.get(group)
    members?.delete(keyOf(object.metadata))
    if (members?.size === 0) this.#groups.delete(group)
  }
}

export class Relations {
  readonly #podsByLabels = new LabelIndex<Pod>()
  readonly #setsByLabels = new LabelIndex<ReplicaSet>()
  readonly #podsByController = new Groups<Pod>()
  readonly #setsByController = new Groups<ReplicaSet>()
  readonly #podsByNode = new Groups<Pod>()
  readonly #slicesByService = new Groups<EndpointSlice>()
  readonly #serviceSelectors = new SelectorIndex()

  /** Takes note of one change, of an object of `kind` (its kind key). */
  note(kind: string, { type, object, previous }: WatchEvent): void {
    const gone = type === 'DELETED'
    switch (kind) {
      case 'Pod':
        this.#notePod(previous as Pod | undefined, gone ? undefined : (object as Pod), object)
        break
      case 'ReplicaSet':
        if (gone) this.#setsByLabels.delete(object.metadata)
        else this.#setsByLabels.set(object as ReplicaSet)
        noteController(
          this.#setsByController,
          previous as ReplicaSet | undefined,
          gone ? undefined : (object as ReplicaSet),
        )
        break
      case 'Service': {
        const { namespace = '' } = object.metadata
        const selector = gone ? undefined : selectorOf(object as Service)
        this.#serviceSelectors.set(namespace, keyOf(object.metadata), selector)
        break
      }
      case 'EndpointSlice':
        this.#noteSlice(previous as EndpointSlice | undefined, gone ? undefined : (object as EndpointSlice))
        break
    }
  }

  /** The pods that run on the node, or are bound to it. */
  podsOn(node: string): readonly Pod[] {
    return this.#podsByNode.of(node)
  }

  /** The namespace's pods that carry all of `labels`; none of them selects nothing. */
  podsWith(namespace: string, labels: StringMap): readonly Pod[] {
    return this.#podsByLabels.select(namespace, labels)
  }

  /** Pods that the owner controls, or could: those that its selector may select. */
  podsFor(owner: KubeObject, selector: LabelSelector | undefined, all: () => readonly Pod[]): readonly Pod[] {
    const owned = this.#podsByController.of(owner.metadata.uid ?? '')
    return candidates(owned, selector, labels => this.podsWith(namespaceOf(owner), labels), all)
  }

  /** ReplicaSets that the owner controls, or could. */
  setsFor(
    owner: KubeObject,
    selector: LabelSelector | undefined,
    all: () => readonly ReplicaSet[],
  ): readonly ReplicaSet[] {
    const owned = this.#setsByController.of(owner.metadata.uid ?? '')
    return candidates(owned, selector, labels => this.#setsByLabels.select(namespaceOf(owner), labels), all)
  }

  /** The slices that name the Service, given as `namespace/name`. */
  slicesOf(service: string): readonly EndpointSlice[] {
    return this.#slicesByService.of(service)
  }

  /** The Services, as `namespace/name`, that select the pod. */
  servicesSelecting(pod: Pod): readonly string[] {
    return this.#serviceSelectors.selecting(pod.metadata)
  }

  #notePod(previous: Pod | undefined, now: Pod | undefined, last: Pod | KubeObject): void {
    noteController(this.#podsByController, previous, now)
    if (now) this.#podsByLabels.set(now)
    else this.#podsByLabels.delete(last.metadata)
    const before = previous?.spec.nodeName
    const after = now?.spec.nodeName
    if (previous && before && before !== after) this.#podsByNode.delete(before, previous)
    if (now && after) this.#podsByNode.set(after, now)
  }

  #noteSlice(previous: EndpointSlice | undefined, now: EndpointSlice | undefined): void {
    const before = previous && serviceKeyOf(previous)
    const after = now && serviceKeyOf(now)
    if (previous && before && before !== after) this.#slicesByService.delete(before, previous)
    if (now && after) this.#slicesByService.set(after, now)
  }
}

function noteController<T extends KubeObject>(groups: Groups<T>, previous: T | undefined, now: T | undefined): void {
  const before = previous && controllerOf(previous.metadata)
  const after = now && controllerOf(now.metadata)
  if (previous && before && before.uid !== after?.uid) groups.delete(before.uid, previous)
  if (now && after) groups.set(after.uid, now)
}

/** Those owned, and behind them those that the selector may select; a selector without plain labels may select any. */
function candidates<T extends KubeObject>(
  owned: readonly T[],
  selector: LabelSelector | undefined,
  select: (labels: StringMap) => readonly T[],
  all: () => readonly T[],
): readonly T[] {
  const labels = selector?.matchLabels ?? {}
  const selected = Object.keys(labels).length > 0 ? select(labels) : all()
  const known = new Set(owned)
  return [...owned, ...selected.filter(one => !known.has(one))]
}

/** The Service that the slice names, as `namespace/name`. */
export function serviceKeyOf({ metadata }: EndpointSlice): string | undefined {
  const name = metadata.labels?.[SERVICE_NAME_LABEL]
  return name ? `${metadata.namespace}/${name}` : undefined
}

function namespaceOf(object: KubeObject): string {
  return object.metadata.namespace ?? ''
}
