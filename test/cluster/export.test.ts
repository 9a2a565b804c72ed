/** A cluster that is read back from its own export is the same cluster: nothing is made again, nothing moves. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { podwire } from '../cli/capture.ts'

const KINDS =
  'namespaces,configmaps,nodes,pods,services,deployments,replicasets,replicationcontrollers,statefulsets,daemonsets,jobs,endpointslices,endpoints'

interface Listed {
  readonly items: readonly Record<string, unknown>[]
}

/** Without members that are null or empty lists, which the API prints and does not store. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(bare)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(
    ([, member]) => member !== null && !(Array.isArray(member) && member.length === 0),
  )
  return Object.fromEntries(members.map(([key, member]) => [key, bare(member)]))
}

/** The objects without what counts changes. */
function settledObjects(json: string): readonly unknown[] {
  const { items } = JSON.parse(json) as Listed
  return items.map(item => {
    const { resourceVersion: _, ...metadata } = item['metadata'] as Record<string, unknown>
    return bare({ ...item, metadata })
  })
}

const SOURCES = readdirSync('scenarios').map(name => join('scenarios', name, 'manifests'))

for (const source of SOURCES) {
  t.test(`the export of ${source} settles to itself`, async t => {
    const first = await podwire(['get', KINDS, '-A', '-o', 'json', '-f', source])
    t.equal(first.code, 0, first.err)
    const again = await podwire(['get', KINDS, '-A', '-o', 'json', '-f', '-'], first.out)
    t.equal(again.code, 0, again.err)
    t.strictSame(settledObjects(again.out), settledObjects(first.out))
  })

  t.test(`the export of ${source} renders to the same rules`, async t => {
    const exported = await podwire(['get', KINDS, '-A', '-o', 'yaml', '-f', source])
    const args = ['render', '--node', 'node-2', '--form', 'save', '-f']
    const [first, again] = [await podwire([...args, source]), await podwire([...args, '-'], exported.out)]
    t.equal(again.out, first.out)
  })
}

t.test('pods of an export stay where they are, although their controllers are there', async t => {
  const exported = `
apiVersion: v1
kind: List
items:
  - apiVersion: apps/v1
    kind: ReplicaSet
    metadata: { name: web-1, namespace: default, uid: 11111111-0000-4000-8000-000000000000 }
    spec:
      replicas: 2
      selector: { matchLabels: { app: web } }
      template:
        metadata: { labels: { app: web } }
        spec: { containers: [{ name: c, image: web }] }
  - apiVersion: v1
    kind: Pod
    metadata:
      name: web-1-aaaaa
      namespace: default
      uid: 22222222-0000-4000-8000-000000000000
      labels: { app: web }
      ownerReferences: [{ apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: 11111111-0000-4000-8000-000000000000, controller: true }]
    spec: { nodeName: node-3, containers: [{ name: c, image: web }] }
    status:
      phase: Running
      podIP: 10.244.2.77
      podIPs: [{ ip: 10.244.2.77 }]
      conditions: [{ type: Ready, status: "False" }]
  - apiVersion: v1
    kind: Pod
    metadata:
      name: web-1-bbbbb
      namespace: default
      uid: 33333333-0000-4000-8000-000000000000
      labels: { app: web }
      deletionTimestamp: "2026-01-01T00:00:00Z"
      ownerReferences: [{ apiVersion: apps/v1, kind: ReplicaSet, name: web-1, uid: 11111111-0000-4000-8000-000000000000, controller: true }]
    spec: { nodeName: node-1, containers: [{ name: c, image: web }] }
    status:
      phase: Running
      podIP: 10.244.0.9
      podIPs: [{ ip: 10.244.0.9 }]
      conditions: [{ type: Ready, status: "True" }]
`
  const { out } = await podwire(['get', 'pods', '-o', 'wide', '-f', '-'], exported)
  t.match(out, /web-1-aaaaa +0\/1 +Running +0 +\S+ +10\.244\.2\.77 +node-3/)
  t.match(out, /web-1-bbbbb +0\/1 +Terminating +0 +\S+ +10\.244\.0\.9 +node-1/)
  t.equal(out.trimEnd().split('\n').length, 4, 'one more in place of the one that ends')
})
