import type { ServiceProtocol } from '../base/protocol.ts'
import type { KubeObject, ObjectReference } from './meta.ts'

export interface EndpointConditions {
  readonly ready?: boolean | null
  readonly serving?: boolean | null
  readonly terminating?: boolean | null
}

export interface EndpointHints {
  readonly forZones?: readonly { readonly name: string }[]
  readonly forNodes?: readonly { readonly name: string }[]
}

export interface Endpoint {
  readonly addresses: readonly string[]
  readonly conditions?: EndpointConditions
  readonly hostname?: string
  readonly targetRef?: ObjectReference
  readonly nodeName?: string
  readonly zone?: string
  readonly hints?: EndpointHints
}

export interface EndpointPort {
  readonly name?: string | null
  readonly protocol?: ServiceProtocol
  readonly port?: number | null
  readonly appProtocol?: string
}

export interface EndpointSlice extends KubeObject {
  readonly kind: 'EndpointSlice'
  readonly addressType: 'IPv4' | 'IPv6' | 'FQDN'
  readonly endpoints?: readonly Endpoint[] | null
  readonly ports?: readonly EndpointPort[] | null
}

/** Names the Service that a slice belongs to. */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name'
/** On slices (and Endpoints) of services without a cluster IP. */
export const HEADLESS_LABEL = 'service.kubernetes.io/headless'
/** On services and slices that are another proxy's business. */
export const PROXY_NAME_LABEL = 'service.kubernetes.io/service-proxy-name'
/** Names the controller that keeps a slice. */
export const MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by'
/** The node label that names the node's zone. */
export const ZONE_LABEL = 'topology.kubernetes.io/zone'
