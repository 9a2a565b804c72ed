/**
 * The network of one Linux machine below its rules, as data: links, addresses, routes,
 * neighbours, forwarding entries and sysctls.
 *
 * Two write it (the compiler from objects, the reader from `ip -j` and `bridge -j` dumps) and
 * three read it (render, trace, lab).
 *
 * @module
 */
import type { InterfaceAddress, Ip, Prefix } from '../base/ip.ts'
import type { Mac } from '../base/mac.ts'

interface LinkBase {
  readonly name: string
  /** Bytes of the largest layer 3 packet that the link takes. */
  readonly mtu: number
  /** Absent: whatever the kernel gave it. */
  readonly mac?: Mac
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

/** A port of a bridge whose other end is out of sight: all that a dump of the host tells of a pod. */
export interface PortLink extends LinkBase {
  readonly kind: 'port'
  readonly master: string
  readonly hairpin: boolean
}

export type Link = UplinkLink | LoopbackLink | BridgeLink | VethLink | PortLink | VxlanLink

/** An address of a link. */
export interface LinkAddress {
  readonly link: string
  readonly own: InterfaceAddress
}

export interface Route {
  readonly to: Prefix
  /** Absent: the destination is on the link itself. */
  readonly via?: Ip
  readonly link: string
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

/** A permanent entry of the neighbour table. */
export interface Neighbour {
  readonly ip: Ip
  readonly link: string
  readonly mac: Mac
}

/** A permanent forwarding entry: frames to `mac` leave `link` inside packets to `dst`. */
export interface FdbEntry {
  readonly mac: Mac
  readonly link: string
  readonly dst: Ip
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
}

/** What one program gives a host, to be put together with what others give it. */
export type HostPart = Partial<HostNetwork>

/** All parts in one, in their order. Of a setting that two parts make, the later one counts. */
export function joinHost(parts: readonly HostPart[]): HostNetwork {
  return {
    links: parts.flatMap(part => part.links ?? []),
    addresses: parts.flatMap(part => part.addresses ?? []),
    routes: parts.flatMap(part => part.routes ?? []),
    neighbours: parts.flatMap(part => part.neighbours ?? []),
    fdb: parts.flatMap(part => part.fdb ?? []),
    sysctls: [...new Map(parts.flatMap(part => part.sysctls ?? []).map(sysctl => [sysctl.key, sysctl])).values()],
  }
}
