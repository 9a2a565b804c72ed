/**
 * The files that `render --mode ipvs` writes, loaded twice by the stock tools into a kernel that has IPVS: each node in
 * a network of its own, in the order of its README. Afterwards the tools must print the text of `--form save`.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { canonIpset } from '../../canon.ts'
import { podwire } from '../../cli/capture.ts'
import { chainsOf, nodesOf } from '../expected.ts'
import type { Run } from '../netns.ts'
import { IPVS_NODE } from './ipvs.ts'
import { inMachine } from './machine.ts'

/** Everything that only few clusters have. */
const EXTRA = `
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: ipvs
clusterCIDR: 10.244.0.0/16,fd00:10:244::/56
ipvs: { scheduler: mh, strictARP: true, tcpTimeout: 15m, tcpFinTimeout: 2m, udpTimeout: 5m }
---
apiVersion: v1
kind: Pod
metadata: { name: edge, labels: { app: edge } }
spec:
  containers:
    - name: edge
      image: edge:1
      ports:
        - { name: http, containerPort: 8080, hostPort: 80 }
        - { name: dns, containerPort: 5353, hostPort: 53, protocol: UDP }
        - { name: calls, containerPort: 3868, protocol: SCTP }
---
apiVersion: v1
kind: Service
metadata: { name: edge }
spec:
  type: LoadBalancer
  selector: { app: edge }
  ipFamilyPolicy: PreferDualStack
  externalIPs: [203.0.113.7, "2001:db8::7"]
  loadBalancerSourceRanges: [198.51.100.0/24, 203.0.113.10/32, "2001:db8:1::/64"]
  sessionAffinity: ClientIP
  ports:
    - { name: http, port: 80, targetPort: http }
    - { name: dns, port: 53, targetPort: dns, protocol: UDP }
    - { name: calls, port: 3868, targetPort: calls, protocol: SCTP }
status:
  loadBalancer: { ingress: [{ ip: 203.0.113.10 }, { ip: "2001:db8::10" }] }
---
apiVersion: v1
kind: Service
metadata: { name: local }
spec:
  type: LoadBalancer
  selector: { app: edge }
  externalTrafficPolicy: Local
  internalTrafficPolicy: Local
  ports:
    - { name: http, port: 80, targetPort: http }
    - { name: dns, port: 53, targetPort: dns, protocol: UDP }
    - { name: calls, port: 3868, targetPort: calls, protocol: SCTP }
status:
  loadBalancer: { ingress: [{ ip: 203.0.113.11 }] }
`

const FAMILIES = ['iptables', 'ip6tables'] as const

interface Host {
  readonly name: string
  readonly addresses: readonly string[]
  /** The folders of what is loaded and of what must be printed. */
  readonly restore: string
  readonly save: string
}

async function hostsOf(cluster: string, manifests: string, home: string): Promise<Host[]> {
  for (const form of ['restore', 'save']) {
    const out = join(home, form, cluster)
    const { code, err } = await podwire(['render', '-f', manifests, '--mode', 'ipvs', '--form', form, '--out', out])
    if (code !== 0) throw new Error(`Cannot render ${cluster}: ${err}`)
  }
  return [...(await nodesOf(manifests))].map(([node, addresses]) => ({
    name: `${cluster}/${node}`,
    addresses,
    restore: join(home, 'restore', cluster, node),
    save: join(home, 'save', cluster, node),
  }))
}

const FILES = [
  'sysctl.conf',
  'links.batch',
  'neigh.batch',
  'fdb.batch',
  'routes.batch',
  'ipset.restore',
  'ipvsadm.restore',
  'iptables.restore',
  'ip6tables.restore',
]

/** The uplink of a machine, as `ip -batch` makes it. */
function uplink(addresses: readonly string[]): string {
  const own = addresses.map(address =>
    address.includes(':') ? `addr add ${address}/64 dev eth0 nodad` : `addr add ${address}/24 dev eth0`,
  )
  const up = ['lo', 'eth0', 'wire0'].map(name => `link set dev ${name} up`)
  return ['link add name eth0 type veth peer name wire0', ...up, ...own, ''].join('\n')
}

