/**
 * How kube-proxy's nftables rules were laid out in which release.
 *
 * @see pkg/proxy/nftables/proxier.go of Kubernetes
 * @module
 */
import { isSince, type Release } from '../release.ts'

export interface Layout {
  /** Packets are checked for endpoints and source ranges before anything is rewritten, in every hook. */
  readonly checksBeforeDnat: boolean
  /**
   * Masquerading is asked for in place, and rewrites to endpoints need no chain of each endpoint; hairpin connections
   * are known by a set. Before, a chain marked packets, and each endpoint had one.
   */
  readonly inPlace: boolean
  /** An only endpoint is written without a map. */
  readonly singlesWithoutMap: boolean
}

export function layoutOf(release: Release): Layout {
  return {
    checksBeforeDnat: !isSince(release, '1.34'),
    inPlace: isSince(release, '1.36'),
    singlesWithoutMap: isSince(release, '1.37'),
  }
}
