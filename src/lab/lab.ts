/**
 * A lab: a cluster brought to life in network namespaces, as data.
 *
 *     pod ═ veth ═ node ── switch ── router ── outside
 *                            └── beside (a client in the nodes' own network)
 *
 * Every machine of the cluster's world is a network namespace. All that is done to make it stands in
 * the plan, stage by stage, before anything is done.
 *
 * @module
 */
import type { Ip } from '../base/ip.ts'
import type { Protocol } from '../base/protocol.ts'

/** What a namespace is. The switch is no machine of the cluster's world: it carries the nodes' wire. */
export type LabKind = 'node' | 'pod' | 'router' | 'outside' | 'beside' | 'switch'

export interface LabMachine {
  /** As a trace calls it: `node-1`, `default/web-1`, `(router)`; the switch and the outside by their kind. */
  readonly machine: string
  readonly kind: LabKind
  /** The network namespace, as `ip netns` calls it. */
  readonly namespace: string
  /** Its own addresses that others may send to. */
  readonly addresses: readonly Ip[]
}

/** A port that the lab listens at. */
export interface LabListener {
  readonly machine: string
  readonly protocol: Protocol
  readonly port: number
  /** Absent: at every address of the machine. */
  readonly address?: Ip
  /** Who it is, in words: `container web port http`. */
  readonly what: string
}

/** One call of a stock tool. Arguments are handed over as they are: no shell reads them. */
export interface Job {
  /** The network namespace in which it runs; absent: that of the machine that runs the lab. */
  readonly namespace?: string
  readonly tool: string
  readonly args: readonly string[]
  /** Standard input. */
  readonly input?: string
  /** For the person, when it fails: `node-1 iptables.restore`. */
  readonly about: string
}

/** Jobs that need nothing of each other, once all stages before are done. */
export interface Stage {
  readonly title: string
  readonly jobs: readonly Job[]
}

/** Which of the two iptables the rules are loaded with. */
export type IptablesVariant = 'legacy' | 'nft'

export interface LabPlan {
  /** Told apart from other labs by it: `[a-z0-9-]`, 1 to 20 characters. */
  readonly id: string
  readonly variant: IptablesVariant
  readonly machines: readonly LabMachine[]
  readonly listeners: readonly LabListener[]
  /** UDP ports by which VXLAN goes. */
  readonly tunnels: readonly number[]
  /** What is in the lab's folder before the stages begin: path below it → text. */
  readonly files: ReadonlyMap<string, string>
  readonly stages: readonly Stage[]
}
