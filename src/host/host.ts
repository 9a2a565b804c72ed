/**
 * The network of one Linux machine below its rules, as data: links, addresses, routes,
 * neighbours, forwarding entries and sysctls.
 *
 * Two write it (the compiler from objects, the reader from `ip -j` and `bridge -j` dumps) and
 * three read it (render, trace, lab).
 *
 * @module
 */
import type { Family, InterfaceAddress, Ip, Prefix } from '../base/ip.ts'
import type { Mac } from '../base/mac.ts'
import type { Protocol } from '../base/protocol.ts'

interface LinkBase {
  readonly name: string
  /** Bytes of the largest layer 3 packet that the link takes. */
  readonly mtu: number
  /** Absent: whatever the kernel gave it. */
  readonly mac?: Mac
  /** Set down by whoever runs the machine: it neither sends nor takes anything. */
  readonly down?: true
}

/** A device of the machine that podwire finds there and leaves as it is. */
export interface UplinkLink extends LinkBase {
  readonly kind: 'uplink'
}

export interface LoopbackLink extends LinkBase {
  readonly kind: 'loopback'
}

export interface BridgeLink extends LinkBase {
  readonly kind: 'bridge'
}

/** The host's end of a pair whose other end is a pod's `eth0`. */
export interface VethLink extends LinkBase {
  readonly kind: 'veth'
  /** The bridge that it is a port of. */
  readonly master: string
  /** Whether a frame may leave by the port that it came in by. */
  readonly hairpin: boolean
  readonly peer: VethPeer
}

/** The pod's end of a veth pair. */
export interface VethPeer {
  /** The pod, as `namespace/name`. */
  readonly pod: string
  readonly name: string
  readonly mac: Mac
  /** Absent: that of the host's end. */
  readonly mtu?: number
  readonly addresses: readonly InterfaceAddress[]
  readonly routes: readonly PodRoute[]
}

/** A route inside a pod; absent `to` is the default route. */
export interface PodRoute {
  readonly to?: Prefix
  readonly via: Ip
}

export interface VxlanLink extends LinkBase {
  readonly kind: 'vxlan'
  /** VXLAN network identifier, 24 bits. */
  readonly vni: number
  readonly local: Ip
  /** The link that carries the outer packets. */
  readonly uplink: string
  /** Destination port of the outer UDP header. */
  readonly port: number
  readonly learning: boolean
  readonly gbp?: true
}

/** A device that leads nowhere: it holds addresses. */
export interface DummyLink extends LinkBase {
  readonly kind: 'dummy'
}

/** A port of a bridge whose other end is out of sight: all that a dump of the host tells of a pod. */
export interface PortLink extends LinkBase {
  readonly kind: 'port'
  readonly master: string
  readonly hairpin: boolean
}

export type Link = UplinkLink | LoopbackLink | BridgeLink | VethLink | PortLink | VxlanLink | DummyLink

/** An address of a link. */
export interface LinkAddress {
  readonly link: string
  readonly own: InterfaceAddress
  /** How far it means this machine: on the link alone, or in the machine alone. Absent: everywhere. */
  readonly scope?: 'link' | 'host'
  /** Still the machine's own, but no source is chosen from such as long as there is another. */
  readonly deprecated?: true
}

/** What a route does with a packet if it does not lead it on. @see ip-route(8), TYPE */
export type RouteType =
  | 'local'
  | 'broadcast'
  | 'anycast'
  | 'multicast'
  | 'blackhole'
  | 'unreachable'
  | 'prohibit'
  | 'throw'
  | 'nat'

/** One of several ways of a route. */
export interface NextHop {
  readonly via?: Ip
  readonly link: string
  /** From 1. */
  readonly weight: number
  readonly onlink?: true
}

export interface Route {
  readonly to: Prefix
  /** Absent: the destination is on the link itself. Of the route's family, or IPv6 for an IPv4 route. */
  readonly via?: Ip
  /** Of a route that ends in the kernel, `lo` or nothing (`''`). Of one with several ways, the first. */
  readonly link: string
  /** Absent: it leads the packet on (`unicast`). */
  readonly type?: RouteType
  /** The table that it is in, by name or number; absent is `main`. */
  readonly table?: string
  /** Several ways, of which each flow takes one. */
  readonly hops?: readonly NextHop[]
  readonly mtu?: number
  /** `via` need not be in a network of the link. */
  readonly onlink?: true
  readonly src?: Ip
  /**
   * Who made it: the kernel from an address, or whoever set the machine up; podwire writes neither.
   * Absent means `boot`, as `ip route` does.
   */
  readonly proto?: 'kernel' | 'static'
  readonly scope?: 'link' | 'host'
  readonly metric?: number
}

