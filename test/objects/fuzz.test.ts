/** Whatever text comes, the reader gives objects or findings with a place; it neither throws nor hangs. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { ManifestError, readManifests, scanManifests } from '../../src/objects/manifest.ts'

const SEEDS = [
  `apiVersion: v1
kind: Service
metadata: {name: web, labels: &l {app: web}}
spec:
  selector: *l
  ports:
  - {name: http, port: 80, targetPort: 8080}
  - {name: dns, port: 53, protocol: UDP}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector: {matchLabels: {app: web}, matchExpressions: [{key: a, operator: Exists}]}
  template:
    metadata: {labels: {app: web, a: b}}
    spec:
      containers:
      - name: c
        image: example/app:1
        ports: [{containerPort: 8080}]
        resources: {limits: {cpu: 500m, memory: 1Gi}}
        readinessProbe: {httpGet: {port: 8080}}
`,
  '{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}, "spec": {"podCIDRs": ["10.0.0.0/24"]}}]}',
  `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: p}
spec:
  podSelector: {}
  ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}], ports: [{port: 80, endPort: 90}]}]
---
apiVersion: autoscaling/v2beta1
kind: HorizontalPodAutoscaler
metadata: {name: a}
spec: {maxReplicas: 3, scaleTargetRef: {kind: Deployment, name: a}, metrics: [{type: Resource, resource: {name: cpu, targetAverageUtilization: 5}}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-flannel-cfg}
data: {net-conf.json: '{"Network": "10.244.0.0/16", "Backend": {"Type": "vxlan"}}'}
`,
] as const

/** Text that means something to YAML, JSON or the reader. */
const SPICE = [
  '',
  '\n',
  '\n---\n',
  '---',
  '...',
  ': ',
  '- ',
  ', ',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '|',
  '>',
  '&a ',
  '*a',
  '*l',
  '<<: *l',
  '? ',
  '!!int ',
  '!!binary ',
  '# ',
  '\t',
  '\0',
  '\u2028',
  '\ufeff',
  '%YAML 1.1',
  '__proto__: ',
  '"__proto__": {}',
  'constructor',
  'null',
  '~',
  'yes',
  '-1',
  '0',
  '1e999',
  '99999999999',
  '.inf',
  '0x',
  '10.0.0.0/33',
  '::ffff:1.2.3.4',
  '1Gi',
  '\\',
  'metadata: ',
  'kind: List',
  'items: ',
  '日本',
  '\ud800',
]

interface Mutation {
  readonly at: number
  readonly remove: number
  readonly insert: string
  readonly repeat: number
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(10_000),
  remove: fc.oneof({ weight: 3, arbitrary: fc.nat(3) }, fc.nat(200)),
  insert: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...SPICE) }, fc.string({ maxLength: 8 })),
  repeat: fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, fc.nat(300)),
})

function mutate(text: string, { at, remove, insert, repeat }: Mutation): string {
  const start = at % (text.length + 1)
  return text.slice(0, start) + insert.repeat(repeat) + text.slice(start + remove)
}

function holdsUp(text: string): boolean {
  const { manifests, findings, strangers, settings } = scanManifests('fuzz.yaml', text)
  for (const finding of findings) if (!(finding.line > 0 && finding.column > 0 && finding.message !== '')) return false
  for (const { object, source } of manifests) {
    if (!(source.locate(['spec', 0, 'x']).line > 0 && typeof object.metadata === 'object')) return false
    if (Object.getPrototypeOf(object) !== Object.prototype) return false
  }
  try {
    readManifests('fuzz.yaml', text)
    return findings.length + strangers.length === 0
  } catch (error) {
    return error instanceof ManifestError && findings.length + strangers.length + settings.length > 0
  }
}

t.test('mutated manifests', async () => {
  fc.assert(
    fc.property(fc.constantFrom(...SEEDS), fc.array(mutation, { minLength: 1, maxLength: 5 }), (seed, mutations) => {
      return holdsUp(mutations.reduce(mutate, seed))
    }),
    { numRuns: 1500 },
  )
})

const SHARED = join(process.cwd(), '..', 'shared', 'manifests')

/** Manifests by others, without those that take long to read once, let alone a thousand times. */
function others(): readonly string[] {
  const paths = readdirSync(SHARED, { recursive: true, encoding: 'utf8' }).sort()
  const texts = paths.filter(path => /\.(ya?ml|json)$/.test(path)).map(path => readFileSync(join(SHARED, path), 'utf8'))
  return texts.filter(text => text.length < 8_000)
}

