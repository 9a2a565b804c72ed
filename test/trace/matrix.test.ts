/**
 * Who reaches which endpoints of a Service by which address, and who is masqueraded by kube-proxy: the table
 * of upstream's TestInternalExternalMasquerade in pkg/proxy/iptables/proxier_test.go, as facts.
 */
import t from 'tap'
import { parseIp } from '../../src/base/ip.ts'
import { tcpSyn } from '../../src/packet/first-packet.ts'
import { clusterWorld } from '../../src/trace/cluster-world.ts'
import type { Exchange, Path } from '../../src/trace/journey.ts'
import { traceFlows } from '../../src/trace/trace.ts'
import { createWorld } from '../../src/trace/wiring.ts'
import { clusterOf, FEATURES } from './flow-case.ts'

/** Two endpoints: one on the node that is asked, one on another. */
const LOCAL = '10.244.1.2'
const REMOTE = '10.244.2.2'

const SERVICES = [
  ['svc1', 'Cluster', 'Cluster'],
  ['svc2', 'Local', 'Cluster'],
  ['svc3', 'Cluster', 'Local'],
] as const

const node = (n: number) => ({
  kind: 'Node',
  metadata: { name: `node-${n}` },
  spec: { podCIDRs: [`10.244.${n}.0/24`] },
  status: { addresses: [{ type: 'InternalIP', address: `192.168.64.1${n}` }] },
})
const pod = (name: string, n: number, ip: string) => ({
  apiVersion: 'v1',
  kind: 'Pod' as const,
  metadata: { name, namespace: 'default' },
  spec: { nodeName: `node-${n}`, containers: [{ name: 'c', ports: [{ containerPort: 8080 }] }] },
  status: { podIP: ip },
})
const PODS = [pod('local', 1, LOCAL), pod('remote', 2, REMOTE), pod('client', 1, '10.244.1.9')]

