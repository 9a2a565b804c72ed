/** The environment as a whole: who stands before whom, what keeps a container from starting, and traps. */
import t from 'tap'
import { podContainers } from '../../src/kubelet/declared-variable.ts'
import { containerEnvironment, type Environment, type Surroundings } from '../../src/kubelet/environment.ts'
import { MAX_STRING, MAX_TOTAL, stringBytes } from '../../src/kubelet/environment-size.ts'
import { startOf } from '../../src/kubelet/linked-services.ts'
import { formatOrigin, type Remark } from '../../src/kubelet/variable.ts'
import type { ConfigMap } from '../../src/objects/config-map.ts'
import type { Container, Pod, PodStatus } from '../../src/objects/pod.ts'
import type { Secret } from '../../src/objects/secret.ts'
import type { Service } from '../../src/objects/service.ts'

const service = (
  name: string,
  clusterIP: string,
  port = 80,
  namespace = 'shop',
  creationTimestamp?: string,
): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace, ...(creationTimestamp === undefined ? {} : { creationTimestamp }) },
  spec: { clusterIP, ports: [{ port }] },
})
const map = (name: string, data: Record<string, string>): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'shop' },
  data,
})
const secret = (name: string, data: Record<string, string>, stringData: Record<string, string> = {}): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace: 'shop' },
  data,
  stringData,
})

const MAPS = [
  map('one', { A: 'one', B: 'one' }),
  map('two', { A: 'two' }),
  map('odd', { '=': 'x', Z: 'z' }),
  map('text', { T: 'x $(A)', U: 'cost $(NONE)' }),
]
const SECRETS = [secret('db', { password: btoa('s3cret'), raw: btoa('\xff\xfe'), nul: btoa('a\0b') }, { user: 'shop' })]

interface Case {
  readonly env?: readonly unknown[]
  readonly envFrom?: readonly unknown[]
  readonly services?: readonly Service[]
  readonly container?: Partial<Container>
  readonly spec?: Partial<Pod['spec']>
  readonly status?: PodStatus
}

function made({ env = [], envFrom = [], services = [], container = {}, spec = {}, status = {} }: Case): Environment {
  const own = { name: 'main', env, envFrom, ...container } as Container
  const metadata = { name: 'web-0', namespace: 'shop' }
  const pod: Pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [own], ...spec }, status }
  const around: Surroundings = {
    services,
    createdAt: ({ metadata }) => (metadata.creationTimestamp ? Date.parse(metadata.creationTimestamp) : undefined),
    startedAt: one => startOf(pod, one),
    configMap: name => MAPS.find(one => one.metadata.name === name),
    secret: name => SECRETS.find(one => one.metadata.name === name),
  }
  return containerEnvironment(pod, own, around)
}

const lines = ({ variables }: Environment) => variables.map(({ name, value = '?' }) => `${name}=${value}`)
const coded = (remarks: readonly Remark[]) =>
  remarks.map(({ code, variable }) => [code, variable ?? ''].join(' ').trim())

const from = (name: string, more = {}) => ({ configMapRef: { name, ...more } })
const key = (name: string, key: string, more = {}) => ({ valueFrom: { configMapKeyRef: { name, key, ...more } } })
const ofSecret = (name: string, key: string, more = {}) => ({ valueFrom: { secretKeyRef: { name, key, ...more } } })
const REDIS = [service('redis', '10.96.0.20', 6379)]

