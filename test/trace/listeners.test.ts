/** Who listens where, as far as objects tell. */
import t from 'tap'
import { parseIp } from '../../src/base/ip.ts'
import { TCP, UDP } from '../../src/base/protocol.ts'
import { listenersOf } from '../../src/trace/listeners.ts'
import { clusterOfText } from './cluster-of.ts'

const LISTENERS = listenersOf(
  clusterOfText(`
apiVersion: v1
kind: Pod
metadata: { name: host }
spec: { hostNetwork: true, nodeName: node-1, containers: [{ name: c, image: i, ports: [{ name: metrics, containerPort: 9100 }] }] }
`),
)

// biome-ignore format: one case, one row
const ON_NODE: readonly (readonly [says: string, node: string, ip: string, protocol: 6 | 17, port: number, listens: 'yes' | 'no'])[] = [
  ["a pod on its node's network listens there",  'node-1', '192.168.64.11', TCP, 9100,  'yes'],
  ['at the loopback address too',                'node-1', '127.0.0.1',     TCP, 9100,  'yes'],
  ["at the bridge's too",                        'node-1', '10.244.0.1',    TCP, 9100,  'yes'],
  ['by its own protocol alone',                  'node-1', '127.0.0.1',     UDP, 9100,  'no'],
  ['on its own node alone',                      'node-2', '127.0.0.1',     TCP, 9100,  'no'],
  ['the kubelet listens everywhere',             'node-2', '127.0.0.1',     TCP, 10250, 'yes'],
]
for (const [says, node, ip, protocol, port, listens] of ON_NODE) {
  t.test(says, async t => {
    const found = LISTENERS.onNode(node, parseIp(ip), protocol, port)
    t.equal(found.listens, listens)
    t.equal(found.assumed, listens === 'no' ? true : undefined, 'what is not declared is only taken for closed')
  })
}
