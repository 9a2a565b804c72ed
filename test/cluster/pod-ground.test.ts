/** In a cluster that goes on, containers know the Services that were there when they started. */
import t from 'tap'
import { assemble } from '../../src/cluster/assemble.ts'
import { applyObject, deleteObject } from '../../src/cluster/change.ts'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { wait } from '../../src/cluster/node-health.ts'
import { podEnvironments, podGround } from '../../src/cluster/pod-ground.ts'
import { settle } from '../../src/cluster/settle.ts'
import { readManifests } from '../../src/objects/manifest.ts'

const objectsOf = (text: string) => readManifests('test.yaml', text).map(manifest => manifest.object)
const service = (name: string) =>
  `apiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec: { ports: [{ port: 80 }] }\n---\n`
const POD = 'apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [{ name: c, image: i }] }\n'

/** Which of the Services the pod's container is told of, by the prefixes of their variables. */
function toldOf(cluster: Cluster, dated?: ReadonlySet<string>): string {
  const ground = podGround(cluster, { configurations: [], ...(dated && { dated }) })
  const [container] = podEnvironments(cluster.store.get('Pod', 'default', 'a'), ground)
  const names = (container?.environment.variables ?? []).map(({ name }) => name)
  return names.flatMap(name => (name.endsWith('_SERVICE_HOST') ? name.slice(0, -13) : [])).join(' ')
}

t.test('a Service that comes later is known to those that start after it', async t => {
  const { cluster } = assemble({ objects: objectsOf(service('old') + POD), wishes: {}, nodeCount: 1, seed: 1 })
  settle(cluster)
  t.equal(toldOf(cluster), 'KUBERNETES OLD')
  wait(10_000, cluster)
  for (const object of objectsOf(service('young'))) t.equal(applyObject(object, cluster), undefined)
  settle(cluster)
  t.equal(toldOf(cluster), 'KUBERNETES OLD', 'the running pod is not told')
  t.equal(toldOf(cluster, new Set()), 'KUBERNETES OLD YOUNG', 'unless nobody knows who came first')
  deleteObject({ kind: 'Pod', namespace: 'default', name: 'a' }, cluster)
  for (const object of objectsOf(POD)) t.equal(applyObject(object, cluster), undefined)
  settle(cluster)
  t.equal(toldOf(cluster), 'KUBERNETES OLD YOUNG', 'a pod that starts anew is')
})
