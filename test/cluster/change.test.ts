/** What changes do to a running cluster: rollouts, failures, probes, deletions. */
import t from 'tap'
import { assemble } from '../../src/cluster/assemble.ts'
import { applyObject, deleteObject, runCronJob, setPodReady } from '../../src/cluster/change.ts'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { failNode, recoverNode, wait } from '../../src/cluster/node-health.ts'
import { settle } from '../../src/cluster/settle.ts'
import { readManifests } from '../../src/objects/manifest.ts'
import type { Pod } from '../../src/objects/pod.ts'

const objectsOf = (text: string) => readManifests('test.yaml', text).map(manifest => manifest.object)

function clusterOf(text: string): Cluster {
  const { cluster, refusals } = assemble({ objects: objectsOf(text), wishes: {}, nodeCount: 3, seed: 1 })
  t.strictSame(refusals, [])
  settle(cluster)
  return cluster
}

function apply(text: string, cluster: Cluster): void {
  for (const object of objectsOf(text)) t.equal(applyObject(object, cluster), undefined)
  settle(cluster)
}

const WEB = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 3
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: c, image: "web:1", ports: [{ name: http, containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  selector: { app: web }
  ports: [{ name: http, port: 80, targetPort: http }]
`
const DB = `
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  replicas: 3
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec: { containers: [{ name: c, image: db }] }
`
const AGENT = `
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: agent }
spec:
  selector: { matchLabels: { app: agent } }
  template:
    metadata: { labels: { app: agent } }
    spec: { containers: [{ name: c, image: agent }] }
`

const podsOf = (cluster: Cluster, app: string) =>
  cluster.store.list('Pod').filter(pod => pod.metadata.labels?.['app'] === app)
const alive = (pods: readonly Pod[]) => pods.filter(pod => pod.metadata.deletionTimestamp === undefined)
const endpointsOf = (cluster: Cluster, service: string) =>
  cluster.relations.slicesOf(`default/${service}`).flatMap(slice => slice.endpoints ?? [])
const readyOf = (cluster: Cluster, service: string) =>
  endpointsOf(cluster, service).filter(endpoint => endpoint.conditions?.ready).length

t.test('a new template replaces all pods', async t => {
  const cluster = clusterOf(WEB)
  const before = new Set(podsOf(cluster, 'web').map(pod => pod.metadata.name))
  apply(WEB.replace('web:1', 'web:2'), cluster)
  const after = podsOf(cluster, 'web')
  t.equal(after.length, 3)
  t.ok(after.every(pod => !before.has(pod.metadata.name) && pod.spec.containers[0]?.image === 'web:2'))
  const sets = cluster.store.list('ReplicaSet').map(set => set.spec.replicas)
  t.strictSame([...sets].sort(), [0, 3], 'the old set is kept, empty')
  t.equal(readyOf(cluster, 'web'), 3)
})

t.test('fewer replicas give their addresses back', async t => {
  const cluster = clusterOf(WEB)
  apply(WEB.replace('replicas: 3', 'replicas: 1'), cluster)
  t.equal(podsOf(cluster, 'web').length, 1)
  t.equal(readyOf(cluster, 'web'), 1)
})

t.test('an applied Service keeps what it was given', async t => {
  const cluster = clusterOf(WEB)
  const { clusterIP } = cluster.store.get('Service', 'default', 'web').spec
  apply(WEB.replace('selector: { app: web }\n  ports', 'type: NodePort\n  selector: { app: web }\n  ports'), cluster)
  const node = cluster.store.get('Service', 'default', 'web').spec
  t.equal(node.clusterIP, clusterIP)
  t.ok(node.ports?.[0]?.nodePort)
  apply(WEB, cluster)
  const back = cluster.store.get('Service', 'default', 'web').spec
  t.equal(back.clusterIP, clusterIP)
  t.equal(back.ports?.[0]?.nodePort, undefined)
  t.notOk(cluster.services.nodePorts.has(node.ports?.[0]?.nodePort ?? 0), 'the node port is free again')
})

t.test('a Service that cannot have what it asks for stays as it is', async t => {
  const cluster = clusterOf(WEB)
  const before = cluster.store.get('Service', 'default', 'web')
  const [wanted] = objectsOf(
    WEB.replace('selector: { app: web }\n  ports', 'clusterIP: 10.96.0.1\n  selector: { app: web }\n  ports'),
  ).slice(1)
  t.match(wanted && applyObject(wanted, cluster)?.message, /provided IP is already allocated/)
  t.equal(cluster.store.get('Service', 'default', 'web'), before)
})

t.test('a pod that is not ready leaves its Service until it is', async t => {
  const cluster = clusterOf(WEB)
  const name = podsOf(cluster, 'web')[0]?.metadata.name ?? ''
  setPodReady('default', name, false, cluster)
  settle(cluster)
  t.equal(readyOf(cluster, 'web'), 2)
  t.equal(endpointsOf(cluster, 'web').length, 3, 'it is still listed')
  setPodReady('default', name, true, cluster)
  settle(cluster)
  t.equal(readyOf(cluster, 'web'), 3)
})

t.test('a node that fails', async t => {
  const cluster = clusterOf([WEB, DB, AGENT].join('---'))
  const lost = (app: string) => podsOf(cluster, app).filter(pod => pod.spec.nodeName === 'node-2')
  t.ok(lost('web').length > 0 && lost('db').length > 0)

  t.test('loses its endpoints at once and its pods not yet', async t => {
    failNode('node-2', cluster)
    settle(cluster)
    t.equal(readyOf(cluster, 'web'), 3 - lost('web').length)
    t.equal(alive(podsOf(cluster, 'web')).length, 3)
    wait(299, cluster)
    settle(cluster)
    t.equal(podsOf(cluster, 'web').length, 3)
  })

  t.test('loses its pods after five minutes, and others take their place elsewhere', async t => {
    wait(1, cluster)
    settle(cluster)
    t.ok(
      lost('web').every(pod => pod.metadata.deletionTimestamp !== undefined),
      'they end, and cannot',
    )
    const fresh = alive(podsOf(cluster, 'web'))
    t.equal(fresh.length, 3)
    t.ok(fresh.every(pod => pod.spec.nodeName !== 'node-2'))
    t.equal(readyOf(cluster, 'web'), 3)
  })

  t.test('keeps the pods of its DaemonSets, and the names of its StatefulSets', async t => {
    t.equal(alive(podsOf(cluster, 'agent')).length, 3)
    t.equal(podsOf(cluster, 'db').length, 3, 'no second pod of one name')
  })

  t.test('is as before when it comes back', async t => {
    recoverNode('node-2', cluster)
    settle(cluster)
    t.equal(podsOf(cluster, 'web').length, 3)
    t.equal(readyOf(cluster, 'web'), 3)
    t.equal(alive(podsOf(cluster, 'db')).length, 3)
    t.ok(
      podsOf(cluster, 'db').every(pod =>
        pod.status?.conditions?.some(one => one.type === 'Ready' && one.status === 'True'),
      ),
    )
    t.equal(cluster.store.get('Node', undefined, 'node-2').spec.taints, undefined)
  })
})

t.test('a pod that tolerates a failed node for good stays', async t => {
  const cluster = clusterOf(
    WEB.replace('spec: { containers', 'spec: { tolerations: [{ operator: Exists }], containers'),
  )
  failNode('node-2', cluster)
  wait(100_000, cluster)
  settle(cluster)
  t.equal(alive(podsOf(cluster, 'web')).length, podsOf(cluster, 'web').length)
})

t.test('what is deleted takes what it owns along', async t => {
  const cluster = clusterOf(WEB)
  deleteObject({ kind: 'Deployment', namespace: 'default', name: 'web' }, cluster)
  settle(cluster)
  t.equal(podsOf(cluster, 'web').length, 0)
  t.equal(cluster.store.list('ReplicaSet').length, 0)
  t.equal(readyOf(cluster, 'web'), 0)
  deleteObject({ kind: 'Service', namespace: 'default', name: 'web' }, cluster)
  settle(cluster)
  t.equal(cluster.relations.slicesOf('default/web').length, 0)
  t.equal(cluster.store.find('Endpoints', 'default', 'web'), undefined)
})

t.test('a node that is deleted gives its block back and its pods move', async t => {
  const cluster = clusterOf(WEB)
  deleteObject({ kind: 'Node', name: 'node-2' }, cluster)
  settle(cluster)
  const pods = podsOf(cluster, 'web')
  t.equal(pods.length, 3)
  t.ok(pods.every(pod => pod.spec.nodeName !== 'node-2'))
})

t.test('a namespace that is deleted takes everything in it along', async t => {
  const cluster = clusterOf(WEB.replaceAll('{ name: web }', '{ name: web, namespace: shop }'))
  deleteObject({ kind: 'Namespace', name: 'shop' }, cluster)
  settle(cluster)
  for (const kind of cluster.store.kinds()) t.strictSame(cluster.store.list(kind, { namespace: 'shop' }), [], kind)
})

t.test('an autoscaler keeps replicas within its bounds', async t => {
  const bounds = (min: number, max: number) => `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: web }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
  minReplicas: ${min}
  maxReplicas: ${max}
