/**
 * What a difference between kube-proxy's modes is: in words, with its sources, and to what it applies.
 *
 * @module
 */
import type { ProxyMode } from '../settings.ts'
import type { NodeView, Place, PortView } from './view.ts'

/** Of each mode what it does, in words. Two modes that do the same do it in the same words. */
export type Deeds = Readonly<Record<ProxyMode, string>>

interface Common {
  /** Stays the same from release to release. */
  readonly code: string
  /** What the modes treat differently. */
  readonly title: string
  /** What has to be there for it to matter. */
  readonly when: string
  /** As the node's release and configuration have it. */
  readonly does: (view: NodeView) => Deeds
  /** Issues and pull requests of Kubernetes (`k/k#97081`), enhancements (`KEP-3866`), files with symbols, manual pages. */
  readonly sources: readonly string[]
}

/** About single service ports. */
export interface ServiceDifference extends Common {
  readonly about: 'service'
  /** Where a client meets it; none: the modes do the same for this port. */
  readonly places: (view: PortView) => readonly Place[]
}

/** About the node, whatever its services are. */
export interface NodeDifference extends Common {
  readonly about: 'node'
}

export type Difference = ServiceDifference | NodeDifference

/** kube-proxy's own files, as sources name them. */
export const PROXIER = {
  iptables: 'pkg/proxy/iptables/proxier.go',
  ipvs: 'pkg/proxy/ipvs/proxier.go',
  nftables: 'pkg/proxy/nftables/proxier.go',
} as const satisfies Readonly<Record<ProxyMode, string>>

/** All three do as told, but for those that are named. */
export function deeds(all: string, others: Partial<Deeds> = {}): Deeds {
  return { iptables: all, ipvs: all, nftables: all, ...others }
}