/** A rule of `ip rule`: which table is asked about which packets. @see ip-rule(8) */
export interface RoutingRule {
  readonly family: Family
  /** Lower ones are asked first. */
  readonly priority: number
  readonly not?: true
  readonly from?: Prefix
  readonly to?: Prefix
  /** 32 bits, signed. */
  readonly mark?: { readonly is: number; readonly mask: number }
  readonly in?: string
  readonly out?: string
  readonly protocol?: Protocol
  readonly sport?: { readonly from: number; readonly to: number }
  readonly dport?: { readonly from: number; readonly to: number }
  readonly tos?: number
  readonly action: 'lookup' | 'blackhole' | 'unreachable' | 'prohibit' | 'goto' | 'nop'
  /** Of `lookup`: by name or number. */
  readonly table?: string
  /** Of `goto`: a priority. */
  readonly target?: number
  /** Of `lookup`: a route of no more bits than these is passed over. */
  readonly suppressBits?: number
}

/** A permanent entry of the neighbour table, or one that the kernel learned. */
export interface Neighbour {
  readonly ip: Ip
  readonly link: string
  readonly mac: Mac
  /** Somebody answered for the address when the machine was looked at. Never written. */
  readonly learned?: true
}

/** An address on a link that was asked for in vain. */
export interface Silence {
  readonly ip: Ip
  readonly link: string
}

/** A permanent forwarding entry: frames to `mac` leave `link` inside packets to `dst`. */
export interface FdbEntry {
  readonly mac: Mac
  readonly link: string
  readonly dst: Ip
  /** Of entries that differ from their device: destination port and network. */
  readonly port?: number
  readonly vni?: number
}

/** Where a bridge found a station: `mac` is behind `port`. The kernel's own knowledge, never written. */
export interface BridgeEntry {
  readonly mac: Mac
  readonly bridge: string
  readonly port: string
}

/**
 * A kernel setting by its dotted name: `net.ipv4.ip_forward`.
 *
 * A dot that is part of a device's name is written as a slash, as `sysctl` prints it:
 * `net.ipv4.conf.flannel/1.rp_filter`.
 */
export interface Sysctl {
  readonly key: string
  readonly value: string
}

export interface HostNetwork {
  readonly links: readonly Link[]
  readonly addresses: readonly LinkAddress[]
  readonly routes: readonly Route[]
  readonly neighbours: readonly Neighbour[]
  readonly fdb: readonly FdbEntry[]
  readonly sysctls: readonly Sysctl[]
  /** Absent: the kernel's own three (local, main, default). */
  readonly routingRules?: readonly RoutingRule[]
  /** Addresses that nobody answered for when the machine was looked at. */
  readonly silent?: readonly Silence[]
  /** What bridges have learned, of a machine that was looked at. */
  readonly bridgeEntries?: readonly BridgeEntry[]
}

/** What one program gives a host, to be put together with what others give it. */
export type HostPart = Partial<HostNetwork>

/** What a program gives that writes down all it knows: nothing that only a look at a machine tells. */
export type WrittenPart = Required<Omit<HostPart, 'routingRules' | 'bridgeEntries' | 'silent'>>

/** All parts in one, in their order. Of a setting that two parts make, the later one counts. */
export function joinHost(parts: readonly HostPart[]): HostNetwork {
  const routingRules = parts.flatMap(part => part.routingRules ?? [])
  const bridgeEntries = parts.flatMap(part => part.bridgeEntries ?? [])
  return {
    links: parts.flatMap(part => part.links ?? []),
    addresses: parts.flatMap(part => part.addresses ?? []),
    routes: parts.flatMap(part => part.routes ?? []),
    neighbours: parts.flatMap(part => part.neighbours ?? []),
    fdb: parts.flatMap(part => part.fdb ?? []),
    sysctls: [...new Map(parts.flatMap(part => part.sysctls ?? []).map(sysctl => [sysctl.key, sysctl])).values()],
    ...(routingRules.length > 0 ? { routingRules } : {}),
    ...(bridgeEntries.length > 0 ? { bridgeEntries } : {}),
  }
}
