/** Names as destinations of `podwire trace`, and the way through DNS. */
import { readFileSync } from 'node:fs'
import t from 'tap'
import { podwire } from './capture.ts'

const TOWN = 'test/dns/resolver/town.yaml'
const PATHS = 'scenarios/packet-paths/manifests'
const trace = (...args: readonly string[]) => podwire(['trace', ...args])

t.test('the resolver is told of as the first step', async t => {
  const { out } = await trace('-f', TOWN, 'shop/a', 'web.shop:http')
  t.match(
    out,
    /^ 0 {2}a resolver +web\.shop with suffix svc\.cluster\.local, asked of 10\.96\.0\.10; 1 name before in vain/m,
  )
})

t.test("the pod's own files count", async t => {
  const hosts = await trace('-f', TOWN, 'shop/a', 'old.example.com:80')
  t.match(hosts.out, /^ 0 {2}a \/etc\/hosts +old\.example\.com stands in the hosts file +192\.0\.2\.7$/m)
  const careful = await trace('-f', TOWN, 'shop/careful', 'web.shop.svc:80')
  t.equal(careful.code, 2)
  t.match(careful.err, /what somebody outside answers for web\.shop\.svc\. is not known: give an address/)
})

t.test('an alias outside is no destination', async t => {
  const { code, err } = await trace('-f', TOWN, 'shop/a', 'store:80')
  t.equal(code, 2)
  t.match(err, /it is an alias for store\.example\.com\., outside of the cluster; give an address/)
})

t.test('an alias inside is told of', async t => {
  const alias = `---
apiVersion: v1
kind: Service
metadata: { name: alias, namespace: shop }
spec: { type: ExternalName, externalName: web.shop.svc.cluster.local }
`
  const { out } = await podwire(['trace', '-f', '-', 'shop/a', 'alias:80'], readFileSync(TOWN, 'utf8') + alias)
  t.match(out, /alias with suffix shop\.svc\.cluster\.local, asked of 10\.96\.0\.10; it is an alias for/)
  t.match(out, /alias:80 10\.96\.0\.21/)
})

t.test('a port by its number is not translated on the way to an endpoint, one by its name is', async t => {
  const text = readFileSync(TOWN, 'utf8')
    .replace('{ name: db, image: db }', '{ name: db, image: db, ports: [{ containerPort: 5433, name: sql }] }')
    .replace('{ name: sql, port: 5432 }', '{ name: sql, port: 5432, targetPort: sql }')
  const number = await podwire(['trace', '-f', '-', 'shop/a', 'db-0.db:5432'], text)
  t.match(number.out, /db-0\.db:5432 10\.244\.\d+\.\d+:5432/)
  const name = await podwire(['trace', '-f', '-', 'shop/a', 'db-0.db:sql'], text)
  t.match(name.out, /db-0\.db:sql 10\.244\.\d+\.\d+:5433/)
})

t.test('--with-dns: the queries go first, to a DNS that is added where there is none', async t => {
  const { code, out, err } = await trace('-f', PATHS, 'pod/client', 'web:http', '--with-dns')
  t.equal(code, 0, out)
  t.match(err, /note: the manifests have no cluster DNS: added Service kube-system\/kube-dns/)
  t.match(
    out,
    /^FLOW {4}1\/2 {2}udp {2}default\/client [\d.]+:40000 -> [\d.]+:53 {3}\(DNS: asks for web\.default\.svc/m,
  )
  t.match(out, /DELIVERED {2}container coredns port dns/)
  t.match(out, /^FLOW {4}2\/2 {2}tcp {2}default\/client [\d.]+:40001 -> web:http/m)
})

t.test('--with-dns: why a name cannot be resolved', async t => {
  const { code, out } = await trace('-f', TOWN, 'shop/a', 'web:http', '--with-dns')
  t.equal(code, 1)
  t.match(out, /^WHY +DNS does not answer, so web cannot be resolved: Service kube-system\/kube-dns has no selector/m)
})

t.test('--with-dns: nothing is asked for an address, a Service by its kind, or a name of the hosts file', async t => {
  for (const to of ['10.96.0.21:80', 'svc/web:http', 'old.example.com:80']) {
    const { out } = await trace('-f', TOWN, 'shop/a', to, '--with-dns')
    t.notMatch(out, /:53 /, to)
  }
})

t.test("the cluster's own settings count", async t => {
  const settings = `---
apiVersion: v1
kind: ConfigMap
metadata: { name: coredns, namespace: kube-system }
data: { Corefile: ".:53 { kubernetes k8s.example }" }
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
clusterDomain: k8s.example
`
  const { out } = await podwire(['trace', '-f', '-', 'shop/a', 'web:80'], readFileSync(TOWN, 'utf8') + settings)
  t.match(out, /web with suffix shop\.svc\.k8s\.example, asked of 10\.96\.0\.10/)
})
