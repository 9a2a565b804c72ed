import { within } from '../base/error.ts'
import { type Prefix, parseNetwork } from '../base/ip.ts'
import type { Condition, KubeObject } from './meta.ts'

export interface Taint {
  readonly key: string
  readonly value?: string
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
  readonly timeAdded?: string
}

export interface NodeAddress {
  readonly type: 'InternalIP' | 'ExternalIP' | 'Hostname' | 'InternalDNS' | 'ExternalDNS'
  readonly address: string
}

export interface Node extends KubeObject {
  readonly kind: 'Node'
  readonly spec: {
    readonly podCIDR?: string
    readonly podCIDRs?: readonly string[]
    readonly providerID?: string
    readonly unschedulable?: boolean
    readonly taints?: readonly Taint[]
  }
  readonly status?: {
    readonly addresses?: readonly NodeAddress[]
    readonly capacity?: Readonly<Record<string, string | number>>
    readonly allocatable?: Readonly<Record<string, string | number>>
    readonly conditions?: readonly Condition[]
    readonly nodeInfo?: Readonly<Record<string, unknown>>
  }
}

/** The node's PodCIDRs, in its order. @throws {InputError} when the Node object holds something else */
export function podPrefixesOf({ metadata, spec }: Node): readonly Prefix[] {
  const texts = spec.podCIDRs?.length ? spec.podCIDRs : spec.podCIDR ? [spec.podCIDR] : []
  return texts.map(text => within(`Node ${metadata.name} spec.podCIDRs`, () => parseNetwork(text)))
}
