import t from 'tap'
import { formatIp } from '../../src/base/ip.ts'
import { formatMac } from '../../src/base/mac.ts'
import type { StringMap } from '../../src/objects/meta.ts'
import type { Node, NodeAddress } from '../../src/objects/node.ts'
import { annotationsOf, leaseNodes } from '../../src/overlay/leases.ts'
import { readFlannelNetwork } from '../../src/overlay/network.ts'

const VXLAN = readFlannelNetwork({ Network: '10.244.0.0/16' })
const HOST_GW = readFlannelNetwork({ Network: '10.244.0.0/16', Backend: { Type: 'host-gw' } })
const DUAL = readFlannelNetwork({ Network: '10.244.0.0/16', EnableIPv6: true, IPv6Network: 'fd00:10:244::/56' })
const SIX = { EnableIPv4: false, EnableIPv6: true, IPv6Network: 'fd00:10:244::/56' }
const PREFIX = 'flannel.alpha.coreos.com/'

const INTERNAL: readonly NodeAddress[] = [
  { type: 'Hostname', address: 'node-1' },
  { type: 'ExternalIP', address: '203.0.113.1' },
  { type: 'InternalIP', address: '192.168.64.11' },
  { type: 'InternalIP', address: 'fd00:64::11' },
]

function node(podCIDRs: readonly string[], annotations: StringMap = {}, addresses = INTERNAL): Node {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'node-1', annotations },
    spec: { podCIDRs },
    status: { addresses },
  }
}

t.test('leaseNodes() refuses, in the words of flannel,', async t => {
  // biome-ignore format: one case, one row
  const rows = [
    ['a node without PodCIDR', VXLAN, node([]), 'node "node-1" pod cidr not assigned'],
    ['a node with three', VXLAN, node(['10.244.1.0/24', '10.244.2.0/24', 'fd00::/64']), 'node "node-1" pod cidrs should be IPv4/IPv6 only or dualstack'],
    ['a PodCIDR outside the network', VXLAN, node(['10.245.1.0/24']), 'subnet "10.244.0.0/16" specified in the flannel net config doesn\'t contain "10.245.1.0/24" PodCIDR of the "node-1" node'],
    ['a PodCIDR wider than the network', VXLAN, node(['10.244.0.0/15']), 'subnet "10.244.0.0/16" specified in the flannel net config doesn\'t contain "10.244.0.0/15" PodCIDR of the "node-1" node'],
    ['an IPv6 PodCIDR outside the network', DUAL, node(['10.244.1.0/24', 'fd00:11::/64']), 'subnet "fd00:10:244::/56" specified in the flannel net config doesn\'t contain "fd00:11::/64" IPv6 PodCIDR of the "node-1" node'],
    ['a node without the second family', DUAL, node(['10.244.1.0/24']), 'missing IPv6 address on n.Spec.PodCIDRs'],
    ['a node without address', VXLAN, node(['10.244.1.0/24'], {}, []), 'node "node-1" has no IPv4 InternalIP'],
  ] as const
  for (const [what, network, given, message] of rows) {
    t.same(leaseNodes(network, [given], 1), { leases: [], refusals: [{ node: 'node-1', message }] }, what)
  }
  const single = { ...node([]), spec: { podCIDR: '10.244.1.0/24' } }
  t.equal(leaseNodes(VXLAN, [single], 1).leases.length, 1, 'but takes spec.podCIDR alone')
  t.equal(leaseNodes(VXLAN, [{ ...node([]), metadata: { name: 'a' }, spec: {} }], 1).refusals.length, 1)
})

