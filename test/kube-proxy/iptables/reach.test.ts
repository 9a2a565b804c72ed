/** Who reaches which endpoints of what kind of service, and with whose address. */
import t from 'tap'
import { syncFull } from '../../../src/kube-proxy/iptables/proxy.ts'
import type { KubeProxyConfiguration } from '../../../src/objects/kube-proxy-configuration.ts'
import { configuration, endpoint, loadBalancerService, proxyWith, slice } from '../objects.ts'
import { type Flow, reach } from './reach.ts'

const OWN = ['192.168.64.11', '10.244.1.1']
const SOURCES = { pod: '10.244.1.9', node: '192.168.64.11', localhost: '127.0.0.1', external: '198.51.100.9' }
const LOCAL = '10.244.1.2:8080'
const REMOTE = '10.244.2.3:8080'

const ANSWERS: Readonly<Record<string, readonly string[]>> = {
  all: [LOCAL, REMOTE],
  'all M': [`${LOCAL} M`, `${REMOTE} M`],
  loc: [LOCAL],
  'loc M': [`${LOCAL} M`],
}

const services = {
  'both policies Cluster': loadBalancerService(),
  'external policy Local': loadBalancerService({ externalTrafficPolicy: 'Local' }),
  'internal policy Local': loadBalancerService({ internalTrafficPolicy: 'Local' }),
}
type Kind = keyof typeof services

function rulesOf(kind: Kind, fields: Partial<KubeProxyConfiguration>) {
  const endpoints = slice([endpoint('10.244.1.2'), endpoint('10.244.2.3', 'node-2')])
  return syncFull(proxyWith([services[kind], endpoints], { config: configuration(fields) }), 4)
}

type Place = readonly [address: string, port: number]

const to = (source: keyof typeof SOURCES, [address, port]: Place): Flow => {
  return { from: SOURCES[source], to: address, port, own: OWN }
}

const CLUSTER_IP: Place = ['10.96.0.10', 80]
const VIP: Place = ['203.0.113.10', 80]
const NODE_PORT: Place = ['192.168.64.11', 30080]
const LOCALHOST: Place = ['127.0.0.1', 30080]
const GATEWAY: Place = ['10.244.1.1', 30080]

type Row = readonly [from: keyof typeof SOURCES, kind: Kind, clusterIp: string | undefined, outside: string]

// As upstream's TestInternalExternalMasquerade expects it.
// biome-ignore format: one case, one row
const MATRIX: readonly Row[] = [
  ['pod',       'both policies Cluster', 'all',     'all M'],
  ['pod',       'external policy Local', 'all',     'all'],
  ['pod',       'internal policy Local', 'loc',     'all M'],
  ['node',      'both policies Cluster', 'all M',   'all M'],
  ['node',      'external policy Local', 'all M',   'all M'],
  ['node',      'internal policy Local', 'loc M',   'all M'],
  ['localhost', 'both policies Cluster', undefined, 'all M'],
  ['localhost', 'external policy Local', undefined, 'all M'],
  ['localhost', 'internal policy Local', undefined, 'all M'],
  ['external',  'both policies Cluster', 'all M',   'all M'],
  ['external',  'external policy Local', 'all M',   'loc'],
  ['external',  'internal policy Local', 'loc M',   'all M'],
]

/** What is different without a way to tell pods from others. */
function withoutDetector([from, kind, clusterIp, outside]: Row): Row {
  const unmarked = clusterIp?.replace(' M', '')
  return [from, kind, unmarked, from === 'pod' && kind === 'external policy Local' ? 'loc' : outside]
}

/** What is different if all traffic to cluster IPs is masqueraded. */
function masqueradingAll([from, kind, clusterIp, outside]: Row): Row {
  return [from, kind, clusterIp && `${clusterIp.replace(' M', '')} M`, outside]
}

function check(title: string, rows: readonly Row[], fields: Partial<KubeProxyConfiguration>) {
  for (const [from, kind, clusterIp, outside] of rows) {
    t.test(`${title}: from ${from}, ${kind}`, async t => {
      const rules = rulesOf(kind, fields)
      if (clusterIp) t.strictSame(reach(rules, to(from, CLUSTER_IP)), ANSWERS[clusterIp], 'to the cluster IP')
      const nodePort = from === 'localhost' ? LOCALHOST : NODE_PORT
      t.strictSame(reach(rules, to(from, nodePort)), ANSWERS[outside], 'to the NodePort')
      if (from !== 'localhost') t.strictSame(reach(rules, to(from, VIP)), ANSWERS[outside], 'to the load balancer')
    })
  }
}

