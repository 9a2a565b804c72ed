/**
 * What a world is made of: the nodes, the pods' programs, the addresses outside.
 *
 * @module
 */
import type { Family, InterfaceAddress, Ip, Prefix } from '../base/ip.ts'
import type { Mac } from '../base/mac.ts'
import type { Protocol } from '../base/protocol.ts'
import type { HostNetwork } from '../host/host.ts'
import type { IpSet } from '../netfilter/ipset.ts'
import type { Ruleset } from '../netfilter/rule.ts'
import type { Listener } from '../node/step.ts'

/** What a node's machine is made from. */
export interface Host {
  readonly network: HostNetwork
  readonly rules: Readonly<Partial<Record<Family, Ruleset>>>
  readonly sets: readonly IpSet[]
}

/** A link of a node that reaches other machines, and its addresses. */
export interface Uplink {
  readonly link: string
  readonly mac?: Mac
  readonly addresses: readonly InterfaceAddress[]
  /** Those through which routes by the link lead; absent: the first address of each of its networks. */
  readonly gateways?: readonly Ip[]
}

export interface NodeSite {
  readonly name: string
  readonly uplinks: readonly Uplink[]
  /** Networks that lie behind links of its own, such as its pods'; absent: the pods are all told of. */
  readonly inside?: readonly { readonly network: Prefix; readonly link: string }[]
  /** Addresses of its own beside those of the uplinks: bridge and overlay. */
  readonly inner: readonly Ip[]
  /** Asked for when a packet first comes to the node. */
  readonly host: () => Host
}

/** A pod with a network of its own, where its address alone says who it is. */
export interface PodSite {
  /** `namespace/name` */
  readonly key: string
  readonly node: string
  readonly addresses: readonly Ip[]
  /** Its inside, as its objects ask for it. */
  readonly network?: () => HostNetwork | undefined
}

/** An address that the router outside leads to nodes: of a load balancer, or an external IP. */
export interface Vip {
  readonly ip: Ip
  /** The addresses of the nodes that take it, of the family of `ip`. */
  readonly nodes: readonly Ip[]
  /** What the nodes send on to it goes to whoever has it; a balancer's own address is nobody else's. */
  readonly beyond?: true
}

export interface WorldConfig {
  readonly nodes: readonly NodeSite[]
  readonly pods: readonly PodSite[]
  readonly vips: readonly Vip[]
  /** There are machines on the wires that nobody told of: what is sent to them leaves the known world. */
  readonly partial?: true
  /** Networks that the router outside knows nothing of: of pods and Services. */
  readonly hidden: readonly Prefix[]
  /** Bytes that the wires between the nodes and to the outside carry. */
  readonly mtu: number
  /** Who listens at an address of a machine. */
  readonly listenerAt: (machine: string, ip: Ip, protocol: Protocol, port: number) => Listener
}
