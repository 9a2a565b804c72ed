/** Clusters of a few nodes with Services of all kinds, drawn at random, and flows through them. */
import fc from 'fast-check'
import { parseIp } from '../../src/base/ip.ts'
import type { SettledCluster } from '../../src/cluster/host-state.ts'
import type { Pod } from '../../src/objects/pod.ts'
import { sctpInit, tcpSyn, udpDatagram } from '../../src/packet/first-packet.ts'
import type { Packet } from '../../src/packet/packet.ts'
import { clusterOf } from './flow-case.ts'

interface Shape {
  readonly overlay: 'vxlan' | 'host-gw'
  readonly services: readonly ServiceShape[]
  readonly masqueradeAll: boolean
  readonly detect: boolean
}

interface ServiceShape {
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer'
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  readonly external: 'Cluster' | 'Local'
  readonly internal: 'Cluster' | 'Local'
  readonly affinity: boolean
  readonly ranges: boolean
  /** By node, the pods behind it: 0 to 2 of each. */
  readonly endpoints: readonly (readonly [node: number, count: number])[]
}

const service: fc.Arbitrary<ServiceShape> = fc.record({
  type: fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer'),
  protocol: fc.constantFrom('TCP', 'UDP', 'SCTP'),
  external: fc.constantFrom('Cluster', 'Local'),
  internal: fc.constantFrom('Cluster', 'Local'),
  affinity: fc.boolean(),
  ranges: fc.boolean(),
  endpoints: fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 })), {
    selector: ([node]) => node,
    maxLength: 3,
  }),
})

const shape: fc.Arbitrary<Shape> = fc.record({
  overlay: fc.constantFrom('vxlan', 'host-gw'),
  services: fc.array(service, { minLength: 1, maxLength: 4 }),
  masqueradeAll: fc.boolean(),
  detect: fc.boolean(),
})

export interface RandomFlow {
  readonly sender: string
  readonly packet: Packet
}

export interface RandomCluster {
  readonly cluster: SettledCluster
  readonly flows: readonly RandomFlow[]
}

interface FlowShape {
  readonly from: 'pod' | 'node' | 'outside' | 'endpoint'
  readonly node: number
  readonly service: number
  readonly entry: 'cluster' | 'node' | 'balancer' | 'wrong port' | 'loopback'
}

const flow: fc.Arbitrary<FlowShape> = fc.record({
  from: fc.constantFrom('pod', 'node', 'outside', 'endpoint'),
  node: fc.integer({ min: 1, max: 3 }),
  service: fc.nat({ max: 3 }),
  entry: fc.constantFrom('cluster', 'node', 'balancer', 'wrong port', 'loopback'),
})

export const randomCluster: fc.Arbitrary<RandomCluster> = fc
  .tuple(shape, fc.array(flow, { minLength: 1, maxLength: 4 }))
  .map(([one, flows]) => {
    const cluster = clusterFor(one)
    return { cluster, flows: flows.map(flow => flowFor(flow, one, cluster)) }
  })

function clusterFor({ overlay, services, masqueradeAll, detect }: Shape): SettledCluster {
  const nodes = [1, 2, 3].map(n => ({
    kind: 'Node',
    metadata: { name: `node-${n}` },
    spec: { podCIDRs: [`10.244.${n}.0/24`] },
    status: { addresses: [{ type: 'InternalIP', address: `192.168.64.1${n}` }] },
  }))
  const clients = [1, 2, 3].map(n => podFor(`client-${n}`, n, `10.244.${n}.240`))
  const servers = services.flatMap((one, i) =>
    addressesFor(one, i).map(({ ip, node }) => podFor(`server-${ip}`, node, ip)),
  )
  const proxy = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1' as const,
    kind: 'KubeProxyConfiguration' as const,
    ...(detect ? { clusterCIDR: '10.244.0.0/16' } : {}),
    iptables: { masqueradeAll },
  }
  return clusterOf([...nodes, ...services.flatMap(objectsFor)], [...clients, ...servers], proxy, overlay)
}

function podFor(name: string, n: number, ip: string): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { nodeName: `node-${n}`, containers: [{ name: 'c' }] },
    status: { podIP: ip, podIPs: [{ ip }] },
  }
}

function addressesFor({ endpoints }: ServiceShape, i: number) {
  return endpoints.flatMap(([node, count]) =>
    Array.from({ length: count }, (_, j) => ({ node, ip: `10.244.${node}.${10 + i * 4 + j}` })),
  )
}

function objectsFor(one: ServiceShape, i: number) {
  const { type, protocol, external, internal, affinity, ranges } = one
  const name = `s${i}`
  const outside = type !== 'ClusterIP'
  return [
    {
      kind: 'Service',
      metadata: { name, namespace: 'default' },
      spec: {
        type,
        clusterIP: `10.96.0.${i + 1}`,
        clusterIPs: [`10.96.0.${i + 1}`],
        ipFamilies: ['IPv4'],
        internalTrafficPolicy: internal,
        ...(outside ? { externalTrafficPolicy: external } : {}),
        ...(type === 'LoadBalancer' && external === 'Local' ? { healthCheckNodePort: 31000 + i } : {}),
        ...(type === 'LoadBalancer' && ranges ? { loadBalancerSourceRanges: ['198.51.100.0/24'] } : {}),
        ...(affinity
          ? { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 100 } } }
          : { sessionAffinity: 'None' }),
        ports: [{ port: 80, protocol, targetPort: 8080, ...(outside ? { nodePort: 30001 + i } : {}) }],
      },
      ...(type === 'LoadBalancer'
        ? { status: { loadBalancer: { ingress: [{ ip: `203.0.113.${i + 1}`, ipMode: 'VIP' }] } } }
        : {}),
    },
    {
      kind: 'EndpointSlice',
      metadata: { name: `${name}-1`, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: '', port: 8080, protocol }],
      endpoints: addressesFor(one, i).map(({ ip, node }) => ({
        addresses: [ip],
        nodeName: `node-${node}`,
        conditions: { ready: true, serving: true, terminating: false },
      })),
    },
  ]
}

function flowFor(
  { from, node, service: at, entry }: FlowShape,
  { services }: Shape,
  cluster: SettledCluster,
): RandomFlow {
  const i = at % services.length
  const protocol = services[i]?.protocol ?? 'TCP'
  const [dst, dport] = targetFor(entry, i, node)
  const src = parseIp(from === 'outside' ? '198.51.100.7' : '0.0.0.0')
  const make = { TCP: tcpSyn, UDP: udpDatagram, SCTP: sctpInit }[protocol]
  return { sender: senderFor(from, node, cluster), packet: make({ src, dst: parseIp(dst), sport: 40_000, dport }) }
}

function targetFor(entry: FlowShape['entry'], i: number, node: number): readonly [string, number] {
  switch (entry) {
    case 'cluster':
      return [`10.96.0.${i + 1}`, 80]
    case 'wrong port':
      return [`10.96.0.${i + 1}`, 81]
    case 'balancer':
      return [`203.0.113.${i + 1}`, 80]
    case 'node':
      return [`192.168.64.1${node}`, 30001 + i]
    case 'loopback':
      return ['127.0.0.1', 30001 + i]
  }
}

function senderFor(from: FlowShape['from'], node: number, { podsOn }: SettledCluster): string {
  if (from === 'outside') return '198.51.100.7'
  if (from === 'node') return `node-${node}`
  const server = podsOn(`node-${node}`).find(({ metadata }) => metadata.name.startsWith('server-'))
  return `default/${from === 'endpoint' && server ? server.metadata.name : `client-${node}`}`
}
