/** Who is where in a world, seen from the command line. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { podwire } from '../cli/capture.ts'

const cluster = (node: string, ip: string) => `
apiVersion: v1
kind: Node
metadata: { name: ${node} }
spec: { podCIDR: 10.244.1.0/24, podCIDRs: [10.244.1.0/24] }
status: { addresses: [{ type: InternalIP, address: 192.168.64.11 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec: { nodeName: ${node}, containers: [{ name: c, image: i, ports: [{ containerPort: 80 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { type: LoadBalancer, clusterIP: 10.96.0.9, selector: { app: web }, ports: [{ port: 80 }] }
status: { loadBalancer: { ingress: [{ ip: ${ip} }] } }
`

// biome-ignore format: one case, one row
const CASES: readonly (readonly [says: string, node: string, vip: string, from: string, to: string, code: number])[] = [
  ['a client outside reaches a balanced address',                      'node-1', '203.0.113.9',   'ip:198.51.100.7',  'svc/web',         0],
  ['a client beside the nodes reaches it too',                         'node-1', '203.0.113.9',   'ip:192.168.64.50', 'svc/web',         0],
  ['a balanced address beside the nodes is answered for by a node',    'node-1', '192.168.64.99', 'ip:192.168.64.50', 'svc/web',         0],
  ['and reached from outside by the router',                           'node-1', '192.168.64.99', 'ip:198.51.100.7',  'svc/web',         0],
  ['a pod reaches it through the rules of its node',                   'node-1', '192.168.64.99', 'pod/web',          '192.168.64.99:80', 0],
  ['a node may be called router',                                      'router', '203.0.113.9',   'ip:198.51.100.7',  'svc/web',         0],
  ['a node may be called as an address is written',                    '10.0.0.1', '203.0.113.9', 'pod/web',          'svc/web',         0],
  ['whoever is outside is reached by the router',                      'node-1', '203.0.113.9',   'pod/web',          '198.51.100.7:80', 0],
  ['nobody is at an address of the nodes\' network that nobody has',   'node-1', '203.0.113.9',   'pod/web',          '192.168.64.77:80', 1],
  ['a name with its namespace is of that namespace',                   'node-1', '203.0.113.9',   'pod/web',          'other/web:80',     2],
  ['and of the usual one is there',                                    'node-1', '203.0.113.9',   'pod/web',          'default/web:80',   0],
  ['a loopback address is no machine',                                 'node-1', '203.0.113.9',   '127.0.0.1',        'svc/web',         2],
  ['a Service sends nothing',                                          'node-1', '203.0.113.9',   'svc/web',          'svc/web',         2],
  ['a client outside cannot have the address of a pod',                'node-1', '203.0.113.9',   'ip:10.244.1.2',    'svc/web',         2],
]
for (const [says, node, vip, from, to, code] of CASES) {
  t.test(says, async t => {
    const met = await podwire(['trace', '-f', '-', from, to], cluster(node, vip))
    t.equal(met.code, code, met.out + met.err)
  })
}

const DUAL_STACK = `
apiVersion: v1
kind: Node
metadata: { name: node-1 }
spec: { podCIDR: 10.244.1.0/24, podCIDRs: [10.244.1.0/24, "fd00:10:244:1::/64"] }
status:
  addresses:
    - { type: InternalIP, address: 192.168.64.11 }
    - { type: InternalIP, address: "fd00:64::11" }
---
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec: { nodeName: node-1, containers: [{ name: c, image: i, ports: [{ containerPort: 80 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { type: LoadBalancer, ipFamilyPolicy: RequireDualStack, selector: { app: web }, ports: [{ port: 80, nodePort: 30080 }] }
status: { loadBalancer: { ingress: [{ ip: 203.0.113.9 }, { ip: "2001:db8:113::9" }] } }
`

for (const [says, from, to] of [
  ['a client beside the nodes is beside them by its other family too', 'ip:fd00:64::50', '[fd00:64::11]:30080'],
  ['a balanced address of the other family is led to the nodes', 'ip:2001:db8:64::7', '[2001:db8:113::9]:80'],
] as const) {
  t.test(`two families: ${says}`, async t => {
    const met = await podwire(['trace', '-f', '-', from, to], DUAL_STACK)
    t.equal(met.code, 0, met.out + met.err)
  })
}

t.test('dumps: who was silent stays silent, and nobody is put at a port that is taken', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-world-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const out = join(folder, 'out')
  mkdirSync(folder, { recursive: true })
  await podwire(['render', '-f', 'scenarios/packet-paths/manifests', '--form', 'save', '--out', out])
  const file = join(out, 'node-1', 'ip-neigh.json')
  const known = JSON.parse(readFileSync(file, 'utf8')) as readonly { readonly dst: string }[]
  const trace = (to: string) => podwire(['trace', '--state', out, '10.244.1.2', to])
  t.equal((await trace('10.244.1.3:8080')).code, 0, 'a pod that was seen')
  const taken = await trace('10.244.1.99:8080')
  t.equal(taken.code, 1, 'every port has its pod')
  t.match(taken.out, /10\.244\.1\.99/)
  t.notMatch(taken.out, /hairpin/)
  const others = known.filter(({ dst }) => dst !== '10.244.1.3')
  writeFileSync(file, JSON.stringify([...others, { dst: '10.244.1.3', dev: 'cbr0', state: ['FAILED'] }]))
  t.equal((await trace('10.244.1.3:8080')).code, 1, 'a pod that did not answer')
})

t.test('dumps: whoever is taken to be there is said to be taken so', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-world-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const out = join(folder, 'out')
  await podwire(['render', '-f', 'scenarios/packet-paths/manifests', '--form', 'save', '--out', out])
  for (const [name, emptied] of [
    ['ip-neigh.json', '[]'],
    ['bridge-fdb.json', '[]'],
  ] as const) {
    writeFileSync(join(out, 'node-1', name), emptied)
  }
  const { code, out: text } = await podwire(['trace', '--state', out, '10.244.1.2', '10.244.1.3:8080'])
  t.equal(code, 0)
  t.match(text, /no dump tells of this address; it is taken to be there/)
})
