import t from 'tap'
import type { Node } from '../../src/objects/node.ts'
import type { Pod, PodStatus } from '../../src/objects/pod.ts'
import { reportPod } from '../../src/workloads/kubelet.ts'
import { afterPlacement, withCondition } from '../../src/workloads/pod-status.ts'
import { node, pod } from './build.ts'

const now = Date.parse('2026-01-02T03:04:05Z')
const time = '2026-01-02T03:04:05Z'
const home: Node = {
  ...node('a'),
  status: {
    addresses: [
      { type: 'Hostname', address: 'a' },
      { type: 'InternalIP', address: '192.168.64.11' },
      { type: 'InternalIP', address: 'fd00:64::11' },
      { type: 'InternalIP', address: '10.9.9.9' },
    ],
  },
}

const dual = () => ['10.244.1.2', 'fd00::2']
const never = () => {
  throw new Error('asked for an address')
}
const withStatus = (status: PodStatus, one = pod('p', { nodeName: 'a' })): Pod => ({ ...one, status })
const conditionsOf = ({ status }: Pod) =>
  Object.fromEntries((status?.conditions ?? []).map(one => [one.type, one.status]))

t.test('a Pod runs, with addresses, on its node', async t => {
  const { status } = reportPod(pod('p', { nodeName: 'a' }), home, dual, now)
  const condition = (type: string) => ({ lastProbeTime: null, lastTransitionTime: time, type, status: 'True' })
  t.strictSame(status, {
    hostIP: '192.168.64.11',
    hostIPs: [{ ip: '192.168.64.11' }, { ip: 'fd00:64::11' }],
    podIP: '10.244.1.2',
    podIPs: [{ ip: '10.244.1.2' }, { ip: 'fd00::2' }],
    phase: 'Running',
    conditions: ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(condition),
    startTime: time,
    containerStatuses: [
      {
        name: 'c',
        image: '',
        imageID: '',
        ready: true,
        restartCount: 0,
        started: true,
        state: { running: { startedAt: time } },
      },
    ],
  })
})

t.test('a report is made once', async t => {
  const reported = reportPod(pod('p', { nodeName: 'a' }), home, dual, now)
  t.equal(reportPod(reported, home, never, now + 5000), reported)
})

t.test("a Pod of the node's network has the node's addresses", async t => {
  const { status } = reportPod(pod('p', { nodeName: 'a', hostNetwork: true }), home, never, now)
  t.strictSame(status?.podIPs, [{ ip: '192.168.64.11' }, { ip: 'fd00:64::11' }], 'one of each family')
  const bare = reportPod(pod('p', { nodeName: 'b', hostNetwork: true }), { ...home, status: {} }, never, now)
  t.match(bare.status, { phase: 'Running' }, 'it runs even where the node names none')
})

t.test('an annotation keeps a Pod from becoming ready', async t => {
  const annotations = { 'podwire.dev/ready': 'false' }
  const reported = reportPod(pod('p', { nodeName: 'a' }, { annotations }), home, dual, now)
  t.match(conditionsOf(reported), { Ready: 'False', ContainersReady: 'False', Initialized: 'True' })
  t.equal(reported.status?.phase, 'Running')
  const unready = reported.status?.conditions?.find(one => one.type === 'Ready')
  t.match(unready, { reason: 'ContainersNotReady', message: 'containers with unready status: [c]' })
  t.equal(reported.status?.containerStatuses?.[0]?.ready, false)
})

t.test('init containers are done, sidecars run', async t => {
  const initContainers = [{ name: 'i' }, { name: 's', restartPolicy: 'Always' }]
  const { status } = reportPod(pod('p', { nodeName: 'a', initContainers }), home, dual, now)
  t.match(status?.['initContainerStatuses'], [
    { name: 'i', state: { terminated: { reason: 'Completed' } } },
    { name: 's', state: { running: {} } },
  ])
})

t.test('a Pod waits while the node has no address left', async t => {
  const waiting = reportPod(pod('p', { nodeName: 'a' }), home, () => [], now)
  t.match(waiting.status, { phase: 'Pending' })
  t.notOk(waiting.status?.podIP)
  t.notOk(conditionsOf(waiting)['Ready'])
  t.equal(
    reportPod(waiting, home, () => [], now),
    waiting,
  )
  t.equal(reportPod(waiting, home, dual, now).status?.phase, 'Running', 'and runs when it has one')
})

const ready = [{ type: 'Ready', status: 'True' as const }]
const unready = [{ type: 'Ready', status: 'False' as const }]

// biome-ignore format: one case, one row
const given: [name: string, status: PodStatus, asks: boolean, wanted: PodStatus][] = [
  ['an address and a readiness',            { phase: 'Running', podIP: '10.1.1.1', conditions: unready }, false, { podIP: '10.1.1.1', conditions: unready }],
  ['an end',                                { phase: 'Succeeded' },                                       false, { phase: 'Succeeded' }],
  ['a failure, address and all',            { phase: 'Failed', podIP: '10.1.1.1' },                       false, { phase: 'Failed', podIP: '10.1.1.1' }],
  ['that it still waits for its containers', { phase: 'Pending', conditions: unready },                   false, { phase: 'Pending', conditions: unready }],
  ['an address alone, and the rest is made', { podIP: '10.1.1.1' },                                       false, { podIP: '10.1.1.1', phase: 'Running' }],
  ['a readiness, and the address is made',  { phase: 'Running', conditions: ready },                      true,  { podIP: '10.244.1.2', conditions: ready }],
]

for (const [name, status, asks, wanted] of given) {
  t.test(`a report keeps ${name}`, async t => {
    const reported = reportPod(withStatus(status), home, asks ? dual : never, now)
    for (const [field, value] of Object.entries(wanted)) t.strictSame(reported.status?.[field], value, field)
  })
}

t.test('afterPlacement() binds, or says why not', async t => {
  const bound = afterPlacement(pod('p'), { node: 'a' }, now)
  t.equal(bound.spec.nodeName, 'a')
  t.match(conditionsOf(bound), { PodScheduled: 'True' })
  t.equal(bound.status?.phase, 'Pending')
  const refused = afterPlacement(pod('p'), { reason: 'Unschedulable', message: 'no room' }, now)
  t.notOk(refused.spec.nodeName)
  t.match(refused.status?.conditions, [
    { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no room' },
  ])
  t.equal(afterPlacement(refused, { reason: 'Unschedulable', message: 'no room' }, now + 9000), refused)
})

t.test('withCondition() keeps the time while the status stays', async t => {
  const first = withCondition(undefined, { type: 'Ready', status: 'False', reason: 'A' }, '1')
  const second = withCondition(first, { type: 'Ready', status: 'False', reason: 'B' }, '2')
  t.match(second, [{ reason: 'B', lastTransitionTime: '1' }])
  t.match(withCondition(second, { type: 'Ready', status: 'True' }, '3'), [{ status: 'True', lastTransitionTime: '3' }])
})
