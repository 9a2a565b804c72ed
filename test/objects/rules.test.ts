/** Rules that the oracle's cases do not show, one a row, in the API server's words. */
import t from 'tap'
import { admit, isTyped } from '../../src/objects/admission.ts'
import { scheduleProblem } from '../../src/objects/cron-schedule.ts'
import { formatFinding } from '../../src/objects/finding.ts'
import {
  configKeyProblems,
  dns1035Problems,
  labelProblems,
  qualifiedNameProblems,
  subdomainProblems,
  variableNameProblems,
} from '../../src/objects/name.ts'

const findingsOf = (object: unknown): readonly string[] => {
  if (!isTyped(object)) throw new Error('no object')
  const admission = admit(object)
  if (admission.verdict === 'malformed') return admission.problems.map(({ message }) => message)
  return admission.verdict === 'invalid' ? admission.findings.map(formatFinding) : []
}

const named = (apiVersion: string, kind: string, rest: object, metadata: object = { name: 'a' }) => ({
  apiVersion,
  kind,
  metadata,
  ...rest,
})
const service = (spec: object) => named('v1', 'Service', { spec: { ports: [{ port: 80 }], ...spec } })
const pod = (spec: object) => named('v1', 'Pod', { spec: { containers: [{ name: 'c', image: 'i' }], ...spec } })
const container = (rest: object) => pod({ containers: [{ name: 'c', image: 'i', ...rest }] })
const labels = { metadata: { labels: { app: 'a' } } }
const template = { ...labels, spec: { containers: [{ name: 'c', image: 'i' }] } }
const workload = (kind: string, spec: object) =>
  named('apps/v1', kind, { spec: { selector: { matchLabels: { app: 'a' } }, template, ...spec } })
const job = (spec: object) =>
  named('batch/v1', 'Job', {
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } }, ...spec },
  })
const policy = (spec: object) => named('networking.k8s.io/v1', 'NetworkPolicy', { spec: { podSelector: {}, ...spec } })