function loading(folder: string): string[][] {
  const at = (file: string) => `${folder}/${file}`
  return [
    ['sysctl', '-q', '-p', at('sysctl.conf')],
    ['ip', '-batch', at('links.batch')],
    ['ip', '-batch', at('neigh.batch')],
    ['bridge', '-batch', at('fdb.batch')],
    ['ip', '-batch', at('routes.batch')],
    ['ipset', 'restore', '-exist', '-file', at('ipset.restore')],
    ['sh', '-c', `ipvsadm -R <${at('ipvsadm.restore')}`],
    ...FAMILIES.map(tool => [`${tool}-legacy-restore`, '--noflush', at(`${tool}.restore`)]),
  ]
}

const PRINTING = [
  ['ipvsadm', '-Sn'],
  ['ipset', 'save'],
  ...FAMILIES.map(tool => [`${tool}-legacy-save`]),
  ['ip', '-json', 'addr', 'show', 'dev', 'kube-ipvs0'],
]

function commandsOf({ name }: Host): string[][] {
  const folder = `/hosts/${name}`
  return [['ip', '-batch', `${folder}/uplink.batch`], ...loading(folder), ...loading(folder), ...PRINTING]
}

/** The addresses of kube-ipvs0, among those of other links. */
function addressesIn(json: string): string[] {
  const links = JSON.parse(json) as {
    ifname: string
    addr_info: { family: string; local: string; prefixlen: number; scope: string }[]
  }[]
  const own = links.find(({ ifname }) => ifname === 'kube-ipvs0')?.addr_info ?? []
  return own.map(({ family, local, prefixlen, scope }) => `${family} ${local}/${prefixlen} ${scope}`).sort()
}

t.test('kube-proxy in IPVS mode: the files of', async t => {
  const home = mkdtempSync(join(tmpdir(), 'podwire-ipvs-'))
  t.teardown(() => rmSync(home, { recursive: true }))
  writeFileSync(join(home, 'extra.yaml'), EXTRA)
  const clusters = readdirSync('scenarios').map(name => [name, join('scenarios', name, 'manifests')] as const)
  const hosts: Host[] = []
  for (const [cluster, manifests] of [...clusters, ['everything', join(home, 'extra.yaml')] as const])
    hosts.push(...(await hostsOf(cluster, manifests, home)))
  const files = new Map<string, string>()
  for (const { name, addresses, restore } of hosts) {
    files.set(`/hosts/${name}/uplink.batch`, uplink(addresses))
    for (const file of FILES) files.set(`/hosts/${name}/${file}`, readFileSync(join(restore, file), 'utf8'))
  }
  const networks = hosts.map(commandsOf)
  await inMachine(t, IPVS_NODE, { files, networks }, async outcome => {
    for (const [index, host] of hosts.entries())
      await t.test(`${host.name} load twice and are printed as --form save`, async t => {
        const [commands = [], runs = []] = [networks[index], outcome.networks[index]]
        const failed = runs.flatMap(({ code, stderr }, at) => (code === 0 ? [] : [[commands[at]?.join(' '), stderr]]))
        t.strictSame(failed, [], 'every tool is content')
        const [servers, sets, rules4, rules6, addresses] = runs.slice(-PRINTING.length).map(({ stdout }: Run) => stdout)
        const saved = (file: string) => readFileSync(join(host.save, file), 'utf8')
        t.equal(servers, saved('ipvsadm.save'), 'ipvsadm -Sn')
        t.strictSame(canonIpset(sets ?? ''), canonIpset(saved('ipset.save')), 'ipset save')
        t.strictSame([...chainsOf(rules4 ?? '')], [...chainsOf(saved('iptables.save'))], 'iptables-save')
        t.strictSame([...chainsOf(rules6 ?? '')], [...chainsOf(saved('ip6tables.save'))], 'ip6tables-save')
        t.strictSame(addressesIn(addresses ?? '[]'), addressesIn(saved('ip-addr.json')), 'addresses of kube-ipvs0')
      })
  })
})
