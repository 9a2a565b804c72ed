/**
 * Which programs listen where, as far as objects tell: the ports that containers declare, those that
 * EndpointSlices send to, and those of Kubernetes' own programs on each node.
 *
 * @module
 */
import { findIp, formatIp, type Ip } from '../base/ip.ts'
import { type Protocol, protocolOf, TCP } from '../base/protocol.ts'
import type { SettledCluster } from '../cluster/host-state.ts'
import type { Listener } from '../node/step.ts'
import type { EndpointSlice } from '../objects/endpoint-slice.ts'
import { keyOf } from '../objects/meta.ts'
import { type Pod, podAddressesOf } from '../objects/pod.ts'

/** Programs on every node. @see cmd/kubelet, pkg/proxy/healthcheck of Kubernetes */
const NODE_PROGRAMS: ReadonlyMap<number, string> = new Map([
  [10250, 'kubelet'],
  [10256, "kube-proxy's health check"],
])

export interface Listeners {
  /** Who listens at an address of a node: a pod on the node's network does at all of them. */
  readonly onNode: (node: string, ip: Ip, protocol: Protocol, port: number) => Listener
  /** Who listens at an address of a pod. */
  readonly inPod: (ip: Ip, protocol: Protocol, port: number) => Listener
  /** Who listens at an address that is nobody's in the cluster. */
  readonly outside: (ip: Ip, protocol: Protocol, port: number) => Listener
}

/** A port at which a program listens, by all that the objects tell. */
export interface DeclaredPort {
  /** An address, or the name of a node: all of its addresses. */
  readonly at: string
  readonly protocol: Protocol
  readonly port: number
  readonly what: string
}

/** The ports of containers, and those that EndpointSlices send to. Of one port that several tell of, the first counts. */
export function* declaredPorts(cluster: SettledCluster): Iterable<DeclaredPort> {
  for (const node of cluster.nodes) for (const pod of cluster.podsOn(node.metadata.name)) yield* podPorts(pod)
  for (const slice of cluster.slices) yield* slicePorts(slice)
}

/** The TCP ports of Kubernetes' own programs, at all addresses of every node. */
export function nodePrograms({ services }: SettledCluster): ReadonlyMap<number, string> {
  const health = services.flatMap(({ spec, metadata }): [number, string][] =>
    spec.healthCheckNodePort ? [[spec.healthCheckNodePort, `health check of ${keyOf(metadata)}`]] : [],
  )
  return new Map([...health, ...NODE_PROGRAMS])
}

export function listenersOf(cluster: SettledCluster): Listeners {
  const declared = new Map<string, Map<string, string>>()
  for (const { at, protocol, port, what } of declaredPorts(cluster)) {
    const ports = declared.get(at) ?? new Map<string, string>()
    declared.set(at, ports)
    const key = `${protocol} ${port}`
    if (!ports.has(key)) ports.set(key, what)
  }
  const programs = nodePrograms(cluster)
  const findAt = (at: string, protocol: Protocol, port: number) => declared.get(at)?.get(`${protocol} ${port}`)
  const find = (ip: Ip, protocol: Protocol, port: number) => findAt(formatIp(ip), protocol, port)
  return {
    onNode: (node, ip, protocol, port) => {
      const own = protocol === TCP ? programs.get(port) : undefined
      const what = findAt(node, protocol, port) ?? find(ip, protocol, port) ?? own
      return what
        ? { listens: 'yes', what }
        : { listens: 'no', assumed: true, what: 'no program of the node that the objects tell of' }
    },
    inPod: (ip, protocol, port) => {
      const what = find(ip, protocol, port)
      if (what) return { listens: 'yes', what }
      const ports = declared.get(formatIp(ip))
      if (!ports) return { listens: 'unknown', what: 'the pod declares no ports' }
      return { listens: 'no', assumed: true, what: `the pod declares ${[...ports.values()].join(', ')}` }
    },
    outside: (ip, protocol, port) => {
      const what = find(ip, protocol, port)
      return what ? { listens: 'yes', what } : { listens: 'unknown', what: 'outside of the cluster' }
    },
  }
}

function* podPorts(pod: Pod): Iterable<DeclaredPort> {
  const { containers, initContainers = [] } = pod.spec
  const running = [...containers, ...initContainers.filter(one => one.restartPolicy === 'Always')]
  const { hostNetwork, nodeName } = pod.spec
  const places = hostNetwork && nodeName ? [nodeName] : podAddressesOf(pod).map(normal)
  for (const at of places) {
    for (const { name: container, ports = [] } of running) {
      for (const { containerPort, protocol = 'TCP', name } of ports) {
        const what = `container ${container} port ${name ?? containerPort}`
        yield { at, protocol: protocolOf(protocol), port: containerPort, what }
      }
    }
  }
}

function* slicePorts({ endpoints, ports, metadata }: EndpointSlice): Iterable<DeclaredPort> {
  for (const { addresses } of endpoints ?? []) {
    for (const { port, protocol = 'TCP' } of ports ?? []) {
      if (!port) continue
      const what = `port ${port} of EndpointSlice ${metadata.name}`
      for (const ip of addresses) yield { at: normal(ip), protocol: protocolOf(protocol), port, what }
    }
  }
}

function normal(text: string): string {
  const ip = findIp(text)
  return ip === undefined ? text : formatIp(ip)
}