// biome-ignore format: one case, one row
const ROWS: readonly (readonly [why: string, object: unknown, ...findings: string[]])[] = [
  ['a plain Service', service({})],
  ['more than one address of a family', service({ clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', '10.0.0.2'] }), 'spec.clusterIPs: Invalid value: ["10.0.0.1","10.0.0.2"]: may specify no more than one IP for each IP family'],
  ['three addresses', service({ clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1', 'fd00::1', '10.0.0.2'] }), 'spec.clusterIPs: Invalid value: ["10.0.0.1","fd00::1","10.0.0.2"]: may only hold up to 2 values'],
  ['addresses without the first one by itself', service({ clusterIPs: ['10.0.0.1'] }), 'spec.clusterIPs: Invalid value: ["10.0.0.1"]: must be empty when `clusterIP` is not specified'],
  ['a family twice', service({ ipFamilies: ['IPv4', 'IPv4'] }), 'spec.ipFamilies[1]: Duplicate value: "IPv4"'],
  ['no family', service({ ipFamilies: ['IPv5'] }), 'spec.ipFamilies[0]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"'],
  ['an address that is none is all that is said of addresses', service({ clusterIP: 'x', clusterIPs: ['x', '10.0.0.1'], ipFamilies: ['IPv6'] }), 'spec.clusterIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
  ['an address fault hides the others', service({ clusterIP: 'x', type: 'Loadbalancer' }), 'spec.clusterIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
  ['no such type', service({ type: 'Loadbalancer' }), 'spec.type: Unsupported value: "Loadbalancer": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'],
  ['a node port inside', service({ ports: [{ port: 80, nodePort: 30080 }] }), "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
  ['one node port for two protocols', service({ type: 'NodePort', ports: [{ name: 'a', port: 53, nodePort: 30053 }, { name: 'b', port: 53, protocol: 'UDP', nodePort: 30053 }] })],
  ['one node port for two ports', service({ type: 'NodePort', ports: [{ name: 'a', port: 53, nodePort: 30053 }, { name: 'b', port: 54, protocol: 'UDP', nodePort: 30053 }] }), 'spec.ports[1].nodePort: Invalid value: 30053: provided port is already allocated'],
  ['a headless NodePort', service({ type: 'NodePort', clusterIP: 'None' }), "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"],
  ['a protocol of another application', service({ ports: [{ port: 80, appProtocol: 'a b' }] }), "spec.ports[0].appProtocol: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"],
  ['a link-local external address', service({ externalIPs: ['169.254.1.1'] }), 'spec.externalIPs[0]: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  ['a multicast external address', service({ externalIPs: ['224.0.0.1'] }), 'spec.externalIPs[0]: Invalid value: "224.0.0.1": may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
  ['the internal policy', service({ internalTrafficPolicy: 'Near' }), 'spec.internalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"'],
  ['a day of affinity', service({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 86400 } } })],
  ['more than a day', service({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 86401 } } }), 'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400'],
  ['source ranges as an annotation', named('v1', 'Service', { spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } }, { name: 'a', annotations: { 'service.beta.kubernetes.io/load-balancer-source-ranges': '10.0.0.0/8, x' } }), 'metadata.annotations[service.beta.kubernetes.io/load-balancer-source-ranges]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
  ['two controllers', named('v1', 'ConfigMap', {}, { name: 'a', ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x', uid: '1', controller: true }, { apiVersion: 'v1', kind: 'Pod', name: 'y', uid: '2', controller: true }] }), 'metadata.ownerReferences: Invalid value: [{"apiVersion":"v1","kind":"Pod","name":"x","uid":"1","controller":true},{"apiVersion":"v1","kind":"Pod","name":"y","uid":"2","controller":true}]: Only one reference can have Controller set to true. Found "true" in references for Pod/x and Pod/y'],
  ['an owner without a uid', named('v1', 'ConfigMap', {}, { name: 'a', ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x' }] }), 'metadata.ownerReferences[0].uid: Invalid value: "": must not be empty'],
  ['a finalizer of nobody', named('v1', 'ConfigMap', {}, { name: 'a', finalizers: ['mine'] }), 'metadata.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified'],
  ['annotations beyond measure', named('v1', 'ConfigMap', {}, { name: 'a', annotations: { a: 'x'.repeat(262144) } }), 'metadata.annotations: Too long: may not be more than 262144 bytes'],
  ['a prefix for a name', named('v1', 'ConfigMap', {}, { generateName: 'A-' }), "metadata.generateName: Invalid value: \"A-\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"],
  ['a key in both halves', named('v1', 'ConfigMap', { data: { a: '1' }, binaryData: { a: 'MQ==' } }), 'data[a]: Invalid value: "a": duplicate of key present in binaryData'],
  ['a large ConfigMap', named('v1', 'ConfigMap', { data: { a: 'x'.repeat(1048577) } }), ': Too long: may not be more than 1048576 bytes'],
  ['a Secret without its key', named('v1', 'Secret', { type: 'kubernetes.io/tls', data: { 'tls.crt': '' } }), 'data[tls.key]: Required value'],
  ['two containers of one name', pod({ containers: [{ name: 'c', image: 'i' }, { name: 'c', image: 'i' }] }), 'spec.containers[1].name: Duplicate value: "c"'],
  ['an init container of a name in use', pod({ initContainers: [{ name: 'c', image: 'i' }] }), 'spec.initContainers[0].name: Duplicate value: "c"'],
  ['a probe of a container that ends', pod({ initContainers: [{ name: 'i', image: 'i', readinessProbe: { exec: { command: ['a'] } } }] }), 'spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always'],
  ['a sidecar may have probes', pod({ initContainers: [{ name: 'i', image: 'i', restartPolicy: 'Always', readinessProbe: { exec: { command: ['a'] } } }] })],
  ['one port of the host twice', pod({ containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 1, hostPort: 80 }, { containerPort: 2, hostPort: 80 }] }] }), 'spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//80"'],
  ['a port name twice', container({ ports: [{ name: 'a', containerPort: 1 }, { name: 'a', containerPort: 2 }] }), 'spec.containers[0].ports[1].name: Duplicate value: "a"'],
  ['no port', container({ ports: [{ name: 'a' }] }), 'spec.containers[0].ports[0].containerPort: Required value'],
  ['a volume that is not there', container({ volumeMounts: [{ name: 'v', mountPath: '/v' }] }), 'spec.containers[0].volumeMounts[0].name: Not found: "v"'],
  ['a volume of two kinds', pod({ volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/' } }] }), 'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
  ['a volume without kind is an empty one', pod({ volumes: [{ name: 'v' }] })],
  ['a volume name twice', pod({ volumes: [{ name: 'v' }, { name: 'v' }] }), 'spec.volumes[1].name: Duplicate value: "v"'],
  ['a way up', pod({ volumes: [{ name: 'v', hostPath: { path: '/a/../b' } }] }), "spec.volumes[0].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'"],
  ['more than all CPU', container({ resources: { requests: { memory: '2Gi' }, limits: { memory: '1.5Gi' } } }), 'spec.containers[0].resources.requests: Invalid value: "2Gi": must be less than or equal to memory limit of 1536Mi'],
  ['a device in parts', container({ resources: { limits: { 'example.com/gpu': '500m' } } }), 'spec.containers[0].resources.limits[example.com/gpu]: Invalid value: "500m": must be an integer', 'spec.containers[0].resources.requests[example.com/gpu]: Invalid value: "500m": must be an integer'],
  ['a negative amount', container({ resources: { limits: { cpu: '-1' } } }), 'spec.containers[0].resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0', 'spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
  ['no such resource', container({ resources: { requests: { cpus: '1' } } }), 'spec.containers[0].resources.requests[cpus]: Invalid value: "cpus": must be a standard resource type or fully qualified', 'spec.containers[0].resources.requests[cpus]: Invalid value: "cpus": must be a standard resource for containers'],
  ['two handlers', container({ livenessProbe: { exec: { command: ['a'] }, tcpSocket: { port: 1 } } }), 'spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type'],
  ['a liveness that takes two', container({ livenessProbe: { exec: { command: ['a'] }, successThreshold: 2 } }), 'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1'],
  ['a field that Pods have and variables may not', container({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'status.phase' } } }] }), 'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "status.phase": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"'],
  ['a field that Pods have not', container({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.foo' } } }] }), 'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.foo": error converting fieldPath: field label not supported: spec.foo'],
  ['a label by subscript', container({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } }] })],
  ['both privileged and not', container({ securityContext: { privileged: true, allowPrivilegeEscalation: false } }), 'spec.containers[0].securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true'],
  ['a weight', pod({ affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 0, preference: {} }] } } }), 'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100'],
  ['a comparison with two values', pod({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Gt', values: ['1', '2'] }] }] } } } }), "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'"],
  ['a spread without skew', pod({ topologySpreadConstraints: [{ maxSkew: 0, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' }] }), 'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero'],
  ['four name servers', pod({ dnsConfig: { nameservers: ['1.1.1.1', '1.1.1.2', '1.1.1.3', '1.1.1.4'] } }), 'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","1.1.1.4"]: must not have more than 3 nameservers'],
  ['a way to tolerate', pod({ tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] }), 'spec.tolerations[0].operator: Invalid value: {"Key":"a","Operator":"Exists","Value":"b","Effect":"","TolerationSeconds":null}: value must be empty when `operator` is \'Exists\''],
  ['seconds without NoExecute', pod({ tolerations: [{ key: 'a', operator: 'Exists', tolerationSeconds: 1 }] }), "spec.tolerations[0].effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set"],
  ['a plain Deployment', workload('Deployment', {})],
  ['fewer than none', workload('Deployment', { replicas: -1 }), 'spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  ['no selector', workload('ReplicaSet', { selector: null }), 'spec.selector: Required value', 'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`'],
  ['a deadline before ready', workload('Deployment', { minReadySeconds: 600 }), 'spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds'],
  ['no room to roll', workload('Deployment', { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '0%' } } }), 'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
  ['more than all', workload('Deployment', { strategy: { rollingUpdate: { maxUnavailable: '101%' } } }), 'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
  ['no such strategy', workload('Deployment', { strategy: { type: 'x' } }), 'spec.strategy: Unsupported value: {"Type":"x","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"'],
  ['a DaemonSet that surges and waits', workload('DaemonSet', { updateStrategy: { rollingUpdate: { maxSurge: 1 } } }), 'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero'],
  ['a StatefulSet in no order', workload('StatefulSet', { podManagementPolicy: 'Any' }), "spec.podManagementPolicy: Invalid value: \"Any\": must be 'OrderedReady' or 'Parallel'"],
  ['a StatefulSet mounts what its claims make', workload('StatefulSet', { template: { ...labels, spec: { containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'data', mountPath: '/d' }] }] } } })],
  ['a label of a template', workload('Deployment', { template: { ...template, metadata: { labels: { app: 'a', b: '-' } } } }), "spec.template.labels: Invalid value: \"-\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"],
  ['a Job that picks its Pods', job({ selector: { matchLabels: { a: 'b' } } }), 'spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` not auto-generated'],
  ['a Job in no mode', job({ completionMode: 'Some' }), 'spec.completionMode: Unsupported value: "Some": supported values: "NonIndexed", "Indexed"'],
  ['a plain policy', policy({})],
  ['a peer that is nobody', policy({ ingress: [{ from: [{}] }] }), 'spec.ingress[0].from[0]: Required value: must specify a peer'],
  ['no such direction', policy({ policyTypes: ['Ingres'] }), 'spec.policyTypes[0]: Unsupported value: "Ingres": supported values: "Egress", "Ingress"'],
  ['a range that ends in a name', policy({ ingress: [{ ports: [{ port: 'http', endPort: 90 }] }] }), 'spec.ingress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` is non-numeric'],
]

t.test('one broken rule gives its message, an intact object none', async t => {
  for (const [why, object, ...findings] of ROWS) t.same(findingsOf(object), findings, why)
})

const warningsOf = (object: unknown): readonly string[] => {
  const admission = isTyped(object) ? admit(object) : undefined
  return admission?.verdict === 'accepted' ? admission.warnings : ['it is not accepted']
}

t.test('warnings', async t => {
  const twice = [
    { name: 'A', value: '1' },
    { name: 'A', value: '2' },
  ]
  const extended = [
    { name: 'A', value: '1' },
    { name: 'A', value: '$(A):2' },
  ]
  const zone = 'failure-domain.beta.kubernetes.io/zone'
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [why: string, object: unknown, ...warnings: string[]])[] = [
    ['nothing to warn about', pod({})],
    ['a variable twice', container({ env: twice }), 'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'],
    ['a variable that extends itself', container({ env: extended })],
    ['in a template', workload('Deployment', { template: { ...labels, spec: { containers: [{ name: 'c', image: 'i', env: twice }] } } }), 'spec.template.spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'],
    ['a former node label', pod({ nodeSelector: { [zone]: 'a' } }), `spec.nodeSelector[${zone}]: deprecated since v1.17; use "topology.kubernetes.io/zone" instead`],
    ['a host alias twice', pod({ hostAliases: [{ ip: '10.0.0.1', hostnames: ['a'] }, { ip: '10.0.0.1', hostnames: ['b'] }] }), 'spec.hostAliases[1].ip: duplicate ip "10.0.0.1"'],
    ['one port in two containers', pod({ containers: [{ name: 'a', image: 'i', ports: [{ containerPort: 1 }] }, { name: 'b', image: 'i', ports: [{ containerPort: 1 }] }] }), 'spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]'],
    ['external addresses of a headless Service', service({ clusterIP: 'None', externalIPs: ['203.0.113.1'], externalTrafficPolicy: 'Cluster' }), 'spec.externalIPs is ignored for headless services'],
    ['a name that nobody looks at', service({ externalName: 'example.com' }), 'spec.externalName is ignored when spec.type is not "ExternalName"'],
    ['an API that is going', named('v1', 'Endpoints', {}), 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice'],
  ]
  for (const [why, object, ...warnings] of rows) t.same(warningsOf(object), warnings, why)
})

t.test('names', async t => {
  const tooLong = (most: number) => [`must be no more than ${most} characters`]
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [check: (text: string) => readonly string[], text: string, good: boolean | readonly string[]])[] = [
    [labelProblems, 'a', true], [labelProblems, 'a-1', true], [labelProblems, '1a', true], [labelProblems, 'a'.repeat(63), true], [labelProblems, 'a'.repeat(64), tooLong(63)],
    [labelProblems, '', false], [labelProblems, 'a-', false], [labelProblems, '-a', false], [labelProblems, 'A', false], [labelProblems, 'a_b', false], [labelProblems, 'a.b', ['must not contain dots']], [labelProblems, 'a\n', false],
    [subdomainProblems, 'a.b', true], [subdomainProblems, 'a..b', false], [subdomainProblems, '.a', false], [subdomainProblems, 'a.b-', false], [subdomainProblems, 'a'.repeat(253), true], [subdomainProblems, 'a'.repeat(254), tooLong(253)],
    [dns1035Problems, 'a1', true], [dns1035Problems, '1a', false],
    [qualifiedNameProblems, 'a.b/C_d.e-f', true], [qualifiedNameProblems, 'a/b/c', false], [qualifiedNameProblems, '/a', ['prefix part must be non-empty']], [qualifiedNameProblems, '', false], [qualifiedNameProblems, `a/${'b'.repeat(64)}`, ['name part must be no more than 63 characters']],
    [configKeyProblems, 'a.b_C-1', true], [configKeyProblems, '..', ["must not be '..'"]], [configKeyProblems, '.', ["must not be '.'"]], [configKeyProblems, '..a', ["must not start with '..'"]], [configKeyProblems, 'a/b', false],
    [variableNameProblems, 'A_b.c-d', true], [variableNameProblems, '1', true], [variableNameProblems, 'a=b', false], [variableNameProblems, 'ä', false], [variableNameProblems, '', false],
  ]
  for (const [check, text, good] of rows) {
    const problems = check(text)
    const name = `${check.name} ${JSON.stringify(text.slice(0, 30))}`
    if (typeof good === 'boolean') t.equal(problems.length === 0, good, name)
    else t.same(problems, good, name)
  }
})

t.test('schedules', async t => {
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [schedule: string, problem?: string])[] = [
    ['* * * * *'], ['*/5 0-23/2 1,15 jan-MAR mon'], ['0 0 ? * 0'], ['@hourly'], ['@every 1h30m'], ['  1   2 3 4 5 '], ['5/10 * * * *'],
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['', 'expected exactly 5 fields, found 0: []'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['* * * * 7', 'end of range (7) above maximum (6): 7'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
    ['@never', 'unrecognized descriptor: @never'],
    ['@every day', 'failed to parse duration @every day: time: invalid duration "day"'],
    ['TZ=UTC * * * * *', 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead'],
  ]
  for (const [schedule, problem] of rows) t.equal(scheduleProblem(schedule), problem, JSON.stringify(schedule))
})
