import fc from 'fast-check'
import t from 'tap'
import { seededRandom } from '../../src/base/random.ts'
import { encodeHash, generateFreeName, generateName } from '../../src/objects/generated-name.ts'
import type { CronJob, HorizontalPodAutoscaler } from '../../src/objects/job.ts'
import type { Container, Pod, PodSpec } from '../../src/objects/pod.ts'
import { boundReplicas } from '../../src/workloads/autoscaler.ts'
import { claim } from '../../src/workloads/claim.ts'
import { amountOf, demandOf } from '../../src/workloads/demand.ts'
import { startCronJob } from '../../src/workloads/job.ts'
import { templateHash } from '../../src/workloads/template.ts'
import { chooseVictims } from '../../src/workloads/victims.ts'
import { pod, replicaSet, template } from './build.ts'

t.test('names are drawn as the API server draws them', async t => {
  t.match(generateName('web-', seededRandom(1)), /^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  t.equal(generateName('web-', seededRandom(1)), generateName('web-', seededRandom(1)))
  t.equal(generateName('x'.repeat(70), seededRandom(1)).length, 63)
  const all = new Set(Array.from({ length: 2000 }, (_, i) => generateName('', () => i / 2000).slice(0, 1)))
  t.equal([...all].join(''), 'bcdfghjklmnpqrstvwxz2456789', 'every letter comes up')
})

t.test('a name that is taken is drawn again', async t => {
  const first = generateName('a-', seededRandom(1))
  t.not(
    generateFreeName('a-', name => name === first, seededRandom(1)),
    first,
  )
  t.throws(() => generateFreeName('a-', () => true, seededRandom(1)), RangeError)
})

t.test('a hash is written in letters that spell no words', async t => {
  t.equal(encodeHash(1234567890), '56789bcdf4')
  t.equal(encodeHash(-1), encodeHash(0xffffffff))
})

t.test('templateHash() is the same for the same template, in whatever order', async t => {
  t.equal(
    templateHash({ spec: { containers: [], hostname: 'a', subdomain: 'b' } }),
    templateHash({ spec: { subdomain: 'b', hostname: 'a', containers: [] } }),
  )
  t.not(templateHash(template()), templateHash(template({ hostNetwork: true })))
  t.not(templateHash(template()), templateHash(template(), 1), 'another after a collision')
  const lists = fc.array(fc.string())
  fc.assert(
    fc.property(lists, lists, (a, b) => {
      const of = (args: string[]) => templateHash(template({ args }))
      if (JSON.stringify(a) === JSON.stringify(b) ? of(a) !== of(b) : of(a) === of(b)) throw new Error('not so')
    }),
  )
})

const asks = (cpu?: string, limit?: string): NonNullable<Container['resources']> => ({
  ...(cpu && { requests: { cpu } }),
  ...(limit && { limits: { cpu: limit } }),
})

// biome-ignore format: one case, one row
const demands: [name: string, spec: Partial<PodSpec>, cpu: number | undefined][] = [
  ['nothing of a Pod that asks for nothing',        {}, undefined],
  ['the sum of its containers',                     { containers: [{ name: 'a', resources: asks('100m') }, { name: 'b', resources: asks('1') }] }, 1100],
  ['a limit where there is no request',             { containers: [{ name: 'a', resources: asks(undefined, '2') }] }, 2000],
  ['the request rather than the limit',             { containers: [{ name: 'a', resources: asks('1', '2') }] }, 1000],
  ['an init container that asks for more',          { containers: [{ name: 'a', resources: asks('1') }], initContainers: [{ name: 'i', resources: asks('3') }, { name: 'j', resources: asks('2') }] }, 3000],
  ['sidecars on top',                               { containers: [{ name: 'a', resources: asks('1') }], initContainers: [{ name: 's', restartPolicy: 'Always', resources: asks('1') }] }, 2000],
  ['sidecars beside later init containers',         { containers: [{ name: 'a', resources: asks('1') }], initContainers: [{ name: 's', restartPolicy: 'Always', resources: asks('1') }, { name: 'i', resources: asks('3') }] }, 4000],
  ['not beside earlier ones',                       { containers: [{ name: 'a', resources: asks('1') }], initContainers: [{ name: 'i', resources: asks('3') }, { name: 's', restartPolicy: 'Always', resources: asks('1') }] }, 3000],
  ['what the whole Pod asks for instead',           { containers: [{ name: 'a', resources: asks('1') }], resources: { requests: { cpu: '5' } } }, 5000],
  ['the overhead of its runtime',                   { containers: [{ name: 'a', resources: asks('1') }], overhead: { cpu: '250m' } }, 1250],
]

for (const [name, spec, cpu] of demands) {
  t.test(`demandOf() counts ${name}`, async t => t.equal(demandOf(pod('p', spec)).requests.get('cpu'), cpu))
}

t.test('amountOf() rounds up, but not for noise', async t => {
  t.equal(amountOf('cpu', '0.07'), 70)
  t.equal(amountOf('cpu', '1u'), 1)
  t.equal(amountOf('memory', '1.5'), 2)
  t.equal(amountOf('memory', '1Ki'), 1024)
})

t.test('demandOf() gives one text to alike Pods', async t => {
  const key = (spec: Partial<PodSpec>) => demandOf(pod('p', spec)).key
  t.equal(key({ containers: [{ name: 'a' }] }), key({ containers: [{ name: 'b', image: 'other' }] }))
  t.not(key({}), key({ nodeSelector: { a: 'b' } }))
  t.not(key({}), key({ containers: [{ name: 'a', ports: [{ containerPort: 80, hostPort: 80 }] }] }))
})

const running = (
  name: string,
  more: { nodeName?: string; ready?: boolean; cost?: string; created?: string } = {},
): Pod => ({
  ...pod(
    name,
    { nodeName: more.nodeName ?? name },
    {
      ...(more.cost && { annotations: { 'controller.kubernetes.io/pod-deletion-cost': more.cost } }),
      ...(more.created && { creationTimestamp: more.created }),
    },
  ),
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: more.ready === false ? 'False' : 'True' }] },
})

