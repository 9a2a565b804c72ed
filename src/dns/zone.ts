/**
 * The cluster as DNS sees it.
 *
 * A zone is made of all objects at once, or kept up to date one Service, Pod or namespace at a time; both give the same.
 * A change costs what it touches, however large the zone is.
 *
 * @module
 */
import { type EndpointSlice, SERVICE_NAME_LABEL } from '../objects/endpoint-slice.ts'
import type { KubeObject } from '../objects/meta.ts'
import type { Namespace } from '../objects/namespace.ts'
import type { Pod } from '../objects/pod.ts'
import { matches } from '../objects/selector.ts'
import type { Service } from '../objects/service.ts'
import { addressTexts, type Discovered, factsOf, groupOf } from './discovered.ts'
import type { DnsOptions } from './options.ts'

/** The objects that names come from, as the API server stores them. */
export interface DnsObjects {
  readonly namespaces: readonly Namespace[]
  readonly services: readonly Service[]
  readonly slices: readonly EndpointSlice[]
  /** Looked at only where pod names are verified. */
  readonly pods: readonly Pod[]
}

/** What a change may have changed: answers about this Service and these addresses. */
export interface Touched {
  /** `NAME.NAMESPACE` */
  readonly service: string
  /** Their text. */
  readonly addresses: ReadonlySet<string>
}

/** Who wants to know which answers may no longer hold; without a word, all of them. */
export type Listener = (touched?: Touched) => void

/** The cluster's names, and the objects behind them. */
export class Zone {
  readonly options: DnsOptions
  readonly namespaces: ReadonlySet<string>
  /** By {@link serviceKey}. */
  readonly services: ReadonlyMap<string, Discovered>
  /** By the text of an address: the keys of the Services that have it, or an endpoint with it. */
  readonly byAddress: ReadonlyMap<string, ReadonlySet<string>>
  /** By the text of an address: namespaces in which Pods have it, with how many. */
  readonly pods: ReadonlyMap<string, ReadonlyMap<string, number>>

  #serial: number
  readonly #namespaces = new Set<string>()
  readonly #services = new Map<string, Discovered>()
  readonly #byAddress = new Map<string, Set<string>>()
  readonly #pods = new Map<string, Map<string, number>>()
  readonly #listeners = new Set<Listener>()

