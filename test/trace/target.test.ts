import t from 'tap'
import { formatIp, parseIp } from '../../src/base/ip.ts'
import { usualNameService } from '../../src/cluster/name-service.ts'
import { internalIps } from '../../src/cluster/uplink.ts'
import { clusterWorld } from '../../src/trace/cluster-world.ts'
import { findDestination } from '../../src/trace/destination.ts'
import type { Directory } from '../../src/trace/directory.ts'
import type { Choice } from '../../src/trace/service-destination.ts'
import { findSource } from '../../src/trace/source.ts'
import { createWorld } from '../../src/trace/wiring.ts'
import { clusterOfText } from './cluster-of.ts'

const CLUSTER = clusterOfText(`
apiVersion: v1
kind: Pod
metadata: { name: a, labels: { app: a } }
spec: { containers: [{ name: c, image: i, ports: [{ name: http, containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: host }
spec: { hostNetwork: true, nodeName: node-1, containers: [{ name: c, image: i }] }
---
apiVersion: v1
kind: Pod
metadata: { name: host-dns }
spec: { hostNetwork: true, dnsPolicy: ClusterFirstWithHostNet, nodeName: node-1, containers: [{ name: c, image: i }] }
---
apiVersion: v1
kind: Pod
metadata: { name: bare }
spec: { dnsPolicy: Default, containers: [{ name: c, image: i }] }
---
apiVersion: v1
kind: Pod
metadata: { name: waiting }
spec: { nodeSelector: { no: node }, containers: [{ name: c, image: i }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: c, image: i, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  type: LoadBalancer
  clusterIP: 10.96.0.20
  selector: { app: web }
  ports: [{ name: http, port: 80, targetPort: 8080, nodePort: 30080 }, { name: dns, port: 53, protocol: UDP, nodePort: 30053 }]
status: { loadBalancer: { ingress: [{ ip: 203.0.113.10 }] } }
---
apiVersion: v1
kind: Service
metadata: { name: one }
spec: { clusterIP: 10.96.0.21, selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Service
metadata: { name: db }
spec: { clusterIP: None, selector: { app: db }, ports: [{ name: sql, port: 5432 }] }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: db }
spec:
  serviceName: db
  replicas: 2
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec: { containers: [{ name: c, image: i, ports: [{ name: sql, containerPort: 5432 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: elsewhere }
spec: { type: ExternalName, externalName: example.com }
`)
const WORLD = createWorld(
  clusterWorld(CLUSTER, { features: { nfacct: false, randomFully: true, tcpBeLiberal: false, kubeletChains: true } }),
)
const ADDRESSES_OF = (name: string) =>
  CLUSTER.nodes.filter(node => node.metadata.name === name).flatMap(node => internalIps(node))
const DIRECTORY: Directory = {
  cluster: CLUSTER,
  addressesOf: ADDRESSES_OF,
  nodes: CLUSTER.nodes.map(({ metadata }) => metadata.name),
  namespace: 'default',
  family: 4,
  holderOf: ip => WORLD.holderOf(ip),
}
const ADDRESS = new Map(
  CLUSTER.nodes
    .flatMap(node => CLUSTER.podsOn(node.metadata.name))
    .map(pod => [pod.metadata.name, pod.status?.podIP ?? '']),
)

// biome-ignore format: one case, one row
const SOURCES: readonly (readonly [string, string])[] = [
  ['pod/a', 'default/a'],
  ['a', 'default/a'],
  ['default/a', 'default/a'],
  ['pod/default/a', 'default/a'],
  [ADDRESS.get('a') ?? '', 'default/a'],
  ['pod/host', 'node-1'],
  ['node/node-2', 'node-2'],
  ['node-2', 'node-2'],
  ['192.168.64.12', 'node-2'],
  ['sts/db', 'default/db-0'],
  ['203.0.113.7', '203.0.113.7'],
  ['ip:203.0.113.7', '203.0.113.7'],
  ['ip:2001:db8::7', '2001:db8::7'],
]
for (const [text, machine] of SOURCES) {
  t.test(`a source written ${text} is the machine ${machine}`, async t => {
    t.equal(findSource(text, DIRECTORY).machine, machine)
  })
}

t.test('a source written deploy/web is one of its pods', async t => {
  t.match(findSource('deploy/web', DIRECTORY).machine, /^default\/web-/)
})

// biome-ignore format: one case, one row
const WRONG_SOURCES: readonly (readonly [string, RegExp])[] = [
  ['pod/b', /there is no running pod default\/b; in default there are a, bare, db-0, /],
  ['node/node-9', /there is no such node; there are node-1, node-2, node-3/],
  ['pod/waiting', /there is no running pod default\/waiting/],
  ['pod/a:80', /a source has no port/],
  ['ip:name', /"name" is no address/],
  ['', /nothing is named/],
  ['a/b/c/d', /write it as KIND\/NAME/],
  ['x/y/z', /"x" is none of pod, svc/],
]
for (const [text, problem] of WRONG_SOURCES) {
  t.test(`a source written "${text}" is refused in words`, async t => {
    t.throws(() => findSource(text, DIRECTORY), { message: problem })
  })
}