// biome-ignore format: one case, one row
const ROWS: readonly (readonly [says: string, given: Case, wanted: readonly string[], remarks?: readonly string[]])[] = [
  ['nothing declared, nothing there',       {}, []],
  ['values in their order',                 { env: [{ name: 'B', value: '1' }, { name: 'A', value: '2' }] }, ['B=1', 'A=2']],
  ['an empty value',                        { env: [{ name: 'A' }, { name: 'B', value: '' }] }, ['A=', 'B=']],
  ['a reference to what stands before',     { env: [{ name: 'A', value: '1' }, { name: 'B', value: '$(A)$(A)' }] }, ['A=1', 'B=11']],
  ['not to what comes after',               { env: [{ name: 'B', value: '$(A)' }, { name: 'A', value: '1' }] }, ['B=$(A)', 'A=1'], ['ReferenceLeft B']],
  ['not to what is not there',              { env: [{ name: 'B', value: '$(A)' }] }, ['B=$(A)'], ['ReferenceLeft B']],
  ['an escaped one is nobody’s business',   { env: [{ name: 'B', value: '$$(A)' }] }, ['B=$(A)']],
  ['a variable may build upon itself',      { env: [{ name: 'A', value: '1' }, { name: 'A', value: '$(A)2' }] }, ['A=12']],
  ['the later of one name stands',          { env: [{ name: 'A', value: '1' }, { name: 'B', value: '$(A)' }, { name: 'A', value: '2' }] }, ['B=1', 'A=2'], ['SourceReplaced A']],
  ['envFrom, keys in order',                { envFrom: [from('one')] }, ['A=one', 'B=one']],
  ['the later source stands',               { envFrom: [from('one'), from('two')] }, ['B=one', 'A=two'], ['SourceReplaced A']],
  ['env stands before envFrom',             { envFrom: [from('one')], env: [{ name: 'A', value: 'own' }] }, ['B=one', 'A=own']],
  ['and refers to it',                      { envFrom: [from('one')], env: [{ name: 'A', value: '$(A)+$(B)' }] }, ['B=one', 'A=one+one']],
  ['a prefix',                              { envFrom: [{ ...from('one'), prefix: 'P_' }] }, ['P_A=one', 'P_B=one']],
  ['names that are none are skipped',       { envFrom: [from('odd')] }, ['Z=z'], ['InvalidEnvironmentVariableNames']],
  ['an optional source that is not there',  { envFrom: [from('none', { optional: true })] }, []],
  ['a Secret whole',                        { envFrom: [{ secretRef: { name: 'db' }, prefix: '' }] }, ['nul=a\0b', 'password=s3cret', 'raw=?', 'user=shop'], ['InvalidValue nul', 'CreateContainerConfigError raw']],
  ['one key',                               { env: [{ name: 'X', ...key('one', 'A') }] }, ['X=one']],
  ['one key of a Secret',                   { env: [{ name: 'X', ...ofSecret('db', 'password') }] }, ['X=s3cret']],
  ['an optional key that is not there',     { env: [{ name: 'X', ...key('one', 'Z', { optional: true }) }] }, []],
  ['of an optional object that is not there', { env: [{ name: 'X', ...ofSecret('none', 'Z', { optional: true }) }] }, []],
  ['an omitted one is not referred to',     { env: [{ name: 'X', ...key('one', 'Z', { optional: true }) }, { name: 'Y', value: '$(X)' }] }, ['Y=$(X)'], ['ReferenceLeft Y']],
  ['a key of the prototype is no key',      { env: [{ name: 'X', ...key('one', 'constructor', { optional: true }) }] }, []],
  ['a key that is not there',               { env: [{ name: 'X', ...key('one', 'Z') }] }, ['X=?'], ['CreateContainerConfigError X']],
  ['an object that is not there',           { env: [{ name: 'X', ...ofSecret('none', 'Z') }] }, ['X=?'], ['CreateContainerConfigError X']],
  ['a source that is not there',            { envFrom: [from('none')] }, [], ['CreateContainerConfigError']],
  ['what refers to the unknown is unknown', { env: [{ name: 'X', ...key('none', 'Z') }, { name: 'Y', value: 'a$(X)' }] }, ['X=?', 'Y=?'], ['CreateContainerConfigError X']],
  ['a file in a volume is not known',       { env: [{ name: 'X', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'p', key: 'k' } } }] }, ['X=?'], ['ValueUnknown X']],
  ['a source from the future is not known', { env: [{ name: 'X', valueFrom: { dreamRef: {} } }] }, ['X=?'], ['ValueUnknown X']],
  ['Services come last',                    { services: REDIS, env: [{ name: 'A', value: '$(REDIS_PORT)' }] }, ['A=tcp://10.96.0.20:6379', 'REDIS_SERVICE_HOST=10.96.0.20', 'REDIS_SERVICE_PORT=6379', 'REDIS_PORT=tcp://10.96.0.20:6379', 'REDIS_PORT_6379_TCP=tcp://10.96.0.20:6379', 'REDIS_PORT_6379_TCP_PROTO=tcp', 'REDIS_PORT_6379_TCP_PORT=6379', 'REDIS_PORT_6379_TCP_ADDR=10.96.0.20']],
  ['its own stands before theirs, also in references', { services: REDIS, spec: { enableServiceLinks: true }, env: [{ name: 'REDIS_SERVICE_HOST', value: '10.96.0.20' }, { name: 'REDIS_PORT', value: '1' }, { name: 'P', value: '$(REDIS_PORT)' }] }, ['REDIS_SERVICE_HOST=10.96.0.20', 'REDIS_PORT=1', 'P=1', 'REDIS_SERVICE_PORT=6379', 'REDIS_PORT_6379_TCP=tcp://10.96.0.20:6379', 'REDIS_PORT_6379_TCP_PROTO=tcp', 'REDIS_PORT_6379_TCP_PORT=6379', 'REDIS_PORT_6379_TCP_ADDR=10.96.0.20'], ['ServiceVariableReplaced REDIS_PORT']],
  ['without links they do not',             { services: REDIS, spec: { enableServiceLinks: false } }, []],
]
for (const [says, given, wanted, remarks = []] of ROWS) {
  t.test(`containerEnvironment(): ${says}`, async t => {
    const environment = made(given)
    t.strictSame(lines(environment), wanted)
    t.strictSame(coded([...environment.obstacles, ...environment.warnings]), remarks)
    t.strictSame(environment.notes, [])
  })
}

