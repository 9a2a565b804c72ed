/** Flows through scenarios, of every kind that a reader may be told about. */
import type { SettledCluster } from '../../src/cluster/host-state.ts'
import type { Wishes } from '../../src/cluster/settings.ts'
import type { Rule, Ruleset } from '../../src/netfilter/rule.ts'
import { clusterOfFolder, clusterOfText } from './cluster-of.ts'
import { MANIFESTS } from './manifests.ts'
import { type Asking, ask, type Told } from './tell.ts'

export interface Case extends Asking {
  /** The golden file's name. */
  readonly file: string
  /** A scenario by its folder, or one of the texts of `manifests.ts`. */
  readonly cluster: string
  readonly flags?: Wishes
  readonly writing?: {
    readonly verbose?: boolean
    readonly colour?: boolean
    readonly unicode?: boolean
    readonly width?: number
  }
}

const clusters = new Map<string, SettledCluster>()

function clusterNamed(name: string, flags: Wishes = {}): SettledCluster {
  const key = `${name} ${JSON.stringify(flags)}`
  const text = MANIFESTS[name]
  const made =
    clusters.get(key) ??
    (text === undefined ? clusterOfFolder(`scenarios/${name}/manifests`, { flags }) : clusterOfText(text, { flags }))
  clusters.set(key, made)
  return made
}

export function told({ file: _, cluster, flags, writing: __, ...asking }: Case): Told {
  return ask(clusterNamed(cluster, flags), asking)
}

const GUESTBOOK = { cluster: 'guestbook', namespace: 'guestbook', from: 'deploy/frontend' } as const
const POLICIES = { cluster: 'traffic-policies' } as const
const UPLINK = 'node-1 link set eth0 down'
const BRIDGE_NF = 'node-1 sysctl net.bridge.bridge-nf-call-iptables=0'

// biome-ignore format: one case, one row
/** A node on which somebody put a rule before all others of FORWARD, or another policy. */
export function foreign(rule: Rule | undefined, policy: 'accept' | 'drop' = 'accept'): Exclude<Asking['hosts'], undefined> {
  return new Map([['node-1', host => ({ ...host, rules: { ...host.rules, 4: withForward(host.rules[4], rule, policy) } })]])
}

function withForward(rules: Ruleset | undefined, rule: Rule | undefined, policy: 'accept' | 'drop'): Ruleset {
  const filter = rules?.tables.get('filter')
  const chain = filter?.chains.get('FORWARD')
  if (!rules || !filter || !chain) throw new Error('no filter:FORWARD')
  const own = policy === 'drop' ? [] : chain.rules
  const chains = new Map(filter.chains).set('FORWARD', { ...chain, policy, rules: rule ? [rule, ...own] : own })
  return { ...rules, tables: new Map(rules.tables).set('filter', { ...filter, chains }) }
}

const UNKNOWN: Rule = {
  matches: [{ on: 'unknown', module: 'psd', text: '--psd-weight-threshold 21' }],
  target: { do: 'drop' },
}
const PROHIBIT: Rule = {
  matches: [
    { on: 'comment', text: 'no databases' },
    { on: 'proto', is: 6 },
    { on: 'tcp', dport: { from: 6379, to: 6379 } },
  ],
  target: { do: 'reject', with: 'icmp-admin-prohibited' },
}

