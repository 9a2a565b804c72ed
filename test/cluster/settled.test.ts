/**
 * What a real control plane (Kubernetes 1.37.1, three nodes) made of manifests by others: pods by
 * owner, names of StatefulSets' pods, Services and how many endpoints they have.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { harvestFiles } from '../../src/cli/harvest.ts'
import { assemble } from '../../src/cluster/assemble.ts'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { settle } from '../../src/cluster/settle.ts'
import type { EndpointSlice } from '../../src/objects/endpoint-slice.ts'
import { controllerOf } from '../../src/objects/meta.ts'
import type { Pod } from '../../src/objects/pod.ts'

const SHARED = join(process.cwd(), '..', 'shared')
const ORACLE = join(SHARED, 'oracle', 'settled')

interface PodsOfOwner {
  readonly namespace: string
  readonly owner: string
  readonly pods: number
  readonly running: number
  readonly pending?: readonly string[]
  readonly names?: readonly string[]
}

interface SettledService {
  readonly namespace: string
  readonly name: string
  readonly type: string
  readonly clusterIP: string
  readonly endpoints: number
  readonly ready: number
  readonly ports: readonly string[]
}

interface Expected {
  readonly manifests: string
  readonly pods: readonly PodsOfOwner[]
  readonly services: readonly SettledService[]
}

function settleFolder(folder: string): Cluster {
  const files = readdirSync(folder, { withFileTypes: true })
    .filter(entry => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name))
    .map(({ name }) => ({ name, text: readFileSync(join(folder, name), 'utf8'), named: false }))
  const { manifests, findings } = harvestFiles(files, 'default')
  t.strictSame(findings, [], `${folder} is read without findings`)
  const objects = manifests.map(manifest => manifest.object)
  const { cluster, refusals } = assemble({ objects, wishes: {}, nodeCount: 3, seed: 1 })
  t.strictSame(refusals, [], `${folder} is admitted`)
  settle(cluster)
  return cluster
}

/** `Deployment/web` for a pod of one of its ReplicaSets, `Pod/a` for one that nobody made. */
function ownerOf(pod: Pod, cluster: Cluster): string {
  const owner = controllerOf(pod.metadata)
  if (!owner) return `Pod/${pod.metadata.name}`
  const set =
    owner.kind === 'ReplicaSet' ? cluster.store.find('ReplicaSet', pod.metadata.namespace, owner.name) : undefined
  const above = set && controllerOf(set.metadata)
  return above ? `${above.kind}/${above.name}` : `${owner.kind}/${owner.name}`
}

function podsByOwner(cluster: Cluster): ReadonlyMap<string, readonly Pod[]> {
  const groups = new Map<string, Pod[]>()
  for (const pod of cluster.store.list('Pod')) {
    const key = `${pod.metadata.namespace} ${ownerOf(pod, cluster)}`
    groups.set(key, [...(groups.get(key) ?? []), pod])
  }
  return groups
}

const endpointsOf = (slices: readonly EndpointSlice[]) => slices.flatMap(slice => slice.endpoints ?? [])

if (!existsSync(ORACLE)) {
  t.test(
    'settled as a real control plane does',
    { skip: 'the shared oracle is not beside the checkout' },
    async () => {},
  )
} else {
  for (const file of readdirSync(ORACLE).filter(name => name.endsWith('.yaml'))) {
    const expected = parse(readFileSync(join(ORACLE, file), 'utf8')) as Expected
    t.test(`${expected.manifests} settles as in a real control plane`, async t => {
      const cluster = settleFolder(join(SHARED, 'manifests', expected.manifests))
      const pods = podsByOwner(cluster)
      // Pods that wait for storage run here: podwire has no volumes that could be missing.
      const stored = expected.pods.filter(({ pending }) => pending?.some(why => /PersistentVolumeClaim/.test(why)))
      for (const want of expected.pods.filter(one => !stored.includes(one))) {
        const own = pods.get(`${want.namespace} ${want.owner}`) ?? []
        t.equal(own.length, want.pods, `${want.owner}: pods`)
        t.equal(own.filter(pod => pod.status?.phase === 'Running').length, want.running, `${want.owner}: running`)
        if (want.names)
          t.strictSame(own.map(pod => pod.metadata.name).sort(), [...want.names].sort(), `${want.owner}: names`)
      }
      const owners = expected.pods.map(({ namespace, owner }) => `${namespace} ${owner}`)
      t.strictSame([...pods.keys()].sort(), owners.sort(), 'no other pods')

      for (const want of expected.services) {
        const service = cluster.store.get('Service', want.namespace, want.name)
        t.equal(service.spec.type, want.type, `${want.name}: type`)
        const { clusterIP } = service.spec
        t.equal(
          clusterIP === 'None' || !clusterIP ? (clusterIP ?? '') : 'allocated',
          want.clusterIP ?? '',
          `${want.name}: clusterIP`,
        )
        const slices = cluster.relations.slicesOf(`${want.namespace}/${want.name}`)
        const endpoints = endpointsOf(slices)
        const behind = cluster.relations.podsWith(want.namespace, service.spec.selector ?? {})
        // Pods that wait for storage have no endpoint there; the nodes there had no addresses to lend to pods.
        const isApart = (pod: Pod) =>
          pod.spec.hostNetwork === true || stored.some(({ owner }) => owner === ownerOf(pod, cluster))
        if (behind.length > 0 && behind.every(isApart)) continue
        t.equal(endpoints.length, want.endpoints, `${want.name}: endpoints`)
        t.equal(endpoints.filter(one => one.conditions?.ready !== false).length, want.ready, `${want.name}: ready`)
        const ports = slices
          .flatMap(slice => slice.ports ?? [])
          .map(({ name, protocol, port }) => `${name ?? ''}/${protocol}/${port}`)
        t.strictSame([...new Set(ports)].sort(), [...want.ports].sort(), `${want.name}: ports`)
      }
      const names = expected.services.map(({ namespace, name }) => `${namespace}/${name}`).sort()
      const all = cluster.store.list('Service').map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
      t.strictSame(all.filter(name => name !== 'default/kubernetes').sort(), names, 'no other Services')
    })
  }
}
