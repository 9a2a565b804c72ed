/** Stores and objects for tests. */
import { seededRandom } from '../../src/base/random.ts'
import type { KubeObject } from '../../src/objects/meta.ts'
import type { Pod } from '../../src/objects/pod.ts'
import type { Service } from '../../src/objects/service.ts'
import { Store, type StoreOptions } from '../../src/store/store.ts'

const START = Date.UTC(2026, 10, 21, 9)

/** A store whose clock moves a second with each change. */
export function storeOf(options: Partial<StoreOptions> = {}): Store {
  let now = START
  return new Store({ clock: () => (now += 1000), random: seededRandom(1, 'uid'), ...options })
}

export const service = (
  name: string,
  spec: Service['spec'] = {},
  more: Partial<Service['metadata']> = {},
): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default', ...more },
  spec,
})

export const deployment = (
  name: string,
  replicas: number,
): KubeObject & { readonly spec: unknown; readonly status?: unknown } => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default' },
  spec: { replicas },
})

export const pod = (name: string, labels: Record<string, string> = {}, namespace = 'default'): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels },
  spec: { containers: [] },
})