t.test(
  "mutated manifests of others'",
  { skip: !existsSync(SHARED) && 'the shared manifests are not beside the checkout' },
  async t => {
    const seeds = others()
    t.ok(seeds.length > 50)
    fc.assert(
      fc.property(fc.constantFrom(...seeds), fc.array(mutation, { minLength: 1, maxLength: 5 }), (seed, mutations) => {
        return holdsUp(mutations.reduce(mutate, seed))
      }),
      { numRuns: 1000 },
    )
  },
)

t.test('any text', async () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), holdsUp), { numRuns: 500 })
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...SPICE), { maxLength: 30 }).map(parts => parts.join('')),
      holdsUp,
    ),
    { numRuns: 1000 },
  )
})

/** Objects of the right kinds with values of any type in fields that exist. */
const FIELDS = [
  'metadata',
  'spec',
  'name',
  'ports',
  'port',
  'selector',
  'template',
  'containers',
  'type',
  'clusterIP',
  'clusterIPs',
  'ipFamilies',
  'labels',
  'matchLabels',
  'podCIDRs',
  'addressType',
  'endpoints',
  'addresses',
  'subsets',
  'schedule',
  'metrics',
  'volumes',
  'env',
  'data',
]
const KINDS = [
  ['v1', 'Service'],
  ['v1', 'Pod'],
  ['v1', 'Node'],
  ['v1', 'Endpoints'],
  ['v1', 'ConfigMap'],
  ['v1', 'Secret'],
  ['v1', 'Namespace'],
  ['apps/v1', 'Deployment'],
  ['apps/v1', 'StatefulSet'],
  ['apps/v1', 'DaemonSet'],
  ['batch/v1', 'CronJob'],
  ['batch/v1', 'Job'],
  ['discovery.k8s.io/v1', 'EndpointSlice'],
  ['networking.k8s.io/v1', 'NetworkPolicy'],
  ['autoscaling/v2', 'HorizontalPodAutoscaler'],
  ['extensions/v1beta1', 'Deployment'],
  ['extensions/v1beta1', 'Ingress'],
  ['discovery.k8s.io/v1beta1', 'EndpointSlice'],
] as const
const { tree } = fc.letrec(tie => ({
  tree: fc.oneof(
    { maxDepth: 6, depthSize: 'medium' },
    fc.constantFrom(null, '', 'a', 'None', '10.0.0.1', '10.0.0.0/8', 0, 1, -1, 80, 1.5, true, false),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...FIELDS), tie('tree'), { maxKeys: 5 }),
  ),
}))

t.test('objects of any shape', async () => {
  const object = fc.tuple(fc.constantFrom(...KINDS), fc.dictionary(fc.constantFrom(...FIELDS), tree, { maxKeys: 4 }))
  fc.assert(
    fc.property(object, ([[apiVersion, kind], fields]) =>
      holdsUp(JSON.stringify({ apiVersion, kind, metadata: { name: 'a' }, ...fields })),
    ),
    { numRuns: 3000 },
  )
})

t.test('large and odd text is read in one go', async t => {
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [why: string, text: string])[] = [
    ['ten megabytes in one quoted line', `a: "${'x'.repeat(10_000_000)}"`],
    ['ten megabytes in one plain line', `a: ${'x '.repeat(5_000_000)}`],
    ['ten megabytes in one JSON string full of escapes', `{"a": "${'\\n'.repeat(5_000_000)}"}`],
    ['a hundred thousand keys', Array.from({ length: 100_000 }, (_, i) => `k${i}: ${i}`).join('\n')],
    ['a hundred thousand JSON members', `{${Array.from({ length: 100_000 }, (_, i) => `"k${i}": ${i}`).join(',')}}`],
    ['fifty thousand documents', 'a: 1\n---\n'.repeat(50_000)],
    ['a long line of opening brackets', '['.repeat(100_000)],
    ['a long line of dashes', '- '.repeat(20_000)],
    ['a name of a megabyte', `apiVersion: v1\nkind: Pod\nmetadata: {name: ${'a-'.repeat(500_000)}}`],
  ]
  for (const [why, text] of rows) {
    const { manifests, strangers, findings } = scanManifests('fuzz.yaml', text)
    t.ok(manifests.length + strangers.length + findings.length > 0, why)
  }
})
