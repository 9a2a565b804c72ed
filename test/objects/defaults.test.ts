/** Defaults that the oracle's cases do not show: what is given, and what the API server adds to it. */
import t from 'tap'
import { admit, isTyped } from '../../src/objects/admission.ts'
import { pullPolicyOf } from '../../src/objects/volume-defaults.ts'

function stored(object: unknown): Record<string, unknown> {
  if (!isTyped(object)) throw new Error('no object')
  const admission = admit(object)
  if (admission.verdict !== 'accepted') throw new Error(JSON.stringify(admission))
  return { ...admission.object }
}

const metadata = { name: 'a' }
const labels = { metadata: { labels: { app: 'a' } } }
const containers = [{ name: 'c', image: 'i' }]
const workload = (kind: string, spec: object) =>
  stored({
    apiVersion: 'apps/v1',
    kind,
    metadata,
    spec: { selector: { matchLabels: { app: 'a' } }, template: { ...labels, spec: { containers } }, ...spec },
  })
const pod = (spec: object) => stored({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers, ...spec } })
const service = (spec: object) =>
  stored({ apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 80 }], ...spec } })

t.test('workloads', async t => {
  t.match(workload('StatefulSet', {})['spec'], {
    replicas: 1,
    revisionHistoryLimit: 10,
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
  })
  t.match(workload('StatefulSet', { updateStrategy: { type: 'OnDelete' } })['spec'], {
    updateStrategy: { type: 'OnDelete', rollingUpdate: undefined },
  })
  t.match(
    workload('StatefulSet', { volumeClaimTemplates: [{ metadata, spec: { accessModes: ['ReadWriteOnce'] } }] })['spec'],
    {
      volumeClaimTemplates: [
        {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          spec: { volumeMode: 'Filesystem' },
          status: { phase: 'Pending' },
        },
      ],
    },
  )
  t.match(workload('DaemonSet', {})['spec'], {
    revisionHistoryLimit: 10,
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
  })
  t.match(workload('Deployment', { replicas: 0, strategy: { rollingUpdate: { maxSurge: 2 } } })['spec'], {
    replicas: 0,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2, maxUnavailable: '25%' } },
  })
  const job = (spec: object) =>
    stored({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata,
      spec: { template: { spec: { restartPolicy: 'Never', containers } }, ...spec },
    })['spec']
  t.match(
    job({ parallelism: 3 }),
    { parallelism: 3, completions: undefined, backoffLimit: 6 },
    'a Job with a width counts no completions',
  )
  t.match(job({ completions: 3 }), { parallelism: 1, completions: 3 })
  t.match(job({ completionMode: 'Indexed', completions: 3, backoffLimitPerIndex: 1 }), { backoffLimit: 2147483647 })
})

t.test('Pods', async t => {
  t.match(
    pod({ hostNetwork: true, containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80 }] }] })['spec'],
    {
      containers: [{ ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }] }],
    },
    'on the host a port is the same outside',
  )
  t.match(
    pod({
      containers: [
        { name: 'c', image: 'i', resources: { limits: { cpu: 1, memory: '1Gi' }, requests: { cpu: '500m' } } },
      ],
    })['spec'],
    {
      containers: [{ resources: { requests: { cpu: '500m', memory: '1Gi' } } }],
    },
    'a limit is a request unless one is made',
  )
  t.match(
    pod({
      containers: [
        {
          name: 'c',
          image: 'i',
          livenessProbe: { httpGet: { port: 80 } },
          env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
        },
      ],
    })['spec'],
    {
      containers: [
        {
          livenessProbe: {
            httpGet: { path: '/', scheme: 'HTTP' },
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
          },
          env: [{ valueFrom: { fieldRef: { apiVersion: 'v1' } } }],
        },
      ],
    },
  )
  t.match(
    pod({
      volumes: [
        { name: 'a' },
        { name: 'b', secret: { secretName: 's' } },
        { name: 'd', hostPath: { path: '/' } },
        { name: 'e', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
      ],
    })['spec'],
    {
      volumes: [
        { emptyDir: {} },
        { secret: { defaultMode: 420 } },
        { hostPath: { type: '' } },
        { projected: { defaultMode: 420, sources: [{ serviceAccountToken: { expirationSeconds: 3600 } }] } },
      ],
    },
  )
  t.match(pod({ serviceAccount: 'old' })['spec'], { serviceAccountName: 'old' }, 'the former name of a field')
  t.match(
    workload('Deployment', {
      template: { ...labels, spec: { containers: [{ name: 'c', image: 'i', resources: { limits: { cpu: 1 } } }] } },
    })['spec'],
    {
      template: { spec: { enableServiceLinks: undefined, containers: [{ resources: { requests: undefined } }] } },
    },
    'a template leaves to the Pod what is the Pod’s',
  )
})

