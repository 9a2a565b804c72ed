/** What stands in the kernel besides the rules of services. */
import t from 'tap'
import { LARGE_CLUSTER_ENDPOINTS, syncChanged, syncFull } from '../../../src/kube-proxy/iptables/proxy.ts'
import { setSlice } from '../../../src/kube-proxy/service-map.ts'
import type { HostFeatures, ProxyOptions } from '../../../src/kube-proxy/settings.ts'
import type { KubeProxyConfiguration } from '../../../src/objects/kube-proxy-configuration.ts'
import { configuration, endpoint, host, loadBalancerService, proxyWith, service, slice } from '../objects.ts'
import { countRules, rulesIn, serviceRules } from './rules.ts'

function rulesetWith(features: Partial<HostFeatures>, fields: Partial<KubeProxyConfiguration> = {}, family: 4 | 6 = 4) {
  return syncFull(proxyWith([], { host: host({}, features), config: configuration(fields) }), family)
}

const NEW = '-m conntrack --ctstate NEW -m comment --comment'
const JUMPS = {
  INPUT: [
    `${NEW} "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL`,
    '-m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS',
    `${NEW} "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES`,
  ],
  FORWARD: [
    `${NEW} "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL`,
    '-m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
    `${NEW} "kubernetes service portals" -j KUBE-SERVICES`,
    `${NEW} "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES`,
  ],
  OUTPUT: [
    `${NEW} "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL`,
    `${NEW} "kubernetes service portals" -j KUBE-SERVICES`,
  ],
}

t.test('each jump is put in front of those before it', async t => {
  for (const family of [4, 6] as const) {
    const rules = rulesetWith({}, {}, family)
    t.strictSame(rulesIn(rules, 'filter', 'INPUT'), ['-j KUBE-FIREWALL', ...JUMPS.INPUT])
    t.strictSame(rulesIn(rules, 'filter', 'FORWARD'), JUMPS.FORWARD)
    t.strictSame(rulesIn(rules, 'filter', 'OUTPUT'), ['-j KUBE-FIREWALL', ...JUMPS.OUTPUT])
    const portals = '-m comment --comment "kubernetes service portals" -j KUBE-SERVICES'
    t.strictSame(rulesIn(rules, 'nat', 'PREROUTING'), [portals])
    t.strictSame(rulesIn(rules, 'nat', 'OUTPUT'), [portals])
    t.strictSame(rulesIn(rules, 'nat', 'POSTROUTING'), [
      '-m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
    ])
    t.strictSame(rulesIn(rules, 'nat', 'INPUT'), [])
    for (const table of ['filter', 'nat', 'mangle'] as const) {
      t.strictSame(rulesIn(rules, table, 'KUBE-PROXY-CANARY'), [], `a canary in ${table}`)
    }
  }
})

const LOCALNET =
  '-m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP'

t.test('kubelet came first: its jumps stand behind, its chains are there', async t => {
  const rules = rulesetWith({ kubeletChains: true }, { iptables: { localhostNodePorts: false } })
  t.strictSame(rulesIn(rules, 'filter', 'INPUT'), [...JUMPS.INPUT, '-j KUBE-FIREWALL'])
  t.strictSame(rulesIn(rules, 'filter', 'OUTPUT'), [...JUMPS.OUTPUT, '-j KUBE-FIREWALL'])
  t.strictSame(rulesIn(rules, 'filter', 'KUBE-FIREWALL'), [LOCALNET], 'whatever kube-proxy wants')
  t.strictSame(rulesIn(rules, 'mangle', 'KUBE-IPTABLES-HINT'), [])
  for (const table of ['filter', 'nat', 'mangle'] as const) {
    t.strictSame(rulesIn(rules, table, 'KUBE-KUBELET-CANARY'), [], table)
  }
  const six = rulesetWith({ kubeletChains: true }, {}, 6)
  t.strictSame(rulesIn(six, 'filter', 'INPUT'), ['-j KUBE-FIREWALL', ...JUMPS.INPUT], 'kubelet has none in IPv6')
  t.strictSame(rulesIn(six, 'filter', 'KUBE-FIREWALL'), [])
  t.strictSame(rulesIn(rulesetWith({}), 'mangle', 'KUBE-IPTABLES-HINT'), undefined, 'no kubelet, no chain')
})

t.test('NodePorts on localhost need a guard, which IPv6 has not', async t => {
  t.strictSame(rulesIn(rulesetWith({}), 'filter', 'KUBE-FIREWALL'), [LOCALNET])
  t.strictSame(rulesIn(rulesetWith({}, {}, 6), 'filter', 'KUBE-FIREWALL'), [])
  t.strictSame(rulesIn(rulesetWith({}, { nodePortAddresses: ['primary'] }), 'filter', 'KUBE-FIREWALL'), [])
})

