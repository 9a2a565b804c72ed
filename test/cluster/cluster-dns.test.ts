/** The DNS that a cluster has, or is given. */
import t from 'tap'
import { formatIp } from '../../src/base/ip.ts'
import { UDP } from '../../src/base/protocol.ts'
import { harvestFiles } from '../../src/cli/harvest.ts'
import { build } from '../../src/cli/load.ts'
import type { Cluster } from '../../src/cluster/cluster.ts'
import { addClusterDns, dnsServices, nameServerPorts } from '../../src/cluster/cluster-dns.ts'
import { settle } from '../../src/cluster/settle.ts'
import type { Configuration } from '../../src/objects/configuration.ts'
import { keyOf } from '../../src/objects/meta.ts'
import { podAddressesOf } from '../../src/objects/pod.ts'

interface Loaded {
  readonly cluster: Cluster
  readonly configurations: readonly Configuration[]
}

function loaded(text: string): Loaded {
  const harvest = harvestFiles([{ name: 'test.yaml', text, named: true }], 'default')
  const { cluster, findings } = build(harvest, { nodeCount: 3, seed: 0, flags: {} })
  if (harvest.findings.length + findings.length > 0) throw new Error('findings')
  settle(cluster)
  return { cluster, configurations: harvest.settings.map(({ configuration }) => configuration) }
}

const pod = (name: string, more = '', where = 'default') => `
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${where}, labels: { app: ${name} } }
spec: { containers: [{ name: c, image: i, ports: [{ containerPort: 1053, protocol: UDP }, { containerPort: 1053 }] }]${more} }
---`
const service = (name: string, where: string, spec: string) => `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${where} }
spec: { ${spec} }
---`
const kubelet = (address: string) => `
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
clusterDNS: ["${address}"]
---`
const DNS_PORTS =
  'ports: [{ name: a, port: 53, protocol: UDP, targetPort: 1053 }, { name: b, port: 53, targetPort: 1053 }]'

const told = ({ cluster, configurations }: Loaded) =>
  nameServerPorts(cluster, configurations)
    .map(({ address, protocol, port }) => `${formatIp(address)} ${protocol === UDP ? 'UDP' : 'TCP'} ${port}`)
    .sort()

t.test('a cluster without DNS is given what kubeadm makes', async t => {
  const given = loaded(pod('a') + pod('b'))
  const before = given.cluster.store.list('Pod').map(one => [keyOf(one.metadata), ...podAddressesOf(one)])
  t.strictSame(addClusterDns(given.cluster, given.configurations), {
    added: ['Service kube-system/kube-dns at 10.96.0.10', 'Deployment kube-system/coredns'],
    remarks: [],
  })
  const after = given.cluster.store.list('Pod').map(one => [keyOf(one.metadata), ...podAddressesOf(one)])
  t.strictSame(after.slice(0, 2), before, 'who was there stays where it was')
  t.equal(after.length, 4)
  const servers = given.cluster.store.list('Pod', { namespace: 'kube-system' })
  t.equal(new Set(servers.map(({ spec }) => spec.nodeName)).size, 2, 'its pods are on different nodes')
  const addresses = servers.flatMap(podAddressesOf).sort()
  t.strictSame(
    told(given),
    addresses.flatMap(ip => [`${ip} TCP 53`, `${ip} UDP 53`]),
  )
  t.strictSame(addClusterDns(given.cluster, given.configurations), { added: [], remarks: [] }, 'and has it then')
})

// biome-ignore format: one case, one row
const CLUSTERS: readonly (readonly [says: string, text: string, services: readonly string[], added: readonly string[], remarks: readonly string[]])[] = [
  ['one that is known by its name', service('kube-dns', 'kube-system', `clusterIP: 10.96.0.99, selector: { app: a }, ${DNS_PORTS}`),
    ['kube-system/kube-dns'], [], []],
  ['one at the address that kubelets were told', kubelet('10.96.0.7') + service('names', 'infra', `clusterIP: 10.96.0.7, selector: { app: a }, ${DNS_PORTS}`),
    ['infra/names'], [], []],
  ['another address than the usual one, where that is taken', service('web', 'default', 'clusterIP: 10.96.0.10, ports: [{ port: 80 }]'),
    ['kube-system/kube-dns'], ['Service kube-system/kube-dns at 10.', 'Deployment kube-system/coredns'], ['10.96.0.10, where kubeadm puts it, is taken']],
  ['the address that kubelets were told', kubelet('10.96.0.53') + pod('a'),
    ['kube-system/kube-dns'], ['Service kube-system/kube-dns at 10.96.0.53', 'Deployment kube-system/coredns'], []],
  ['nothing, where kubelets were told one that is taken', kubelet('10.96.0.53') + service('web', 'default', 'clusterIP: 10.96.0.53, ports: [{ port: 80 }]'),
    [], [], ['kubelets send pods to 10.96.0.53 for names, which no Service can have']],
  ['an address outside of a range that nobody gave', kubelet('169.254.20.10') + pod('a') + service('web', 'default', 'clusterIP: 10.96.0.53, ports: [{ port: 80 }]'),
    ['kube-system/kube-dns'], ['Service kube-system/kube-dns at 169.254.20.10', 'Deployment kube-system/coredns'], []],
]
for (const [says, text, services, added, remarks] of CLUSTERS) {
  t.test(`addClusterDns() has or makes ${says}`, async t => {
    const { cluster, configurations } = loaded(text)
    const found = addClusterDns(cluster, configurations)
    t.equal(found.added.length, added.length)
    for (const [i, line] of added.entries()) t.equal(found.added[i]?.slice(0, line.length), line)
    t.strictSame(found.remarks, remarks)
    t.strictSame(
      dnsServices(cluster, configurations).map(one => keyOf(one.metadata)),
      services,
    )
  })
}

t.test('nameServerPorts() tells where endpoints listen, not where the Service does', async t => {
  const text =
    pod('a') +
    service('kube-dns', 'kube-system', DNS_PORTS) +
    `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: own, namespace: kube-system, labels: { kubernetes.io/service-name: kube-dns } }
addressType: IPv4
endpoints: [{ addresses: [10.244.7.7] }, { addresses: [10.244.7.8], conditions: { ready: false } }]
ports: [{ name: a, port: 1053, protocol: UDP }, { name: b, port: 1053 }, { name: metrics, port: 9153 }]
`
  t.strictSame(told(loaded(text)), [
    '10.244.7.7 TCP 1053',
    '10.244.7.7 UDP 1053',
    '10.244.7.8 TCP 1053',
    '10.244.7.8 UDP 1053',
  ])
})
