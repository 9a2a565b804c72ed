/** Which endpoints count, for whom. */
import fc from 'fast-check'
import t from 'tap'
import { type Endpoint, endpointsOf } from '../../src/kube-proxy/endpoint.ts'
import { NEWEST_RELEASE, type Release } from '../../src/kube-proxy/release.ts'
import { type ServicePort, servicePortsOf } from '../../src/kube-proxy/service-port.ts'
import { categorize } from '../../src/kube-proxy/topology.ts'
import type { Service } from '../../src/objects/service.ts'
import { endpoint, NODE, nodePortService, type State, service, slice } from './objects.ts'

const PLACE = { nodeName: NODE, zone: 'zone-a', release: NEWEST_RELEASE }

interface Hints {
  readonly zones?: string
  readonly nodes?: string
}

/** An endpoint by its last octet: `a` and `b` are on this node, others elsewhere. */
type Given = readonly [octet: number, node: 'here' | 'there', state: State, hints?: Hints]

function portOf(own: Service): ServicePort {
  const [port] = servicePortsOf(own, 4, true)
  if (port === undefined) throw new Error('The service has no port')
  return port
}

function endpointsFrom(given: readonly Given[], port: ServicePort): Endpoint[] {
  const names = (list = '') => list.split(',').flatMap(name => (name === '' ? [] : [{ name }]))
  const objects = given.map(([octet, node, state, hints = {}]) =>
    endpoint(`10.0.0.${octet}`, node === 'here' ? NODE : 'node-2', state, {
      hints: { forZones: names(hints.zones), forNodes: names(hints.nodes) },
    }),
  )
  return endpointsOf([slice(objects)], port, { family: 4, release: NEWEST_RELEASE, nodeName: NODE })
}

const octets = (endpoints: readonly Endpoint[]) => endpoints.map(({ text }) => /(\d+):/.exec(text)?.[1]).join(' ')

const CLUSTER = service()
const INTERNAL = service({ internalTrafficPolicy: 'Local' })
const EXTERNAL = nodePortService({ externalTrafficPolicy: 'Local' })
const BOTH = nodePortService({ externalTrafficPolicy: 'Local', internalTrafficPolicy: 'Local' })
/** Local for cluster IPs, but a NodePort with policy Cluster. */
const MIXED = nodePortService({ internalTrafficPolicy: 'Local' })
/** Policy Local for traffic that cannot come. */
const UNREACHABLE = service({ type: 'LoadBalancer', externalTrafficPolicy: 'Local' })

const A = { zones: 'zone-a' }
const B = { zones: 'zone-b' }

type Row = readonly [
  title: string,
  own: Service,
  given: readonly Given[],
  cluster: string,
  local: string,
  reachable: string,
  any: boolean,
]

// biome-ignore format: one case, one row
const ROWS: readonly Row[] = [
  ['no endpoints at all', CLUSTER, [], '', '', '', false],
  ['no endpoints at all, policy Local', BOTH, [], '', '', '', false],
  ['ready ones, wherever they are', CLUSTER, [[1, 'here', 'ready'], [2, 'there', 'ready']], '1 2', '', '1 2', true],
  ['unready ones never count', CLUSTER, [[1, 'here', 'unready'], [2, 'there', 'ready']], '2', '', '2', true],
  ['only unready ones', CLUSTER, [[1, 'here', 'unready']], '', '', '', false],
  ['draining ones while others are ready', CLUSTER, [[1, 'here', 'draining'], [2, 'there', 'ready']], '2', '', '2', true],
  ['serving, not ready and not ending: not yet started, or failing its probe', CLUSTER, [[1, 'here', 'serving']], '', '', '', false],
  ['draining ones while no other is ready', CLUSTER, [[1, 'here', 'draining'], [2, 'there', 'ending']], '1', '', '1', true],
  ['ending and ready, as publishNotReadyAddresses has it', CLUSTER, [[1, 'here', 'readyEnding'], [2, 'there', 'draining']], '1', '', '1', true],
  ['the hints of this zone', CLUSTER, [[1, 'here', 'ready', B], [2, 'there', 'ready', A]], '2', '', '2', true],
  ['one without a hint spoils all hints', CLUSTER, [[1, 'here', 'ready'], [2, 'there', 'ready', A]], '1 2', '', '1 2', true],
  ['unready ones need no hint', CLUSTER, [[1, 'here', 'unready'], [2, 'there', 'ready', A], [3, 'there', 'ready', B]], '2', '', '2', true],
  ['no hint for this zone', CLUSTER, [[1, 'here', 'ready', B]], '1', '', '1', true],
  ['hints count for no draining one', CLUSTER, [[1, 'here', 'draining', B], [2, 'here', 'draining', A]], '1 2', '', '1 2', true],
  ['the hints of this node before those of the zone', CLUSTER, [[1, 'here', 'ready', { zones: 'zone-b', nodes: NODE }], [2, 'there', 'ready', { zones: 'zone-a', nodes: 'node-2' }]], '1', '', '1', true],
  ['no hint for this node, but for the zone', CLUSTER, [[1, 'here', 'ready', { zones: 'zone-b', nodes: 'node-3' }], [2, 'there', 'ready', { zones: 'zone-a', nodes: 'node-2' }]], '2', '', '2', true],
  ['one without a node hint spoils those of nodes only', CLUSTER, [[1, 'here', 'ready', { zones: 'zone-b', nodes: NODE }], [2, 'there', 'ready', A]], '2', '', '2', true],
  ['internal policy Local', INTERNAL, [[1, 'here', 'ready'], [2, 'there', 'ready']], '', '1', '1', true],
  ['internal policy Local, none here', INTERNAL, [[2, 'there', 'ready']], '', '', '', true],
  ['internal policy Local, a draining one here', INTERNAL, [[1, 'here', 'draining'], [2, 'there', 'ready']], '', '1', '1', true],
  ['internal policy Local, none that works anywhere', INTERNAL, [[1, 'here', 'ending'], [2, 'there', 'unready']], '', '', '', false],
  ['external policy Local keeps the others for the cluster IP', EXTERNAL, [[1, 'here', 'ready'], [2, 'there', 'ready']], '1 2', '1', '1 2', true],
  ['external policy Local adds the draining one here', EXTERNAL, [[1, 'here', 'draining'], [2, 'there', 'ready']], '2', '1', '1 2', true],
  ['external policy Local adds those here that hints leave out', EXTERNAL, [[1, 'here', 'ready', B], [2, 'there', 'ready', A]], '2', '1', '1 2', true],
  ['both policies Local, but a NodePort that this node may use', BOTH, [[1, 'here', 'ready'], [2, 'there', 'ready']], '1 2', '1', '1 2', true],
  ['a NodePort with policy Cluster beside an internal policy Local', MIXED, [[2, 'there', 'ready']], '2', '', '2', true],
  ['a policy for traffic that cannot come', UNREACHABLE, [[1, 'here', 'ready'], [2, 'there', 'ready']], '1 2', '', '1 2', true],
]

