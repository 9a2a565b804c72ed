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
  ['a mode that does not exist',     ['render', '-f', '-', '--mode', 'magic'],            '--mode is one of iptables, not "magic"'],
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
