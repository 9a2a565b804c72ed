/**
 * Real servers that nobody wants any more, but to which TCP connections still lead.
 *
 * They get no new connections, and go once the last has ended. UDP and SCTP know no such grace.
 *
 * @see pkg/proxy/ipvs/graceful_termination.go of Kubernetes
 * @module
 */
import { TCP } from '../../base/protocol.ts'
import type { ServerChange } from '../../netfilter/ipvs/server-change.ts'
import {
  formatRealAddress,
  formatVirtualAddress,
  type RealServer,
  type VirtualAddress,
  type VirtualServer,
} from '../../netfilter/ipvs/virtual-server.ts'

/** Whether the kernel knows connections to the real server, active or not. */
export type Busy = (at: VirtualAddress, real: RealServer) => boolean

export const NOBODY_BUSY: Busy = () => false

interface Drained {
  readonly at: VirtualAddress
  /** By address, all with weight 0. */
  readonly reals: Map<string, RealServer>
}

/** By the address of the virtual server. Changed by the functions of this module alone. */
export type Draining = Map<string, Drained>

/** The changes as kube-proxy makes them: whoever is busy stays for a while, whoever comes back is made anew. */
export function withGrace(changes: readonly ServerChange[], draining: Draining, busy: Busy): readonly ServerChange[] {
  return changes.flatMap((change): readonly ServerChange[] => {
    switch (change.do) {
      case 'delete':
        draining.delete(formatVirtualAddress(change.at))
        return [change]
      case 'delete real':
        return [parting(change, draining, busy)]
      case 'add real':
        return takeBack(change, draining) ? [{ ...change, do: 'delete real' }, change] : [change]
      default:
        return [change]
    }
  })
}

type RealChange = Extract<ServerChange, { readonly real: RealServer }>

function parting(change: RealChange, draining: Draining, busy: Busy): ServerChange {
  const { at, real } = change
  if (at.by === 'mark' || at.protocol !== TCP || !busy(at, real)) return change
  const key = formatVirtualAddress(at)
  const drained: Drained = draining.get(key) ?? { at, reals: new Map() }
  const last = { ...real, weight: 0 }
  drained.reals.set(formatRealAddress(real), last)
  draining.set(key, drained)
  return { do: 'edit real', at, real: last }
}

function takeBack({ at, real }: RealChange, draining: Draining): boolean {
  const key = formatVirtualAddress(at)
  const drained = draining.get(key)
  if (!drained?.reals.delete(formatRealAddress(real))) return false
  if (drained.reals.size === 0) draining.delete(key)
  return true
}

/** Takes away whoever is busy no longer: kube-proxy looks once a minute. */
export function endGrace(draining: Draining, busy: Busy): readonly ServerChange[] {
  const changes: ServerChange[] = []
  for (const { at, reals } of [...draining.values()]) {
    for (const real of [...reals.values()]) {
      if (busy(at, real)) continue
      const change: ServerChange = { do: 'delete real', at, real }
      takeBack(change, draining)
      changes.push(change)
    }
  }
  return changes
}

/** The virtual server as the kernel has it, with those that are about to go. */
export function withDrained(server: VirtualServer, draining: Draining): VirtualServer {
  const drained = draining.size === 0 ? undefined : draining.get(formatVirtualAddress(server.at))
  return drained ? { ...server, reals: [...server.reals, ...drained.reals.values()] } : server
}
