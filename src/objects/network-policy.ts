import type { ServiceProtocol } from '../base/protocol.ts'
import type { KubeObject, LabelSelector } from './meta.ts'

export interface NetworkPolicyPort {
  readonly protocol?: ServiceProtocol
  readonly port?: number | string
  readonly endPort?: number
}

export interface IpBlock {
  readonly cidr: string
  readonly except?: readonly string[]
}

export interface NetworkPolicyPeer {
  readonly podSelector?: LabelSelector
  readonly namespaceSelector?: LabelSelector
  readonly ipBlock?: IpBlock
}

export interface NetworkPolicyIngressRule {
  readonly ports?: readonly NetworkPolicyPort[]
  readonly from?: readonly NetworkPolicyPeer[]
}

export interface NetworkPolicyEgressRule {
  readonly ports?: readonly NetworkPolicyPort[]
  readonly to?: readonly NetworkPolicyPeer[]
}

export interface NetworkPolicy extends KubeObject {
  readonly kind: 'NetworkPolicy'
  readonly spec: {
    readonly podSelector?: LabelSelector
    readonly ingress?: readonly NetworkPolicyIngressRule[]
    readonly egress?: readonly NetworkPolicyEgressRule[]
    readonly policyTypes?: readonly ('Ingress' | 'Egress')[]
  }
}
