/** Mistakes that people make: each ends with code 2 and a message that says where and what. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { podwire } from './capture.ts'

const SERVICE = `apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  ports:
    - port: 80
`
const service = (change: (text: string) => string) => change(SERVICE)
const pod = (metadata: string, spec = 'spec: { containers: [{ name: c, image: i }] }') =>
  `apiVersion: v1\nkind: Pod\n${metadata}\n${spec}\n`
const deployment = (selector: string, labels: string) =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a }\nspec:\n  selector: { matchLabels: ${selector} }\n  template: { metadata: { labels: ${labels} }, spec: { containers: [{ name: c, image: i }] } }\n`
const proxy = (fields: string) =>
  `apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n${fields}\n`
const node = (name: string, podCidr: string) =>
  `apiVersion: v1\nkind: Node\nmetadata: { name: ${name} }\nspec: { podCIDR: ${podCidr} }\n`

// biome-ignore format: one case, one row
const manifests: [name: string, text: string, message: string][] = [
  ['a port out of range',          service(s => s.replace('80', '0')),                    'in.yaml:7:7: Service default/web spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive'],
  ['a port in words',              service(s => s.replace('80', 'http')),                 'in.yaml:7:7: Service default/web spec.ports[0].port: '],
  ['a field that does not exist',  service(s => s.replace('port: 80', 'prot: 80')),       'unknown field "spec.ports[0].prot"'],
  ['a name that is none',          service(s => s.replace('web', 'Web_1')),               'in.yaml:4:3: Service default/Web_1 metadata.name: Invalid value: "Web_1": a lowercase RFC 1123 label must consist'],
  ['no ports',                     service(s => s.replace('ports:', 'ports: []').replace(/ +- port.*\n/, '')), 'spec.ports: Required value'],
  ['a wrong type word',            service(s => s.replace('spec:', 'spec:\n  type: Loadbalancer')), 'spec.type: Unsupported value: "Loadbalancer": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'],
  ['a cluster IP that is none',    service(s => s.replace('spec:', 'spec:\n  clusterIP: 10.96.0.300')), 'spec.clusterIPs[0]: Invalid value: "10.96.0.300": must be a valid IP address'],
  ['a node port out of range',     service(s => s.replace('spec:', 'spec:\n  type: NodePort').replace('port: 80', 'port: 80\n      nodePort: 80')), 'in.yaml:9:7: Service default/web spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767'],
  ['IPv6 where there is none',     service(s => s.replace('spec:', 'spec:\n  ipFamilies: [IPv6]')), 'spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'],
  ['dual stack where there is one',service(s => s.replace('spec:', 'spec:\n  ipFamilyPolicy: RequireDualStack')), 'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services'],
  ['one node port twice',          ['a', 'b'].map(name => SERVICE.replace('web', name).replace('spec:', 'spec:\n  type: NodePort').replace('port: 80', 'port: 80\n      nodePort: 30080')).join('---\n'), 'Service default/b spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated'],
  ['one cluster IP twice',         ['a', 'b'].map(name => SERVICE.replace('web', name).replace('spec:', 'spec:\n  clusterIP: 10.96.0.10')).join('---\n'), 'Service default/b spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated'],
  ['one name twice',               `${SERVICE}---\n${SERVICE.replace('80', '81')}`,       'in.yaml:9:1: Service default/web: another object of this name stands at in.yaml:1:1'],
  ['broken YAML',                  'kind: [a, b\nmetadata: {',                            'in.yaml:'],
  ['a key twice',                  'apiVersion: v1\nkind: Pod\nkind: Pod\n',              'in.yaml:3:1: '],
  ['no kind',                      'apiVersion: v1\nmetadata: { name: a }\n',             "in.yaml:1:1: Object 'Kind' is missing"],
  ['a text that is no object',     'just words\n',                                        'in.yaml:1:1: '],
  ['aliases that explode',         `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`).join()}]`).join('\n')}\n`, 'in.yaml:'],
  ['a pod CIDR that is none',      node('node-1', '10.244.0.0/33'),                            '10.244.0.0/33'],
  ['net-conf.json of another kind',`apiVersion: v1\nkind: ConfigMap\nmetadata: { name: kube-flannel-cfg }\ndata:\n  net-conf.json: '{"Network":"10.244.0.0/16","Backend":{"Type":"wireguard"}}'\n`, 'net-conf.json Backend.Type: Cannot parse flannel configuration "wireguard": podwire knows vxlan and host-gw'],
  ['a proxy told of a keyword that is none', proxy('nodePortAddresses: [secondary]'),      'KubeProxyConfiguration nodePortAddresses[0]: "secondary" is neither a network nor a keyword of kube-proxy 1.37'],
  ['a proxy told of a bridge without a name', proxy('detectLocalMode: BridgeInterface'),   'KubeProxyConfiguration detectLocal.bridgeInterface: detectLocalMode BridgeInterface needs it'],
  ['a proxy told of a bit beyond the mark', proxy('iptables: { masqueradeBit: 32 }'),      'KubeProxyConfiguration iptables.masqueradeBit: 32 is not within [0, 31]'],
  ['a tab for indentation',        'apiVersion: v1\nkind: Pod\nmetadata:\n\tname: a\n',  'in.yaml:4:1: '],
  ['an alias to itself',           'a: &a [*a]\n',                                       'in.yaml:1:8: '],
  ['an alias to nothing',          'apiVersion: v1\nkind: Pod\nmetadata: *nothing\n',    'in.yaml:3:11: '],
  ['ten megabytes in one line',    `"${'x'.repeat(10_000_000)}"\n`,                      'in.yaml:1:1: not a Kubernetes object'],
  ['a NUL byte',                   'apiVersion: v1\nkind: P\u0000od\n',                  'in.yaml:2:8: control characters are not allowed'],
  ['a key of the prototype',       pod('metadata: { name: a, __proto__: { x: y } }'),    'unknown field "metadata.__proto__"'],
  ['a constructor for a field',    pod('metadata: { name: a, constructor: b }'),         'unknown field "metadata.constructor"'],
  ['half a JSON object',           '{ "apiVersion": "v1", "kind": ',                     'in.yaml:1:'],
  ['JSON with a comma too many',   '{ "apiVersion": "v1", "kind": "Pod", }\n{',          'in.yaml:'],
  ['a list where a map belongs',   pod('metadata: [a]'),                                 'in.yaml:3:1: Pod default/(no name) metadata: json: cannot unmarshal array'],
  ['a map where a list belongs',   pod('metadata: { name: a }', 'spec: { containers: { name: c } }'), 'spec.containers: json: cannot unmarshal object'],
  ['a number for a name',          pod('metadata: { name: 7 }'),                         'metadata.name: json: cannot unmarshal number'],
  ['a word for a switch',          pod('metadata: { name: a }', 'spec: { hostNetwork: "yes", containers: [{ name: c, image: i }] }'), 'spec.hostNetwork: json: cannot unmarshal string'],
  ['a port that is half a number', pod('metadata: { name: a }', 'spec: { containers: [{ name: c, image: i, ports: [{ containerPort: 80.5 }] }] }'), 'spec.containers[0].ports[0].containerPort: json: cannot unmarshal number 80.5'],
  ['a port past the last',         pod('metadata: { name: a }', 'spec: { containers: [{ name: c, image: i, ports: [{ containerPort: 70000 }] }] }'), 'spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive'],
  ['a port name with a capital',   pod('metadata: { name: a }', 'spec: { containers: [{ name: c, image: i, ports: [{ name: HTTP, containerPort: 80 }] }] }'), 'spec.containers[0].ports[0].name: Invalid value: "HTTP"'],
  ['one port name twice',          pod('metadata: { name: a }', 'spec: { containers: [{ name: c, image: i, ports: [{ name: a, containerPort: 80 }, { name: a, containerPort: 81 }] }] }'), 'spec.containers[0].ports[1].name: Duplicate value: "a"'],
  ['one container name twice',     pod('metadata: { name: a }', 'spec: { containers: [{ name: c, image: i }, { name: c, image: i }] }'), 'spec.containers[1].name: Duplicate value: "c"'],
  ['a pod without containers',     pod('metadata: { name: a }', 'spec: {}'),             'spec.containers: Required value'],
  ['a container without an image', pod('metadata: { name: a }', 'spec: { containers: [{ name: c }] }'), 'spec.containers[0].image: Required value'],
  ['a pod without a name',         pod('metadata: {}'),                                  'metadata.name: Required value: name or generateName is required'],
  ['a restart policy that is none',pod('metadata: { name: a }', 'spec: { restartPolicy: Sometimes, containers: [{ name: c, image: i }] }'), 'spec.restartPolicy: Unsupported value: "Sometimes"'],
  ['a quantity that is none',      pod('metadata: { name: a }', 'spec: { containers: [{ name: c, image: i, resources: { requests: { cpu: lots } } }] }'), 'spec.containers[0].resources.requests'],
  ['a label that is none',         pod('metadata: { name: a, labels: { app: "two words" } }'), 'metadata.labels: Invalid value: "two words"'],
  ['a label key that is none',     pod('metadata: { name: a, labels: { "a b": c } }'),   'metadata.labels: Invalid value: "a b"'],
  ['a namespace that is none',     pod('metadata: { name: a, namespace: My_Space }'),    'metadata.namespace: Invalid value: "My_Space"'],
  ['a host port of another port on the host network', pod('metadata: { name: a }', 'spec: { hostNetwork: true, containers: [{ name: c, image: i, ports: [{ containerPort: 80, hostPort: 81 }] }] }'), 'spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true'],
  ['a selector that misses its template', deployment('{ app: a }', '{ app: b }'),         'spec.template.metadata.labels: Invalid value: {"app":"b"}: `selector` does not match template `labels`'],
  ['replicas below none',          deployment('{ app: a }', '{ app: a }').replace('spec:', 'spec:\n  replicas: -1'), 'spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  ['a kind that no cluster has',   'apiVersion: apps/v1\nkind: Deploymnet\nmetadata: { name: a }\n', 'no matches for kind "Deploymnet" in version "apps/v1"'],
  ['a version that no cluster has','apiVersion: apps/v7\nkind: Deployment\nmetadata: { name: a }\n', 'no matches for kind "Deployment" in version "apps/v7"'],
  ['a protocol in small letters',  service(s => s.replace('port: 80', 'port: 80\n      protocol: tcp')), 'spec.ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"'],
  ['two ports, one without a name',service(s => `${s}    - { name: b, port: 81 }\n`),     'in.yaml:7:7: Service default/web spec.ports[0].name: Required value'],
  ['one port twice',               service(s => s.replace('port: 80', '{ name: a, port: 80 }\n    - { name: b, port: 80 }')), 'spec.ports[1]: Duplicate value'],
  ['a node port on a cluster IP',  service(s => s.replace('port: 80', 'port: 80\n      nodePort: 30000')), "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
  ['a headless node port',         service(s => s.replace('spec:', 'spec:\n  type: NodePort\n  clusterIP: None')), "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"],
  ['an external name that is none',service(s => s.replace('spec:', 'spec:\n  type: ExternalName')), 'spec.externalName: Required value'],
  ['a source range that is none',  service(s => s.replace('spec:', 'spec:\n  type: LoadBalancer\n  loadBalancerSourceRanges: [10.0.0.0/40]')), 'spec.LoadBalancerSourceRanges[0]: Invalid value: "10.0.0.0/40"'],
  ['a source range without a load balancer', service(s => s.replace('spec:', 'spec:\n  loadBalancerSourceRanges: [10.0.0.0/8]')), "may only be used when `type` is 'LoadBalancer'"],
  ['an affinity of no time',       service(s => s.replace('spec:', 'spec:\n  sessionAffinity: ClientIP\n  sessionAffinityConfig: { clientIP: { timeoutSeconds: 0 } }')), 'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 and less than 86400'],
  ['an external IP that is none',  service(s => s.replace('spec:', 'spec:\n  externalIPs: [127.0.0.1]')), 'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range'],
  ['a long target port',           service(s => s.replace('port: 80', 'port: 80\n      targetPort: this-is-much-too-long')), 'spec.ports[0].targetPort: Invalid value: "this-is-much-too-long": must be no more than 15 characters'],
  ['a cluster IP out of its range',`${service(s => s.replace('spec:', 'spec:\n  clusterIP: 10.0.0.1'))}---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnetworking: { serviceSubnet: 10.96.0.0/16 }\n`, 'spec.clusterIPs: Invalid value: ["10.0.0.1"]: failed to allocate IP 10.0.0.1'],
  ['an endpoint on loopback',      'apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: { name: a }\naddressType: IPv4\nendpoints: [{ addresses: [127.0.0.1] }]\nports: []\n', 'endpoints[0].addresses[0]: Invalid value: "127.0.0.1"'],
  ['an address of another family', 'apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: { name: a }\naddressType: IPv4\nendpoints: [{ addresses: ["fd00::1"] }]\nports: []\n', 'endpoints[0].addresses: Invalid value: "fd00::1": must be an IPv4 address'],
  ['a policy type that is none',   'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: a }\nspec: { podSelector: {}, policyTypes: [Sideways] }\n', 'spec.policyTypes[0]: Unsupported value: "Sideways"'],
  ['a block that is none',         'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: a }\nspec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: 10.0.0.0 } }] }] }\n', 'spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "10.0.0.0"'],
  ['a node of two blocks of one family', 'apiVersion: v1\nkind: Node\nmetadata: { name: a }\nspec: { podCIDR: 10.244.0.0/24, podCIDRs: [10.244.0.0/24, 10.244.1.0/24] }\n', 'spec.podCIDRs'],
  ['a service range that is none', 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnetworking: { serviceSubnet: 10.96.0.0 }\n', 'networking.serviceSubnet'],
  ['a proxy mode of another type', 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: 7\n', 'in.yaml:3:1: '],
  ['a cluster CIDR that is none',  'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nclusterCIDR: everywhere\n', 'clusterCIDR'],
  ['an empty file',                '',                                                   'in.yaml'],
  ['pod networks that overlap',    `apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnetworking: { podSubnet: "10.244.0.0/16,10.245.0.0/16" }\n`, 'networking.podSubnet'],
]

for (const [name, text, message] of manifests) {
  t.test(`refuses ${name}`, async t => {
    const folder = mkdtempSync(join(tmpdir(), 'podwire-wrong-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    writeFileSync(join(folder, 'in.yaml'), text)
    const out = join(folder, 'out')
    const { code, out: printed, err } = await podwire(['render', '-f', join(folder, 'in.yaml'), '--out', out])
    t.equal(code, 2, err)
    t.ok(err.replaceAll(`${folder}/`, '').includes(message), `${message}\n\nis in\n\n${err}`)
    t.equal(printed, '', 'nothing on standard output')
    t.notOk(existsSync(out), 'nothing is written')
  })
}

// biome-ignore format: one case, one row
const calls: [name: string, args: readonly string[], message: string][] = [
  ['an unknown command',             ['rander'],                                          'there is no command "rander"; did you mean "render"?'],
  ['an unknown option',              ['get', 'pods', '--nope'],                           "Unknown option '--nope'"],
  ['no manifests',                   ['get', 'pods'],                                     'give the manifests'],
  ['nothing to get',                 ['get', '-f', '-'],                                  'say what to get'],
  ['a resource that does not exist', ['get', 'nothing', '-f', '-'],                       'the server doesn\'t have a resource type "nothing"'],
  ['an output that does not exist',  ['get', 'pods', '-f', '-', '-o', 'xml'],             '--output is one of wide, json, yaml, name, not "xml"'],
  ['a selector that cannot be read', ['get', 'pods', '-f', '-', '-l', 'a in b'],          "found 'b' expected: '('"],
  ['too many nodes',                 ['get', 'pods', '-f', '-', '--nodes', '0'],          '--nodes takes a whole number from 1 to 10000, not "0"'],
  ['a node that does not exist',     ['render', '-f', '-', '--node', 'n9'],               '--node n9: there is no such node; there are node-1, node-2, node-3'],
  ['a file that does not exist',     ['render', '-f', '-', '--node', 'node-1', '--file', 'x'], '--file x: node-1 has no such file; there may be sysctl.conf'],
  ['a mode that does not exist',     ['render', '-f', '-', '--mode', 'magic'],            '--mode is one of iptables, '],
  ['a pod CIDR that is none',        ['render', '-f', '-', '--pod-cidr', '10.0.0.0/99'],  '--pod-cidr: '],
  ['a path that does not exist',     ['render', '-f', '/does/not/exist.yaml'],            '/does/not/exist.yaml: the path does not exist'],
]

for (const [name, args, message] of calls) {
  t.test(`refuses ${name}`, async t => {
    const { code, err } = await podwire(args, SERVICE)
    t.equal(code, 2)
    t.ok(err.includes(message), `${message}\n\nis in\n\n${err}`)
  })
}

t.test('all mistakes of all files are told at once', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-wrong-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'a.yaml'), SERVICE.replace('80', '0').replace('web', 'Web'))
  writeFileSync(join(folder, 'b.yaml'), SERVICE.replace('80', '70000'))
  const { code, err } = await podwire(['get', 'svc', '-f', folder])
  t.equal(code, 2)
  for (const place of ['a.yaml:4:3: ', 'a.yaml:7:7: ', 'b.yaml:7:7: ']) t.ok(err.includes(place), place)
})

t.test('a folder', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-folder-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'web.yaml'), SERVICE)
  writeFileSync(join(folder, 'values.yaml'), 'replicas: 3\n')
  writeFileSync(join(folder, 'notes.txt'), 'no manifest')
  mkdirSync(join(folder, '.github'))
  writeFileSync(join(folder, '.github', 'ci.yaml'), 'on: push\n')

  t.test('that holds other YAML is read, with a note', async t => {
    const { code, out, err } = await podwire(['get', 'svc/web', '-o', 'name', '-f', folder])
    t.equal(code, 0)
    t.equal(out, 'service/web\n')
    t.match(err, /values\.yaml:1:1: skipped, no Kubernetes object/)
    t.notMatch(err, /ci\.yaml/)
  })

  t.test('with no manifest at all is refused', async t => {
    mkdirSync(join(folder, 'empty'))
    const { code, err } = await podwire(['get', 'svc', '-f', join(folder, 'empty')])
    t.equal(code, 2)
    t.match(err, /no file ends in/)
    rmSync(join(folder, 'empty'), { recursive: true })
  })

  t.test('with text that is not UTF-8 is refused', async t => {
    writeFileSync(join(folder, 'latin.yaml'), Buffer.from([0x61, 0x3a, 0x20, 0xe9, 0x0a]))
    const { code, err } = await podwire(['get', 'svc', '-f', folder])
    t.equal(code, 2)
    t.match(err, /latin\.yaml: not UTF-8/)
  })

  t.test(
    'with a file that cannot be read is refused',
    { skip: process.getuid?.() === 0 && 'root reads everything' },
    async t => {
      writeFileSync(join(folder, 'secret.yaml'), SERVICE)
      chmodSync(join(folder, 'secret.yaml'), 0)
      const { code, err } = await podwire(['get', 'svc', '-f', folder])
      t.equal(code, 2)
      t.match(err, /secret\.yaml: no permission/)
    },
  )
})

t.test('--out', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'podwire-out-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const out = join(folder, 'out')
  const render = (text: string, ...args: readonly string[]) =>
    podwire(['render', '-f', '-', '--out', out, ...args], text)

  t.test('is made with what it needs', async t => {
    t.equal((await render(SERVICE)).code, 0)
    t.strictSame(readdirSync(out).sort(), ['.podwire', 'node-1', 'node-2', 'node-3'])
  })

  t.test('is replaced as a whole', async t => {
    t.equal((await render(SERVICE, '--nodes', '2')).code, 0)
    t.strictSame(readdirSync(out).sort(), ['.podwire', 'node-1', 'node-2'])
  })

  t.test('stays as it was when anything is wrong', async t => {
    const before = readFileSync(join(out, 'node-1', 'iptables.restore'), 'utf8')
    t.equal((await render(SERVICE.replace('80', '0'))).code, 2)
    t.equal(readFileSync(join(out, 'node-1', 'iptables.restore'), 'utf8'), before)
    t.strictSame(readdirSync(folder), ['out'], 'nothing is left beside it')
  })

  t.test('is never a folder of somebody else', async t => {
    const theirs = join(folder, 'theirs')
    mkdirSync(theirs)
    writeFileSync(join(theirs, 'thesis.txt'), 'years of work')
    const { code, err } = await podwire(['render', '-f', '-', '--out', theirs], SERVICE)
    t.equal(code, 2)
    t.match(err, /holds files that podwire did not write/)
    t.strictSame(readdirSync(theirs), ['thesis.txt'])
  })
})

t.test('help', async t => {
  for (const args of [['--help'], ['help'], ['render', '--help'], ['get', '-h'], ['help', 'get'], ['--version']]) {
    const { code, out, err } = await podwire(args)
    t.equal(code, 0, args.join(' '))
    t.not(out, '')
    t.equal(err, '')
  }
  t.equal((await podwire([])).code, 2, 'no command is a mistake')
})
