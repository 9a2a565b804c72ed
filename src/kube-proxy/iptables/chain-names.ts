/**
 * The names of kube-proxy's chains.
 *
 * @module
 */
import { digestName } from '../../base/digest.ts'
import type { Endpoint } from '../endpoint.ts'
import type { ServicePort } from '../service-port.ts'

export const SERVICES = 'KUBE-SERVICES'
export const EXTERNAL_SERVICES = 'KUBE-EXTERNAL-SERVICES'
export const NODE_PORTS = 'KUBE-NODEPORTS'
export const PROXY_FIREWALL = 'KUBE-PROXY-FIREWALL'
export const FORWARD = 'KUBE-FORWARD'
export const POSTROUTING = 'KUBE-POSTROUTING'
export const MARK_MASQ = 'KUBE-MARK-MASQ'
/** Shared with kubelet. */
export const FIREWALL = 'KUBE-FIREWALL'
/** Always empty: if it is gone, somebody flushed the tables. */
export const CANARY = 'KUBE-PROXY-CANARY'

/** How much of the hash a name holds: chain names end at 28 characters. */
const HASH_LENGTH = 16

/** The own chains of one service port; all end in the same hash. */
export interface ServiceChainNames {
  /** Any endpoint. */
  readonly cluster: string
  /** Endpoints of this node. */
  readonly local: string
  /** Where traffic to NodePorts, external and load balancer addresses starts. */
  readonly external: string
  /** Source ranges of load balancers. */
  readonly firewall: string
  /** What the hash was made of: the start of the endpoints' own. */
  readonly hashed: string
}

/** @see pkg/proxy/iptables/proxier.go of Kubernetes: portProtoHash */
export function serviceChainNames(port: ServicePort): ServiceChainNames {
  const hashed = port.name + port.protocol.toLowerCase()
  const cluster = digestName('KUBE-SVC-', hashed, HASH_LENGTH)
  const hash = cluster.slice(-HASH_LENGTH)
  return {
    cluster,
    local: `KUBE-SVL-${hash}`,
    external: `KUBE-EXT-${hash}`,
    firewall: `KUBE-FW-${hash}`,
    hashed,
  }
}

/** @see pkg/proxy/iptables/proxier.go of Kubernetes: servicePortEndpointChainName */
export function endpointChainName(names: ServiceChainNames, endpoint: Endpoint): string {
  return digestName('KUBE-SEP-', names.hashed + endpoint.text, HASH_LENGTH)
}
