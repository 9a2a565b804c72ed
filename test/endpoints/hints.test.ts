import t from 'tap'
import { hintSlices, preferenceOf } from '../../src/endpoints/hints.ts'
import { reconcileSlices } from '../../src/endpoints/slices.ts'
import { shareZones, type ZoneShares } from '../../src/endpoints/zone-shares.ts'
import type { Endpoint, EndpointHints, EndpointSlice } from '../../src/objects/endpoint-slice.ts'
import type { Node } from '../../src/objects/node.ts'
import { context, endpoint, node, pod, service } from './build.ts'

const mode = (value: string, key = 'service.kubernetes.io/topology-mode') => ({ annotations: { [key]: value } })
const former = 'service.kubernetes.io/topology-aware-hints'

t.test('preferenceOf() reads the field, and the annotations before it', async t => {
  const of = (trafficDistribution: string | undefined, metadata = {}) =>
    preferenceOf(service(trafficDistribution ? { trafficDistribution } : {}, metadata))
  t.equal(of(undefined), 'none')
  t.equal(of('PreferClose'), 'zone')
  t.equal(of('PreferSameZone'), 'zone')
  t.equal(of('PreferSameNode'), 'node')
  t.equal(of('Whatever'), 'none')
  t.equal(of('PreferClose', mode('Auto')), 'auto')
  t.equal(of(undefined, mode('auto', former)), 'auto')
  t.equal(of('PreferClose', mode('Disabled')), 'zone')
  const both = { annotations: { ...mode('Auto').annotations, [former]: 'Disabled' } }
  t.equal(of(undefined, both), 'none', 'the older annotation counts')
})

function inZone(number: number, zone: string | undefined, parts: Partial<Endpoint> = {}): Endpoint {
  return { ...endpoint(number), ...(zone && { zone }), ...parts }
}

const zoneHint = (zone: string): EndpointHints => ({ forZones: [{ name: zone }] })
const hintsOf = (slices: readonly { endpoints: readonly Endpoint[] }[]) =>
  slices.flatMap(slice => slice.endpoints.map(one => one.hints))
/** `aab`: the zone that each endpoint is for, `-` for none. */
const zonesOf = (slices: readonly { endpoints: readonly Endpoint[] }[]) =>
  hintsOf(slices)
    .map(hints => hints?.forZones?.[0]?.name ?? '-')
    .join('')

t.test('hintSlices() prefers the same zone or node', async t => {
  const unready = inZone(3, 'c', { conditions: { ready: false } })
  const slices = [{ endpoints: [inZone(1, 'a'), inZone(2, undefined), unready] }]
  const none: ZoneShares = { refused: '' }
  t.strictSame(hintsOf(hintSlices(slices, 'zone', none).slices), [zoneHint('a'), undefined, undefined])
  const forNodes = [{ name: 'node-1' }]
  t.strictSame(hintsOf(hintSlices(slices, 'node', none).slices), [
    { ...zoneHint('a'), forNodes },
    { forNodes },
    undefined,
  ])
  const hinted = hintSlices(slices, 'zone', none).slices
  t.strictSame(hintsOf(hintSlices(hinted, 'none', none).slices), [undefined, undefined, undefined])
  t.equal(hintSlices(hinted, 'zone', none).slices[0], hinted[0], 'right hints are left alone')
})

const ready = { conditions: [{ type: 'Ready', status: 'True' as const }] }
const cpu = (amount: string) => ({ status: { ...ready, allocatable: { cpu: amount } } })
const zoned = (name: string, zone: string, amount: string): Node => node(name, zone, cpu(amount))

t.test('shareZones() counts the CPUs of nodes that take work', async t => {
  t.strictSame(
    shareZones([zoned('1', 'b', '3'), zoned('2', 'a', '1000m')]),
    new Map([
      ['a', 0.25],
      ['b', 0.75],
    ]),
  )
  const labels = { ...zoned('3', 'c', '8').metadata.labels, 'node-role.kubernetes.io/control-plane': '' }
  const control: Node = { ...zoned('3', 'c', '8'), metadata: { name: '3', labels } }
  const down: Node = { ...zoned('4', 'd', '8'), status: { allocatable: { cpu: 8 } } }
  t.strictSame(
    shareZones([zoned('1', 'a', '1'), zoned('2', 'b', '1'), control, down]),
    new Map([
      ['a', 0.5],
      ['b', 0.5],
    ]),
    'not the control plane, nor what is not ready',
  )
  const unknown = 'Insufficient Node information: allocatable CPU or zone not specified on one or more nodes'
  t.strictSame(shareZones([zoned('1', 'a', '1'), node('2', 'b', { status: ready })]), { refused: unknown })
  t.strictSame(shareZones([]), { refused: unknown })
  t.strictSame(shareZones([zoned('1', 'a', '1')]), { refused: 'Nodes only ready in one zone' })
})

