import t from 'tap'
import { reconcileSlices, SLICE_CONTROLLER } from '../../src/endpoints/slices.ts'
import type { EndpointSlice } from '../../src/objects/endpoint-slice.ts'
import type { Service } from '../../src/objects/service.ts'
import { context, node, pod, pods, service } from './build.ts'

const dual: Partial<Service['spec']> = { ipFamilies: ['IPv4', 'IPv6'] }
const both = { ips: ['10.244.1.1', 'fd00::1'] }
const named = { ports: [{ name: 'http', port: 80, protocol: 'TCP' as const, targetPort: 'web' }] }
const web = (containerPort: number, protocol: 'TCP' | 'UDP' = 'TCP') => ({
  spec: { containers: [{ name: 'c', ports: [{ name: 'web', containerPort, protocol }] }] },
})
const sidecar = {
  spec: {
    containers: [{ name: 'c' }],
    initContainers: [{ name: 's', restartPolicy: 'Always', ports: [{ name: 'web', containerPort: 15000 }] }],
  },
}
const initOnly = {
  spec: {
    containers: [{ name: 'c' }],
    initContainers: [{ name: 's', ports: [{ name: 'web', containerPort: 15000 }] }],
  },
}

function made(of: Service, given: Parameters<typeof reconcileSlices>[1]): readonly EndpointSlice[] {
  return reconcileSlices(of, given, [], context()).writes.map(write => write.object)
}

/** `IPv4 http/TCP/8080: 10.244.1.1 ready,serving` */
function brief({ addressType, endpoints, ports }: EndpointSlice): string {
  const listed = (ports ?? []).map(port => `${port.name}/${port.protocol}/${port.port}`).join(' ')
  const all = (endpoints ?? []).map(one => {
    const conditions = Object.entries(one.conditions ?? {}).flatMap(([name, holds]) => (holds ? [name] : []))
    return [one.addresses.join(), one.hostname, conditions.join()].filter(Boolean).join(' ')
  })
  return `${addressType} ${listed || 'no ports'}: ${all.join('; ') || 'nobody'}`
}

