import t from 'tap'
import { nodeMaskSizes } from '../../src/objects/cluster-configuration.ts'
import { formatManifestFinding, scanManifests } from '../../src/objects/manifest.ts'

const KUBEADM = `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.37.1
networking:
  podSubnet: 10.244.0.0/16,fd00:10:244::/56
  serviceSubnet: 10.96.0.0/12
  dnsDomain: example.local
controllerManager:
  extraArgs:
  - name: node-cidr-mask-size-ipv4
    value: "25"
`
const PROXY = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clusterCIDR: 10.244.0.0/16
iptables:
  masqueradeBit: 0
  masqueradeAll: true
conntrack:
  maxPerCore: 0
`
const KUBELET = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
clusterDNS: [10.96.0.10]
clusterDomain: example.local
cgroupDriver: systemd
`
const NET_CONF = `{
  "network": "10.244.0.0/16",
  "Backend": {"Type": "host-gw"}
}
`

const indent = (text: string) => text.replace(/^/gm, '    ').trimEnd()
const inMap = (name: string, key: string, text: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  namespace: kube-system\ndata:\n  ${key}: |\n${indent(text)}\n`

// biome-ignore format: one case, one row
const CASES: readonly (readonly [of: string, map: string, key: string, text: string, value: unknown])[] = [
  ['kubeadm', 'kubeadm-config', 'ClusterConfiguration', KUBEADM, { kubernetesVersion: 'v1.37.1', networking: { podSubnet: '10.244.0.0/16,fd00:10:244::/56', serviceSubnet: '10.96.0.0/12', dnsDomain: 'example.local' } }],
  ['kube-proxy', 'kube-proxy', 'config.conf', PROXY, { mode: 'iptables', clusterCIDR: '10.244.0.0/16', iptables: { masqueradeBit: 0, masqueradeAll: true }, conntrack: { maxPerCore: 0 } }],
  ['kubelet', 'kubelet-config', 'kubelet', KUBELET, { clusterDNS: ['10.96.0.10'], clusterDomain: 'example.local', cgroupDriver: 'systemd' }],
  ['kubelet', 'kubelet-config-1.23', 'kubelet', KUBELET, { clusterDNS: ['10.96.0.10'] }],
  ['flannel', 'kube-flannel-cfg', 'net-conf.json', NET_CONF, { network: '10.244.0.0/16', Backend: { Type: 'host-gw' } }],
]

t.test('configuration is recognised by itself and in the ConfigMap that carries it', async t => {
  for (const [of, map, key, text, value] of CASES) {
    const bare = scanManifests('config.yaml', text)
    t.same([bare.manifests, bare.strangers, bare.findings], [[], [], []], `${of}: it is no object`)
    t.match(bare.settings, [{ configuration: { of, value } }], `${of}: by itself`)
    const carried = scanManifests('config.yaml', inMap(map, key, text))
    t.equal(carried.manifests.length, 1, `${of}: the ConfigMap is an object all the same`)
    t.match(carried.settings, [{ configuration: { of, value } }], `${of}: in ConfigMap ${map}`)
  }
  const coredns = scanManifests('x', inMap('coredns', 'Corefile', '.:53 {\n  errors\n}'))
  t.same(
    coredns.settings.map(one => one.configuration),
    [{ of: 'coredns', value: '.:53 {\n  errors\n}\n' }],
    'a Corefile is kept as text',
  )
})

t.test('what only looks like configuration is none', async t => {
  t.same(scanManifests('x', inMap('my-app', 'config.conf', PROXY)).settings, [], 'in a ConfigMap of another name')
  t.same(scanManifests('x', inMap('kube-proxy-old', 'config.conf', PROXY)).settings, [], 'or of a longer one')
  t.same(scanManifests('x', inMap('kube-proxy', 'kubeconfig.conf', 'a: 1')).settings, [], 'under another key')
  t.equal(scanManifests('x', '{"network": "a"}').strangers.length, 1, 'a network without a backend')
  const init = scanManifests('x', 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration')
  t.match(init.settings, [{ configuration: { of: 'other' } }], "kubeadm's other kinds are passed over")
})

t.test('net-conf.json is known by its name, and asked for its backend', async t => {
  const { settings } = scanManifests('etc/net-conf.json', '{"Network": "10.244.0.0/16"}')
  t.match(settings, [{ configuration: { of: 'flannel' }, warnings: [/names no Backend/] }])
})

t.test('a value that the component cannot read is told with its place in the file', async t => {
  const wrong = PROXY.replace('masqueradeBit: 0', 'masqueradeBit: x')
  const message =
    'iptables.masqueradeBit: json: cannot unmarshal string into Go struct field KubeProxyIPTablesConfiguration.iptables.masqueradeBit of type int32'
  t.same(scanManifests('c.yaml', wrong).findings.map(formatManifestFinding), [
    `c.yaml:6:3: KubeProxyConfiguration ${message}`,
  ])
  t.same(scanManifests('c.yaml', inMap('kube-proxy', 'config.conf', wrong)).findings.map(formatManifestFinding), [
    `c.yaml:13:7: ConfigMap kube-system/kube-proxy ${message}`,
  ])
  const broken = inMap('kube-flannel-cfg', 'net-conf.json', '{"Network": ')
  t.match(scanManifests('c.yaml', broken).findings.map(formatManifestFinding), [
    /^c\.yaml:[89]:\d+: ConfigMap kube-system\/kube-flannel-cfg data\[net-conf\.json\]: /,
  ])
  t.match(
    scanManifests('c.yaml', `${PROXY}colour: red\n`),
    { findings: [], settings: [{ warnings: [/unknown field "colour"/] }] },
    'kube-proxy passes over what it does not know',
  )
})

t.test('nodeMaskSizes() reads both forms of arguments', async t => {
  const sizes = (extraArgs: unknown) =>
    nodeMaskSizes({ apiVersion: '', kind: 'ClusterConfiguration', controllerManager: { extraArgs } })
  t.same(
    sizes([
      { name: 'node-cidr-mask-size-ipv4', value: '25' },
      { name: 'node-cidr-mask-size-ipv6', value: '72' },
    ]),
    { 4: 25, 6: 72 },
  )
  t.same(sizes({ 'node-cidr-mask-size': '26' }), { 4: 26 }, 'the argument for a single family is about IPv4')
  t.same(sizes({ 'node-cidr-mask-size-ipv4': 'x' }), {}, 'what is no number is not taken')
  t.same(sizes(undefined), {})
})
