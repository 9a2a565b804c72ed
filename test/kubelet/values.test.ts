/** Values that are fetched from the pod itself: its fields, and what its containers may use. */
import t from 'tap'
import { fieldValue } from '../../src/kubelet/field-value.ts'
import { resourceValue } from '../../src/kubelet/resource-value.ts'
import type { Node } from '../../src/objects/node.ts'
import type { Container, Pod } from '../../src/objects/pod.ts'

const NODE: Node = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-1' },
  spec: {},
  status: {
    addresses: [
      { type: 'Hostname', address: 'node-1' },
      { type: 'ExternalIP', address: '198.51.100.1' },
      { type: 'InternalIP', address: '192.168.64.11' },
      { type: 'InternalIP', address: '192.168.64.12' },
      { type: 'InternalIP', address: 'fd00:64::11' },
    ],
    allocatable: { cpu: '3920m', memory: '1000Ki', 'ephemeral-storage': '10Gi' },
  },
}
const SIX: Node = { ...NODE, status: { ...NODE.status, addresses: [{ type: 'InternalIP', address: 'fd00:64::11' }] } }

const MAIN: Container = {
  name: 'main',
  resources: { requests: { cpu: '70m', memory: '1.5Gi' }, limits: { cpu: '1500m', 'hugepages-2Mi': '4Mi' } },
}
const BARE: Container = { name: 'bare' }
const TINY: Container = { name: 'tiny', resources: { requests: { cpu: '100u', memory: '1.5' } } }
const SETUP: Container = { name: 'setup' }
const POD: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web-0',
    namespace: 'shop',
    uid: 'u-1',
    labels: { app: 'web', 'a.example/b': 'c', "it's": 'odd' },
    annotations: { Note: 'two\nlines' },
  },
  spec: { nodeName: 'node-1', serviceAccountName: 'robot', containers: [MAIN, BARE], initContainers: [SETUP] },
  status: { podIP: '10.244.0.2', podIPs: [{ ip: '10.244.0.2' }, { ip: 'fd00:244::2' }] },
}
const { status: _, ...UNPLACED_STATUS } = POD
const UNPLACED: Pod = { ...UNPLACED_STATUS, spec: { containers: [] } }

// biome-ignore format: one case, one row
const FIELDS: readonly (readonly [path: string, pod: Pod, node: Node | undefined, wanted: string])[] = [
  ['metadata.name',                          POD, NODE, 'web-0'],
  ['metadata.namespace',                     POD, NODE, 'shop'],
  ['metadata.uid',                           POD, NODE, 'u-1'],
  ["metadata.labels['app']",                 POD, NODE, 'web'],
  ["metadata.labels['a.example/b']",         POD, NODE, 'c'],
  ["metadata.labels['it's']",                POD, NODE, 'odd'],
  ["metadata.labels['none']",                POD, NODE, ''],
  ["metadata.labels['constructor']",         POD, NODE, ''],
  ["metadata.annotations['Note']",           POD, NODE, 'two\nlines'],
  ["metadata.annotations['none']",           UNPLACED, undefined, ''],
  ['spec.nodeName',                          POD, NODE, 'node-1'],
  ['spec.serviceAccountName',                POD, NODE, 'robot'],
  ['status.hostIP',                          POD, NODE, '192.168.64.11'],
  ['status.hostIPs',                         POD, NODE, '192.168.64.11,fd00:64::11'],
  ['status.hostIP',                          POD, SIX, 'fd00:64::11'],
  ['status.podIP',                           POD, NODE, '10.244.0.2'],
  ['status.podIPs',                          POD, NODE, '10.244.0.2,fd00:244::2'],
  ['status.podIP',                           POD, SIX, 'fd00:244::2'],
  ['status.podIPs',                          POD, SIX, 'fd00:244::2,10.244.0.2'],
]
for (const [index, [path, pod, node, wanted]] of FIELDS.entries()) {
  t.test(`field ${index}: ${path}`, async t => t.strictSame(fieldValue(path, pod, node), { value: wanted }))
}
for (const path of ['spec.nodeName', 'status.hostIP', 'status.hostIPs', 'status.podIP', 'status.podIPs', 'spec.new']) {
  t.test(`${path} of a pod without a node is not known`, async t => {
    t.match(fieldValue(path, UNPLACED, undefined), { unknown: /.+/ })
  })
}
t.test('where the node is not at hand, the status tells its addresses', async t => {
  const told: Pod = { ...UNPLACED, status: { hostIP: '192.0.2.7' } }
  t.strictSame(fieldValue('status.hostIPs', told, undefined), { value: '192.0.2.7' })
})

