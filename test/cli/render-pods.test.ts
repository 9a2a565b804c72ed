/** The files of pods that `podwire render` writes: whom they ask, what they are called, what they are told. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { podwire } from './capture.ts'

const MANIFESTS = join('test', 'kubelet', 'manifests')
const home = mkdtempSync(join(tmpdir(), 'podwire-pods-'))
t.teardown(() => rmSync(home, { recursive: true }))

const all = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .sort()

t.test('each pod has its files, and no Secret is in them', async t => {
  const out = join(home, 'usual')
  t.equal((await podwire(['render', '-f', MANIFESTS, '--out', out])).code, 0)
  const files = all(out).map(path => path.slice(out.length + 1))
  t.strictSame(
    files.filter(path => path.includes('/pods/')),
    [
      'node-1/pods/shop_web-0/env/migrate.env',
      'node-1/pods/shop_web-0/env/proxy.env',
      'node-1/pods/shop_web-0/env/web.env',
      'node-1/pods/shop_web-0/hosts',
      'node-1/pods/shop_web-0/resolv.conf',
      'node-2/pods/shop_broken/env/main.env',
      'node-2/pods/shop_broken/hosts',
      'node-2/pods/shop_broken/resolv.conf',
    ],
  )
  for (const path of all(out)) t.notMatch(readFileSync(path, 'utf8'), 's3cret', path)
  t.match(readFileSync(join(out, 'node-2/pods/shop_broken/env/main.env'), 'utf8'), /^# does not start: "secret/)
  t.match(readFileSync(join(out, 'node-1/README.md'), 'utf8'), '`pods/NAMESPACE_POD`')
})

t.test('Secrets are written when they are asked for', async t => {
  const out = join(home, 'secrets')
  t.equal((await podwire(['render', '-f', MANIFESTS, '--secrets', '--out', out])).code, 0)
  const text = readFileSync(join(out, 'node-1/pods/shop_web-0/env/web.env'), 'utf8')
  t.match(text, /^DB_password=s3cret$/m)
  const env = await podwire(['env', 'shop/web-0', '-c', 'web', '-o', 'dotenv', '-f', MANIFESTS])
  t.equal(text, env.out, 'podwire env writes the same')
})

t.test('--no-pods leaves them out', async t => {
  const out = join(home, 'none')
  t.equal((await podwire(['render', '-f', MANIFESTS, '--no-pods', '--out', out])).code, 0)
  t.strictSame(
    all(out).filter(path => path.includes('/pods/')),
    [],
  )
  t.notMatch(readFileSync(join(out, 'node-1/README.md'), 'utf8'), 'NAMESPACE_POD')
})

const POD = (name: string, spec: string) => `apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec: { nodeName: node-1, containers: [{ name: c, image: i }], ${spec} }
---
`
const KUBELET = (fields: string) =>
  `apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n${fields}\n---\n`
const node = join(home, 'node.conf')
writeFileSync(node, 'search corp.example\nnameserver 192.0.2.1\nnameserver 192.0.2.2\noptions rotate\n')

const file = (text: string, path: string, ...args: readonly string[]) =>
  podwire(['render', '-f', '-', '--node', 'node-1', '--file', `pods/default_a/${path}`, ...args], text)

// biome-ignore format: one case, one row
const ROWS: readonly (readonly [says: string, text: string, args: readonly string[], wanted: string])[] = [
  ['a pod',                                 POD('a', ''), [], 'search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n'],
  ['of other Services’ addresses',          POD('a', ''), ['--service-cidr', '172.20.0.0/16'], 'search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 172.20.0.10\noptions ndots:5\n'],
  ['beside the node’s search list',         POD('a', ''), ['--resolv-conf', node], 'search default.svc.cluster.local svc.cluster.local cluster.local corp.example\nnameserver 10.96.0.10\noptions ndots:5\n'],
  ['that asks whom its node asks',          POD('a', 'dnsPolicy: Default'), ['--resolv-conf', node], 'search corp.example\nnameserver 192.0.2.1\nnameserver 192.0.2.2\noptions rotate\n'],
  ['that asks whom an unknown node asks',   POD('a', 'dnsPolicy: Default'), [], 'nameserver 192.168.64.1\n'],
  ['of a cluster with a name of its own',   POD('a', '') + KUBELET('clusterDomain: k8s.example\nclusterDNS: [169.254.20.10]'), [], 'search default.svc.k8s.example svc.k8s.example k8s.example\nnameserver 169.254.20.10\noptions ndots:5\n'],
  ['of a kubelet that reads no file',       POD('a', 'dnsPolicy: Default') + KUBELET('resolvConf: ""'), [], 'search .\nnameserver 127.0.0.1\n'],
]
for (const [says, text, args, wanted] of ROWS) {
  t.test(`the resolv.conf of a pod ${says}`, async t => {
    const { out, err } = await file(text, 'resolv.conf', ...args)
    t.equal(out, wanted, err)
  })
}

t.test('on the host network a pod sees its node’s hosts file', async t => {
  const { out } = await file(POD('a', 'hostNetwork: true, hostAliases: [{ ip: 192.0.2.9, hostnames: [x] }]'), 'hosts')
  t.match(out, /^# Kubernetes-managed hosts file \(host network\)\.\n127\.0\.0\.1\tlocalhost\n/)
  t.match(out, /^192\.168\.64\.11\tnode-1$/m)
  t.match(out, /\n\n# Entries added by HostAliases\.\n192\.0\.2\.9\tx\n$/)
})

t.test('what does not fit is warned about once, with the number of pods', async t => {
  const config = 'dnsConfig: { nameservers: [192.0.2.7, 192.0.2.8, 192.0.2.9] }'
  const out = join(home, 'limits')
  const { code, err } = await podwire(['render', '-f', '-', '--out', out], POD('a', config) + POD('b', config))
  t.equal(code, 0)
  t.match(
    err,
    /^warning: Pod default\/a: DNSConfigForming: Nameserver limits were exceeded, .* is: 10\.96\.0\.10 192\.0\.2\.7 192\.0\.2\.8 \(and 1 more pod\)$/m,
  )
})

t.test('a cluster without DNS', async t => {
  const text = POD('a', '') + KUBELET('clusterDNS: []')
  const { err } = await podwire(['render', '-f', '-', '--out', join(home, 'nodns')], text)
  t.match(err, /^warning: Pod default\/a: MissingClusterDNS: pod: "a_default\(/m)
  const odd = await file(POD('a', '') + KUBELET('clusterDNS: [ten, 10.96.0.10]'), 'resolv.conf')
  t.match(odd.err, /^warning: KubeletConfiguration clusterDNS: "ten" is no address; kubelet passes it over$/m)
})

t.test('a resolv.conf of nodes that cannot be used', async t => {
  const bad = join(home, 'bad.conf')
  writeFileSync(bad, 'search a\n  nameserver\n')
  const refused = await file(POD('a', ''), 'resolv.conf', '--resolv-conf', bad)
  t.equal(refused.code, 2)
  t.equal(refused.err, `${bad}:2:3: nameserver without an address\n`)
  const none = await file(POD('a', ''), 'resolv.conf', '--resolv-conf', join(home, 'nothing'))
  t.equal(none.code, 2)
  t.match(none.err, /--resolv-conf .*nothing: /)
  writeFileSync(bad, 'domain corp.example\n')
  const warned = await file(POD('a', ''), 'resolv.conf', '--resolv-conf', bad)
  t.equal(warned.code, 0)
  t.equal(warned.err.split('\n')[0], `warning: ${bad}:1:1: domain is not read by kubelet: write search`)
})
