/**
 * The names of kube-proxy's sets, maps and chains in nftables mode.
 *
 * @see pkg/proxy/nftables/proxier.go of Kubernetes
 * @module
 */
import { digestName } from '../../base/digest.ts'
import { formatIp } from '../../base/ip.ts'
import type { Endpoint } from '../endpoint.ts'
import type { ServicePort } from '../service-port.ts'

export const TABLE = 'kube-proxy'

/** Addresses of Services, by which they are told from those that are nobody's. */
export const CLUSTER_IPS = 'cluster-ips'
export const NODE_PORT_IPS = 'nodeport-ips'
export const SERVICE_IPS = 'service-ips'
export const SERVICE_NODE_PORTS = 'service-nodeports'
export const NO_ENDPOINT_SERVICES = 'no-endpoint-services'
export const NO_ENDPOINT_NODE_PORTS = 'no-endpoint-nodeports'
export const FIREWALL_IPS = 'firewall-ips'
/** Connections of an endpoint to itself, by way of a Service. */
export const HAIRPIN_CONNECTIONS = 'hairpin-connections'

export const SERVICES = 'services'
export const MASQUERADING = 'masquerading'
export const MARK_FOR_MASQUERADE = 'mark-for-masquerade'
export const FIREWALL_CHECK = 'firewall-check'
export const CLUSTER_IPS_CHECK = 'cluster-ips-check'
export const SERVICE_ENDPOINTS_CHECK = 'service-endpoints-check'
export const NODE_PORT_ENDPOINTS_CHECK = 'nodeport-endpoints-check'
export const REJECT_CHAIN = 'reject-chain'

const HASH_LENGTH = 8
/** What follows the prefix is cut here: the kernel takes 255 bytes of a name. */
const LONGEST = 240
const ELLIPSIS = '...'

/** What names begin with before they are hashed. */
export interface PortNames {
  /** Any endpoint. */
  readonly service: string
  /** Endpoints of this node. */
  readonly local: string
  /** Where traffic to NodePorts, external and load balancer addresses starts. */
  readonly external: string
  /** Source ranges of load balancers. */
  readonly firewall: string
  /** `namespace/service/protocol/port`: what the endpoints' names begin with. */
  readonly base: string
}

export function portNames({ namespace, service, protocol, portName }: ServicePort): PortNames {
  const base = `${namespace}/${service}/${protocol.toLowerCase()}/${portName}`
  const name = hashed(base)
  return {
    service: `service-${name}`,
    local: `local-${name}`,
    external: `external-${name}`,
    firewall: `firewall-${name}`,
    base,
  }
}

export interface EndpointNames {
  readonly chain: string
  /** Clients that stay with it. */
  readonly affinity: string
}

/** A name may hold no colon, so that those of IPv6 are dots. */
export function endpointNames({ base }: PortNames, { ip, port }: Pick<Endpoint, 'ip' | 'port'>): EndpointNames {
  const name = hashed(`${base}__${formatIp(ip).replaceAll(':', '.')}/${port}`)
  return { chain: `endpoint-${name}`, affinity: `affinity-${name}` }
}

function hashed(base: string): string {
  const name = `${digestName('', base, HASH_LENGTH)}-${base}`
  return name.length > LONGEST ? name.slice(0, LONGEST - ELLIPSIS.length) + ELLIPSIS : name
}