const even: ZoneShares = new Map([
  ['a', 1 / 3],
  ['b', 1 / 3],
  ['c', 1 / 3],
])
const half: ZoneShares = new Map([
  ['a', 0.5],
  ['b', 0.5],
])
const overload = 'Unable to allocate minimum required endpoints to each zone without exceeding overload threshold'
const spread = (zones: string) => [
  { endpoints: [...zones].map((zone, i) => inZone(i, zone === '-' ? undefined : zone)) },
]

// biome-ignore format: one case, one row
const cases: [name: string, zones: string, shares: ZoneShares, hints: string, refused?: string][] = [
  ['leaves an even spread as it is',             'abc',     even, 'abc'],
  ['moves endpoints to zones that have none',    'aaaa',    half, 'bbaa'],
  ['moves from the fullest zone first',          'aaaabb',  even, 'ccaabb'],
  ['takes endpoints from zones without nodes',   'abdd',    half, 'abab'],
  ['allows a zone a fifth more than the average', 'aaabbcc', even, 'aaabbcc'],
  ['does not move what is less than one endpoint', `aaaaa${'b'.repeat(14)}`, new Map([['a', 0.3], ['b', 0.7]]), `aaaaa${'b'.repeat(14)}`],
  ['refuses fewer endpoints than zones',         'ab',      even, '--', 'Insufficient number of endpoints (2 endpoints, 3 zones)'],
  ['refuses what would overload a zone',         'aaaa',    even, '----', `${overload} (4 endpoints, 3 zones)`],
  ['refuses endpoints without a zone',           'aab-',    half, '----', 'One or more endpoints do not have a zone specified'],
  ['refuses without knowledge of the nodes',     'ab',      { refused: 'why' }, '--', 'why'],
]

for (const [name, zones, shares, hints, refused] of cases) {
  t.test(`hintSlices() by shares ${name}`, async t => {
    const got = hintSlices(spread(zones), 'auto', shares)
    t.equal(zonesOf(got.slices), hints)
    t.strictSame(got.refusal?.refused, refused)
  })
}

t.test('hintSlices() by shares leaves slices alone whose hints still fit', async t => {
  const hinted = [...'ab'].map((zone, i) => inZone(i, 'a', { hints: zoneHint(zone) }))
  const stored: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 's' },
    addressType: 'IPv4',
    endpoints: hinted,
  }
  const kept = { stored, endpoints: hinted }
  const fresh = { endpoints: [inZone(8, 'a'), inZone(9, 'a')] }
  const got = hintSlices([kept, fresh], 'auto', half).slices
  t.equal(got[0], kept)
  t.equal(zonesOf(got), 'abba', 'the new ones make up for it')
  const crowd = [...'aaaa'].map((zone, i) => inZone(i, 'a', { hints: zoneHint(zone) }))
  const crowded = { stored: { ...stored, endpoints: crowd }, endpoints: crowd }
  t.equal(zonesOf(hintSlices([crowded], 'auto', half).slices), 'bbaa', 'hints for too many are made anew')
  const gone = hinted.map(one => ({ ...one, hints: zoneHint('gone') }))
  const wrong = { stored: { ...stored, endpoints: gone }, endpoints: gone }
  t.equal(zonesOf(hintSlices([wrong], 'auto', half).slices), 'ba', 'hints for zones that are gone are made anew')
})

t.test('the slices of a service tell when hints come and why they do not', async t => {
  const pods = ['node-1', 'node-2', 'node-3'].map((nodeName, i) =>
    pod(`pod-${i}`, { ip: `10.244.${i}.1`, spec: { nodeName } }),
  )
  const auto = service({}, mode('Auto'))
  const first = reconcileSlices(auto, pods, [], context({ zoneShares: even }))
  t.equal(zonesOf(first.writes.map(({ object }) => ({ endpoints: object.endpoints ?? [] }))), 'abc')
  const message = 'Topology Aware Hints has been enabled, addressType: IPv4'
  t.strictSame(first.notices, [{ type: 'Normal', reason: 'TopologyAwareHintsEnabled', message }])
  const stored = first.writes.map(write => write.object)
  const second = reconcileSlices(auto, pods, stored, context({ zoneShares: even }))
  t.strictSame(second, { writes: [], notices: [] })
  const third = reconcileSlices(auto, pods.slice(1), stored, context({ zoneShares: even }))
  t.strictSame(
    third.notices.map(one => [one.type, one.reason, one.message]),
    [
      [
        'Warning',
        'TopologyAwareHintsDisabled',
        'Insufficient number of endpoints (2 endpoints, 3 zones), addressType: IPv4',
      ],
    ],
  )
  const plain = reconcileSlices(service(), pods, stored, context())
  t.equal(
    zonesOf(plain.writes.map(({ object }) => ({ endpoints: object.endpoints ?? [] }))),
    '---',
    'hints go with the wish',
  )
})
