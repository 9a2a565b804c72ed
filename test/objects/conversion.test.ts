import t from 'tap'
import { readManifests } from '../../src/objects/manifest.ts'

const read = (text: string) => {
  const [manifest] = readManifests('old.yaml', text)
  return manifest?.object as unknown as Record<string, Record<string, unknown>>
}

const TEMPLATE = 'template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: a}]}}'
const workload = (apiVersion: string, kind: string, more = '') =>
  `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: web}\nspec:\n  ${TEMPLATE}\n${more}`

t.test('former workloads take selector and labels from the template', async t => {
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [apiVersion: string, kind: string, spec: Record<string, unknown>])[] = [
    ['extensions/v1beta1', 'Deployment', { replicas: 1, revisionHistoryLimit: 2147483647, progressDeadlineSeconds: 2147483647, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } }],
    ['apps/v1beta1', 'Deployment', { replicas: 1, revisionHistoryLimit: 2, progressDeadlineSeconds: 600, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } } }],
    ['apps/v1beta1', 'StatefulSet', { replicas: 1, updateStrategy: { type: 'OnDelete' }, podManagementPolicy: 'OrderedReady' }],
    ['extensions/v1beta1', 'DaemonSet', { updateStrategy: { type: 'OnDelete' } }],
    ['extensions/v1beta1', 'ReplicaSet', { replicas: 1 }],
  ]
  for (const [apiVersion, kind, spec] of rows) {
    const object = read(workload(apiVersion, kind))
    t.equal(object['apiVersion'], 'apps/v1', `${apiVersion} ${kind} becomes apps/v1`)
    t.match(object['spec'], spec, 'with the defaults of its time')
    t.same(object['spec']?.['selector'], { matchLabels: { app: 'web' } })
    t.same(object['metadata']?.['labels'], { app: 'web' })
  }
})

t.test('former workloads keep what they say', async t => {
  const object = read(
    workload(
      'extensions/v1beta1',
      'Deployment',
      '  selector: {matchLabels: {app: web}}\n  strategy: {rollingUpdate: {maxSurge: 3}}\n  rollbackTo: {revision: 1}\n  replicas: 0\n',
    ),
  )
  t.match(object['spec'], { replicas: 0, strategy: { rollingUpdate: { maxSurge: 3, maxUnavailable: 1 } } })
  t.notOk('rollbackTo' in (object['spec'] ?? {}), 'but fields without a successor')
  const recreate = read(workload('extensions/v1beta1', 'Deployment', '  strategy: {type: Recreate}\n'))
  t.same(recreate['spec']?.['strategy'], { type: 'Recreate' })
  const own = read(
    workload('extensions/v1beta1', 'Deployment').replace('{name: web}', '{name: web, labels: {own: label}}'),
  )
  t.same(own['metadata']?.['labels'], { own: 'label' }, 'labels of its own included')
})

t.test('apps/v1beta2 already asked for a selector', async t => {
  t.throws(
    () => read(workload('apps/v1beta2', 'Deployment')),
    /old\.yaml:4:1: Deployment default\/web spec\.selector: Required value/,
  )
})

t.test('former CronJobs and NetworkPolicies are the same as today', async t => {
  const job =
    'kind: CronJob\nmetadata: {name: a}\nspec: {schedule: "@hourly", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: a}]}}}}}'
  t.equal(read(`apiVersion: batch/v1beta1\n${job}`)['apiVersion'], 'batch/v1')
  const policy = read(
    'apiVersion: extensions/v1beta1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec: {podSelector: {}}',
  )
  t.equal(policy['apiVersion'], 'networking.k8s.io/v1')
})

t.test('a former Ingress names its backends as today', async t => {
  const ingress = read(`apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: a}
spec:
  backend: {serviceName: fallback, servicePort: http}
  rules:
  - http: {paths: [{path: /a, backend: {serviceName: a, servicePort: 80}}]}
`)
  t.same(ingress['spec'], {
    defaultBackend: { service: { name: 'fallback', port: { name: 'http' } } },
    rules: [
      {
        http: {
          paths: [
            {
              path: '/a',
              pathType: 'ImplementationSpecific',
              backend: { service: { name: 'a', port: { number: 80 } } },
            },
          ],
        },
      },
    ],
  })
})

t.test('a former EndpointSlice tells node and zone in a map', async t => {
  const slice = read(`apiVersion: discovery.k8s.io/v1beta1
kind: EndpointSlice
metadata: {name: a}
addressType: IPv4
endpoints:
- addresses: [10.0.0.1]
  topology: {kubernetes.io/hostname: n1, topology.kubernetes.io/zone: z1, example.com/rack: r1}
`)
  t.same(slice['endpoints'], [
    { addresses: ['10.0.0.1'], nodeName: 'n1', zone: 'z1', deprecatedTopology: { 'example.com/rack': 'r1' } },
  ])
})

t.test('former autoscalers name their metrics as today', async t => {
  const scaler = (version: string, spec: string) =>
    read(
      `apiVersion: autoscaling/${version}\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec:\n  maxReplicas: 3\n  scaleTargetRef: {kind: Deployment, name: a}\n  ${spec}\nstatus: {currentReplicas: 1, desiredReplicas: 1}`,
    )['spec']?.['metrics']
  const cpu = (averageUtilization: number) => [
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } },
  ]
  t.same(scaler('v1', 'targetCPUUtilizationPercentage: 50'), cpu(50))
  t.same(scaler('v1', 'minReplicas: 2'), cpu(80), 'and without one the default')
  t.same(scaler('v2beta1', 'metrics: [{type: Resource, resource: {name: cpu, targetAverageUtilization: 60}}]'), cpu(60))
  t.same(scaler('v2beta1', 'metrics: [{type: Pods, pods: {metricName: rps, targetAverageValue: 10}}]'), [
    { type: 'Pods', pods: { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue: 10 } } },
  ])
  t.same(
    scaler(
      'v2beta1',
      'metrics: [{type: Object, object: {metricName: rps, target: {kind: Service, name: s}, targetValue: 5}}]',
    ),
    [
      {
        type: 'Object',
        object: {
          metric: { name: 'rps' },
          describedObject: { kind: 'Service', name: 's' },
          target: { type: 'Value', value: 5 },
        },
      },
    ],
  )
  t.same(
    scaler(
      'v2beta1',
      'metrics: [{type: External, external: {metricName: q, metricSelector: {matchLabels: {a: b}}, targetAverageValue: 5}}]',
    ),
    [
      {
        type: 'External',
        external: {
          metric: { name: 'q', selector: { matchLabels: { a: 'b' } } },
          target: { type: 'AverageValue', averageValue: 5 },
        },
      },
    ],
  )
})

t.test('what has an unexpected type is left for the decoder to refuse', async t => {
  for (const [apiVersion, kind] of [
    ['extensions/v1beta1', 'Deployment'],
    ['extensions/v1beta1', 'Ingress'],
    ['autoscaling/v2beta1', 'HorizontalPodAutoscaler'],
    ['discovery.k8s.io/v1beta1', 'EndpointSlice'],
  ]) {
    const field = kind === 'EndpointSlice' ? 'endpoints' : 'spec'
    t.throws(
      () => read(`apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: a}\n${field}: text`),
      /json: cannot unmarshal string into Go struct field/,
    )
  }
})
