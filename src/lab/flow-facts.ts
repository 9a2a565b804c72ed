/**
 * What of a cluster a flow may come from or go to, as one list each.
 *
 * @module
 */
import { addIp, contains, type Family, familyOf, findIp, formatIp, type Ip, type Prefix, prefixOf } from '../base/ip.ts'
import { type Protocol, protocolOf } from '../base/protocol.ts'
import { gatewayOf } from '../bridge/gateway.ts'
import type { SettledCluster } from '../cluster/host-state.ts'
import { internalIps, nodeNetworks } from '../cluster/uplink.ts'
import { SERVICE_NAME_LABEL } from '../objects/endpoint-slice.ts'
import { keyOf } from '../objects/meta.ts'
import { podPrefixesOf } from '../objects/node.ts'
import { type Pod, podAddressesOf } from '../objects/pod.ts'
import type { Service } from '../objects/service.ts'

export interface NodeFacts {
  readonly name: string
  /** By which others reach it. */
  readonly addresses: readonly Ip[]
  /** Of its bridge. */
  readonly gateways: readonly Ip[]
  readonly podPrefixes: readonly Prefix[]
}

export interface PortFacts {
  readonly number: number
  readonly protocol: Protocol
}

export interface PodFacts {
  /** As a command line names it: `pod/NAME`, or `pod/NAMESPACE/NAME`. */
  readonly word: string
  readonly node: string
  readonly hostNetwork: boolean
  readonly addresses: readonly Ip[]
  readonly ports: readonly PortFacts[]
  readonly hostPorts: readonly PortFacts[]
}

export interface ServicePortFacts extends PortFacts {
  readonly nodePort?: number
}

export interface ServiceFacts {
  readonly key: string
  readonly clusterIps: readonly Ip[]
  readonly balancers: readonly Ip[]
  readonly external: readonly Ip[]
  readonly ports: readonly ServicePortFacts[]
  /** Addresses and ports behind it, whatever their state. */
  readonly endpoints: readonly { readonly ip: Ip; readonly port: PortFacts }[]
}

export interface FlowFacts {
  readonly families: readonly Family[]
  readonly nodes: readonly NodeFacts[]
  readonly pods: readonly PodFacts[]
  readonly services: readonly ServiceFacts[]
  readonly podRanges: readonly Prefix[]
  readonly serviceRanges: readonly Prefix[]
  /** The nodes' own networks. */
  readonly lans: readonly Prefix[]
  /** Bytes. */
  readonly uplinkMtu: number
  /** Whether somebody has the address: a node, a pod, a Service. */
  readonly isTaken: (ip: Ip) => boolean
}

export function flowFacts(cluster: SettledCluster): FlowFacts {
  const { settings, nodes, services } = cluster
  const nodeFacts = nodes.map((node): NodeFacts => {
    const podPrefixes = podPrefixesOf(node)
    return {
      name: node.metadata.name,
      addresses: internalIps(node),
      gateways: podPrefixes.map(gatewayOf),
      podPrefixes,
    }
  })
  const pods = nodes.flatMap(({ metadata: { name } }) => cluster.podsOn(name).map(pod => podFacts(pod, name)))
  const serviceFacts = services.map(service => serviceFactsOf(service, cluster))
  const lans = nodeNetworks(nodes)
  const taken = new Set(
    [
      ...nodeFacts.flatMap(({ addresses, gateways }) => [...addresses, ...gateways]),
      ...pods.flatMap(({ addresses }) => addresses),
      ...serviceFacts.flatMap(({ clusterIps }) => clusterIps),
      ...lans.map(routerOf),
    ].map(formatIp),
  )
  return {
    families: [...new Set(settings.podCidrs.map(({ family }) => family))],
    nodes: nodeFacts,
    pods: pods.filter(({ addresses }) => addresses.length > 0),
    services: serviceFacts,
    podRanges: settings.podCidrs,
    serviceRanges: settings.serviceCidrs,
    lans,
    uplinkMtu: settings.uplinkMtu,
    isTaken: ip => taken.has(formatIp(ip)),
  }
}

/** The router's address in a network of nodes. */
export function routerOf({ base, bits }: Prefix): Ip {
  return addIp(prefixOf(base, bits).base, 1)
}

/** Of one family, or of all if none is given. */
export function ofFamily(ips: readonly Ip[], family: Family): readonly Ip[] {
  return ips.filter(ip => familyOf(ip) === family)
}

/** The pods whose addresses are behind the Service. */
export function podsBehind({ endpoints }: ServiceFacts, { pods }: FlowFacts): readonly PodFacts[] {
  const behind = new Set(endpoints.map(({ ip }) => formatIp(ip)))
  return pods.filter(({ addresses, hostNetwork }) => !hostNetwork && addresses.some(ip => behind.has(formatIp(ip))))
}

/** Those behind Services that are nothing of the cluster. */
export function outsideEndpoints({ services, podRanges, lans }: FlowFacts): ServiceFacts['endpoints'] {
  const inside = [...podRanges, ...lans]
  return services.flatMap(({ endpoints }) =>
    endpoints.filter(({ ip }) => !inside.some(range => range.family === familyOf(ip) && contains(range, ip))),
  )
}

function podFacts(pod: Pod, node: string): PodFacts {
  const { metadata, spec } = pod
  const { namespace = 'default', name } = metadata
  const ports = spec.containers.flatMap(({ ports = [] }) => ports)
  return {
    word: namespace === 'default' ? `pod/${name}` : `pod/${namespace}/${name}`,
    node,
    hostNetwork: spec.hostNetwork ?? false,
    addresses: ipsOf(podAddressesOf(pod)),
    ports: ports.map(({ containerPort, protocol = 'TCP' }) => ({
      number: containerPort,
      protocol: protocolOf(protocol),
    })),
    hostPorts: spec.hostNetwork
      ? []
      : ports.flatMap(({ hostPort, protocol = 'TCP' }) =>
          hostPort ? [{ number: hostPort, protocol: protocolOf(protocol) }] : [],
        ),
  }
}

function serviceFactsOf({ metadata, spec, status }: Service, { slices }: SettledCluster): ServiceFacts {
  const key = keyOf(metadata)
  const own = slices.filter(
    slice => `${slice.metadata.namespace}/${slice.metadata.labels?.[SERVICE_NAME_LABEL]}` === key,
  )
  const balanced = spec.type === 'LoadBalancer' ? (status?.loadBalancer?.ingress ?? []) : []
  return {
    key,
    clusterIps: ipsOf(spec.clusterIPs ?? []),
    balancers: ipsOf(balanced.flatMap(({ ip }) => ip ?? [])),
    external: ipsOf(spec.externalIPs ?? []),
    ports: (spec.ports ?? []).map(({ port, protocol = 'TCP', nodePort }) => ({
      number: port,
      protocol: protocolOf(protocol),
      ...(nodePort === undefined ? {} : { nodePort }),
    })),
    endpoints: own.flatMap(({ endpoints, ports }) =>
      ipsOf((endpoints ?? []).flatMap(({ addresses }) => addresses)).flatMap(ip =>
        (ports ?? []).flatMap(({ port, protocol = 'TCP' }) =>
          port ? [{ ip, port: { number: port, protocol: protocolOf(protocol) } }] : [],
        ),
      ),
    ),
  }
}

function ipsOf(texts: readonly string[]): readonly Ip[] {
  return texts.flatMap(text => findIp(text) ?? [])
}
