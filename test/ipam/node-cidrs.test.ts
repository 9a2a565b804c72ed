import t from 'tap'
import { formatPrefix, parsePrefix } from '../../src/base/ip.ts'
import { planNodeCidrs } from '../../src/ipam/node-cidr-plan.ts'
import { NodeCidrAllocator, type NodeWithCidrs } from '../../src/ipam/node-cidrs.ts'

interface Given {
  readonly clusters: readonly string[]
  readonly sizes: readonly number[]
  readonly services?: readonly string[]
  readonly nodes?: readonly (readonly string[])[]
}

function allocator({ clusters, sizes, services = [], nodes = [] }: Given): NodeCidrAllocator {
  const plan = {
    clusters: clusters.map((text, i) => ({ prefix: parsePrefix(text), nodeBits: sizes[i] ?? 24 })),
    servicePrefixes: services.map(parsePrefix),
  }
  return new NodeCidrAllocator(plan, nodes.map(nodeWith))
}

const nodeWith = (podCidrs: readonly string[], i = 0): NodeWithCidrs => ({ name: `old-${i}`, podCidrs })

function next(nodes: NodeCidrAllocator): readonly string[] | string {
  const given = nodes.allocate('new')
  return given.kind === 'assigned' ? given.podPrefixes.map(formatPrefix) : given.error
}

const FULL = 'CIDR allocation failed; there are no remaining CIDRs left to allocate in the accepted range'

t.test('a node gets', async t => {
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [string, Given, readonly string[] | string])[] = [
    ['the first block', { clusters: ['127.123.234.0/24'], sizes: [30] }, ['127.123.234.0/30']],
    ['the first behind the services', { clusters: ['127.123.234.0/24'], sizes: [30], services: ['127.123.234.0/26'] }, ['127.123.234.64/30']],
    ['the first that no node has', { clusters: ['127.123.234.0/24'], sizes: [30], services: ['127.123.234.0/26'],
      nodes: [['127.123.234.64/30'], ['127.123.234.68/30'], ['127.123.234.72/30'], ['127.123.234.80/30']] }, ['127.123.234.76/30']],
    ['nothing of services that lie elsewhere', { clusters: ['10.10.0.0/16'], sizes: [24], services: ['10.96.0.0/12'], nodes: [['10.10.0.0/24']] }, ['10.10.1.0/24']],
    ['one of each network, in their order', { clusters: ['ace:cab:deca::/48', '10.244.0.0/16'], sizes: [64, 24] }, ['ace:cab:deca::/64', '10.244.0.0/24']],
    ['none where services have all', { clusters: ['10.10.0.0/24'], sizes: [24], services: ['10.10.0.0/16'] }, `failed to allocate cidr from cluster cidr at idx:0: ${FULL}`],
  ]
  for (const [what, given, expected] of rows) t.same(next(allocator(given)), expected, what)
})

t.test('services are set apart in every network that they overlap', async t => {
  const nodes = allocator({
    clusters: ['10.0.0.0/16', 'fd00::/48'],
    sizes: [24, 64],
    services: ['10.0.0.0/24', 'fd00::/64'],
  })
  t.same(next(nodes), ['10.0.1.0/24', 'fd00:0:0:1::/64'])
})

t.test('an exhausted network', async t => {
  const nodes = allocator({ clusters: ['10.10.0.0/16', 'fd00::/64'], sizes: [24, 64] })
  t.same(next(nodes), ['10.10.0.0/24', 'fd00::/64'])
  t.same(
    nodes.allocate('node-2'),
    {
      kind: 'exhausted',
      error: `failed to allocate cidr from cluster cidr at idx:1: ${FULL}`,
      event: {
        node: 'node-2',
        type: 'Warning',
        reason: 'CIDRNotAvailable',
        message: 'Node node-2 status is now: CIDRNotAvailable',
        source: 'cidrAllocator',
      },
    },
    'is told as an event',
  )
  t.same(
    nodes.sets.map(set => set.allocated),
    [1, 1],
    'and loses no block of the other',
  )
  nodes.release({ name: 'node-1', podCidrs: ['10.10.0.0/24', 'fd00::/64'] })
  t.same(next(nodes), ['10.10.2.0/24', 'fd00::/64'], 'and has room once a node is gone')
})

t.test('what nodes have', async t => {
  const nodes = allocator({ clusters: ['10.10.0.0/16'], sizes: [24], nodes: [['10.10.0.0/24'], ['10.10.0.0/24']] })
  t.same(next(nodes), ['10.10.1.0/24'], 'counts once')
  nodes.occupy({ name: 'late', podCidrs: ['10.10.2.0/24'] })
  t.same(next(nodes), ['10.10.3.0/24'], 'may be learned late')
  nodes.occupy({ name: 'none', podCidrs: [] })

  const start = (podCidrs: readonly string[]) => () =>
    allocator({ clusters: ['10.10.0.0/16'], sizes: [24], nodes: [podCidrs] })
  t.throws(start(['10.10.0.0/24', 'fd00::/64']), {
    message:
      'node:old-0 has an allocated cidr: fd00::/64 at index:1 that does not exist in cluster cidrs configuration',
  })
  t.throws(start(['172.10.0.0/24']), {
    message:
      'failed to mark cidr[172.10.0.0/24] at idx [0] as occupied for node: old-0: cidr 172.10.0.0/24 is out the range of cluster cidr 10.10.0.0/16',
  })
  t.throws(start(['10.10.0.0/24', 'nonsense']), { message: 'failed to parse node old-0, CIDR 10.10.0.0/24' })
})