// biome-ignore format: one case, one row
const cases: [name: string, of: Service, given: Parameters<typeof pod>[1][], slices: string[]][] = [
  ['shows a ready Pod',                          service(), [{}], ['IPv4 http/TCP/8080: 10.244.1.1 ready,serving']],
  ['shows one that is not ready as such',        service(), [{ ready: false }], ['IPv4 http/TCP/8080: 10.244.1.1']],
  ['keeps one that is being deleted, not ready', service(), [{ terminating: true }], ['IPv4 http/TCP/8080: 10.244.1.1 serving,terminating']],
  ['publishes unready ones if asked to',         service({ publishNotReadyAddresses: true }), [{ ready: false }], ['IPv4 http/TCP/8080: 10.244.1.1 ready']],
  ['publishes even those being deleted',         service({ publishNotReadyAddresses: true }), [{ terminating: true }], ['IPv4 http/TCP/8080: 10.244.1.1 ready,serving,terminating']],
  ['leaves out those that have ended',           service(), [{ phase: 'Succeeded' }, { phase: 'Failed' }], ['IPv4 no ports: nobody']],
  ['leaves out those without an address',        service(), [{ ips: [] }], ['IPv4 no ports: nobody']],
  ['leaves out those on nodes that are not there', service(), [{ spec: { nodeName: 'gone' } }], ['IPv4 no ports: nobody']],
  ['publishes those too if asked to',            service({ publishNotReadyAddresses: true }), [{ spec: { nodeName: 'gone' } }], ['IPv4 http/TCP/8080: 10.244.1.1 ready,serving']],
  ['says with a placeholder that there is none', service(dual), [], ['IPv4 no ports: nobody', 'IPv6 no ports: nobody']],
  ['makes a slice for each family',              service(dual), [both], ['IPv4 http/TCP/8080: 10.244.1.1 ready,serving', 'IPv6 http/TCP/8080: fd00::1 ready,serving']],
  ['takes the family of a lone cluster IP',      service({ ipFamilies: [], clusterIP: 'fd00:96::1' }), [both], ['IPv6 http/TCP/8080: fd00::1 ready,serving']],
  ['gives headless services both families',      service({ ipFamilies: [], clusterIP: 'None' }), [both], ['IPv4 http/TCP/8080: 10.244.1.1 ready,serving', 'IPv6 http/TCP/8080: fd00::1 ready,serving']],
  ['resolves a named port per Pod',              service(named), [web(1), { ...web(2), ip: '10.244.1.2' }], ['IPv4 http/TCP/1: 10.244.1.1 ready,serving', 'IPv4 http/TCP/2: 10.244.1.2 ready,serving']],
  ['finds a named port by protocol as well',     service(named), [web(1, 'UDP')], ['IPv4 no ports: 10.244.1.1 ready,serving']],
  ['finds a named port of a sidecar',            service(named), [sidecar], ['IPv4 http/TCP/15000: 10.244.1.1 ready,serving']],
  ['finds none of an init container',            service(named), [initOnly], ['IPv4 no ports: 10.244.1.1 ready,serving']],
  ['takes the port itself without a target',     service({ ports: [{ port: 80 }] }), [{}], ['IPv4 /TCP/80: 10.244.1.1 ready,serving']],
  ['gives a Pod of the subdomain its hostname',  service(), [{ spec: { hostname: 'a', subdomain: 'web' } }], ['IPv4 http/TCP/8080: 10.244.1.1 a ready,serving']],
  ['gives none in another subdomain',            service(), [{ spec: { hostname: 'a', subdomain: 'db' } }], ['IPv4 http/TCP/8080: 10.244.1.1 ready,serving']],
  ['leaves services without selector alone',     service({ selector: null }), [{}], []],
  ['leaves services with an empty one alone',    service({ selector: {} }), [{}], []],
  ['leaves external names alone',                service({ type: 'ExternalName' }), [{}], []],
]

for (const [name, of, given, slices] of cases) {
  t.test(`reconcileSlices() ${name}`, async t => {
    const got = made(
      of,
      given.map((parts, i) => pod(`pod-${i}`, parts)),
    )
    t.strictSame(got.map(brief), slices)
  })
}

t.test('a slice says whose it is', async t => {
  const labels = { tier: 'front', 'kubernetes.io/service-name': 'other' }
  const [slice] = made(service({ clusterIP: 'None' }, { labels }), [pod('a')])
  t.match(slice?.metadata.name, /^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/)
  t.strictSame(slice?.metadata, {
    name: slice?.metadata.name,
    generateName: 'web-',
    namespace: 'default',
    labels: {
      tier: 'front',
      'kubernetes.io/service-name': 'web',
      'endpointslice.kubernetes.io/managed-by': SLICE_CONTROLLER,
      'service.kubernetes.io/headless': '',
    },
    ownerReferences: [
      { apiVersion: 'v1', kind: 'Service', name: 'web', uid: 'uid-web', controller: true, blockOwnerDeletion: true },
    ],
  })
  t.strictSame(slice?.endpoints?.[0], {
    addresses: ['10.244.1.1'],
    conditions: { ready: true, serving: true, terminating: false },
    targetRef: { kind: 'Pod', namespace: 'default', name: 'a', uid: 'uid-a' },
    nodeName: 'node-1',
    zone: 'a',
  })
})

t.test('the same seed draws the same names', async t => {
  const names = () => made(service(), pods(250)).map(slice => slice.metadata.name)
  t.strictSame(names(), names())
  t.equal(new Set(names()).size, 3)
})

t.test('two slices made at once do not get one name', async t => {
  let draws = 0
  const random = () => (draws++ < 10 ? 0 : 0.5)
  const { writes } = reconcileSlices(service(), pods(101), [], context({ random }))
  t.strictSame(
    writes.map(write => write.object.metadata.name),
    ['web-bbbbb', 'web-rrrrr'],
  )
})

