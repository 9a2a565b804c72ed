/** Clusters drawn at random: that each is sound, that a file holds it, and that all features come. */
import t from 'tap'
import type { SettledCluster } from '../../src/cluster/host-state.ts'
import { flagsOf, randomCluster, settleRandom, toYaml } from '../../src/lab/random-cluster.ts'
import type { Endpoint } from '../../src/objects/endpoint-slice.ts'
import type { Pod } from '../../src/objects/pod.ts'
import type { Service } from '../../src/objects/service.ts'
import { podwire } from '../cli/capture.ts'

t.setTimeout(900_000)

const SEEDS = 300

const clusters = Array.from({ length: SEEDS }, (_, seed) => ({ seed, settled: settleRandom(randomCluster(seed)) }))

t.test('every draw settles, with all pods where they were put and at the addresses that they were given', async t => {
  for (const { seed, settled } of clusters) {
    const drawn = randomCluster(seed).documents.filter(({ kind }) => kind === 'Pod')
    const there = settled.nodes.flatMap(({ metadata }) => settled.podsOn(metadata.name))
    t.equal(there.length, drawn.length, `seed ${seed}`)
    for (const pod of there) {
      const { podIPs = [] } = (drawn.find(({ metadata }) => nameOf(metadata) === pod.metadata.name)?.['status'] ??
        {}) as { podIPs?: unknown[] }
      if (!pod.spec.hostNetwork) t.strictSame(pod.status?.podIPs, podIPs)
    }
  }
})

function nameOf(metadata: unknown): unknown {
  return (metadata as { readonly name?: unknown } | undefined)?.name
}

t.test('the seed alone decides', async t => {
  for (const seed of [0, 1, 2 ** 31, -7]) t.equal(toYaml(randomCluster(seed)), toYaml(randomCluster(seed)))
  t.equal(new Set(clusters.map(({ seed }) => toYaml(randomCluster(seed)))).size, SEEDS, 'no two are alike')
})

t.test('podwire reads the file, with the flags, as the same cluster', async t => {
  for (const { seed, settled } of clusters.slice(0, 12)) {
    const drawn = randomCluster(seed)
    const asked = ['-f', '-', ...flagsOf(drawn), '-o', 'json']
    const got = await podwire(['get', 'endpointslices', ...asked], toYaml(drawn))
    t.equal(got.code, 0, got.err)
    const items = (JSON.parse(got.out) as { readonly items: readonly unknown[] }).items
    t.strictSame(items, JSON.parse(JSON.stringify(settled.slices.toSorted(byName))), `the endpoints of seed ${seed}`)
  }
})

type Named = { readonly metadata: { readonly name?: string } }
const byName = (a: Named, b: Named) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1)

const endpointsOf = ({ slices }: SettledCluster) =>
  slices.flatMap(({ metadata, endpoints }) => (metadata.name === 'kubernetes' ? [] : (endpoints ?? [])))
const podsOf = ({ nodes, podsOn }: SettledCluster) => nodes.flatMap(({ metadata }) => podsOn(metadata.name))

const some =
  <T>(all: (cluster: SettledCluster) => readonly T[]) =>
  (is: (one: T) => unknown) =>
  (cluster: SettledCluster) =>
    all(cluster).some(one => Boolean(is(one)))
const service = some<Service>(({ services }) => services.filter(({ metadata }) => metadata.name !== 'kubernetes'))
const pod = some<Pod>(podsOf)
const endpoint = some<Endpoint>(endpointsOf)

const families = ({ settings }: SettledCluster) => settings.podCidrs.map(({ family }) => family).join()
const hasSlice = ({ slices }: SettledCluster, { metadata }: Service) =>
  slices.some(slice => slice.metadata.labels?.['kubernetes.io/service-name'] === metadata.name)
const isLan = (cluster: SettledCluster, ip: string) =>
  cluster.nodes.some(({ status }) => status?.addresses?.some(({ address }) => address === ip))

