import t from 'tap'
import {
  formatManifestFinding,
  ManifestError,
  readManifests,
  scanManifests,
  strangerFinding,
} from '../../src/objects/manifest.ts'

const linesOf = (text: string, file = 'web.yaml') => scanManifests(file, text).findings.map(formatManifestFinding)

const SERVICE = `apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: web
  ports:
  - name: http
    port: 80
    targetPort: web
`

t.test('readManifests() gives objects that know where they stand', async t => {
  const [manifest, ...others] = readManifests('web.yaml', `# comment\n---\n${SERVICE}`)
  t.same(others, [])
  t.strictSame(manifest?.object, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      type: 'ClusterIP',
      selector: { app: 'web' },
      ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 'web' }],
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
    },
  })
  t.same(manifest?.source.locate(['spec', 'ports', 0, 'port']), { line: 12, column: 5 })
  t.same(manifest?.source.locate([]), { line: 3, column: 1 })
  t.equal(manifest?.source.file, 'web.yaml')
  t.equal(manifest?.known, true)
  const [elsewhere] = readManifests('web.yaml', SERVICE, { namespace: 'shop' })
  t.equal(elsewhere?.object.metadata.namespace, 'shop', 'the namespace of objects that name none')
})

t.test('everything wrong is told, with file, line, column, object and field', async t => {
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [why: string, text: string, ...lines: string[]])[] = [
    ['a port out of range', SERVICE.replace('port: 80', 'port: 0'), 'web.yaml:10:5: Service default/web spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive'],
    ['an unknown field', SERVICE.replace('selector:', 'selectors:'), 'web.yaml:6:3: Service default/web spec.selectors: strict decoding error: unknown field "spec.selectors"'],
    ['a wrong type', SERVICE.replace('app: web', 'app: yes'), 'web.yaml:7:5: Service default/web spec.selector[app]: json: cannot unmarshal bool into Go struct field ServiceSpec.spec.selector of type string'],
    ['several at once', SERVICE.replace('port: 80', 'port: 0\n    protocol: tcp'), 'web.yaml:10:5: Service default/web spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive', 'web.yaml:11:5: Service default/web spec.ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"'],
    ['what is missing, at what should hold it', SERVICE.replace('  ports:\n  - name: http\n    port: 80\n    targetPort: web\n', ''), 'web.yaml:5:1: Service default/web spec.ports: Required value'],
    ['no name', SERVICE.replace('name: web', 'labels: {a: b}'), 'web.yaml:3:1: Service default/(no name) metadata.name: Required value: name or generateName is required'],
    ['a kind in the wrong version', 'apiVersion: v1\nkind: Deployment\nmetadata: {name: a}', 'web.yaml:2:1: Deployment default/a kind: no matches for kind "Deployment" in version "v1"'],
    ['a kind that does not exist', 'apiVersion: v1\nkind: service\nmetadata: {name: a}', 'web.yaml:2:1: service a kind: no matches for kind "service" in version "v1"'],
    ['a version that never was', 'apiVersion: apps/v1beta3\nkind: Deployment\nmetadata: {name: a}', 'web.yaml:2:1: Deployment default/a kind: no matches for kind "Deployment" in version "apps/v1beta3"'],
    ['a namespace that no kind of its sort has is dropped', 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a, namespace: b}'],
    ['the address in the field that holds it', SERVICE.replace('ports:', 'clusterIP: 10.96.0.300\n  ports:'), 'web.yaml:8:3: Service default/web spec.clusterIPs[0]: Invalid value: "10.96.0.300": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ['a taint where it stands, not where the message puts it', 'apiVersion: v1\nkind: Node\nmetadata:\n  name: a\nspec:\n  taints:\n  - key: k\n    effect: NoSchedule\n  - key: k\n    effect: NoSchedule', 'web.yaml:9:5: Node a metadata.taints[1]: Duplicate value: {"Key":"k","Value":"","Effect":"NoSchedule","TimeAdded":null}: taints must be unique by key and effect pair'],
    ['a label by its key', SERVICE.replace('name: web', 'name: web\n  labels:\n    ok: fine\n    bad: a b'), 'web.yaml:7:5: Service default/web metadata.labels: Invalid value: "a b": a valid label must be an empty string or consist of alphanumeric characters, \'-\', \'_\' or \'.\', and must start and end with an alphanumeric character (e.g. \'MyValue\',  or \'my_value\',  or \'12345\', regex used for validation is \'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\')'],
    ['in an item of a list', 'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata:\n    name: A', "web.yaml:7:5: Namespace A metadata.name: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"],
    ['YAML that cannot be read', 'a: 1\n b: 2', 'web.yaml:1:4: Nested mappings are not allowed in compact mappings'],
    ['an object without metadata of a kind not known', 'apiVersion: example.com/v1\nkind: Thing', 'web.yaml:1:1: Thing (no name) metadata: metadata: Required value'],
  ]
  for (const [why, text, ...lines] of rows) t.same(linesOf(text), lines, why)
})