const OBJECTS = [
  node(1),
  node(2),
  ...SERVICES.flatMap(([name, external, internal], i) => [
    {
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: {
        type: 'LoadBalancer',
        clusterIP: `10.96.0.${i + 1}`,
        clusterIPs: [`10.96.0.${i + 1}`],
        ipFamilies: ['IPv4'],
        externalTrafficPolicy: external,
        internalTrafficPolicy: internal,
        ...(external === 'Local' ? { healthCheckNodePort: 31000 + i } : {}),
        ports: [{ port: 80, protocol: 'TCP', targetPort: 8080, nodePort: 30001 + i }],
      },
      status: { loadBalancer: { ingress: [{ ip: `203.0.113.${i + 1}`, ipMode: 'VIP' }] } },
    },
    {
      kind: 'EndpointSlice',
      metadata: { name: `${name}-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: [
        { addresses: [LOCAL], nodeName: 'node-1', conditions: { ready: true } },
        { addresses: [REMOTE], nodeName: 'node-2', conditions: { ready: true } },
      ],
    },
  ]),
]

const FROM = {
  pod: ['default/client', '0.0.0.0'],
  node: ['node-1', '0.0.0.0'],
  loopback: ['node-1', '0.0.0.0'],
  external: ['198.51.100.7', '198.51.100.7'],
} as const
type From = keyof typeof FROM
type Entry = 'CIP' | 'NP' | 'LB'

function addressOf(from: From, service: number, entry: Entry): readonly [string, number] {
  if (entry === 'CIP') return [`10.96.0.${service}`, 80]
  if (entry === 'LB') return [`203.0.113.${service}`, 80]
  return [from === 'loopback' ? '127.0.0.1' : '192.168.64.11', 30000 + service]
}

const KIND = { apiVersion: 'kubeproxy.config.k8s.io/v1alpha1', kind: 'KubeProxyConfiguration' } as const
const DETECTING = { ...KIND, clusterCIDR: '10.244.0.0/16' }
const CONFIGS = {
  usual: DETECTING,
  'no detector': KIND,
  'masquerade all': { ...DETECTING, iptables: { masqueradeAll: true } },
}

/** `all M`: both endpoints, masqueraded; `loc`: the local one alone. */
// biome-ignore format: one case, one row
const MATRIX: readonly (readonly [keyof typeof CONFIGS, From, cip1: string, ext1: string, cip2: string, ext2: string, cip3: string, ext3: string])[] = [
  ['usual',          'pod',      'all',   'all M', 'all',   'all',   'loc',   'all M'],
  ['usual',          'node',     'all M', 'all M', 'all M', 'all M', 'loc M', 'all M'],
  ['usual',          'loopback', '-',     'all M', '-',     'all M', '-',     'all M'],
  ['usual',          'external', 'all M', 'all M', 'all M', 'loc',   'loc M', 'all M'],
  ['no detector',    'pod',      'all',   'all M', 'all',   'loc',   'loc',   'all M'],
  ['no detector',    'node',     'all',   'all M', 'all',   'all M', 'loc',   'all M'],
  ['no detector',    'external', 'all',   'all M', 'all',   'loc',   'loc',   'all M'],
  ['masquerade all', 'pod',      'all M', 'all M', 'all M', 'all',   'loc M', 'all M'],
  ['masquerade all', 'node',     'all M', 'all M', 'all M', 'all M', 'loc M', 'all M'],
  ['masquerade all', 'external', 'all M', 'all M', 'all M', 'loc',   'loc M', 'all M'],
]

for (const [config, from, ...cells] of MATRIX) {
  for (const [i, expected] of cells.entries()) {
    if (expected === '-') continue
    const service = Math.floor(i / 2) + 1
    const entries: readonly Entry[] = i % 2 === 0 ? ['CIP'] : from === 'loopback' ? ['NP'] : ['NP', 'LB']
    for (const entry of entries) {
      t.test(`${config}: ${from} to svc${service} by ${entry} gets ${expected}`, async t => {
        t.equal(reach(config, from, service, entry), expected)
      })
    }
  }
}

t.test('a pod that is its own endpoint is masqueraded, or it would answer itself past the node', async t => {
  t.match(reach('usual', 'pod', 1, 'CIP', 'default/local'), /^all M: 10.244.1.2$/)
})

function reach(config: keyof typeof CONFIGS, from: From, service: number, entry: Entry, sender?: string): string {
  const cluster = clusterOf(OBJECTS, PODS, CONFIGS[config], 'vxlan')
  const world = createWorld(worldOf(cluster))
  const [machine, src] = FROM[from]
  const [dst, dport] = addressOf(from, service, entry)
  // A client outside knows no ClusterIP's way in but the node itself.
  const packet = tcpSyn({ src: parseIp(src), dst: parseIp(dst), sport: 40_000, dport })
  const flow = { from, to: dst, sender: sender ?? machine, packet, at: 0 }
  const { paths } = traceFlows([flow], world, { ways: 'all', seed: 0, most: 100 })
  return described(paths, sender)
}

/** The router also leads ClusterIPs to node-1, as somebody may who wants them from outside. */
function worldOf(cluster: ReturnType<typeof clusterOf>) {
  const world = clusterWorld(cluster, { features: FEATURES, via: 'node-1' })
  const vips = SERVICES.map((_, i) => ({ ip: parseIp(`10.96.0.${i + 1}`), nodes: [parseIp('192.168.64.11')] }))
  return { ...world, vips: [...world.vips, ...vips] }
}

function described(paths: readonly Path[], own?: string): string {
  const met = paths.flatMap(({ exchanges }) => exchanges)
  const reached = [...new Set(met.map(endpointOf))].sort()
  const who = reached.join() === [LOCAL, REMOTE].join() ? 'all' : reached.join() === LOCAL ? 'loc' : reached.join(' ')
  const masqueraded = met.filter(isMasqueraded)
  if (own) return `${who} M: ${[...new Set(masqueraded.map(endpointOf))].join()}`
  if (masqueraded.length === 0) return who
  return masqueraded.length === met.length ? `${who} M` : `${who} partly M`
}

function endpointOf({ request: { outcome }, experience }: Exchange): string {
  if (outcome.kind !== 'delivered' || experience !== 'answered') return experience
  return outcome.machine === 'default/local' ? LOCAL : outcome.machine === 'default/remote' ? REMOTE : outcome.machine
}

function isMasqueraded({ request: { hops } }: Exchange): boolean {
  return hops.some(({ steps }) =>
    steps.some(
      one =>
        one.component === 'netfilter' &&
        one.step.kind === 'rule' &&
        one.step.chain === 'KUBE-POSTROUTING' &&
        one.step.effect === 'masquerade',
    ),
  )
}