check('as usual', MATRIX, {})
check('without a detector', MATRIX.map(withoutDetector), { clusterCIDR: '' })
check('masqueradeAll', MATRIX.map(masqueradingAll), { iptables: { masqueradeAll: true } })

t.test('an endpoint that calls its own service meets itself from another address', async t => {
  const rules = rulesOf('both policies Cluster', {})
  const flow: Flow = { from: '10.244.1.2', to: '10.96.0.10', port: 80, own: OWN }
  t.strictSame(reach(rules, flow), [`${LOCAL} M`, REMOTE])
})

t.test('source ranges decide at the load balancer, and nowhere else', async t => {
  const guarded = (...loadBalancerSourceRanges: string[]) => {
    const endpoints = slice([endpoint('10.244.1.2')])
    return syncFull(proxyWith([loadBalancerService({ loadBalancerSourceRanges }), endpoints]), 4)
  }
  const [own] = ANSWERS['loc M'] ?? []
  t.strictSame(reach(guarded('198.51.100.0/24'), to('external', VIP)), [own], 'a source inside')
  t.strictSame(reach(guarded('198.51.101.0/24'), to('external', VIP)), ['drop'], 'a source outside')
  t.strictSame(reach(guarded('198.51.100.0/24'), to('pod', VIP)), ['drop'], 'a pod')
  t.strictSame(reach(guarded('198.51.101.0/24'), to('external', NODE_PORT)), [own], 'a NodePort')
  t.strictSame(reach(guarded('198.51.100.0/24'), to('node', VIP)), ['drop'], 'the node, not in a range')
  t.strictSame(reach(guarded('192.168.64.0/24'), to('node', VIP)), [own], 'the node, in a range')
  const looped: Flow = { from: '203.0.113.10', to: '203.0.113.10', port: 80, own: OWN }
  t.strictSame(reach(guarded('192.168.64.0/24'), looped), [own], 'the address itself, the node in a range')
  t.strictSame(reach(guarded('198.51.100.0/24'), looped), ['drop'], 'the address itself, the node not in a range')
})

t.test('where no endpoint is, the answer says so; where others have some, there is none', async t => {
  const none = syncFull(proxyWith([loadBalancerService()]), 4)
  for (const place of [CLUSTER_IP, VIP, NODE_PORT]) t.strictSame(reach(none, to('external', place)), ['reject'])
  const elsewhere = slice([endpoint('10.244.2.3', 'node-2')])
  const local = loadBalancerService({ externalTrafficPolicy: 'Local', internalTrafficPolicy: 'Local' })
  const rules = syncFull(proxyWith([local, elsewhere]), 4)
  t.strictSame(reach(rules, to('pod', CLUSTER_IP)), ['drop'])
  t.strictSame(reach(rules, to('external', VIP)), ['drop'])
  t.strictSame(reach(rules, to('external', NODE_PORT)), ['drop'])
  t.strictSame(reach(rules, to('pod', VIP)), [REMOTE], 'a pod of this node is no outside traffic')
})

t.test('NodePorts answer only where they are told to', async t => {
  const at = (nodePortAddresses: string[], iptables = {}) =>
    rulesOf('both policies Cluster', { nodePortAddresses, iptables })
  const open = ANSWERS['all M']
  t.strictSame(reach(at([]), to('external', GATEWAY)), open)
  t.strictSame(reach(at(['primary']), to('external', GATEWAY)), ['goes on'])
  t.strictSame(reach(at(['primary']), to('external', NODE_PORT)), open)
  t.strictSame(reach(at(['primary']), to('localhost', LOCALHOST)), ['goes on'])
  t.strictSame(reach(at(['localhost']), to('localhost', LOCALHOST)), open)
  t.strictSame(reach(at(['10.244.0.0/16']), to('external', GATEWAY)), open)
  t.strictSame(reach(at([], { localhostNodePorts: false }), to('localhost', LOCALHOST)), ['goes on'])
})
