import t from 'tap'
import { decode } from '../../src/objects/decode.ts'
import { formatField } from '../../src/objects/field.ts'
import { KINDS } from '../../src/objects/kind.ts'
import { findStruct, parseSchema, type Type } from '../../src/objects/schema.ts'
import { findDefinition } from '../../src/objects/scheme.ts'

const problemsOf = (struct: string, value: unknown) =>
  decode(struct, value).problems.map(({ field, message }) => `${formatField(field)} | ${message}`)

t.test('a value of a wrong type is refused as the JSON decoder of the API server refuses it', async t => {
  const json = 'json: cannot unmarshal'
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [why: string, struct: string, value: unknown, problem: string])[] = [
    ['text for a number', 'Service', { spec: { ports: [{ port: 'x' }] } }, `spec.ports[0].port | ${json} string into Go struct field ServicePort.spec.ports.port of type int32`],
    ['a fraction for a number', 'Service', { spec: { ports: [{ port: 80.5 }] } }, `spec.ports[0].port | ${json} number 80.5 into Go struct field ServicePort.spec.ports.port of type int32`],
    ['a number too large', 'Service', { spec: { ports: [{ port: 2 ** 31 }] } }, `spec.ports[0].port | ${json} number 2147483648 into Go struct field ServicePort.spec.ports.port of type int32`],
    ['a number for text', 'Service', { metadata: { name: 5 } }, `metadata.name | ${json} number into Go struct field ObjectMeta.metadata.name of type string`],
    ['a truth for text', 'Pod', { spec: { containers: [{ env: [{ name: 'A', value: true }] }] } }, `spec.containers[0].env[0].value | ${json} bool into Go struct field EnvVar.spec.containers.env.value of type string`],
    ['a number among labels', 'Pod', { metadata: { labels: { a: 1 } } }, `metadata.labels[a] | ${json} number into Go struct field ObjectMeta.metadata.labels of type string`],
    ['a list for a map', 'NetworkPolicy', { spec: { podSelector: { matchLabels: [] } } }, `spec.podSelector.matchLabels | ${json} array into Go struct field LabelSelector.spec.podSelector.matchLabels of type map[string]string`],
    ['a map for a list', 'Service', { spec: { ports: {} } }, `spec.ports | ${json} object into Go struct field ServiceSpec.spec.ports of type []v1.ServicePort`],
    ['text for a struct', 'Service', { spec: 'x' }, `spec | ${json} string into Go struct field Service.spec of type v1.ServiceSpec`],
    ['text in a list of structs', 'Service', { spec: { ports: ['http'] } }, `spec.ports[0] | ${json} string into Go struct field ServiceSpec.spec.ports of type v1.ServicePort`],
    ['text for a truth', 'Pod', { spec: { hostNetwork: 'yes' } }, `spec.hostNetwork | ${json} string into Go struct field PodSpec.spec.hostNetwork of type bool`],
    ['a truth for a number or name', 'Service', { spec: { ports: [{ targetPort: true }] } }, `spec.ports[0].targetPort | ${json} bool into Go value of type int32`],
    ['no amount', 'Pod', { spec: { containers: [{ resources: { limits: { cpu: '1,5' } } }] } }, "spec.containers[0].resources.limits[cpu] | quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"],
    ['no time', 'Pod', { metadata: { creationTimestamp: 'now' } }, 'metadata.creationTimestamp | parsing time "now" as "2006-01-02T15:04:05Z07:00": cannot parse "now" as "2006"'],
    ['a time without its zone', 'Pod', { metadata: { creationTimestamp: '2026-11-21T09:00:00' } }, 'metadata.creationTimestamp | parsing time "2026-11-21T09:00:00" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"'],
    ['a month that is none', 'Pod', { metadata: { creationTimestamp: '2026-13-21T09:00:00Z' } }, 'metadata.creationTimestamp | parsing time "2026-13-21T09:00:00Z": month out of range'],
    ['text behind a time', 'Pod', { metadata: { creationTimestamp: '2026-11-21T09:00:00Z!' } }, 'metadata.creationTimestamp | parsing time "2026-11-21T09:00:00Z!": extra text: "!"'],
    ['no base64', 'Secret', { data: { a: '!!' } }, 'data[a] | illegal base64 data at input byte 0'],
    ['text for the whole', 'Service', 'x', ` | ${json} string into Go value of type v1.Service`],
  ]
  for (const [why, struct, value, problem] of rows) t.same(problemsOf(struct, value), [problem], why)
})

