import t from 'tap'
import { parsePrefix } from '../../src/base/ip.ts'
import {
  type ClusterNetworks,
  findConflicts,
  MOST_BRIDGE_PORTS,
  type NodeNetworks,
} from '../../src/bridge/conflicts.ts'

const CLUSTER: ClusterNetworks = {
  podPrefixes: [parsePrefix('10.244.0.0/16')],
  servicePrefixes: [parsePrefix('10.96.0.0/12')],
  podMtu: 1450,
  overhead: { 4: 50, 6: 70 },
}
const DUAL: ClusterNetworks = { ...CLUSTER, podPrefixes: ['10.244.0.0/16', 'fd00:10:244::/56'].map(parsePrefix) }

function node(number: number, given: Partial<NodeNetworks> = {}): NodeNetworks {
  return {
    name: `node-${number}`,
    podPrefixes: [parsePrefix(`10.244.${number}.0/24`)],
    lanPrefixes: [parsePrefix('192.168.64.0/24')],
    ports: 30,
    uplinkMtu: 1500,
    ...given,
  }
}

const NODES = [node(1), node(2), node(3)]
const inNetwork = (...texts: string[]) => ({ podPrefixes: texts.map(parsePrefix) })
const inLan = (...texts: string[]) => ({ lanPrefixes: texts.map(parsePrefix) })

t.test('findConflicts() finds', async t => {
  // biome-ignore format: one case, one row
  const rows: readonly (readonly [string, ClusterNetworks, readonly NodeNetworks[], readonly string[]])[] = [
    ['nothing where all is well', CLUSTER, NODES, []],
    ['nothing without nodes', CLUSTER, [], []],
    ['pods among services', { ...CLUSTER, servicePrefixes: [parsePrefix('10.0.0.0/8')] }, NODES, ['error: pod network 10.244.0.0/16 overlaps service network 10.0.0.0/8']],
    ['pods among nodes', CLUSTER, [node(1, inLan('10.244.9.0/24')), node(2, inLan('10.244.9.0/24'))], ['error: pod network 10.244.0.0/16 overlaps node network 10.244.9.0/24']],
    ['nodes among services', CLUSTER, [node(1, inLan('10.100.0.0/16'))], ['error: service network 10.96.0.0/12 overlaps node network 10.100.0.0/16']],
    ['no fault with nodes in networks of each other', CLUSTER, [node(1, inLan('192.168.0.0/16')), node(2, inLan('192.168.64.0/24'))], []],
    ['two pod networks in one', { ...CLUSTER, podPrefixes: ['10.244.0.0/16', '10.244.128.0/17'].map(parsePrefix) }, NODES, ['error: pod network 10.244.0.0/16 overlaps pod network 10.244.128.0/17']],
    ['two nodes with one PodCIDR', CLUSTER, [node(1), node(2), node(3, inNetwork('10.244.1.0/24'))], ['error: nodes node-1 and node-3 have one PodCIDR, 10.244.1.0/24: only one of them is reached']],
    ['a PodCIDR inside another', CLUSTER, [node(1, inNetwork('10.244.0.0/20')), node(2)], ['error: PodCIDR 10.244.0.0/20 of node node-1 overlaps PodCIDR 10.244.2.0/24 of node node-2']],
    ['each node inside a wide one', CLUSTER, [node(9, inNetwork('10.244.0.0/20')), node(1), node(2)], [
      'error: PodCIDR 10.244.0.0/20 of node node-9 overlaps PodCIDR 10.244.1.0/24 of node node-1',
      'error: PodCIDR 10.244.0.0/20 of node node-9 overlaps PodCIDR 10.244.2.0/24 of node node-2']],
    ['a shared IPv6 PodCIDR', DUAL, [node(1, inNetwork('10.244.1.0/24', 'fd00:10:244:1::/64')), node(2, inNetwork('10.244.2.0/24', 'fd00:10:244:1::/64'))], [
      'error: nodes node-1 and node-2 have one PodCIDR, fd00:10:244:1::/64: only one of them is reached',
      'warning: MTU of IPv6: pods send up to 1450 bytes into an overlay of 1430 (1500 less 70); larger packets count on path MTU discovery']],
    ['an underlay that carries too little', CLUSTER, [node(1), node(2, { uplinkMtu: 1400 }), node(3, { uplinkMtu: 1400 })], [
      'warning: MTU of IPv4: pods send up to 1450 bytes into an overlay of 1350 (1400 less 50); larger packets count on path MTU discovery']],
    ['pods that send more than the uplink carries', { ...CLUSTER, overhead: {}, podMtu: 9000 }, NODES, [
      'warning: MTU of IPv4: pods send up to 9000 bytes into an uplink of 1500; larger packets count on path MTU discovery']],
    ['no fault where pods fit', { ...DUAL, podMtu: 1430 }, NODES, []],
    ['an underlay without room for IPv6', { ...DUAL, podMtu: 1280 }, [node(1, { uplinkMtu: 1340 })], [
      'error: MTU of IPv6: pods of 1280 over an overlay of 1270 (1340 less 70), but IPv6 needs 1280 bytes']],
    ['more pods than a bridge takes', CLUSTER, [node(1, { ports: MOST_BRIDGE_PORTS }), node(2, { ports: 1025 })], [
      'error: node node-2 has 1025 pods on its bridge, which takes 1023 ports']],
  ]
  for (const [what, cluster, nodes, expected] of rows) {
    t.same(
      findConflicts(cluster, nodes).map(({ severity, message }) => `${severity}: ${message}`),
      expected,
      what,
    )
  }
})

t.test('a conflict names its nodes', async t => {
  const nodes = [
    node(1, inNetwork('10.244.7.0/24')),
    node(2, inNetwork('10.244.7.0/24')),
    node(3, { uplinkMtu: 1400 }),
    node(4, { uplinkMtu: 1400, ports: 2000 }),
  ]
  t.same(
    findConflicts(CLUSTER, nodes).map(({ kind, nodes }) => [kind, ...nodes]),
    [
      ['shared-pod-network', 'node-1', 'node-2'],
      ['mtu', 'node-3', 'node-4'],
      ['bridge-ports', 'node-4'],
    ],
  )
})
