/** Builders for the tests of this folder, and a cluster so small that it fits a page. */
import { seededRandom } from '../../src/base/random.ts'
import type { Job } from '../../src/objects/job.ts'
import { type KubeObject, keyOf } from '../../src/objects/meta.ts'
import type { Node } from '../../src/objects/node.ts'
import type { Pod, PodSpec, PodTemplateSpec } from '../../src/objects/pod.ts'
import type {
  DaemonSet,
  Deployment,
  ReplicaSet,
  ReplicationController,
  StatefulSet,
} from '../../src/objects/workload.ts'
import type { Write } from '../../src/objects/write.ts'
import { reconcileDaemonSet } from '../../src/workloads/daemon-set.ts'
import { reconcileDeployment } from '../../src/workloads/deployment.ts'
import { reconcileJob } from '../../src/workloads/job.ts'
import { reportPod } from '../../src/workloads/kubelet.ts'
import { afterPlacement } from '../../src/workloads/pod-status.ts'
import { reconcileReplicas } from '../../src/workloads/replica-set.ts'
import { Scheduler } from '../../src/workloads/scheduler.ts'
import { reconcileStatefulSet } from '../../src/workloads/stateful-set.ts'

const selector = { matchLabels: { app: 'web' } }

export function template(spec: Partial<PodSpec> = {}, metadata: PodTemplateSpec['metadata'] = {}): PodTemplateSpec {
  return {
    metadata: { labels: { app: 'web' }, ...metadata },
    spec: { containers: [{ name: 'c', image: 'web:1' }], ...spec },
  }
}

const meta = (name: string, generation = 1) => ({ name, namespace: 'default', uid: `uid-${name}`, generation })

export function deployment(spec: Partial<Deployment['spec']> = {}, generation = 1): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta('web', generation),
    spec: { replicas: 3, selector, template: template(), ...spec },
  }
}

export function replicaSet(spec: Partial<ReplicaSet['spec']> = {}): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: meta('web'),
    spec: { replicas: 3, selector, template: template(), ...spec },
  }
}

export function replicationController(replicas: number): ReplicationController {
  return {
    apiVersion: 'v1',
    kind: 'ReplicationController',
    metadata: meta('web'),
    spec: { replicas, selector: { app: 'web' }, template: template() },
  }
}

export function statefulSet(spec: Partial<StatefulSet['spec']> = {}, generation = 1): StatefulSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: meta('db', generation),
    spec: { replicas: 3, serviceName: 'db', selector, template: template(), ...spec },
  }
}

export function daemonSet(spec: Partial<DaemonSet['spec']> = {}, generation = 1): DaemonSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: meta('agent', generation),
    spec: { selector, template: template(), ...spec },
  }
}

export function job(spec: Partial<Job['spec']> = {}): Job {
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: meta('job'), spec: { template: template(), ...spec } }
}

export function pod(name: string, spec: Partial<PodSpec> = {}, metadata: Partial<Pod['metadata']> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', uid: `uid-${name}`, labels: { app: 'web' }, ...metadata },
    spec: { containers: [{ name: 'c' }], ...spec },
  }
}

export function node(name: string, parts: Partial<Node['spec']> = {}, labels: Node['metadata']['labels'] = {}): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec: parts,
    status: { addresses: [{ type: 'InternalIP', address: `192.168.64.1${name.at(-1)}` }] },
  }
}

export const nodes = (count: number) => Array.from({ length: count }, (_, i) => node(`node-${i + 1}`))

/** Objects and the controllers' loop over them, without any of the care for speed of the real one. */
export class Toy {
  readonly objects = new Map<string, KubeObject>()
  readonly #random = seededRandom(1)
  #uids = 0
  #ips = 0

  constructor(objects: readonly KubeObject[]) {
    for (const object of objects) this.put(object)
  }

  put(object: KubeObject): void {
    const { metadata } = object
    const uid = metadata.uid ?? `drawn-${this.#uids++}`
    this.objects.set(`${object.kind} ${keyOf(metadata)}`, { ...object, metadata: { ...metadata, uid } })
  }

  all<T extends KubeObject>(kind: string): readonly T[] {
    return [...this.objects.values()].filter(object => object.kind === kind) as unknown as readonly T[]
  }

  /** `web-7f…`: names of a kind's objects, sorted. */
  names(kind: string): readonly string[] {
    return this.all(kind)
      .map(object => object.metadata.name)
      .sort()
  }

  only<T extends KubeObject>(kind: string): T {
    const [object, ...others] = this.all<T>(kind)
    if (!object || others.length > 0) throw new Error(`${others.length + (object ? 1 : 0)} of kind ${kind}`)
    return object
  }

  /** Runs everything until nothing changes. @returns how many rounds that took */
  settle(): number {
    for (let round = 0; round < 100; round++) if (!this.step()) return round
    throw new Error('does not settle')
  }

  /** Runs everything once; says whether anything changed. */
  step(): boolean {
    const writes = [...this.#controllers()]
    for (const { do: what, object } of writes) {
      const key = `${object.kind} ${keyOf(object.metadata)}`
      if (what === 'delete') this.objects.delete(key)
      else this.put(object)
    }
    return this.#runPods() || writes.length > 0
  }

  *#controllers(): Iterable<Write> {
    const pods = this.all<Pod>('Pod')
    const uids = new Set([...this.objects.values()].map(object => object.metadata.uid))
    const context = { random: this.#random, isKnown: ({ uid }: { uid: string }) => uids.has(uid) }
    for (const one of this.all<Deployment>('Deployment')) {
      yield* reconcileDeployment(one, this.all<ReplicaSet>('ReplicaSet'), pods, context)
    }
    for (const one of this.all<ReplicaSet>('ReplicaSet')) yield* reconcileReplicas(one, pods, context)
    for (const one of this.all<ReplicationController>('ReplicationController'))
      yield* reconcileReplicas(one, pods, context)
    for (const one of this.all<StatefulSet>('StatefulSet')) yield* reconcileStatefulSet(one, pods, context)
    for (const one of this.all<DaemonSet>('DaemonSet'))
      yield* reconcileDaemonSet(one, pods, this.all<Node>('Node'), context)
    for (const one of this.all<Job>('Job')) yield* reconcileJob(one, pods, context)
  }

  #runPods(): boolean {
    const scheduler = new Scheduler(this.all<Node>('Node'))
    for (const one of this.all<Pod>('Pod')) scheduler.add(one)
    let changed = false
    for (const one of this.all<Pod>('Pod')) {
      const placed = one.spec.nodeName ? one : afterPlacement(one, scheduler.place(one), 0)
      scheduler.add(placed)
      const home = this.all<Node>('Node').find(each => each.metadata.name === placed.spec.nodeName)
      const reported = home ? reportPod(placed, home, () => [`10.244.0.${++this.#ips}`], 0) : placed
      if (reported === one) continue
      this.put(reported)
      changed = true
    }
    return changed
  }
}
