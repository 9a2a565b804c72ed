/**
 * The words for one pod, and the pod that they name.
 *
 * @module
 */
import { keyOf } from '../objects/meta.ts'
import type { Pod } from '../objects/pod.ts'
import { thereAre } from '../trace/name-list.ts'
import { RefusedInput, UsageError } from './exit.ts'
import type { LoadedCluster } from './load.ts'

export interface PodName {
  readonly namespace?: string
  readonly name: string
}

/** `web-0`, `pod/web-0`, `shop/web-0`, `pod/shop/web-0` */
export function parsePodName(text: string): PodName {
  const parts = text.split('/')
  const rest = parts.length > 1 && /^(?:po|pods?)$/.test(parts[0] ?? '') ? parts.slice(1) : parts
  const [first = '', second, ...more] = rest
  if (rest.includes('') || more.length > 0) {
    throw new UsageError(`"${text}" is not pod/NAME, NAMESPACE/NAME or pod/NAMESPACE/NAME`)
  }
  return second === undefined ? { name: first } : { namespace: first, name: second }
}

/** @throws {RefusedInput} that names the pods that there are */
export function podNamed({ namespace, name }: PodName, { cluster, namespace: usual }: LoadedCluster): Pod {
  const where = namespace ?? usual
  const pod = cluster.store.find('Pod', where, name)
  if (pod) return pod
  const all = cluster.store.list('Pod')
  const there = all.filter(one => one.metadata.namespace === where).map(one => one.metadata.name)
  const elsewhere = all.filter(one => one.metadata.name === name).map(one => keyOf(one.metadata))
  const hint = elsewhere.length > 0 ? `; but there is ${elsewhere.join(', ')}` : ''
  throw new RefusedInput([`there is no pod ${where}/${name}; in ${where} ${thereAre(there)}${hint}`])
}
