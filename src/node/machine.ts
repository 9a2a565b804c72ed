/**
 * A machine: one network namespace with its links, routes, rules and programs. A node is one, and
 * so is a pod, a router, or a client outside the cluster.
 *
 * @module
 */
import type { Family, Ip } from '../base/ip.ts'
import type { Mac } from '../base/mac.ts'
import type { Protocol } from '../base/protocol.ts'
import type { HostNetwork } from '../host/host.ts'
import type { IpSet } from '../netfilter/ipset.ts'
import type { Ruleset } from '../netfilter/rule.ts'
import type { Circumstances } from '../netfilter/run/hook.ts'
import type { Listener } from './step.ts'

export type MachineKind = 'node' | 'pod' | 'router' | 'outside'

export interface MachineConfig {
  readonly name: string
  readonly kind: MachineKind
  readonly network: HostNetwork
  readonly rules?: Readonly<Partial<Record<Family, Ruleset>>>
  readonly sets?: readonly IpSet[]
  /** Who listens at one of the machine's own addresses. */
  readonly listenerAt: (ip: Ip, protocol: Protocol, port: number) => Listener
}

/** What a machine asks of those on its links. */
export interface Neighbourhood {
  /** Who answers for `ip` on a link (ARP or neighbour discovery): its MAC; absent: nobody. */
  readonly whoHas: (link: string, ip: Ip) => Mac | undefined
  /** The port behind which the bridge found a station; absent: it never heard of it. */
  readonly portOf: (bridge: string, mac: Mac) => string | undefined
}

/** What a machine is told with each packet. */
export interface Around extends Circumstances {
  readonly neighbourhood: Neighbourhood
}