/** Applies writes as a store would. */
function apply(stored: readonly EndpointSlice[], writes: ReturnType<typeof reconcileSlices>['writes']) {
  const all = new Map(stored.map(slice => [slice.metadata.name, slice]))
  for (const { do: what, object } of writes) {
    if (what === 'delete') all.delete(object.metadata.name)
    else all.set(object.metadata.name, object)
  }
  return [...all.values()]
}

t.test('from one set of Pods to the next', async t => {
  const steps = (of: Service, before: ReturnType<typeof pods>, after: ReturnType<typeof pods>, then = of) => {
    const stored = apply([], reconcileSlices(of, before, [], context()).writes)
    const { writes } = reconcileSlices(then, after, stored, context({ random: () => 0.5 }))
    const rest = reconcileSlices(then, after, apply(stored, writes), context()).writes
    t.strictSame(rest, [], 'then nothing is left to do')
    return writes.map(({ do: what, object }) => `${what} ${object.endpoints?.length}`)
  }
  t.strictSame(steps(service(), pods(5), pods(5)), [], 'nothing changes')
  t.strictSame(steps(service(), pods(150), pods(151)), ['update 51'], 'one more Pod is one write')
  t.strictSame(steps(service(), pods(150), pods(149)), ['update 49'], 'one Pod less is one write')
  t.strictSame(steps(service(), pods(100), pods(101)), ['create 1'], 'a full slice stays')
  t.strictSame(steps(service(), pods(0), pods(3)), ['update 3'], 'the placeholder becomes a slice')
  t.strictSame(steps(service(), pods(3), pods(0)), ['update 0'], 'the last slice becomes the placeholder')
  t.strictSame(steps(service(), pods(150), pods(0)), ['update 0', 'delete 50'], 'other slices go')
  t.strictSame(steps(service(), pods(2), pods(2, 2)), ['update 2'], 'other Pods, one slice')
  const relabelled = service({}, { labels: { a: 'b' } })
  t.strictSame(steps(service(), pods(2), pods(2), relabelled), ['update 2'], 'labels follow the service')
  const single = service(dual)
  t.strictSame(steps(single, pods(2), pods(2), service()), ['delete 0'], 'a family that is gone')
  const ending = service({}, { deletionTimestamp: '2026-01-01T00:00:00Z' })
  t.strictSame(steps(service(), pods(100), pods(101), ending).length, 0, 'no slice is made for a service about to go')
})

t.test('a slice of other ports becomes the slice that would be made', async t => {
  const stored = made(service(), [pod('a')])
  const moved = service({ ports: [{ name: 'http', port: 80, targetPort: 9090 }] })
  const { writes } = reconcileSlices(moved, [pod('a')], stored, context())
  t.strictSame(
    writes.map(({ do: what, object }) => [what, object.metadata.name, object.ports?.[0]?.port]),
    [['update', stored[0]?.metadata.name, 9090]],
  )
})

t.test('a slice of a former service of that name is not reused', async t => {
  const stored = made(service({}, { uid: 'former' }), [])
  const { writes } = reconcileSlices(service(), [pod('a')], stored, context())
  t.strictSame(
    writes.map(write => write.do),
    ['create', 'delete'],
  )
})

t.test('slices of other controllers are left alone', async t => {
  const foreign = made(service(), [pod('a')]).map(slice => ({
    ...slice,
    metadata: { ...slice.metadata, labels: { 'kubernetes.io/service-name': 'web' } },
  }))
  t.strictSame(
    reconcileSlices(service(), [pod('a')], foreign, context()).writes.map(write => write.do),
    ['create'],
  )
})

t.test('a Pod in a zone that is not known has no zone', async t => {
  const findNode = () => node('node-1')
  const { writes } = reconcileSlices(service(), [pod('a')], [], context({ findNode }))
  t.notOk(Object.hasOwn(writes[0]?.object.endpoints?.[0] ?? {}, 'zone'))
})