const NODE_PORTS = '-m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain"'

// biome-ignore format: one case, one row
for (const [title, nodePortAddresses, localhostNodePorts, family, rules] of [
  ['any address of the node', [], true, 4, [`${NODE_PORTS} -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS`]],
  ['any but localhost', [], false, 4, [`${NODE_PORTS} -m addrtype --dst-type LOCAL ! -d 127.0.0.0/8 -j KUBE-NODEPORTS`]],
  ['IPv6 has no NodePorts on localhost', [], true, 6, [`${NODE_PORTS} -m addrtype --dst-type LOCAL ! -d ::1 -j KUBE-NODEPORTS`]],
  ['one rule an address', ['10.244.0.0/16', '192.168.0.0/16'], true, 4, [`${NODE_PORTS} -d 10.244.1.1 -j KUBE-NODEPORTS`, `${NODE_PORTS} -d 192.168.64.11 -j KUBE-NODEPORTS`]],
  ['a network of the other family says nothing', ['10.244.0.0/16'], true, 6, [`${NODE_PORTS} -m addrtype --dst-type LOCAL ! -d ::1 -j KUBE-NODEPORTS`]],
  ['a network without an address of the node', ['172.16.0.0/12'], true, 4, []],
  ['localhost asked for, and switched off', ['localhost'], false, 4, []],
  ['localhost in IPv6', ['localhost'], true, 6, []],
  ['every network', ['10.0.0.0/8', '0.0.0.0/0'], true, 4, [`${NODE_PORTS} -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS`]],
] as const) {
  t.test(`the way to NodePorts: ${title}`, async t => {
    const ruleset = rulesetWith({}, { nodePortAddresses, iptables: { localhostNodePorts } }, family)
    t.strictSame(rulesIn(ruleset, 'nat', 'KUBE-SERVICES'), rules)
  })
}

t.test('the mark is one bit, cleared once it has had its say', async t => {
  const ruleset = rulesetWith({ randomFully: false }, { iptables: { masqueradeBit: 31 } })
  t.strictSame(rulesIn(ruleset, 'nat', 'KUBE-MARK-MASQ'), ['-j MARK --or-mark 0x80000000'])
  t.strictSame(rulesIn(ruleset, 'nat', 'KUBE-POSTROUTING'), [
    '-m mark ! --mark 0x80000000/0x80000000 -j RETURN',
    '-j MARK --xor-mark 0x80000000',
    '-m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE',
  ])
  const usual = rulesIn(rulesetWith({}), 'nat', 'KUBE-POSTROUTING')
  t.equal(usual?.[1], '-j MARK --xor-mark 0x00004000')
  t.match(usual?.[2], /--random-fully$/)
})

t.test('packets of no known connection are dropped, counted where possible, unless conntrack is liberal', async t => {
  const first = (features: Partial<HostFeatures>, options: Partial<ProxyOptions> = {}) => {
    const ruleset = syncFull(proxyWith([], { host: host({}, features), ...options }), 4)
    return rulesIn(ruleset, 'filter', 'KUBE-FORWARD')?.[0]
  }
  const counted = '-m conntrack --ctstate INVALID -m nfacct --nfacct-name ct_state_invalid_dropped_pkts -j DROP'
  t.equal(first({}), '-m conntrack --ctstate INVALID -j DROP')
  t.equal(first({ nfacct: true }), counted)
  t.equal(first({ nfacct: true }, { release: '1.31' }), counted)
  t.equal(first({ nfacct: true }, { release: '1.30' }), '-m conntrack --ctstate INVALID -j DROP')
  t.match(first({ nfacct: true, tcpBeLiberal: true }), /forwarding rules.*0x00004000\/0x00004000 -j ACCEPT/)
})

const endpoints = (count: number) =>
  Array.from({ length: count }, (_, i) => endpoint(`10.244.${i >>> 8}.${i & 255}`, 'node-2'))

