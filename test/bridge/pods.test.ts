import t from 'tap'
import { formatInterfaceAddress, formatIp, formatPrefix, parseIp, parsePrefix } from '../../src/base/ip.ts'
import { formatMac } from '../../src/base/mac.ts'
import { gatewayAddress, gatewayOf } from '../../src/bridge/gateway.ts'
import { macOf, vethNames } from '../../src/bridge/identity.ts'
import { type BridgedPod, type BridgeOptions, bridgePart } from '../../src/bridge/pods.ts'
import { nodeSysctls } from '../../src/bridge/sysctls.ts'
import type { HostPart, VethLink } from '../../src/host/host.ts'

const DUAL = { name: 'node-1', podPrefixes: ['10.244.1.0/24', 'fd00:10:244:1::/64'].map(parsePrefix) }
const CLUSTER = ['10.244.0.0/16', 'fd00:10:244::/56'].map(parsePrefix)
const OPTIONS: BridgeOptions = { mtu: 1450, clusterPrefixes: CLUSTER, seed: 1 }
const podWith = (key: string, ...addresses: string[]): BridgedPod => ({ key, addresses: addresses.map(parseIp) })

function vethsOf({ links = [] }: HostPart): readonly VethLink[] {
  return links.filter(link => link.kind === 'veth')
}

function onlyVeth(part: HostPart): VethLink {
  const [veth] = vethsOf(part)
  if (veth === undefined) throw new Error('no veth pair')
  return veth
}

t.test('the gateway is the first address of', async t => {
  for (const [prefix, gateway] of [
    ['10.244.1.0/24', '10.244.1.1'],
    ['10.244.1.64/26', '10.244.1.65'],
    ['fd00:10:244:1::/64', 'fd00:10:244:1::1'],
  ] as const) {
    t.equal(formatIp(gatewayOf(parsePrefix(prefix))), gateway, prefix)
  }
  t.equal(formatInterfaceAddress(gatewayAddress(parsePrefix('10.244.1.0/24'))), '10.244.1.1/24')
})

t.test('a node has a bridge', async t => {
  const part = bridgePart(DUAL, [], OPTIONS)
  const [bridge] = part.links ?? []
  t.match(bridge, { kind: 'bridge', name: 'cbr0', mtu: 1450 })
  t.ok(bridge?.mac, 'with a MAC of its own')
  t.same(
    part.addresses?.map(({ link, own }) => `${link} ${formatInterfaceAddress(own)}`),
    ['cbr0 10.244.1.1/24', 'cbr0 fd00:10:244:1::1/64'],
    'and an address in each pod network',
  )
  t.same(bridgePart({ name: 'node-1', podPrefixes: [] }, [], OPTIONS), {}, 'but not without a pod network')
})

t.test('a pod has', async t => {
  const veth = onlyVeth(bridgePart(DUAL, [podWith('default/web', '10.244.1.2', 'fd00:10:244:1::2')], OPTIONS))
  t.match(veth, { mtu: 1450, master: 'cbr0', hairpin: true, peer: { pod: 'default/web', name: 'eth0' } }, 'a pair')
  t.same(veth.peer.addresses.map(formatInterfaceAddress), ['10.244.1.2/24', 'fd00:10:244:1::2/64'], 'its addresses')
  const routes = veth.peer.routes.map(({ to, via }) => `${to ? formatPrefix(to) : 'default'} via ${formatIp(via)}`)
  t.same(
    routes,
    [
      '10.244.0.0/16 via 10.244.1.1',
      'default via 10.244.1.1',
      'fd00:10:244::/56 via fd00:10:244:1::1',
      'default via fd00:10:244:1::1',
    ],
    'and its routes',
  )
  t.notSame(veth.mac, veth.peer.mac)

  const plain = onlyVeth(
    bridgePart(DUAL, [podWith('default/web', '10.244.1.2')], { ...OPTIONS, hairpin: false, clusterPrefixes: [] }),
  )
  t.equal(plain.hairpin, false, 'no hairpin if so wished')
  t.same(
    plain.peer.routes.map(({ via }) => formatIp(via)),
    ['10.244.1.1'],
    'routes of the families that it has',
  )

  const strange = onlyVeth(bridgePart(DUAL, [podWith('default/web', '192.0.2.7', '2001:db8::7')], OPTIONS))
  t.same(
    strange.peer.addresses.map(formatInterfaceAddress),
    ['192.0.2.7/32', '2001:db8::7/128'],
    'an address of elsewhere for itself',
  )
  t.same(strange.peer.routes, [])
})

t.test('a MAC', async t => {
  const of = (seed: number) => formatMac(macOf('default/web', [], seed))
  t.equal(of(1), of(1), 'is the same for one seed')
  t.not(of(1), of(2), 'and another for another')
  t.match(of(1), /^[0-9a-f][26ae]:/, 'is locally administered and of one device')
  t.equal(
    formatMac(macOf('default/web', [parseIp('fd00::2'), parseIp('10.244.1.2')], 1, 'from-ipv4')),
    '0a:58:0a:f4:01:02',
    'may come from the address',
  )
  t.equal(formatMac(macOf('default/web', [parseIp('fd00::2')], 1, 'from-ipv4')), of(1), 'if that is IPv4')
  const part = bridgePart(DUAL, [podWith('default/web', '10.244.1.2')], { ...OPTIONS, macs: 'from-ipv4' })
  t.same(
    part.links?.map(link => (link.kind === 'veth' ? link.peer.mac : link.mac)).map(mac => mac && formatMac(mac)),
    ['0a:58:0a:f4:01:01', '0a:58:0a:f4:01:02'],
    'of bridge and pod',
  )
})

t.test('names of pairs', async t => {
  const pods = Array.from({ length: 1000 }, (_, i) => `default/pod-${i}`)
  const names = vethNames(pods)
  for (const pod of pods) t.match(names.get(pod), /^veth[0-9a-f]{7}0$/)
  t.equal(new Set(names.values()).size, 1000, 'differ')
  t.same([...vethNames([...pods].reverse())].sort(), [...names].sort(), 'whatever the order')
  t.equal(vethNames(['default/pod-7']).get('default/pod-7'), names.get('default/pod-7'), 'and whoever else is there')
})

t.test('two pods whose names hash alike get neighbouring names', async t => {
  // Found by search: hash32 of both begins with the same 28 bits.
  const [a, b] = ['default/pod-46278', 'default/pod-67919']
  const names = vethNames([a, b])
  t.equal(new Set(names.values()).size, 2)
})

t.test('a node is set up to forward', async t => {
  const settings = (...options: Parameters<typeof nodeSysctls>) =>
    nodeSysctls(...options).map(({ key, value }) => `${key}=${value}`)
  const bridged = ['net.bridge.bridge-nf-call-iptables=1', 'net.bridge.bridge-nf-call-ip6tables=1']
  t.same(
    settings({ families: [4, 6] }),
    [
      'net.ipv4.ip_forward=1',
      'net.ipv4.conf.all.rp_filter=0',
      'net.ipv4.conf.default.rp_filter=0',
      'net.ipv6.conf.all.forwarding=1',
      ...bridged,
    ],
    'both families',
  )
  t.same(settings({ families: [6] }), ['net.ipv6.conf.all.forwarding=1', ...bridged], 'IPv6 alone')
  t.same(settings({ families: [4], reversePathFilter: 'loose' })[1], 'net.ipv4.conf.all.rp_filter=2', 'with a filter')
})
