/**
 * IPVS, as data: virtual servers, at which clients arrive, and the real servers that they are spread over.
 *
 * One shape with a reader (`ipvsadm-reader.ts`), writers (`ipvsadm-text.ts`, `server-change.ts`) and whoever runs it.
 *
 * @see ipvsadm(8) 1.31; net/netfilter/ipvs/ and include/uapi/linux/ip_vs.h of Linux
 * @module
 */
import type { Seconds } from '../../base/clock.ts'
import { compareIp, type Family, familyOf, formatIp, type Ip, isIpv4 } from '../../base/ip.ts'
import { type Protocol, SCTP, TCP, UDP } from '../../base/protocol.ts'

/** The protocols that IPVS balances by port. */
export const IPVS_PROTOCOLS = [TCP, UDP, SCTP] as const

/** Which packets a virtual server takes: those to an address, or those that a rule has marked. */
export type VirtualAddress =
  /** Port 0: every port that no other virtual server of the address has. */
  | { readonly by: 'address'; readonly protocol: Protocol; readonly ip: Ip; readonly port: number }
  /** 1 to 2³² - 1, as a signed word. */
  | { readonly by: 'mark'; readonly mark: number; readonly family: Family }

/** Clients stay with the real server that they were given. */
export interface Persistence {
  /** How long after their last connection. */
  readonly timeout: Seconds
  /** Of a client's address: clients that are equal under it stay together. Absent: the whole of it. */
  readonly mask?: Ip
}

/**
 * What a scheduler may be told. `sh` and `mh` hash the client's port too (`-port`), and pass over a real server that is
 * not to be used (`-fallback`); for others the bits have no name.
 */
export const SCHEDULER_FLAGS = [
  'sh-fallback',
  'sh-port',
  'mh-fallback',
  'mh-port',
  'flag-1',
  'flag-2',
  'flag-3',
] as const

export type SchedulerFlag = (typeof SCHEDULER_FLAGS)[number]

export interface VirtualServer {
  readonly at: VirtualAddress
  /** `rr`, `lc`, `mh`, …: the kernel's own name of one. */
  readonly scheduler: string
  readonly persistence?: Persistence
  /** The persistence engine: what of a packet tells clients apart, if not the address. */
  readonly engine?: string
  /** Every packet is scheduled by itself. UDP only. */
  readonly onePacket?: true
  /** In the order of {@link SCHEDULER_FLAGS}, at least one. */
  readonly flags?: readonly SchedulerFlag[]
  /** Options that podwire does not know, as they were written. */
  readonly unknown?: string
  readonly reals: readonly RealServer[]
}

/** How packets reach a real server: rewritten, in a tunnel, or by its link address alone. */
export type Forwarding = 'masquerade' | 'tunnel' | 'route'

/** What a tunnel wraps packets in. */
export type Tunnel =
  | { readonly type: 'ipip' }
  | { readonly type: 'gre'; readonly checksum: Exclude<TunnelChecksum, 'remote'> }
  | { readonly type: 'gue'; readonly port: number; readonly checksum: TunnelChecksum }

export type TunnelChecksum = 'none' | 'full' | 'remote'

export interface RealServer {
  readonly ip: Ip
  readonly port: number
  readonly forwarding: Forwarding
  /** 0: it gets no new connections. */
  readonly weight: number
  /** Only where packets are tunnelled; absent: in IP alone, unsaid. */
  readonly tunnel?: Tunnel
  /** Connections from which on it gets no more, and down to which it then must come. Never listed by `ipvsadm -S`. */
  readonly upper?: number
  readonly lower?: number
  /** Options that podwire does not know, as they were written. */
  readonly unknown?: string
}

export function familyAt(at: VirtualAddress): Family {
  return at.by === 'mark' ? at.family : familyOf(at.ip)
}

/** `10.96.0.1:443`, `[fd00:96::1]:443` */
export function formatSocket(ip: Ip, port: number): string {
  return isIpv4(ip) ? `${formatIp(ip)}:${port}` : `[${formatIp(ip)}]:${port}`
}

const SELECTORS: Readonly<Record<Protocol, string>> = { [TCP]: '-t', [UDP]: '-u', [SCTP]: '--sctp-service' }

/**
 * As `ipvsadm` spells it, and what tells virtual servers apart: `-t 10.96.0.1:443`, `-f 7 -6`.
 *
 * @throws {RangeError} for a protocol that IPVS does not balance
 */
export function formatVirtualAddress(at: VirtualAddress): string {
  if (at.by === 'mark') return `-f ${at.mark >>> 0}${at.family === 6 ? ' -6' : ''}`
  const selector = SELECTORS[at.protocol]
  if (selector === undefined) throw new RangeError(`IPVS has no virtual servers of protocol ${at.protocol}`)
  return `${selector} ${formatSocket(at.ip, at.port)}`
}

/** What tells the real servers of one virtual server apart. */
export function formatRealAddress({ ip, port }: RealServer): string {
  return formatSocket(ip, port)
}

/**
 * The order in which `ipvsadm` lists: by mark, family, protocol, address, port.
 *
 * @see libipvs/libipvs.c of ipvsadm: ipvs_cmp_services, whose subtractions overflow where addresses are half the
 *   address space apart; that is not followed
 */
export function compareVirtualAddresses(a: VirtualAddress, b: VirtualAddress): number {
  const marks = markOf(a) - markOf(b)
  if (marks !== 0) return marks
  if (a.by === 'mark' || b.by === 'mark') return familyAt(a) - familyAt(b)
  return familyAt(a) - familyAt(b) || a.protocol - b.protocol || compareIp(a.ip, b.ip) || a.port - b.port
}

function markOf(at: VirtualAddress): number {
  return at.by === 'mark' ? at.mark >>> 0 : 0
}

/** @see libipvs/libipvs.c of ipvsadm: ipvs_cmp_dests */
export function compareRealServers(a: RealServer, b: RealServer): number {
  return familyOf(a.ip) - familyOf(b.ip) || compareIp(a.ip, b.ip) || a.port - b.port
}