t.test('release() refuses', async t => {
  const nodes = allocator({ clusters: ['10.10.0.0/16'], sizes: [24] })
  const release =
    (...podCidrs: string[]) =>
    () =>
      nodes.release({ name: 'node-1', podCidrs })
  t.throws(release('nonsense'), { message: 'failed to parse CIDR nonsense on Node node-1' })
  t.throws(release('172.10.0.0/24'), {
    message:
      'error when releasing CIDR 172.10.0.0/24: cidr 172.10.0.0/24 is out the range of cluster cidr 10.10.0.0/16',
  })
  t.throws(release('10.10.0.0/24', '10.10.1.0/24'), {
    message:
      'node:node-1 has an allocated cidr: 10.10.1.0/24 at index:1 that does not exist in cluster cidrs configuration',
  })
})

t.test('planNodeCidrs() takes', async t => {
  const sizes = (clusterCidr: readonly string[], options: object = {}) =>
    planNodeCidrs({ clusterCidr: clusterCidr.map(parsePrefix), ...options }).clusters.map(({ nodeBits }) => nodeBits)
  t.same(sizes(['10.0.0.0/16']), [24], 'the size that the family has by default')
  t.same(sizes(['fd00::/48']), [64])
  t.same(sizes(['10.0.0.0/16'], { nodeCidrMaskSize: 25 }), [25], 'one size for the one family')
  t.same(sizes(['fd00::/48'], { nodeCidrMaskSize: 60 }), [60])
  t.same(sizes(['10.0.0.0/16'], { nodeCidrMaskSizeIpv4: 26 }), [26], 'the size of the family')
  t.same(sizes(['fd00::/48'], { nodeCidrMaskSizeIpv6: 60 }), [60])
  t.same(sizes(['fd00::/48', '10.0.0.0/16'], { nodeCidrMaskSizeIpv4: 26, nodeCidrMaskSizeIpv6: 60 }), [60, 26])
  t.same(sizes(['10.0.0.0/24']), [24], 'a network for a single node')
  t.same(planNodeCidrs({ clusterCidr: [parsePrefix('10.0.0.0/16')] }).servicePrefixes, [])
})

t.test('planNodeCidrs() refuses', async t => {
  // biome-ignore format: one case, one row
  const rows = [
    ['no network', [], {}, 'Controller: Must specify --cluster-cidr if --allocate-node-cidrs is set'],
    ['two of one family', ['10.0.0.0/16', '10.1.0.0/16'], {}, 'len of ClusterCIDRs==2 and they are not configured as dual stack (at least one from each IPFamily'],
    ['three', ['10.0.0.0/16', '10.1.0.0/16', 'fd00::/48'], {}, 'length of clusterCIDRs is:3 more than max allowed of 2'],
    ['one size for both families', ['10.0.0.0/16', 'fd00::/48'], { nodeCidrMaskSize: 24 }, 'usage of --node-cidr-mask-size is not allowed with dual-stack clusters'],
    ['both ways of giving sizes', ['10.0.0.0/16'], { nodeCidrMaskSize: 24, nodeCidrMaskSizeIpv4: 24 },
      'usage of --node-cidr-mask-size-ipv4 and --node-cidr-mask-size-ipv6 is not allowed if --node-cidr-mask-size is set. For dual-stack clusters please unset it and use IPFamily specific flags'],
    ['an IPv4 size for IPv6', ['fd00::/48'], { nodeCidrMaskSizeIpv4: 24 }, 'usage of --node-cidr-mask-size-ipv4 is not allowed for a single-stack IPv6 cluster'],
    ['an IPv6 size for IPv4', ['10.0.0.0/16'], { nodeCidrMaskSizeIpv6: 64 }, 'usage of --node-cidr-mask-size-ipv6 is not allowed for a single-stack IPv4 cluster'],
    ['blocks larger than the network', ['10.0.0.0/24'], { nodeCidrMaskSize: 16 },
      'Controller: Invalid --cluster-cidr, mask size of cluster CIDR must be less than or equal to --node-cidr-mask-size configured for CIDR family'],
    ['blocks smaller than an address', ['10.0.0.0/24'], { nodeCidrMaskSize: 33 },
      'Controller: Invalid --cluster-cidr, mask size of cluster CIDR must be less than or equal to --node-cidr-mask-size configured for CIDR family'],
  ] as const
  for (const [what, clusters, options, message] of rows) {
    t.throws(
      () => planNodeCidrs({ clusterCidr: clusters.map(text => parsePrefix(text)), ...options }),
      { problem: 'invalid', message },
      what,
    )
  }
  const services = ['10.96.0.0/12', '10.112.0.0/12'].map(parsePrefix)
  t.throws(() => planNodeCidrs({ clusterCidr: [parsePrefix('10.0.0.0/16')], serviceClusterIpRange: services }), {
    message: 'serviceCIDR and secondaryServiceCIDR are not dualstack (from different IPfamiles)',
  })
})