t.test('the container’s own value stands before a Service’s, and who lost is told', async t => {
  const { variables, warnings } = made({ services: REDIS, env: [{ name: 'REDIS_PORT', value: '6379' }] })
  const [port] = variables
  t.equal(port?.value, '6379')
  t.strictSame(
    port?.replaces.map(({ value, origin }) => `${value} ${formatOrigin(origin)}`),
    ['tcp://10.96.0.20:6379 Service shop/redis'],
  )
  t.strictSame(coded(warnings), ['ServiceVariableReplaced REDIS_PORT'])
  t.match(
    warnings[0]?.message,
    /the container's own "6379" \(env\[0\]\) stands; Service shop\/redis would have given tcp/,
  )
})

// biome-ignore format: one case, one row
const IN_THE_WAY: readonly (readonly [says: string, given: Case, warned: boolean])[] = [
  ['a container that sets REDIS_HOST',         { env: [{ name: 'REDIS_HOST', value: 'redis' }] }, true],
  ['an image of that name',                    { container: { image: 'registry.example:5000/bitnami/redis:7@sha256:0' } }, true],
  ['an image of another name',                 { container: { image: 'redis-commander' } }, false],
  ['a container that sets REDIS_PORT, too',    { env: [{ name: 'REDIS_HOST', value: 'redis' }, { name: 'REDIS_PORT', value: 'tcp://10.96.0.20:6379' }] }, false],
  ['a container that sets REDISHOST',          { env: [{ name: 'REDISHOST', value: 'redis' }] }, false],
]
for (const [says, given, warned] of IN_THE_WAY) {
  t.test(`REDIS_PORT=tcp://… is ${warned ? 'warned about' : 'no trap'} in ${says}`, async t => {
    const { warnings } = made({ services: REDIS, ...given })
    t.strictSame(coded(warnings), warned ? ['ServiceVariableInTheWay REDIS_PORT'] : [])
  })
}

t.test('why a reference stays as it is', async t => {
  const { warnings } = made({
    env: [
      { name: 'A', value: '$(A)' },
      { name: 'B', value: '$(C)' },
      { name: 'C', value: '' },
    ],
  })
  t.strictSame(
    warnings.map(({ message }) => message),
    [
      'A: $(A) stays as it is: there is no variable A before it',
      'B: $(C) stays as it is: C is declared further down, and only what stands before counts',
    ],
  )
})

t.test('two Services that make one variable', async t => {
  const services = [service('web', '10.96.0.1'), service('web-service', '10.96.0.2')]
  const { variables, warnings } = made({ services })
  t.equal(variables.find(({ name }) => name === 'WEB_SERVICE_PORT')?.value, 'tcp://10.96.0.2:80')
  t.strictSame(coded(warnings), ['ServicesCollide WEB_SERVICE_PORT'])
})

t.test('values of ConfigMaps that look like references', async t => {
  const { variables, warnings } = made({ envFrom: [from('one'), from('text')] })
  t.equal(variables.find(({ name }) => name === 'T')?.value, 'x $(A)')
  t.strictSame(coded(warnings), ['NotExpanded T'])
})