  /** @param serial of the SOA record, 32 bits: the Unix second of the last change */
  constructor(objects: DnsObjects, options: DnsOptions, serial: number) {
    this.options = options
    this.#serial = serial
    this.namespaces = this.#namespaces
    this.services = this.#services
    this.byAddress = this.#byAddress
    this.pods = this.#pods
    for (const namespace of objects.namespaces) {
      if (this.#isSeen(namespace)) this.#namespaces.add(namespace.metadata.name)
    }
    for (const { name, namespace, service, slices } of partsOf(objects)) {
      this.#put(this.#discover(name, namespace, service, slices))
    }
    for (const pod of objects.pods) this.#countPod(pod, 1)
  }

  get serial(): number {
    return this.#serial
  }

  /**
   * Takes over a Service or its slices after a change: only that Service's names are touched.
   *
   * @param service as it is now; nothing once it is gone
   * @param slices all that carry its name now
   * @param serial of the zone from now on
   */
  changeService(
    name: string,
    namespace: string,
    service: Service | undefined,
    slices: readonly EndpointSlice[],
    serial: number,
  ): void {
    const key = serviceKey(name, namespace)
    const old = this.#services.get(key)
    if (old) this.#remove(old)
    const next = this.#discover(name, namespace, service, slices)
    this.#put(next)
    const addresses = new Set([...(old ? addressTexts(old) : []), ...addressTexts(next)])
    this.#changed(serial, { service: key, addresses })
  }

  /**
   * Takes over a Pod after a change. Names of Pods are looked up anew for each question, so no answer gets old by it.
   *
   * @param before as it was; absent when it is new
   * @param after as it is now; absent when it is gone
   */
  changePod(before: Pod | undefined, after: Pod | undefined, serial: number): void {
    if (before) this.#countPod(before, -1)
    if (after) this.#countPod(after, 1)
    this.#serial = serial
  }

  /** @param namespace as it is now; absent when it is gone */
  changeNamespace(name: string, namespace: Namespace | undefined, serial: number): void {
    if (namespace && this.#isSeen(namespace)) this.#namespaces.add(name)
    else this.#namespaces.delete(name)
    this.#changed(serial)
  }

  /** Calls `listener` after each change, until the function that is returned is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Whether names in the namespace are answered. @see CoreDNS plugin/kubernetes/namespace.go: namespaceExposed */
  isExposed(namespace: string): boolean {
    const { namespaces } = this.options
    return this.namespaces.has(namespace) && (namespaces.length === 0 || namespaces.includes(namespace))
  }

  #changed(serial: number, touched?: Touched): void {
    this.#serial = serial
    for (const listener of this.#listeners) listener(touched)
  }

  #isSeen(object: KubeObject): boolean {
    const wanted = object.kind === 'Namespace' ? this.options.namespaceLabels : this.options.labels
    return wanted.length === 0 || matches(wanted, object.metadata.labels)
  }

  #discover(
    name: string,
    namespace: string,
    service: Service | undefined,
    slices: readonly EndpointSlice[],
  ): Discovered {
    const { noEndpoints, endpointPodNames } = this.options
    const seen = noEndpoints ? [] : slices.filter(slice => this.#isSeen(slice))
    const groups = seen.map(slice => groupOf(slice, endpointPodNames)).sort((a, b) => (a.name < b.name ? -1 : 1))
    return { namespace, name, groups, ...(service && this.#isSeen(service) ? { service: factsOf(service) } : {}) }
  }

  #put(discovered: Discovered): void {
    if (!discovered.service && discovered.groups.length === 0) return
    const key = serviceKey(discovered.name, discovered.namespace)
    this.#services.set(key, discovered)
    for (const address of addressTexts(discovered)) {
      const keys = this.#byAddress.get(address)
      if (keys) keys.add(key)
      else this.#byAddress.set(address, new Set([key]))
    }
  }

  #remove(discovered: Discovered): void {
    const key = serviceKey(discovered.name, discovered.namespace)
    this.#services.delete(key)
    for (const address of addressTexts(discovered)) {
      const keys = this.#byAddress.get(address)
      keys?.delete(key)
      if (keys?.size === 0) this.#byAddress.delete(address)
    }
  }

  /** @see CoreDNS plugin/kubernetes/controller.go: podListFunc; object/pod.go: ToPod */
  #countPod(pod: Pod, by: 1 | -1): void {
    const { metadata, status } = pod
    if (OVER.has(status?.phase ?? '') || metadata.deletionTimestamp !== undefined || !this.#isSeen(pod)) return
    const namespace = metadata.namespace ?? ''
    for (const { ip } of status?.podIPs ?? []) {
      const counts = this.#pods.get(ip) ?? new Map<string, number>()
      const count = (counts.get(namespace) ?? 0) + by
      if (count > 0) counts.set(namespace, count)
      else counts.delete(namespace)
      if (counts.size > 0) this.#pods.set(ip, counts)
      else this.#pods.delete(ip)
    }
  }
}

/** Phases in which a Pod has no name, as if it were gone. */
const OVER: ReadonlySet<string> = new Set(['Succeeded', 'Failed', 'Unknown'])

/** What a Service is found by: `NAME.NAMESPACE`. */
export function serviceKey(name: string, namespace: string): string {
  return `${name}.${namespace}`
}

/** What there is of one name. */
export interface Parts {
  readonly name: string
  readonly namespace: string
  service?: Service
  readonly slices: EndpointSlice[]
}

/** Each Service with its slices, and slices without a Service. */
export function partsOf({ services, slices }: DnsObjects): Iterable<Parts> {
  const all = new Map<string, Parts>()
  const partsFor = (name: string, namespace = '') => {
    const key = serviceKey(name, namespace)
    const found = all.get(key)
    if (found) return found
    const fresh: Parts = { name, namespace, slices: [] }
    all.set(key, fresh)
    return fresh
  }
  for (const service of services) partsFor(service.metadata.name, service.metadata.namespace).service = service
  for (const slice of slices) {
    const name = slice.metadata.labels?.[SERVICE_NAME_LABEL]
    if (name) partsFor(name, slice.metadata.namespace).slices.push(slice)
  }
  return all.values()
}