// biome-ignore format: one case, one row
const DESTINATIONS: readonly (readonly [from: string, to: string, choice: Choice, at: string])[] = [
  ['a', 'svc/web:http', {}, '10.96.0.20:80/6'],
  ['a', 'svc/web:80', {}, '10.96.0.20:80/6'],
  ['a', 'svc/web:dns', {}, '10.96.0.20:53/17'],
  ['a', 'svc/web', { protocol: 17 }, '10.96.0.20:53/17'],
  ['a', 'svc/web:81', {}, '10.96.0.20:81/6'],
  ['a', 'svc/one', {}, '10.96.0.21:80/6'],
  ['a', 'one', {}, '10.96.0.21:80/6'],
  ['a', 'one.default', {}, '10.96.0.21:80/6'],
  ['a', 'one.default.svc.cluster.local.', {}, '10.96.0.21:80/6'],
  ['a', 'svc/web:http', { entry: 'nodeport', via: 'node-2' }, '192.168.64.12:30080/6'],
  ['a', 'svc/web:http', { entry: 'loadbalancer' }, '203.0.113.10:80/6'],
  ['ip:198.51.100.1', 'svc/web:http', {}, '203.0.113.10:80/6'],
  ['ip:198.51.100.1', 'svc/one', {}, '10.96.0.21:80/6'],
  ['a', 'svc/db', {}, `${ADDRESS.get('db-0')}:5432/6`],
  ['a', 'db-1.db:5432', {}, `${ADDRESS.get('db-1')}:5432/6`],
  ['a', 'pod/db-1', {}, `${ADDRESS.get('db-1')}:5432/6`],
  ['a', 'pod/db-1:sql', {}, `${ADDRESS.get('db-1')}:5432/6`],
  ['a', 'pod/db-1:9', {}, `${ADDRESS.get('db-1')}:9/6`],
  ['a', 'pod/host', {}, '192.168.64.11:/'],
  ['a', 'node/node-3:30080', {}, '192.168.64.13:30080/'],
  ['a', '10.96.0.20:80', {}, '10.96.0.20:80/'],
  ['a', '[fd00::1]:80', {}, 'fd00::1:80/'],
  ['a', 'fd00::1', {}, 'fd00::1:/'],
]
for (const [from, to, choice, at] of DESTINATIONS) {
  t.test(`from ${from}, ${to} ${JSON.stringify(choice)} is ${at}`, async t => {
    const found = findDestination(to, findSource(from, DIRECTORY), DIRECTORY, choice)
    t.equal(`${formatIp(found.ip)}:${found.port ?? ''}/${found.protocol ?? ''}`, at)
  })
}

// biome-ignore format: one case, one row
const ASKING: readonly (readonly [from: string, asks: boolean])[] = [
  ['pod/a', true],
  [ADDRESS.get('a') ?? '', true],
  ['pod/host-dns', true],
  ['pod/bare', false],
  [ADDRESS.get('bare') ?? '', false],
  ['pod/host', false],
  ['node/node-1', false],
  ['192.168.64.12', false],
  ['ip:203.0.113.7', false],
]
for (const [from, asks] of ASKING) {
  t.test(`${from} ${asks ? 'asks' : 'does not ask'} the cluster's DNS`, async t => {
    const source = findSource(from, DIRECTORY)
    t.equal(source.pod !== undefined && usualNameService(CLUSTER).asksCluster(source.pod), asks)
    const whole = findDestination('one.default.svc.cluster.local', source, DIRECTORY)
    t.equal(formatIp(whole.ip), '10.96.0.21')
    t.equal(/does not ask the cluster's DNS: taken as if it did/.test(whole.notes.join()), !asks)
    if (asks) t.equal(formatIp(findDestination('one:80', source, DIRECTORY).ip), '10.96.0.21')
    else {
      t.throws(() => findDestination('one.default:80', source, DIRECTORY), {
        message: /does not use the cluster's DNS.*write svc\/one:80 or an address/,
      })
    }
  })
}

// biome-ignore format: one case, one row
const WRONG_DESTINATIONS: readonly (readonly [string, RegExp])[] = [
  ['svc/web', /has several ports: http 80\/TCP, dns 53\/UDP/],
  ['svc/web:https', /has no port "https", only http 80\/TCP/],
  ['svc/nothing', /there is no Service default\/nothing; there are /],
  ['svc/elsewhere', /is a name for example.com, outside of the cluster/],
  ['pod/b:80', /there is no running pod default\/b/],
  ['10.96.0.20:http', /an address has numbers for ports/],
  ['10.96.0.20:70000', /a port is 1 to 65535/],
  ['nowhere.example', /no Service and no pod of that name/],
  ['svc/web:', /no port after the colon/],
]
for (const [to, problem] of WRONG_DESTINATIONS) {
  t.test(`a destination written "${to}" is refused in words`, async t => {
    t.throws(() => findDestination(to, findSource('a', DIRECTORY), DIRECTORY), { message: problem })
  })
}

t.test('without objects only addresses can be named', async t => {
  const bare: Directory = {
    nodes: ['n1'],
    namespace: 'default',
    family: 4,
    addressesOf: () => [parseIp('10.0.0.9')],
    holderOf: () => undefined,
  }
  const source = findSource('node/n1', bare)
  t.equal(source.machine, 'n1')
  t.throws(() => findDestination('svc/web', source, bare), { message: /give them with -f/ })
  t.throws(() => findSource('pod/a', bare), { message: /give them with -f/ })
  t.same(findDestination('node/n1:22', source, bare).ip, parseIp('10.0.0.9'))
  t.same(findDestination('10.0.0.1:80', source, bare).ip, parseIp('10.0.0.1'))
})
