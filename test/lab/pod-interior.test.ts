/** What a lab keeps of its pods, and where its name server listens. */
import t from 'tap'
import { formatIp } from '../../src/base/ip.ts'
import { UDP } from '../../src/base/protocol.ts'
import { harvestFiles } from '../../src/cli/harvest.ts'
import { build } from '../../src/cli/load.ts'
import { settledCluster } from '../../src/cluster/cluster.ts'
import { nameServerPorts } from '../../src/cluster/cluster-dns.ts'
import { DEFAULT_FEATURES } from '../../src/cluster/host-state.ts'
import { podGround } from '../../src/cluster/pod-ground.ts'
import { settle } from '../../src/cluster/settle.ts'
import { podMeant } from '../../src/lab/machine-name.ts'
import { nameListeners } from '../../src/lab/name-server.ts'
import { labPlan } from '../../src/lab/plan.ts'
import { containerOf, interiorFiles, type PodInterior } from '../../src/lab/pod-interior.ts'

const TEXT = `
apiVersion: v1
kind: Pod
metadata: { name: web-0, namespace: shop, annotations: { kubectl.kubernetes.io/default-container: side } }
spec:
  nodeName: node-1
  enableServiceLinks: false
  setHostnameAsFQDN: true
  subdomain: web
  initContainers: [{ name: first, image: i }]
  containers:
  - { name: main, image: i, env: [{ name: A, value: "1" }, { name: IP, valueFrom: { fieldRef: { fieldPath: status.podIP } } }] }
  - { name: side, image: i, env: [{ name: LACK, valueFrom: { configMapKeyRef: { name: none, key: k } } }] }
---
apiVersion: v1
kind: Pod
metadata: { name: dns, namespace: kube-system, labels: { app: dns } }
spec: { nodeName: node-2, hostNetwork: true, containers: [{ name: c, image: i, ports: [{ containerPort: 53, protocol: UDP }, { containerPort: 80 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: nowhere, namespace: shop }
spec: { nodeSelector: { no: "where" }, containers: [{ name: c, image: i }] }
---
apiVersion: v1
kind: Service
metadata: { name: kube-dns, namespace: kube-system }
spec: { selector: { app: dns }, ports: [{ name: dns, port: 53, protocol: UDP }] }
`

const harvest = harvestFiles([{ name: 'test.yaml', text: TEXT, named: true }], 'default')
const { cluster } = build(harvest, { nodeCount: 2, seed: 0, flags: {} })
settle(cluster)
const files = interiorFiles(podGround(cluster, { configurations: [] }))
const interior: PodInterior = JSON.parse(files.get('hosts/node-1/pods/shop_web-0/interior.json') ?? '')

t.test('interiorFiles() are those of render, with the name of the host and all in one', async t => {
  const of = (pod: string) =>
    [...files.keys()].filter(path => path.includes(`/${pod}/`)).map(path => path.replace(/.*\/pods\//, ''))
  t.strictSame(of('shop_web-0'), [
    'shop_web-0/resolv.conf',
    'shop_web-0/hosts',
    'shop_web-0/env/first.env',
    'shop_web-0/env/main.env',
    'shop_web-0/env/side.env',
    'shop_web-0/hostname',
    'shop_web-0/interior.json',
  ])
  t.strictSame(
    of('kube-system_dns').includes('kube-system_dns/hostname'),
    false,
    'on the network of a node, its name too',
  )
  t.strictSame(of('shop_nowhere'), [], 'nothing of a pod that is on no node')
  t.equal(files.get('hosts/node-1/pods/shop_web-0/hostname'), 'web-0.web.shop.svc.cluster.local\n')
})

t.test("a pod's interior", async t => {
  t.match(interior, { pod: 'shop/web-0', node: 'node-1', onNode: false, usual: 'side' })
  t.match(containerOf(interior, 'main').environment, { A: '1', IP: '10.244.0.2' })
  t.equal(containerOf(interior).name, 'side', 'the container that kubectl would take')
  t.match(containerOf(interior).obstacles, ['configmap "none" not found'])
  t.throws(() => containerOf(interior, 'c'), {
    code: 'ERR_LAB',
    message: 'pod shop/web-0 has no container c; there are first, main, side',
  })
})

t.test('nameListeners() are the programs behind the DNS Service, and no other of the same machine', async t => {
  const plan = labPlan(settledCluster(cluster), { id: 'x', variant: 'nft', features: DEFAULT_FEATURES })
  const found = nameListeners(plan, nameServerPorts(cluster, []))
  t.match(found, [{ machine: 'node-2', protocol: UDP, port: 53 }])
  t.equal(found.length, 1)
  t.strictSame(
    nameServerPorts(cluster, []).map(({ address }) => formatIp(address)),
    ['192.168.64.12'],
  )
})

// biome-ignore format: one case, one row
const WORDS: readonly (readonly [word: string, pod: string | undefined])[] = [
  ['pod/a', 'shop/a'], ['po/a', 'shop/a'], ['pods/b/a', 'b/a'], ['pod/a/b/c', undefined], ['pod', undefined], ['node/a', undefined],
  ['router', undefined], ['constructor/a', undefined],
]
for (const [word, pod] of WORDS) {
  t.test(`podMeant() by "${word}": ${pod ?? 'none'}`, async t => {
    t.equal(podMeant(word, 'shop'), pod)
  })
}
