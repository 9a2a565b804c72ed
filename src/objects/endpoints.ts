import type { ServiceProtocol } from '../base/protocol.ts'
import type { KubeObject, ObjectReference } from './meta.ts'

export interface EndpointAddress {
  readonly ip: string
  readonly hostname?: string
  readonly nodeName?: string
  readonly targetRef?: ObjectReference
}

export interface EndpointsPort {
  readonly name?: string
  readonly port: number
  readonly protocol?: ServiceProtocol
  readonly appProtocol?: string
}

export interface EndpointSubset {
  readonly addresses?: readonly EndpointAddress[]
  readonly notReadyAddresses?: readonly EndpointAddress[]
  readonly ports?: readonly EndpointsPort[]
}

export interface Endpoints extends KubeObject {
  readonly kind: 'Endpoints'
  readonly subsets?: readonly EndpointSubset[]
}