t.test('what a Secret holds is known wherever it goes', async t => {
  const env = [
    { name: 'P', ...ofSecret('db', 'password') },
    { name: 'URL', value: 'db://shop:$(P)@db' },
    { name: 'COPY', value: '$(URL)/x' },
    { name: 'FREE', value: '$$(P)' },
  ]
  const shown = made({ env }).variables.map(({ masked }) => masked)
  t.strictSame(shown, ['******', 'db://shop:******@db', 'db://shop:******@db/x', undefined])
  const told = JSON.stringify(made({ env: [...env, { name: 'P', value: 'x' }], services: REDIS }).warnings)
  t.notMatch(told, /s3cret/)
})

t.test('Services that came after the container are not among its variables', async t => {
  const services = [
    service('old', '10.96.0.1', 80, 'shop', '2026-01-01T00:00:00Z'),
    service('same', '10.96.0.2', 80, 'shop', '2026-01-02T00:00:00Z'),
    service('young', '10.96.0.3', 80, 'shop', '2026-01-02T00:00:01Z'),
    service('undated', '10.96.0.4'),
    service('kubernetes', '10.96.0.5', 443, 'default', '2026-03-01T00:00:00Z'),
  ]
  const hosts = (status: PodStatus) => {
    const { variables, notes } = made({ services, status })
    const names = variables.filter(({ name }) => name.endsWith('_SERVICE_HOST')).map(({ name }) => name.slice(0, -13))
    return [names.join(' '), coded(notes).join(' ')]
  }
  t.strictSame(hosts({}), ['KUBERNETES OLD SAME UNDATED YOUNG', ''], 'a pod that does not say when it started')
  const startTime = '2026-01-02T00:00:00Z'
  t.strictSame(hosts({ startTime }), ['KUBERNETES OLD SAME UNDATED', 'ServiceYounger ServiceUndated'])
  const state = { running: { startedAt: '2026-02-01T00:00:00Z' } }
  const containerStatuses = [{ name: 'main', ready: true, restartCount: 1, state }]
  t.strictSame(
    hosts({ startTime, containerStatuses }),
    ['KUBERNETES OLD SAME UNDATED YOUNG', 'ServiceUndated'],
    'a container that started anew',
  )
})

t.test('what the kernel takes', async t => {
  const of = (length: number) => made({ env: [{ name: 'AB', value: 'é'.repeat(length) }] })
  const most = (MAX_STRING - stringBytes({ name: 'AB' })) / 2
  t.strictSame([coded(of(most).obstacles), coded(of(most).warnings)], [[], ['EnvironmentNearLimit AB']])
  t.strictSame(coded(of(most + 1).obstacles), ['ArgumentListTooLong AB'])
  t.strictSame(coded(of(1000).warnings), [])
  const services = Array.from({ length: 10_000 }, (_, i) => service(`service-${i}`, '10.96.0.1'))
  const many = made({ services })
  t.ok(many.size.bytes > MAX_TOTAL && many.size.bytes === many.size.ofServices)
  t.strictSame(coded(many.obstacles), ['ArgumentListTooLong'])
  t.match(many.obstacles[0]?.message, /enableServiceLinks: false leaves out/)
  const few = made({ services: services.slice(0, 6000) })
  t.strictSame([coded(few.obstacles), coded(few.warnings)], [[], ['EnvironmentNearLimit']])
})

t.test('limits of the pod as a whole are not certain', async t => {
  const env = [{ name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }]
  const { warnings } = made({ env, spec: { resources: { limits: { cpu: '2' } } } })
  t.strictSame(coded(warnings), ['ValueUnknown CPU', 'PodLimits CPU'])
})

t.test('containers in the order in which they start', async t => {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a' },
    spec: {
      containers: [{ name: 'main' }],
      initContainers: [{ name: 'setup' }, { name: 'proxy', restartPolicy: 'Always' }],
      ephemeralContainers: [{ name: 'debug' }],
    },
  }
  t.strictSame(
    podContainers(pod).map(({ container, role }) => `${role} ${container.name}`),
    ['init setup', 'sidecar proxy', 'main main', 'ephemeral debug'],
  )
})
