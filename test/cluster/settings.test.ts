/** Where the cluster's address ranges come from when nobody says them. */
import t from 'tap'
import { formatPrefix } from '../../src/base/ip.ts'
import { settingsOf } from '../../src/cluster/settings.ts'
import type { Node } from '../../src/objects/node.ts'

function node(name: string, ...podCIDRs: string[]): Node {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: { podCIDR: podCIDRs[0] ?? '', podCIDRs } }
}

t.test("without a word about pod CIDRs, the nodes' own tell", async t => {
  const table: [what: string, nodes: string[][], cidrs: string[]][] = [
    ['nodes of one usual network', [['10.244.1.0/24'], ['10.244.9.0/24']], ['10.244.0.0/16']],
    ['nodes of two', [['10.244.1.0/24'], ['10.250.1.0/24']], ['10.240.0.0/12']],
    ['the same two the other way round', [['10.250.1.0/24'], ['10.244.1.0/24']], ['10.240.0.0/12']],
    ['a node with a wide network', [['10.244.1.0/24'], ['10.248.0.0/14']], ['10.240.0.0/12']],
    [
      'both families',
      [
        ['10.1.0.0/24', 'fd00:1::/64'],
        ['10.1.1.0/24', 'fd00:1:0:100::/64'],
      ],
      ['10.1.0.0/16', 'fd00:1::/55'],
    ],
    ['no nodes', [], ['10.244.0.0/16']],
  ]
  for (const [what, nodes, cidrs] of table) {
    const { podCidrs } = settingsOf(
      {},
      nodes.map((own, i) => node(`node-${i}`, ...own)),
    )
    t.strictSame(podCidrs.map(formatPrefix), cidrs, what)
  }
})