// biome-ignore format: one case, one row
const FEATURES: Readonly<Record<string, (cluster: SettledCluster) => boolean>> = {
  'IPv4 alone': one => families(one) === '4',
  'IPv6 alone': one => families(one) === '6',
  'IPv4, then IPv6': one => families(one) === '4,6',
  'IPv6, then IPv4': one => families(one) === '6,4',
  'overlay vxlan': ({ settings: { overlay } }) => overlay?.backend.kind === 'vxlan' && !overlay.backend.directRouting,
  'direct routing': ({ settings: { overlay } }) => overlay?.backend.kind === 'vxlan' && overlay.backend.directRouting,
  'another VNI': ({ settings: { overlay } }) => overlay?.backend.kind === 'vxlan' && overlay.backend.vni !== 1,
  'another VXLAN port': ({ settings: { overlay } }) => overlay?.backend.kind === 'vxlan' && overlay.backend.port !== 8472,
  'overlay host-gw': ({ settings: { overlay } }) => overlay?.backend.kind === 'host-gw',
  'no overlay': ({ settings: { overlay } }) => overlay === undefined,
  'a small MTU': ({ settings: { uplinkMtu } }) => uplinkMtu < 1500,
  'a large MTU': ({ settings: { uplinkMtu } }) => uplinkMtu > 1500,
  'two nodes': ({ nodes }) => nodes.length === 2,
  'four nodes': ({ nodes }) => nodes.length === 4,
  'zones': ({ nodes }) => nodes.some(({ metadata }) => metadata.labels?.['topology.kubernetes.io/zone']),
  'masqueradeAll': ({ settings: { proxy } }) => proxy.iptables?.masqueradeAll === true,
  'another mark': ({ settings: { proxy } }) => proxy.iptables?.masqueradeBit === 10,
  'no node ports at loopback': ({ settings: { proxy } }) => proxy.iptables?.localhostNodePorts === false,
  'clusterCIDR': ({ settings: { proxy } }) => Boolean(proxy.clusterCIDR),
  'no way to tell local traffic': ({ settings: { proxy } }) => !proxy.clusterCIDR && !proxy.detectLocalMode,
  'local by node CIDR': ({ settings: { proxy } }) => proxy.detectLocalMode === 'NodeCIDR',
  'local by bridge': ({ settings: { proxy } }) => proxy.detectLocalMode === 'BridgeInterface',
  'local by prefix': ({ settings: { proxy } }) => proxy.detectLocalMode === 'InterfaceNamePrefix',
  'nodePortAddresses': ({ settings: { proxy } }) => (proxy.nodePortAddresses ?? []).length > 0,
  'pods on their nodes': pod(({ spec }) => spec.hostNetwork),
  'host ports': pod(({ spec }) => !spec.hostNetwork && spec.containers.some(({ ports }) => ports?.some(({ hostPort }) => hostPort))),
  'host ports at one address': pod(({ spec }) => spec.containers.some(({ ports }) => ports?.some(({ hostIP }) => hostIP))),
  'several containers': pod(({ spec }) => spec.containers.length > 1),
  'SCTP': pod(({ spec }) => spec.containers.some(({ ports }) => ports?.some(({ protocol }) => protocol === 'SCTP'))),
  'UDP': pod(({ spec }) => spec.containers.some(({ ports }) => ports?.some(({ protocol }) => protocol === 'UDP'))),
  'terminating pods': pod(({ metadata }) => metadata.deletionTimestamp),
  'pods that are not ready': pod(({ status }) => status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'False')),
  'ClusterIP': service(({ spec }) => spec.type === 'ClusterIP' && spec.clusterIP !== 'None'),
  'headless': service(({ spec }) => spec.clusterIP === 'None'),
  'NodePort': service(({ spec }) => spec.type === 'NodePort'),
  'LoadBalancer': service(({ spec }) => spec.type === 'LoadBalancer'),
  'balancers that are proxies': service(({ status }) => status?.loadBalancer?.ingress?.some(({ ipMode }) => ipMode === 'Proxy')),
  'balancers without node ports': service(({ spec }) => spec.allocateLoadBalancerNodePorts === false),
  'source ranges': service(({ spec }) => spec.loadBalancerSourceRanges),
  'external policy Local': service(({ spec }) => spec.type !== 'ClusterIP' && spec.externalTrafficPolicy === 'Local'),
  'internal policy Local': service(({ spec }) => spec.internalTrafficPolicy === 'Local'),
  'external IPs': service(({ spec }) => (spec.externalIPs ?? []).length > 0),
  'external IPs that are a node\'s': cluster => service(({ spec }) => spec.externalIPs?.some(ip => isLan(cluster, ip)))(cluster),
  'session affinity': service(({ spec }) => spec.sessionAffinity === 'ClientIP'),
  'several ports': service(({ spec }) => (spec.ports ?? []).length > 1),
  'several protocols': service(({ spec }) => new Set(spec.ports?.map(({ protocol }) => protocol)).size > 1),
  'one number, two protocols': service(({ spec: { ports = [] } }) => new Set(ports.map(({ port }) => port)).size < ports.length),
  'ports by name': service(({ spec }) => spec.ports?.some(({ targetPort }) => typeof targetPort === 'string')),
  'addresses of pods that are not ready': service(({ spec }) => spec.publishNotReadyAddresses),
  'two families': service(({ spec }) => spec.clusterIPs?.length === 2),
  'one family of two': cluster => cluster.settings.podCidrs.length > 1 && service(({ spec }) => spec.ipFamilies?.length === 1)(cluster),
  'near endpoints': service(({ spec }) => spec.trafficDistribution),
  'topology mode': service(({ metadata }) => metadata.annotations?.['service.kubernetes.io/topology-mode']),
  'a selector that nobody has': service(({ spec }) => spec.selector?.['app'] === 'nobody'),
  'no selector': service(({ spec }) => !spec.selector),
  'no slices': cluster => service(one => !one.spec.selector && !hasSlice(cluster, one))(cluster),
  'slices of several ports': ({ slices }) => new Set(slices.map(({ metadata, ports }) => `${metadata.labels?.['kubernetes.io/service-name']} ${JSON.stringify(ports?.map(({ name }) => name))}`)).size < slices.length,
  'zone hints': endpoint(({ hints }) => hints?.forZones),
  'node hints': endpoint(({ hints }) => hints?.forNodes),
  'endpoints that are not ready': endpoint(({ conditions }) => conditions?.ready === false && !conditions.terminating),
  'endpoints that drain': endpoint(({ conditions }) => conditions?.terminating && conditions.serving),
  'endpoints outside': endpoint(({ addresses }) => addresses.some(ip => ip.startsWith('198.51.100.') || ip.startsWith('2001:db8:64:'))),
  'endpoints that are nodes': cluster => endpoint(({ addresses, targetRef }) => !targetRef && addresses.some(ip => isLan(cluster, ip)))(cluster),
  'IPv6 endpoints': endpoint(({ addresses }) => addresses.some(ip => ip.includes(':'))),
}

t.test('all features come in the first hundred draws', async t => {
  for (const [name, has] of Object.entries(FEATURES)) {
    const count = clusters.slice(0, 100).filter(({ settled }) => has(settled)).length
    t.ok(count >= 2, `${name}: ${count}`)
  }
})