// In nat: five fixed rules; a ClusterIP takes 2 and 3 for each endpoint, a load balancer with one
// source range 6 more. In filter: four fixed rules, and one for each address that is refused.
// biome-ignore format: one case, one row
for (const [kind, services, perService, nat, filter] of [
  ['ClusterIP', 0, 0, 5, 4],
  ['ClusterIP', 1, 0, 5, 5],
  ['ClusterIP', 10, 0, 5, 14],
  ['ClusterIP', 1, 1, 10, 4],
  ['ClusterIP', 1, 2, 13, 4],
  ['ClusterIP', 1, 10, 37, 4],
  ['ClusterIP', 10, 10, 325, 4],
  ['LoadBalancer', 1, 1, 16, 5],
  ['LoadBalancer', 10, 10, 385, 14],
  ['LoadBalancer', 1, 0, 5, 7],
  ['LoadBalancer', 10, 0, 5, 34],
] as const) {
  t.test(`${services} ${kind} services of ${perService} endpoints take ${nat} rules in nat, ${filter} in filter`, async t => {
    const objects = Array.from({ length: services }, (_, i) => {
      const [name, clusterIP] = [`s${i}`, `10.96.0.${i + 1}`]
      const guarded = { clusterIP, loadBalancerSourceRanges: ['198.51.100.0/24'] }
      const own = kind === 'ClusterIP' ? service({ clusterIP }, { name }) : loadBalancerService(guarded, { name })
      return [own, slice(endpoints(perService), { name, of: name })]
    })
    const ruleset = syncFull(proxyWith(objects.flat()), 4)
    t.equal(countRules(ruleset, 'nat'), nat)
    t.equal(countRules(ruleset, 'filter'), filter)
  })
}

t.test('in a large cluster, rules about single endpoints carry no comments', async t => {
  const at = (count: number) => proxyWith([service({ sessionAffinity: 'ClientIP' }), slice(endpoints(count))])
  const commented = (rules: readonly string[]) => rules.filter(rule => rule.includes('-m comment'))
  const small = serviceRules(at(LARGE_CLUSTER_ENDPOINTS), 4, 'nat')
  t.equal(commented(small).length, small.length)
  const large = serviceRules(at(LARGE_CLUSTER_ENDPOINTS + 1), 4, 'nat')
  t.strictSame(
    commented(large).map(rule => /^(KUBE-[A-Z]+).*"(.+)"/.exec(rule)?.slice(1, 3)),
    [
      ['KUBE-SERVICES', 'default/web:http cluster IP'],
      ['KUBE-SVC', 'default/web:http cluster IP'],
    ],
  )
  t.strictSame(serviceRules(at(LARGE_CLUSTER_ENDPOINTS + 1), 6, 'nat'), [], 'the families count apart')
})

t.test('endpoints that do not work count for the size of a cluster, services that do not exist do not', async t => {
  const unready = endpoints(LARGE_CLUSTER_ENDPOINTS).map(own => ({ ...own, conditions: { ready: false } }))
  const other = slice(unready, { name: 'other', of: 'other' })
  const small = [service(), slice([endpoint('10.244.1.2')])]
  t.match(serviceRules(proxyWith([...small, other]), 4, 'nat').at(-1), /-m comment/)
  const counted = proxyWith([...small, other, service({ clusterIP: '10.96.0.11' }, { name: 'other' })])
  t.notMatch(serviceRules(counted, 4, 'nat').at(-1), /-m comment/)
})

t.test('a cluster that grows large keeps the comments of services that do not change', async t => {
  const small = slice([endpoint('10.244.1.2')], { name: 'small', of: 'small' })
  const proxy = proxyWith([
    service({ clusterIP: '10.96.0.11' }, { name: 'small' }),
    small,
    service(),
    slice(endpoints(LARGE_CLUSTER_ENDPOINTS - 1)),
  ])
  syncFull(proxy, 4)
  setSlice(proxy, slice(endpoints(LARGE_CLUSTER_ENDPOINTS)))
  const noted = (chains: readonly { rules: readonly { matches: readonly { on: string }[] }[] }[]) =>
    chains.map(({ rules }) => rules.at(-1)?.matches.some(({ on }) => on === 'comment'))
  const grown = syncChanged(proxy, 4)
  t.equal(grown.chains.length, LARGE_CLUSTER_ENDPOINTS + 1, 'only the chains of the service that grew')
  t.notOk(noted(grown.chains).includes(true))
  t.strictSame(syncChanged(proxy, 4).chains, [], 'nothing follows')
  setSlice(proxy, { ...small })
  t.strictSame(noted(syncChanged(proxy, 4).chains), [false, false], 'until it changes')
})

t.test('what changes is counted once', async t => {
  const proxy = proxyWith([service(), slice(endpoints(600))])
  syncFull(proxy, 4)
  setSlice(proxy, slice(endpoints(601)))
  t.match(syncChanged(proxy, 4).chains.at(-1)?.rules.at(-1)?.matches, [{ on: 'comment' }])
})

t.test('rules of a chain are equal at each reading, and the same from the second on', async t => {
  const ruleset = syncFull(proxyWith([loadBalancerService(), slice(endpoints(2))]), 4)
  for (const chain of ruleset.tables.get('nat')?.chains.values() ?? []) {
    const first = chain.rules
    const second = chain.rules
    t.strictSame(second, first, chain.name)
    t.equal(chain.rules, second, chain.name)
  }
})