// biome-ignore format: one case, one row
const victims: [name: string, pods: Pod[], victim: string][] = [
  ['a Pod that is nowhere',             [running('a'), { ...pod('b'), status: { phase: 'Running' } }], 'b'],
  ['one that does not run yet',         [running('a'), { ...running('b'), status: { phase: 'Pending' } }], 'b'],
  ['one that is not ready',             [running('a'), running('b', { ready: false }), running('c')], 'b'],
  ['one that costs less',               [running('a', { cost: '5' }), running('b', { cost: '-1' }), running('c')], 'b'],
  ['one of a crowd',                    [running('a', { nodeName: 'x' }), running('b', { nodeName: 'x' }), running('c')], 'b'],
  ['the youngest',                      [running('a', { created: '2026-01-02T00:00:00Z' }), running('b', { created: '2026-01-01T00:00:00Z' })], 'a'],
  ['the last by name if all are alike', [running('a'), running('c'), running('b')], 'c'],
]

for (const [name, pods, victim] of victims) {
  t.test(`chooseVictims() takes ${name} first`, async t => {
    t.strictSame(
      chooseVictims(pods, 1).map(one => one.metadata.name),
      [victim],
    )
    t.strictSame(chooseVictims(pods, 9), pods)
  })
}

t.test('claim() keeps, adopts and releases', async t => {
  const owner = replicaSet()
  const reference = (uid: string) => ({
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid, controller: true }],
  })
  const other = { apiVersion: 'v1', kind: 'Thing', name: 'x', uid: 'x' }
  const candidates = [
    pod('own', {}, reference('uid-web')),
    pod('free', {}, { ownerReferences: [other] }),
    pod('strange', {}, { labels: { app: 'db' } }),
    pod('lost', {}, { labels: { app: 'db' }, ...reference('uid-web') }),
    pod('foreign', {}, reference('somebody')),
    pod('orphan', {}, reference('nobody')),
    pod('ending', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
  ]
  const { owned, writes } = claim(owner, [{ key: 'app', operator: '=', values: ['web'] }], candidates, {
    isKnown: ({ uid }) => uid !== 'nobody',
  })
  t.strictSame(
    owned.map(one => one.metadata.name),
    ['own', 'free', 'orphan'],
  )
  t.strictSame(
    writes.map(write => `${write.do} ${write.object.metadata.name}`),
    ['update free', 'update lost', 'update orphan'],
  )
  t.match(owned[1]?.metadata.ownerReferences, [other, { uid: 'uid-web', controller: true, blockOwnerDeletion: true }])
  t.notOk(writes[1]?.object.metadata.ownerReferences)
})

t.test('a CronJob starts a Job when asked to', async t => {
  const cron: CronJob = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'nightly', namespace: 'default', uid: 'u' },
    spec: { schedule: '0 0 * * *', jobTemplate: { metadata: { labels: { a: 'b' } }, spec: { template: template() } } },
  }
  t.match(startCronJob(cron, Date.parse('2026-01-02T00:00:00Z')), {
    kind: 'Job',
    metadata: {
      name: 'nightly-29455200',
      labels: { a: 'b' },
      annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-01-02T00:00:00Z' },
      ownerReferences: [{ kind: 'CronJob', uid: 'u' }],
    },
    spec: { template: template() },
  })
})

t.test('boundReplicas() keeps to the bounds', async t => {
  const scaler = (minReplicas: number | undefined, maxReplicas: number): HorizontalPodAutoscaler => ({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web' },
    spec: {
      ...(minReplicas !== undefined && { minReplicas }),
      maxReplicas,
      scaleTargetRef: { kind: 'Deployment', name: 'web' },
    },
  })
  t.equal(boundReplicas(scaler(2, 5), 1), 2)
  t.equal(boundReplicas(scaler(2, 5), 3), 3)
  t.equal(boundReplicas(scaler(2, 5), 9), 5)
  t.equal(boundReplicas(scaler(undefined, 5), 1), 1)
  t.equal(boundReplicas(scaler(2, 5), 0), 0, 'off stays off')
})
