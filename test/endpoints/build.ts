/** Builders of the objects that the tests of this folder are about. */
import { seededRandom } from '../../src/base/random.ts'
import type { SliceContext } from '../../src/endpoints/slices.ts'
import { type Endpoint, ZONE_LABEL } from '../../src/objects/endpoint-slice.ts'
import type { Node } from '../../src/objects/node.ts'
import type { Pod, PodSpec } from '../../src/objects/pod.ts'
import type { Service, ServiceSpec } from '../../src/objects/service.ts'

/** How a Pod differs from a ready one at 10.244.1.1 on node-1. */
export interface PodParts {
  readonly ip?: string
  readonly ips?: readonly string[]
  readonly ready?: boolean
  readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed'
  readonly terminating?: boolean
  readonly labels?: Readonly<Record<string, string>>
  readonly spec?: Partial<PodSpec>
}

export function pod(name: string, parts: PodParts = {}): Pod {
  const { ip = '10.244.1.1', ips = [ip], ready = true, phase = 'Running', terminating = false } = parts
  const [podIP] = ips
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      labels: parts.labels ?? { app: 'web' },
      ...(terminating && { deletionTimestamp: '2026-01-02T03:04:05Z' }),
    },
    spec: { containers: [{ name: 'c' }], nodeName: 'node-1', ...parts.spec },
    status: {
      phase,
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      ...(podIP !== undefined && { podIP, podIPs: ips.map(one => ({ ip: one })) }),
    },
  }
}

/** Ready Pods `pod-0`, `pod-1`, … with addresses of their own. */
export function pods(count: number, from = 0): readonly Pod[] {
  return Array.from({ length: count }, (_, i) => {
    const number = from + i
    return pod(`pod-${number}`, { ip: `10.244.${number >> 8}.${number & 255}` })
  })
}

export function service(spec: Partial<ServiceSpec> = {}, metadata: Partial<Service['metadata']> = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default', uid: 'uid-web', ...metadata },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.96.0.10',
      ipFamilies: ['IPv4'],
      selector: { app: 'web' },
      ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080 }],
      ...spec,
    },
  }
}

export function node(name: string, zone?: string, parts: Partial<Node> = {}): Node {
  const labels = zone ? { [ZONE_LABEL]: zone } : {}
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec: {}, ...parts }
}

/** Node-1 to node-3 in zones a to c, no shares of zones, and names drawn from seed 1. */
export function context(parts: Partial<SliceContext> = {}): SliceContext {
  const nodes = new Map(['a', 'b', 'c'].map((zone, i) => [`node-${i + 1}`, node(`node-${i + 1}`, zone)]))
  return { findNode: name => nodes.get(name), zoneShares: { refused: 'none' }, random: seededRandom(1), ...parts }
}

/** An endpoint of its own for each number. */
export function endpoint(number: number, ready = true): Endpoint {
  return {
    addresses: [`10.0.${number >> 8}.${number & 255}`],
    conditions: { ready, serving: ready, terminating: false },
    targetRef: { kind: 'Pod', namespace: 'default', name: `pod-${number}`, uid: `uid-${number}` },
    nodeName: 'node-1',
  }
}