// biome-ignore format: one case, one row
const RESOURCES: readonly (readonly [says: string, own: Container, resource: string, divisor: string, container: string | undefined, wanted: string])[] = [
  ['CPUs are rounded up',                      MAIN, 'limits.cpu',                  '0',    undefined, '2'],
  ['thousandths of a CPU',                     MAIN, 'limits.cpu',                  '1m',   undefined, '1500'],
  ['a request',                                MAIN, 'requests.cpu',                '1m',   undefined, '70'],
  ['a fraction of a CPU is one',               MAIN, 'requests.cpu',                '1',    undefined, '1'],
  ['less than a thousandth of a CPU is one',   TINY, 'requests.cpu',                '1m',   undefined, '1'],
  ['a part of a byte is one',                  TINY, 'requests.memory',             '0',    undefined, '2'],
  ['bytes',                                    MAIN, 'requests.memory',             '0',    undefined, '1610612736'],
  ['mebibytes',                                MAIN, 'requests.memory',             '1Mi',  undefined, '1536'],
  ['gibibytes are rounded up',                 MAIN, 'requests.memory',             '1Gi',  undefined, '2'],
  ['huge pages',                               MAIN, 'limits.hugepages-2Mi',        '1Mi',  undefined, '4'],
  ['no huge pages',                            BARE, 'limits.hugepages-2Mi',        '0',    undefined, '0'],
  ['no request is none',                       BARE, 'requests.cpu',                '0',    undefined, '0'],
  ['without a limit, all that the node has',   BARE, 'limits.cpu',                  '1m',   undefined, '3920'],
  ['also of memory',                           BARE, 'limits.memory',               '1Ki',  undefined, '1000'],
  ['also of disk',                             BARE, 'limits.ephemeral-storage',    '1Gi',  undefined, '10'],
  ['of another container',                     BARE, 'limits.cpu',                  '1m',   'main',    '1500'],
  ['of another without a limit: the node’s',   MAIN, 'limits.cpu',                  '1m',   'bare',    '3920'],
  ['of an init container without a limit: none', MAIN, 'limits.cpu',                '1m',   'setup',   '0'],
  ['an init container’s own: the node’s',      SETUP, 'limits.cpu',                 '1m',   undefined, '3920'],
]
for (const [says, own, resource, divisor, container, wanted] of RESOURCES) {
  t.test(`resource: ${says}`, async t => {
    const source = { from: 'resource', resource, divisor, ...(container === undefined ? {} : { container }) } as const
    t.strictSame(resourceValue(source, POD, own, NODE), { value: wanted })
  })
}

t.test('resources that there are not', async t => {
  const of = (resource: string, container?: string) =>
    resourceValue({ from: 'resource', resource, divisor: 0, ...(container ? { container } : {}) }, POD, BARE, undefined)
  t.match(of('limits.cpu', 'nobody'), { problem: 'container nobody not found' })
  t.match(of('limits.gpu'), { problem: /unsupported container resource/ })
  t.match(of('cpu'), { problem: /unsupported container resource/ })
  t.match(of('limits.cpu'), { unknown: /allocatable/ })
  t.match(of('requests.cpu'), { value: '0' }, 'a request does not depend on the node')
})