for (const [title, own, given, cluster, local, reachable, any] of ROWS) {
  t.test(title, async t => {
    const port = portOf(own)
    const found = categorize(endpointsFrom(given, port), port, PLACE)
    t.strictSame(
      {
        cluster: octets(found.cluster),
        local: octets(found.local),
        reachable: octets(found.reachable),
        any: found.any,
      },
      { cluster, local, reachable, any },
    )
  })
}

t.test('a node without a zone follows no zone', async t => {
  const port = portOf(CLUSTER)
  const endpoints = endpointsFrom(
    [
      [1, 'here', 'ready', A],
      [2, 'there', 'ready', B],
    ],
    port,
  )
  t.equal(octets(categorize(endpoints, port, { nodeName: NODE, release: NEWEST_RELEASE }).cluster), '1 2')
  t.equal(octets(categorize(endpoints, port, PLACE).cluster), '1')
})

t.test('old releases follow fewer hints', async t => {
  const cluster = (release: Release, hints: Hints, annotation?: string) => {
    const annotations = annotation === undefined ? {} : { 'service.kubernetes.io/topology-mode': annotation }
    const port = portOf(service({}, { annotations }))
    const endpoints = endpointsFrom(
      [
        [1, 'here', 'ready', hints],
        [2, 'there', 'ready', { zones: 'zone-b', nodes: 'node-2' }],
      ],
      port,
    )
    return octets(categorize(endpoints, port, { ...PLACE, release }).cluster)
  }
  t.equal(cluster('1.34', { nodes: NODE }), '1')
  t.equal(cluster('1.33', { nodes: NODE }), '1 2', 'node hints came in 1.34')
  t.equal(cluster('1.31', A), '1')
  t.equal(cluster('1.30', A), '1 2', 'only with an annotation before 1.31')
  t.equal(cluster('1.30', A, 'Auto'), '1')
  t.equal(cluster('1.30', A, 'Disabled'), '1 2')
})

t.test('what is local or for the cluster is reachable, and nothing else', async () => {
  const states: readonly State[] = ['ready', 'unready', 'serving', 'draining', 'ending', 'readyEnding']
  const anyGiven = fc.array(
    fc.tuple(
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom('here' as const, 'there' as const),
      fc.constantFrom(...states),
      fc.constantFrom<Hints>({}, A, B, { zones: 'zone-a,zone-b', nodes: NODE }),
    ),
    { maxLength: 8 },
  )
  fc.assert(
    fc.property(anyGiven, fc.constantFrom(CLUSTER, INTERNAL, EXTERNAL, BOTH, MIXED), (given, own) => {
      const port = portOf(own)
      const endpoints = endpointsFrom(given, port)
      const { cluster, local, reachable, any } = categorize(endpoints, port, PLACE)
      const union = endpoints.filter(one => cluster.includes(one) || local.includes(one))
      return (
        octets(reachable) === octets(union) &&
        local.every(one => one.local) &&
        reachable.every(one => one.ready || (one.serving && one.terminating)) &&
        (any || reachable.length === 0)
      )
    }),
  )
})