t.test('unknown fields are refused, all of them, unless a type is wrong', async t => {
  const value = { spec: { colour: 1, ports: [{ tagetPort: 1 }, { port: 1, Port: 2 }] }, metadata: { Name: 'x' } }
  const strict = 'strict decoding error: unknown field'
  t.same(problemsOf('Service', value), [
    `spec.colour | ${strict} "spec.colour"`,
    `spec.ports[0].tagetPort | ${strict} "spec.ports[0].tagetPort"`,
    `spec.ports[1].Port | ${strict} "spec.ports[1].Port"`,
    `metadata.Name | ${strict} "metadata.Name"`,
  ])
  const [first, ...others] = problemsOf('Service', { spec: { colour: 1, type: 2, clusterIP: 3 } })
  t.match(first, /^spec\.type /, 'a wrong type comes first')
  t.same(others, [], 'and alone')
  const own = JSON.parse('{"__proto__": {"x": 1}, "metadata": {"labels": {"__proto__": "a"}}}') as unknown
  t.match(
    problemsOf('Service', own),
    [/unknown field "__proto__"/],
    'a key of JavaScript is an unknown field like others',
  )
  const { value: decoded } = decode('Service', JSON.parse('{"metadata": {"labels": {"__proto__": "a"}}}'))
  t.equal(JSON.stringify(decoded), '{"metadata":{"labels":{"__proto__":"a"}}}', 'and in a map a key like others')
})

t.test('what Go would not write again is dropped', async t => {
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [why: string, struct: string, value: unknown, kept: unknown])[] = [
    ['empty text', 'Service', { spec: { clusterIP: '', type: '' } }, { spec: {} }],
    ['false', 'Pod', { spec: { hostNetwork: false } }, { spec: {} }],
    ['zero', 'Service', { spec: { ports: [{ port: 0, nodePort: 0 }] } }, { spec: { ports: [{ port: 0 }] } }],
    ['empty lists and maps', 'Service', { spec: { ports: [], selector: {} } }, { spec: {} }],
    ['null', 'Service', { spec: { selector: null, ports: null } }, { spec: {} }],
    ['but not a pointer to zero', 'Deployment', { spec: { replicas: 0, paused: false } }, { spec: { replicas: 0 } }],
    ['nor an empty struct', 'Pod', { spec: { securityContext: {}, volumes: [{ name: 'a', emptyDir: {} }] } }, { spec: { securityContext: {}, volumes: [{ name: 'a', emptyDir: {} }] } }],
    ['nor a number that may be a name', 'Service', { spec: { ports: [{ targetPort: 0 }] } }, { spec: { ports: [{ targetPort: 0 }] } }],
    ['nor an empty name that differs from none', 'EndpointSlice', { ports: [{ name: '' }] }, { ports: [{ name: '' }] }],
    ['null in a list is a struct of zeros', 'Service', { spec: { ports: [null] } }, { spec: { ports: [{}] } }],
    ['null in a map is empty text', 'Pod', { metadata: { labels: { a: null } } }, { metadata: { labels: { a: '' } } }],
    ['null as an amount is none', 'Pod', { spec: { overhead: { cpu: null } } }, { spec: { overhead: { cpu: '0' } } }],
    ['anything stays where anything may be', 'Pod', { metadata: { managedFields: [{ fieldsV1: { 'f:a': {} } }] } }, { metadata: { managedFields: [{ fieldsV1: { 'f:a': {} } }] } }],
  ]
  for (const [why, struct, value, kept] of rows) {
    const decoded = decode(struct, value)
    t.same(decoded.problems, [], why)
    t.strictSame(decoded.value, kept, why)
  }
})

t.test('the schemas are whole', async t => {
  const seen = new Set<string>()
  const visit = (type: Type, from: string): void => {
    if (type.is === 'list' || type.is === 'map') visit(type.of, from)
    if (type.is !== 'struct' || seen.has(type.name)) return
    seen.add(type.name)
    const struct = findStruct(type.name)
    t.ok(struct !== undefined && struct.size > 0, `${type.name}, used in ${from}, has fields`)
    for (const [field, { type: inner }] of struct ?? []) visit(inner, `${type.name}.${field}`)
  }
  const decoded = KINDS.filter(kind => findDefinition(kind.kind) !== undefined)
  for (const { kind } of decoded) visit({ is: 'struct', name: kind }, 'the kinds')
  t.equal(decoded.length, 19, 'every kind with a definition is a kind')
  t.ok(seen.size > 200, `${seen.size} structs`)
  t.throws(() => decode('Nonsense', {}), { message: 'Cannot find the schema of Nonsense' })
})

t.test('parseSchema() reads fields, types and marks', async t => {
  const schema = parseSchema('A\n  []B list\n  map[string]int32 numbers! more\nB@x\n  string name!\n')
  t.same([...schema.keys()], ['A', 'B@x'])
  t.same(schema.get('A')?.get('list'), { type: { is: 'list', of: { is: 'struct', name: 'B' } }, kept: false })
  t.same(schema.get('A')?.get('numbers'), { type: { is: 'map', of: { is: 'int32' } }, kept: true })
  t.same(schema.get('A')?.get('more'), { type: { is: 'map', of: { is: 'int32' } }, kept: false })
})
