/**
 * What DNS knows of one Service and its slices: the few fields that names and records are made of.
 *
 * @see CoreDNS plugin/kubernetes/object/service.go, endpoint.go
 * @module
 */
import { findIp, type Ip, isIpv4 } from '../base/ip.ts'
import type { Ipv4 } from '../base/ipv4.ts'
import type { EndpointSlice } from '../objects/endpoint-slice.ts'
import type { Service } from '../objects/service.ts'

/** The number of a port that somebody has, but without a number or without any port: no SRV record tells of it. */
export const NO_PORT = -1

/** What an address field holds: an address, or (in slices of type FQDN) a name. */
export interface Host {
  /** As the object has it. */
  readonly text: string
  readonly ip?: Ip
}

export interface NamedPort {
  readonly name: string
  readonly protocol: string
  readonly port: number
}

export interface Endpoint {
  readonly host: Host
  /** Its own label below the Service's name. */
  readonly label: string
}

/** The ready endpoints of one slice, each of which has each port. */
export interface EndpointGroup {
  /** Of the slice. */
  readonly name: string
  readonly endpoints: readonly Endpoint[]
  readonly ports: readonly NamedPort[]
}

export type ServiceFacts =
  | { readonly kind: 'external'; readonly host: Host }
  | { readonly kind: 'headless' }
  | ClusterFacts

/** A Service with addresses of its own. */
export interface ClusterFacts {
  readonly kind: 'cluster'
  readonly hosts: readonly Host[]
  readonly ports: readonly NamedPort[]
}

/** A Service, its slices, or both. */
export interface Discovered {
  readonly namespace: string
  readonly name: string
  /** Absent while there are only slices. */
  readonly service?: ServiceFacts
  /** In the order of the slices' names. */
  readonly groups: readonly EndpointGroup[]
}

/** What a field of an address holds; IPv4 within IPv6 is IPv4. @see Go net.ParseIP, IP.To4 */
export function readHost(text: string): Host {
  const ip = findIp(text)
  return ip === undefined ? { text } : { text, ip: unmapped(ip) }
}

function unmapped(ip: Ip): Ip {
  return !isIpv4(ip) && ip.w0 === 0 && ip.w1 === 0 && ip.w2 === 0xffff ? (ip.w3 as Ipv4) : ip
}

export function factsOf({ spec }: Service): ServiceFacts {
  if (spec.type === 'ExternalName') return { kind: 'external', host: readHost(spec.externalName ?? '') }
  const addresses = spec.clusterIPs?.length ? spec.clusterIPs : [spec.clusterIP ?? '']
  if (addresses[0] === 'None') return { kind: 'headless' }
  const ports = (spec.ports ?? []).map(({ name = '', protocol = 'TCP', port }) => ({ name, protocol, port }))
  return {
    kind: 'cluster',
    hosts: addresses.filter(text => text !== '').map(readHost),
    ports: ports.length > 0 ? ports : PORTLESS,
  }
}

/** Addresses are answered without ports too. */
const PORTLESS: readonly NamedPort[] = [{ name: '', protocol: '', port: NO_PORT }]
const MOST_LABEL_OCTETS = 63

/** @param podNames endpoints without a hostname are called like their Pod */
export function groupOf({ metadata, endpoints, ports }: EndpointSlice, podNames: boolean): EndpointGroup {
  const named = (ports ?? []).map(one => ({
    name: one.name ?? '',
    protocol: one.protocol ?? 'TCP',
    port: one.port ?? NO_PORT,
  }))
  const ready = (endpoints ?? []).filter(one => one.conditions?.ready !== false)
  return {
    name: metadata.name,
    endpoints: ready.flatMap(({ addresses, hostname, targetRef }) => {
      const pod = podNames && (targetRef?.name?.length ?? 0) <= MOST_LABEL_OCTETS ? targetRef?.name : undefined
      return addresses.map(text => ({ host: readHost(text), label: hostname || pod || labelOf(text) }))
    }),
    ports: named.length > 0 ? named : PORTLESS,
  }
}

/**
 * The label of an endpoint without a name: its address, dashed.
 *
 * @see CoreDNS plugin/kubernetes/kubernetes.go: endpointHostname
 */
function labelOf(address: string): string {
  if (address.includes('.')) return address.replaceAll('.', '-')
  const dashed = address.replaceAll(':', '-')
  return dashed.endsWith('-') ? `${dashed}0` : dashed
}

/** The text of every address by which something of this is found backwards. */
export function addressTexts({ service, groups }: Discovered): ReadonlySet<string> {
  const own = service?.kind === 'cluster' ? service.hosts : []
  return new Set([...own, ...groups.flatMap(group => group.endpoints.map(one => one.host))].map(host => host.text))
}