export const CASES: readonly Case[] = [
  { file: 'service-other-node', ...GUESTBOOK, to: 'svc/redis-follower' },
  { file: 'service-same-node', ...GUESTBOOK, to: 'svc/redis-leader' },
  { file: 'service-same-node-without-bridge-nf', ...GUESTBOOK, to: 'svc/redis-leader', faults: [BRIDGE_NF] },
  { file: 'service-every-rule', ...GUESTBOOK, to: 'svc/redis-follower', explained: true, writing: { verbose: true } },
  { file: 'service-in-ascii', ...GUESTBOOK, to: 'svc/redis-follower', writing: { unicode: false, width: 80 } },
  { file: 'service-in-colour', ...GUESTBOOK, to: 'svc/redis-leader', writing: { colour: true } },
  { file: 'service-over-host-gw', ...GUESTBOOK, to: 'svc/redis-follower', flags: { overlay: 'host-gw' } },
  { file: 'pod-to-pod-ping', ...GUESTBOOK, to: 'deploy/redis-follower', protocol: 1 },
  { file: 'hairpin', ...GUESTBOOK, from: 'deploy/redis-leader', to: 'svc/redis-leader' },
  { file: 'node-port-from-outside', ...GUESTBOOK, from: 'ip:203.0.113.7', to: 'svc/frontend' },
  { file: 'node-port-from-the-node', ...GUESTBOOK, from: 'node/node-2', to: '127.0.0.1:30080' },
  { file: 'balancer-local', ...POLICIES, from: 'ip:198.51.100.7', to: 'svc/web-external-local' },
  { file: 'balancer-source-range', ...POLICIES, from: 'ip:203.0.113.77', to: 'svc/web-external-local' },
  {
    file: 'external-local-none-here',
    ...POLICIES,
    from: 'ip:203.0.113.77',
    to: 'svc/web-external-local',
    entry: 'nodeport',
    via: 'node-3',
  },
  { file: 'internal-local-none-here', ...POLICIES, from: 'node/node-3', to: 'svc/web-internal-local' },
  { file: 'internal-local-some', ...POLICIES, from: 'deploy/web', to: 'svc/web-internal-local' },
  { file: 'no-endpoints', ...POLICIES, from: 'deploy/web', to: 'svc/nobody' },
  { file: 'no-such-port', ...POLICIES, from: 'deploy/web', to: 'svc/web-cluster:81' },
  { file: 'no-such-service', ...POLICIES, from: 'deploy/web', to: '10.99.99.99:80' },
  { file: 'no-such-pod', ...POLICIES, from: 'deploy/web', to: '10.244.0.77:80' },
  { file: 'name-short', ...GUESTBOOK, to: 'redis-follower' },
  { file: 'name-after-others', ...GUESTBOOK, to: 'redis-leader.guestbook.svc.cluster.local:6379' },
  { file: 'name-every-query', ...GUESTBOOK, to: 'redis-leader.guestbook', explained: true, writing: { verbose: true } },
  { file: 'name-of-an-endpoint', cluster: 'statefulset-headless', from: 'pod/db-1', to: 'db-0.db:5432' },
  { file: 'name-from-a-node', ...GUESTBOOK, from: 'node/node-1', to: 'redis-leader.guestbook.svc.cluster.local' },
  { file: 'name-without-dns', ...GUESTBOOK, to: 'redis-leader', withDns: true },
  { file: 'ipv6', cluster: 'dual-stack', from: 'deploy/web', to: 'svc/web-v6', family: 6 },
  { file: 'affinity-twice', cluster: 'session-affinity', from: 'pod/client', to: 'svc/web', later: [{ after: 10 }] },
  { file: 'fdb-missing', ...GUESTBOOK, to: 'svc/redis-follower', faults: ['node-1 fdb del 192.168.64.12'] },
  { file: 'neighbour-missing', ...GUESTBOOK, to: 'svc/redis-follower', faults: ['node-1 neigh del 10.244.1.0'] },
  { file: 'route-missing', ...GUESTBOOK, to: 'svc/redis-follower', faults: ['node-1 route del 10.244.1.0/24'] },
  {
    file: 'uplink-down',
    ...GUESTBOOK,
    from: 'node/node-1',
    to: 'svc/redis-follower',
    faults: [UPLINK],
  },
  { file: 'tunnel-without-uplink', ...GUESTBOOK, from: 'node/node-1', to: '10.244.1.2:6379', faults: [UPLINK] },
  { file: 'route-back-missing', ...GUESTBOOK, to: 'svc/redis-follower', faults: ['node-2 route del 10.244.0.0/24'] },
  { file: 'not-forwarding', ...GUESTBOOK, to: 'svc/redis-follower', faults: ['node-1 sysctl net.ipv4.ip_forward=0'] },
  {
    file: 'mtu-small-below-tunnel',
    ...GUESTBOOK,
    to: 'svc/redis-follower',
    size: 1450,
    faults: ['node-1 link set eth0 mtu 1400'],
  },
  {
    file: 'mtu-black-hole',
    cluster: 'broken-paths',
    from: 'pod/client',
    to: 'pod/web-1:http',
    size: 1450,
    faults: ['node-1 link set pod/web-1 mtu 1400'],
  },
  {
    file: 'mtu-told',
    cluster: 'broken-paths',
    from: 'pod/client',
    to: 'pod/web-2:http',
    size: 1450,
    faults: ['node-1 link set flannel.1 mtu 1300'],
  },
  { file: 'bridge-down', ...GUESTBOOK, to: 'svc/redis-follower', faults: ['node-2 link set cbr0 down'] },
  {
    file: 'hairpin-off',
    ...GUESTBOOK,
    from: 'deploy/redis-leader',
    to: 'svc/redis-leader',
    faults: [`node-1 link set pod/guestbook/redis-leader-577f469485-rlgvn hairpin off`],
  },
  { file: 'port-not-open', cluster: 'services', from: 'pod/client', to: 'svc/wrong-port' },
  { file: 'not-ready', cluster: 'services', from: 'pod/client', to: 'svc/not-ready' },
  { file: 'port-name-unknown', cluster: 'services', from: 'pod/client', to: 'svc/wrong-name' },
  { file: 'wrong-labels', cluster: 'services', from: 'pod/client', to: 'svc/wrong-labels' },
  { file: 'without-selector', cluster: 'services', from: 'pod/client', to: 'svc/by-hand' },
  { file: 'undecided', ...GUESTBOOK, to: 'svc/redis-follower', hosts: foreign(UNKNOWN) },
  {
    file: 'undecided-taken-for-miss',
    ...GUESTBOOK,
    to: 'svc/redis-follower',
    hosts: foreign(UNKNOWN),
    assume: 'miss',
    explained: true,
  },
  {
    file: 'undecided-taken-for-match',
    ...GUESTBOOK,
    to: 'svc/redis-follower',
    hosts: foreign(UNKNOWN),
    assume: 'match',
  },
  { file: 'foreign-reject', ...GUESTBOOK, to: 'svc/redis-follower', hosts: foreign(PROHIBIT) },
  { file: 'foreign-policy', ...GUESTBOOK, to: 'svc/redis-follower', hosts: foreign(undefined, 'drop') },
  { file: 'many-endpoints', cluster: 'services', from: 'pod/client', to: 'svc/many' },
]