t.test('pullPolicyOf() reads the tag', async t => {
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [image: string, policy: string])[] = [
    ['nginx', 'Always'], ['nginx:latest', 'Always'], ['nginx:1.27', 'IfNotPresent'], ['localhost:5000/nginx', 'Always'],
    ['localhost:5000/nginx:1', 'IfNotPresent'], ['nginx@sha256:abc', 'IfNotPresent'], ['nginx:latest@sha256:abc', 'Always'],
  ]
  for (const [image, policy] of rows) t.equal(pullPolicyOf(image), policy, image)
})

t.test('Services', async t => {
  t.match(service({ type: 'LoadBalancer' })['spec'], {
    externalTrafficPolicy: 'Cluster',
    internalTrafficPolicy: 'Cluster',
    allocateLoadBalancerNodePorts: true,
  })
  t.match(service({ sessionAffinity: 'ClientIP' })['spec'], {
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 10800 } },
  })
  t.match(service({ sessionAffinityConfig: { clientIP: { timeoutSeconds: 5 } } })['spec'], {
    sessionAffinity: 'None',
    sessionAffinityConfig: undefined,
  })
  t.match(service({ externalIPs: ['203.0.113.1'] })['spec'], { externalTrafficPolicy: 'Cluster' })
  t.match(service({ ports: [{ port: 80, targetPort: '' }] })['spec'], { ports: [{ targetPort: 80 }] })
  const balanced = stored({
    apiVersion: 'v1',
    kind: 'Service',
    metadata,
    spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }, { hostname: 'a' }] } },
  })
  t.same(balanced['status'], { loadBalancer: { ingress: [{ ip: '203.0.113.1', ipMode: 'VIP' }, { hostname: 'a' }] } })
})

t.test('the rest', async t => {
  const node = (spec: object) =>
    stored({ apiVersion: 'v1', kind: 'Node', metadata, spec, status: { capacity: { cpu: '4' } } })
  t.same(node({ podCIDR: '10.0.0.0/24' })['spec'], { podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24'] })
  t.same(node({ podCIDRs: ['10.0.0.0/24', 'fd00::/64'] })['spec'], {
    podCIDR: '10.0.0.0/24',
    podCIDRs: ['10.0.0.0/24', 'fd00::/64'],
  })
  t.match(node({})['status'], { allocatable: { cpu: '4' } }, 'what a node has it gives')
  const policy = (spec: object) =>
    stored({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec })['spec']
  t.same(policy({}), { podSelector: {}, policyTypes: ['Ingress'] })
  t.match(policy({ egress: [{ ports: [{ port: 53 }] }] }), {
    policyTypes: ['Ingress', 'Egress'],
    egress: [{ ports: [{ protocol: 'TCP' }] }],
  })
  t.match(policy({ egress: [] }), { policyTypes: ['Ingress'] }, 'an empty list of rules is none')
  t.match(stored({ apiVersion: 'v1', kind: 'Namespace', metadata }), {
    metadata: { labels: { 'kubernetes.io/metadata.name': 'a' } },
    spec: { finalizers: ['kubernetes'] },
  })
  t.match(stored({ apiVersion: 'v1', kind: 'Secret', metadata }), { type: 'Opaque' })
  t.match(
    stored({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata,
      addressType: 'IPv4',
      ports: [{ port: 80 }],
    }),
    { ports: [{ name: '', protocol: 'TCP', port: 80 }] },
  )
  const scaler = stored({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata,
    spec: {
      maxReplicas: 3,
      scaleTargetRef: { kind: 'Deployment', name: 'a' },
      behavior: { scaleDown: { selectPolicy: 'Disabled' } },
    },
  })
  t.match(scaler['spec'], {
    minReplicas: 1,
    metrics: [{ resource: { name: 'cpu', target: { averageUtilization: 80 } } }],
    behavior: {
      scaleDown: { selectPolicy: 'Disabled', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
      scaleUp: { selectPolicy: 'Max', stabilizationWindowSeconds: 0 },
    },
  })
})
