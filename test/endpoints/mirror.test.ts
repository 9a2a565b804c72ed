import t from 'tap'
import { seededRandom } from '../../src/base/random.ts'
import { MIRROR_CONTROLLER, reconcileMirror } from '../../src/endpoints/mirror.ts'
import type { EndpointSlice } from '../../src/objects/endpoint-slice.ts'
import type { EndpointSubset, Endpoints } from '../../src/objects/endpoints.ts'
import { service } from './build.ts'

const plain = service({ selector: null })

function endpoints(subsets: readonly EndpointSubset[], metadata: Partial<Endpoints['metadata']> = {}): Endpoints {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'web', namespace: 'default', uid: 'uid-endpoints', ...metadata },
    subsets,
  }
}

const ips = (...all: string[]) => all.map(ip => ({ ip }))
const ports = [{ name: 'http', port: 80, protocol: 'TCP' as const }]
const one = endpoints([{ addresses: ips('192.0.2.1'), ports }])

function mirror(
  of: Endpoints | undefined,
  stored: readonly EndpointSlice[] = [],
  owner: typeof plain | undefined = plain,
) {
  return reconcileMirror(owner, of, stored, seededRandom(1))
}

/** `IPv4 http/80: 192.0.2.1 !192.0.2.2` */
function brief({ addressType, endpoints, ports }: EndpointSlice): string {
  const all = (endpoints ?? []).map(each => `${each.conditions?.ready ? '' : '!'}${each.addresses.join()}`)
  return `${addressType} ${(ports ?? []).map(port => `${port.name}/${port.port}`).join(' ')}: ${all.join(' ')}`
}

// biome-ignore format: one case, one row
const cases: [name: string, subsets: EndpointSubset[], slices: string[]][] = [
  ['makes one slice of a subset',           [{ addresses: ips('192.0.2.1', '192.0.2.2'), ports }],                     ['IPv4 http/80: 192.0.2.1 192.0.2.2']],
  ['makes one for each family',             [{ addresses: ips('192.0.2.1', '2001:db8::1'), ports }],                  ['IPv4 http/80: 192.0.2.1', 'IPv6 http/80: 2001:db8::1']],
  ['keeps the unready as such',             [{ addresses: ips('192.0.2.1'), notReadyAddresses: ips('192.0.2.2'), ports }], ['IPv4 http/80: 192.0.2.1 !192.0.2.2']],
  ['makes one for each list of ports',      [{ addresses: ips('192.0.2.1'), ports }, { addresses: ips('192.0.2.2'), ports: [{ port: 443 }] }], ['IPv4 http/80: 192.0.2.1', 'IPv4 /443: 192.0.2.2']],
  ['joins subsets that say the same',       [{ addresses: ips('192.0.2.1'), ports }, { addresses: ips('192.0.2.2'), ports }], ['IPv4 http/80: 192.0.2.1 192.0.2.2']],
  ['mirrors subsets without ports',         [{ addresses: ips('192.0.2.1') }],                                        ['IPv4 : 192.0.2.1']],
  ['makes none of nobody',                  [{ ports }],                                                              []],
]

for (const [name, subsets, slices] of cases) {
  t.test(`reconcileMirror() ${name}`, async t => {
    t.strictSame(
      mirror(endpoints(subsets)).writes.map(({ object }) => brief(object)),
      slices,
    )
  })
}

t.test('a mirror carries what the object carries', async t => {
  const annotations = {
    mine: 'yes',
    'endpoints.kubernetes.io/last-change-trigger-time': '2026-01-01T00:00:00Z',
    'kubectl.kubernetes.io/last-applied-configuration': '{}',
  }
  const address = { ip: '192.0.2.1', hostname: 'h', nodeName: 'n', targetRef: { kind: 'Pod', name: 'p' } }
  const [write] = mirror(endpoints([{ addresses: [address], ports }], { labels: { a: 'b' }, annotations })).writes
  const { name, ...metadata } = write?.object.metadata ?? { name: '' }
  t.match(name, /^web-.{5}$/)
  t.strictSame(metadata, {
    generateName: 'web-',
    namespace: 'default',
    ownerReferences: [
      {
        apiVersion: 'v1',
        kind: 'Endpoints',
        name: 'web',
        uid: 'uid-endpoints',
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
    labels: {
      a: 'b',
      'kubernetes.io/service-name': 'web',
      'endpointslice.kubernetes.io/managed-by': MIRROR_CONTROLLER,
    },
    annotations: { mine: 'yes' },
  })
  t.strictSame(write?.object.endpoints, [
    {
      addresses: ['192.0.2.1'],
      conditions: { ready: true },
      hostname: 'h',
      targetRef: { kind: 'Pod', name: 'p' },
      nodeName: 'n',
    },
  ])
})

t.test('mirrors follow the object', async t => {
  const stored = mirror(one).writes.map(write => write.object)
  t.strictSame(mirror(one, stored).writes, [], 'nothing to do')
  const more = endpoints([{ addresses: ips('192.0.2.1', '192.0.2.2'), ports }])
  const [update] = mirror(more, stored).writes
  t.strictSame([update?.do, update?.object.metadata.name], ['update', stored[0]?.metadata.name])
  const noted = endpoints(one.subsets ?? [], { annotations: { mine: 'yes' } })
  t.equal(mirror(noted, stored).writes[0]?.do, 'update', 'annotations follow')
  const twins = [...stored, ...stored.map(slice => ({ ...slice, metadata: { ...slice.metadata, name: 'twin' } }))]
  t.strictSame(
    mirror(one, twins).writes.map(({ do: what, object }) => `${what} ${object.metadata.name}`),
    ['delete twin'],
    'one is enough',
  )
})

t.test('mirrors go when the object is not mirrored any more', async t => {
  const stored = mirror(one).writes.map(write => write.object)
  const skip = endpoints(one.subsets ?? [], { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } })
  const lock = endpoints(one.subsets ?? [], { annotations: { 'control-plane.alpha.kubernetes.io/leader': '{}' } })
  const deleted = (changes: ReturnType<typeof mirror>) => changes.writes.map(write => write.do)
  t.strictSame(deleted(mirror(skip, stored)), ['delete'], 'it asks not to be')
  t.strictSame(deleted(mirror(lock, stored)), ['delete'], 'it is a lock')
  t.strictSame(deleted(mirror(undefined, stored)), ['delete'], 'it is gone')
  t.strictSame(deleted(mirror(one, stored, service())), ['delete'], 'the service has a selector')
  t.strictSame(deleted(reconcileMirror(undefined, one, stored, seededRandom(1))), ['delete'], 'the service is gone')
  const foreign = stored.map(slice => ({ ...slice, metadata: { ...slice.metadata, labels: {} } }))
  t.strictSame(deleted(mirror(undefined, foreign)), [], 'slices of others stay')
})

t.test('what cannot be mirrored is told', async t => {
  const many = Array.from({ length: 1002 }, (_, i) => `10.0.${i >> 8}.${i & 255}`)
  const tooMany = mirror(endpoints([{ addresses: ips(...many), ports }]))
  t.equal(tooMany.writes[0]?.object.endpoints?.length, 1000)
  const limit = 'A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset'
  t.strictSame(tooMany.notices, [
    { type: 'Warning', reason: 'TooManyAddressesToMirror', message: `${limit}. 2 addresses were skipped` },
  ])
  const message = 'Skipped 1 invalid IP addresses when mirroring to EndpointSlices'
  t.strictSame(mirror(endpoints([{ addresses: ips('192.0.2.1', 'x'), ports }])).notices, [
    { type: 'Warning', reason: 'InvalidIPAddress', message },
  ])
})