t.test('leaseNodes() takes the public address', async t => {
  const publicIp = (network: typeof VXLAN, annotations: StringMap, family: 4 | 6) => {
    const [lease] = leaseNodes(network, [node(['10.244.1.0/24', 'fd00:10:244:1::/64'], annotations)], 1).leases
    const ip = lease?.families[family]?.publicIp
    return ip && formatIp(ip)
  }
  t.equal(publicIp(VXLAN, {}, 4), '192.168.64.11', 'from the InternalIP')
  t.equal(publicIp(DUAL, {}, 6), 'fd00:64::11', 'of each family')
  t.equal(publicIp(VXLAN, { [`${PREFIX}public-ip`]: '1.2.3.4' }, 4), '1.2.3.4', 'that flannel has already noted')
  t.equal(
    publicIp(VXLAN, { [`${PREFIX}public-ip`]: '0.0.0.0' }, 4),
    '192.168.64.11',
    'unless it noted that there is none',
  )
  t.equal(
    publicIp(VXLAN, { [`${PREFIX}public-ip`]: '1.2.3.4', [`${PREFIX}public-ip-overwrite`]: '203.0.113.9' }, 4),
    '203.0.113.9',
    'unless somebody orders another',
  )
  t.equal(publicIp(DUAL, { [`${PREFIX}public-ipv6-overwrite`]: '2001:db8::9' }, 6), '2001:db8::9', 'in either family')
  t.equal(publicIp(VXLAN, { [`${PREFIX}public-ip-overwrite`]: '' }, 4), '192.168.64.11', 'an empty one counts as none')
  t.throws(() => publicIp(VXLAN, { [`${PREFIX}public-ip-overwrite`]: 'here' }, 4), {
    message: `Node node-1 metadata.annotations[${PREFIX}public-ip-overwrite]: Cannot parse IP address "here": neither IPv4 nor IPv6`,
  })
})

t.test('leaseNodes() gives the VXLAN device the MAC', async t => {
  const mac = (data: string | undefined, seed = 1) => {
    const annotations = data === undefined ? {} : { [`${PREFIX}backend-data`]: data }
    const [lease] = leaseNodes(VXLAN, [node(['10.244.1.0/24'], annotations)], seed).leases
    const own = lease?.families[4]?.mac
    return own && formatMac(own)
  }
  t.equal(mac('{"VNI":1,"VtepMAC":"b6:49:24:a5:79:76"}'), 'b6:49:24:a5:79:76', 'that it had before')
  t.match(mac(undefined), /^[0-9a-f][26ae]:/, 'else one that is locally administered')
  t.equal(mac(undefined), mac(undefined), 'and always the same')
  t.not(mac(undefined), mac(undefined, 2), 'for one seed')
  for (const none of ['null', '{}', '{"VtepMAC":7}']) t.equal(mac(none), mac(undefined), `as with ${none}`)
  t.throws(() => mac('{"VtepMAC":"b6:49"}'), { code: 'ERR_INPUT' }, 'but not one that is malformed')
  t.throws(() => mac('{'), { code: 'ERR_INPUT' }, 'nor out of what is no JSON')
  const [dual] = leaseNodes(DUAL, [node(['10.244.1.0/24', 'fd00:10:244:1::/64'])], 1).leases
  t.notSame(dual?.families[4]?.mac, dual?.families[6]?.mac, 'each family its own')
})

t.test('annotationsOf() gives', async t => {
  const of = (network: typeof VXLAN, cidrs: readonly string[]) => {
    const [lease] = leaseNodes(network, [node(cidrs)], 1).leases
    if (lease === undefined) throw new Error('not leased')
    return Object.fromEntries(
      Object.entries(annotationsOf(network, lease)).map(([key, value]) => [key.slice(PREFIX.length), value]),
    )
  }
  t.same(
    of(HOST_GW, ['10.244.1.0/24']),
    {
      'backend-data': 'null',
      'backend-type': 'host-gw',
      'kube-subnet-manager': 'true',
      'public-ip': '192.168.64.11',
    },
    'host-gw its null',
  )
  t.same(
    of(readFlannelNetwork({ ...SIX, Backend: { Type: 'host-gw' } }), ['fd00:10:244:1::/64']),
    {
      'backend-data': 'null',
      'backend-v6-data': 'null',
      'backend-type': 'host-gw',
      'kube-subnet-manager': 'true',
      'public-ip': '0.0.0.0',
      'public-ipv6': 'fd00:64::11',
    },
    'host-gw of IPv6 alone an empty IPv4 half',
  )
  t.same(
    Object.keys(of(readFlannelNetwork(SIX), ['fd00:10:244:1::/64'])).sort(),
    ['backend-type', 'backend-v6-data', 'kube-subnet-manager', 'public-ipv6'],
    'vxlan of IPv6 alone none',
  )
})
