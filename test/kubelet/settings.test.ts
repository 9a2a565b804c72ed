/** What kubelets were told: their configuration, kubeadm's, the objects, the usual. */
import t from 'tap'
import { formatIp, parsePrefix } from '../../src/base/ip.ts'
import { kubeletSettings, usualNodeConf, usualNodeHosts } from '../../src/kubelet/settings.ts'
import type { Configuration } from '../../src/objects/configuration.ts'
import type { Service } from '../../src/objects/service.ts'

const kubelet = (value: object) => ({ of: 'kubelet', value }) as unknown as Configuration
const kubeadm = (value: object) => ({ of: 'kubeadm', value }) as unknown as Configuration
const dns = (name: string, clusterIP: string, labels = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'kube-system', labels },
  spec: { clusterIP },
})
const KUBE_DNS = dns('kube-dns', '10.96.0.53')

// biome-ignore format: one case, one row
const ROWS: readonly (readonly [says: string, configurations: readonly Configuration[], services: readonly Service[], cidrs: string, wanted: string])[] = [
  ['nobody says anything: the tenth address',   [], [], '10.96.0.0/12', '10.96.0.10 cluster.local usual'],
  ['the tenth of the primary family',           [], [], 'fd00:10:96::/112,10.96.0.0/12', 'fd00:10:96::a cluster.local usual'],
  ['the Service kube-dns',                      [], [KUBE_DNS], '10.96.0.0/12', '10.96.0.53 cluster.local service'],
  ['a Service with its label',                  [], [dns('coredns', '10.96.0.54', { 'k8s-app': 'kube-dns' })], '10.96.0.0/12', '10.96.0.54 cluster.local service'],
  ['the name before the label',                 [], [dns('coredns', '10.96.0.54', { 'k8s-app': 'kube-dns' }), KUBE_DNS], '10.96.0.0/12', '10.96.0.53 cluster.local service'],
  ['a headless one tells nothing',              [], [dns('kube-dns', 'None')], '10.96.0.0/12', '10.96.0.10 cluster.local usual'],
  ['kubelet’s own configuration before all',    [kubelet({ clusterDNS: ['169.254.20.10', 'fd00::a'], clusterDomain: 'a.example' })], [KUBE_DNS], '10.96.0.0/12', '169.254.20.10,fd00::a a.example configuration'],
  ['told that there is none',                   [kubelet({ clusterDNS: [] })], [KUBE_DNS], '10.96.0.0/12', ' cluster.local configuration'],
  ['an empty domain is one',                    [kubelet({ clusterDomain: '' })], [], '10.96.0.0/12', '10.96.0.10  usual'],
  ['kubeadm’s domain',                          [kubeadm({ networking: { dnsDomain: 'k8s.example' } })], [], '10.96.0.0/12', '10.96.0.10 k8s.example usual'],
  ['kubelet’s domain before kubeadm’s',         [kubelet({ clusterDomain: 'a.example' }), kubeadm({ networking: { dnsDomain: 'b' } })], [], '10.96.0.0/12', '10.96.0.10 a.example usual'],
  ['of two configurations the later',           [kubelet({ clusterDomain: 'a' }), kubelet({ clusterDomain: 'b' })], [], '10.96.0.0/12', '10.96.0.10 b usual'],
]
for (const [says, configurations, services, cidrs, wanted] of ROWS) {
  t.test(`kubeletSettings(): ${says}`, async t => {
    const made = kubeletSettings(configurations, services, cidrs.split(',').map(parsePrefix))
    t.equal(`${made.clusterDns.map(formatIp).join(',')} ${made.clusterDomain} ${made.dnsFrom}`, wanted)
    t.strictSame(made.remarks, [])
  })
}

t.test('addresses that are none are passed over, and told', async t => {
  const { clusterDns, remarks } = kubeletSettings([kubelet({ clusterDNS: ['x', '10.0.0.1'] })], [], [])
  t.strictSame(clusterDns.map(formatIp), ['10.0.0.1'])
  t.strictSame(remarks, ['KubeletConfiguration clusterDNS: "x" is no address; kubelet passes it over'])
})

t.test('kubelet may be told to use no file of its node', async t => {
  t.ok(kubeletSettings([kubelet({ resolvConf: '' })], [], []).ignoresNode)
  t.notOk(kubeletSettings([kubelet({ resolvConf: '/run/systemd/resolve/resolv.conf' })], [], []).ignoresNode)
})

t.test('what a node’s files say where nobody tells', async t => {
  const address = parsePrefix('192.168.64.1/32').base
  t.strictSame(usualNodeConf([address]), { nameservers: ['192.168.64.1'], searches: [], options: [] })
  t.match(usualNodeHosts('node-1', [address]), /^127\.0\.0\.1\tlocalhost\n::1\t.*\n192\.168\.64\.1\tnode-1\n$/)
})