t.test('readManifests() throws one error with all findings of the file', async t => {
  const text = `${SERVICE.replace('port: 80', 'port: 0')}---\nfoo: bar\n---\n${SERVICE.replace('name: web', 'name: Web')}---\n[\n`
  try {
    readManifests('dir/web.yaml', text)
    t.fail('it throws')
  } catch (error) {
    t.ok(error instanceof ManifestError)
    const { code, findings, message } = error as ManifestError
    t.equal(code, 'ERR_MANIFEST')
    t.same(
      findings.map(({ file, line, column, status }) => `${file}:${line}:${column} ${status}`),
      ['dir/web.yaml:10:5 422', 'dir/web.yaml:13:1 0', 'dir/web.yaml:18:3 422', 'dir/web.yaml:28:1 0'],
    )
    t.equal(message, findings.map(formatManifestFinding).join('\n'))
    t.same(
      scanManifests('dir/web.yaml', text).findings,
      findings.filter(({ line }) => line !== 13),
      'scanManifests() keeps that order',
    )
  }
})

t.test('what is no Kubernetes object is told apart', async t => {
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [why: string, text: string, message: string])[] = [
    ['application configuration', 'cluster_name: Test', "Object 'Kind' is missing"],
    ['a kind without a version', 'kind: Service\nmetadata: {name: a}', "Object 'apiVersion' is missing"],
    ['an empty kind', 'apiVersion: v1\nkind: ""', "Object 'Kind' is missing"],
    ['a list', '- a\n- b', 'not a Kubernetes object: no map of fields'],
    ['text', 'hello', 'not a Kubernetes object: no map of fields'],
  ]
  for (const [why, text, message] of rows) {
    const { manifests, strangers, findings } = scanManifests('values.yaml', text)
    t.same([manifests, findings], [[], []], why)
    t.same(
      strangers.map(stranger => formatManifestFinding(strangerFinding(stranger))),
      [`values.yaml:1:1: ${message}`],
      why,
    )
    t.throws(() => readManifests('values.yaml', text), { code: 'ERR_MANIFEST' }, `${why}, where an object must be`)
  }
})

t.test('lists are opened', async t => {
  const item = (name: string) => `{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "${name}"}}`
  const names = (text: string) => readManifests('x', text).map(({ object }) => `${object.kind} ${object.metadata.name}`)
  t.same(names(`{"apiVersion": "v1", "kind": "List", "items": [${item('a')}, ${item('b')}]}`), [
    'Namespace a',
    'Namespace b',
  ])
  t.same(
    names('{"apiVersion": "v1", "kind": "NamespaceList", "items": [{"metadata": {"name": "a"}}]}'),
    ['Namespace a'],
    'whose items need not say what they are',
  )
  t.same(
    names(
      `{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "List", "items": [${item('a')}]}]}`,
    ),
    ['Namespace a'],
    'and may be lists',
  )
  t.same(names('{"apiVersion": "v1", "kind": "List", "items": null}'), [], 'an empty list')
  t.same(names(`${item('a')}${item('b')}`), ['Namespace a', 'Namespace b'], 'JSON documents one behind the other')
})

t.test('kinds that podwire does not know are kept as they are', async t => {
  const text =
    'apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: a, namespace: b}\nspec: {x: null, z: ""}'
  const [manifest] = readManifests('x', text)
  t.equal(manifest?.known, false)
  t.same(manifest?.object, {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: { name: 'a', namespace: 'b' },
    spec: { x: null, z: '' },
  })
  const [role] = readManifests('x', 'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: a}')
  t.equal(role?.known, false, 'built-in ones too')
  t.equal(role?.object.metadata.namespace, 'default', 'of which it is known that they have namespaces')
})

t.test('warnings come with the object', async t => {
  const [manifest] = readManifests('x', SERVICE.replace('ports:', 'externalIPs: [203.0.113.1]\n  ports:'))
  t.same(manifest?.warnings, ['spec.externalIPs is deprecated and may no longer be implemented in some clusters'])
})
