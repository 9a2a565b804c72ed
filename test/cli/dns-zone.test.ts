/** `podwire dns zone` on the command line. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { podwire } from './capture.ts'

const SHOP = `apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  clusterIP: 10.96.0.80
  selector: { app: web }
  ports: [{ name: http, port: 80 }]
---
apiVersion: v1
kind: Service
metadata: { name: db }
spec:
  clusterIP: None
  selector: { app: db }
  ports: [{ name: sql, port: 5432 }]
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
    spec: { containers: [{ name: db, image: db }] }
`
const corefile = (text: string) => `---
apiVersion: v1
kind: ConfigMap
metadata: { name: coredns, namespace: kube-system }
data:
  Corefile: |
${text.replace(/^/gm, '    ')}
`
const zone = (input: string, ...args: readonly string[]) => podwire(['dns', 'zone', '-f', '-', ...args], input)

t.test('the zone of a cluster as kubeadm makes it', async t => {
  const { code, out, err } = await zone(SHOP)
  t.equal(code, 0)
  t.equal(err, '')
  const lines = out.split('\n')
  t.strictSame(lines.slice(0, 2), ['$ORIGIN cluster.local.', '$TTL 30'])
  t.match(
    lines[2],
    /^cluster\.local\. 30 SOA ns\.dns\.cluster\.local\. hostmaster\.cluster\.local\. \d+ 7200 1800 86400 30$/,
  )
  for (const line of [
    'cluster.local. 30 NS ns.dns.cluster.local.',
    'ns.dns.cluster.local. 30 A 127.0.0.1',
    'kubernetes.default.svc.cluster.local. 30 A 10.96.0.1',
    'web.default.svc.cluster.local. 30 A 10.96.0.80',
    '_http._tcp.web.default.svc.cluster.local. 30 SRV 0 100 80 web.default.svc.cluster.local.',
    '_sql._tcp.db.default.svc.cluster.local. 30 SRV 0 50 5432 db-1.db.default.svc.cluster.local.',
  ]) {
    t.ok(lines.includes(line), line)
  }
})

t.test('the Corefile decides', async t => {
  const { code, out, err } = await zone(
    SHOP + corefile('.:53 {\n  kubernetes k8s.test {\n    ttl 7\n    zonal\n  }\n  hosts\n}'),
  )
  t.equal(code, 0)
  t.match(out, /^web\.default\.svc\.k8s\.test\. 7 A 10\.96\.0\.80$/m)
  t.match(err, /^note: Corefile line 4: kubernetes zonal is not followed$/m)
  t.match(err, /^note: Corefile line 6: plugin hosts is not followed$/m)
})

t.test("so does kubeadm's domain; options come first", async t => {
  const kubeadm =
    '---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnetworking: { dnsDomain: a.test }\n'
  t.match((await zone(SHOP + kubeadm)).out, /^\$ORIGIN a\.test\.$/m)
  const { out } = await zone(SHOP + kubeadm, '--domain', 'B.test', '--ttl', '0')
  t.match(out, /^\$ORIGIN b\.test\.\n\$TTL 0\n/)
})

t.test('the servers are those behind the DNS Service', async t => {
  const dns = `---
apiVersion: v1
kind: Service
metadata: { name: kube-dns, namespace: kube-system }
spec: { clusterIP: 10.96.0.10, selector: { k8s-app: kube-dns }, ports: [{ name: dns, port: 53, protocol: UDP }] }
---
apiVersion: v1
kind: Pod
metadata: { name: coredns, namespace: kube-system, labels: { k8s-app: kube-dns } }
spec: { containers: [{ name: coredns, image: coredns }] }
`
  const { out } = await zone(SHOP + dns)
  t.match(out, /^cluster\.local\. 30 NS kube-dns\.kube-system\.svc\.cluster\.local\.$/m)
  t.notMatch(out, '127.0.0.1')
})

// biome-ignore format: one case, one row
const wrong: [why: string, input: string, args: readonly string[], code: number, err: RegExp][] = [
  ['a malformed Corefile',   SHOP + corefile('.:53 {'), [],                       2, /^ConfigMap kube-system\/coredns Corefile: Cannot parse Corefile.*line 1: a block is not closed/m],
  ['a Corefile without us',  SHOP + corefile('.:53 {\n}'), [],                    2, /no server block has the plugin kubernetes/],
  ['a domain that is none',  SHOP,                      ['--domain', 'a..b'],     2, /--domain takes a domain name, not "a..b"/],
  ['a TTL too long',         SHOP,                      ['--ttl', '3601'],        2, /--ttl takes a whole number from 0 to 3600/],
  ['an unknown mode',        SHOP,                      ['--pods', 'some'],       2, /--pods is one of disabled, insecure, verified/],
  ['a word too many',        SHOP,                      ['web'],                  2, /dns zone takes no words, not "web"/],
]

for (const [why, input, args, code, err] of wrong) {
  t.test(`refused: ${why}`, async t => {
    const made = await zone(input, ...args)
    t.equal(made.code, code)
    t.match(made.err, err)
    t.equal(made.out, '')
  })
}

t.test('help', async t => {
  t.match((await podwire(['dns', '--help'])).out, /zone +the zone as a file/)
  t.match((await podwire(['dns', 'zone', '--help'])).out, /named-checkzone accepts the file/)
})

const hasChecker = spawnSync('named-checkzone', ['-v']).error === undefined
t.test('named-checkzone accepts it', { skip: hasChecker ? false : 'named-checkzone is not here' }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-dns-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'zone'), (await zone(SHOP)).out)
  t.match(execFileSync('named-checkzone', ['cluster.local', join(folder, 'zone')], { encoding: 'utf8' }), /\nOK\n$/)
})