`
  const cluster = clusterOf(`${WEB}---${bounds(5, 6)}`)
  t.equal(podsOf(cluster, 'web').length, 5)
  apply(bounds(1, 2), cluster)
  t.equal(podsOf(cluster, 'web').length, 2)
})

t.test('a Job has the selector of its uid, and its pod bears it', async t => {
  const cluster = clusterOf(`
apiVersion: batch/v1
kind: Job
metadata: { name: once }
spec:
  template:
    metadata: { labels: { app: once } }
    spec: { restartPolicy: Never, containers: [{ name: c, image: once }] }
`)
  const job = cluster.store.get('Job', 'default', 'once')
  t.strictSame(job.spec.selector, { matchLabels: { 'batch.kubernetes.io/controller-uid': job.metadata.uid } })
  const pods = podsOf(cluster, 'once')
  t.equal(pods.length, 1)
  t.equal(pods[0]?.metadata.labels?.['batch.kubernetes.io/controller-uid'], job.metadata.uid)
})

t.test('a static pod is shown under its own name and the name of its node', async t => {
  const cluster = clusterOf(`
apiVersion: v1
kind: Pod
metadata: { name: etcd, namespace: kube-system, annotations: { kubernetes.io/config.source: file } }
spec: { nodeName: node-2, hostNetwork: true, containers: [{ name: c, image: etcd }] }
`)
  const [pod] = cluster.store.list('Pod')
  t.equal(pod?.metadata.name, 'etcd-node-2')
  t.ok(pod?.metadata.annotations?.['kubernetes.io/config.mirror'])
  t.equal(pod?.status?.podIP, '192.168.64.12')
})

t.test('a CronJob runs when it is told to', async t => {
  const cluster = clusterOf(`
apiVersion: batch/v1
kind: CronJob
metadata: { name: backup }
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        metadata: { labels: { app: backup } }
        spec: { restartPolicy: Never, containers: [{ name: c, image: backup }] }
`)
  t.equal(podsOf(cluster, 'backup').length, 0)
  runCronJob('default', 'backup', cluster)
  settle(cluster)
  t.equal(podsOf(cluster, 'backup').length, 1)
})
