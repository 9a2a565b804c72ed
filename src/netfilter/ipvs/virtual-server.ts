/**
 * IPVS, as data: virtual servers, at which clients arrive, and the real servers that they are spread over.
 *
 * One shape with a reader (`ipvsadm-reader.ts`), writers (`ipvsadm-text.ts`, `server-change.ts`) and whoever runs it.
 *
 * @see ipvsadm(8) 1.31; net/netfilter/ipvs/ and include/uapi/linux/ip_vs.h of Linux
 * @module
 */
import type { Seconds } from '../../base/clock.ts'
import { type Family, familyOf, formatIp, type Ip, isIpv4 } from '../../base/ip.ts'
import { type Protocol, SCTP, TCP, UDP } from '../../base/protocol.ts'
import type { Form } from '../option.ts'

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
 * As `ipvsadm` spells it, and what tells virtual servers apart: `-t 10.96.0.1:443`, `-f 7 -6`. A mark of 2³¹ or more is
 * listed with a sign, with which no `ipvsadm -R` would take it.
 *
 * @throws {RangeError} for a protocol that IPVS does not balance
 */
export function formatVirtualAddress(at: VirtualAddress, form: Form = 'restore'): string {
  if (at.by === 'mark') return `-f ${form === 'save' ? at.mark | 0 : at.mark >>> 0}${at.family === 6 ? ' -6' : ''}`
  const selector = SELECTORS[at.protocol]
  if (selector === undefined) throw new RangeError(`IPVS has no virtual servers of protocol ${at.protocol}`)
  return `${selector} ${formatSocket(at.ip, at.port)}`
}

/** What tells the real servers of one virtual server apart. */
export function formatRealAddress({ ip, port }: RealServer): string {
  return formatSocket(ip, port)
}

/**
 * In the order in which `ipvsadm` lists them: by mark, family, protocol, address, port.
 *
 * @see libipvs/libipvs.c of ipvsadm: ipvs_cmp_services
 */
export function listedServers(servers: readonly VirtualServer[]): VirtualServer[] {
  return listed(servers, (a, b, compare) => compareAddresses(a.at, b.at, compare))
}

/** @see libipvs/libipvs.c of ipvsadm: ipvs_cmp_dests */
export function listedReals(reals: readonly RealServer[]): RealServer[] {
  return listed(
    reals,
    (a, b, compare) => compareIps(a.ip, b.ip, compare) || familyOf(a.ip) - familyOf(b.ip) || a.port - b.port,
  )
}

type CompareWords = (a: number, b: number) => number

/**
 * `ipvsadm` takes the sign of a difference of 32 bits: 192.168.0.1 comes before 10.0.0.1, but 10.0.0.1 before 100.64.0.1.
 * Where three are in a circle, as 192.168.0.1, 10.0.0.1 and 100.64.0.1 are, its own order depends on where each lies in
 * the kernel's memory. That one and the same comes out all the same, everything is put into plain order before.
 */
function listed<T>(all: readonly T[], compareBy: (a: T, b: T, compare: CompareWords) => number): T[] {
  return all
    .toSorted((a, b) => compareBy(a, b, (one, other) => (one >>> 0) - (other >>> 0)))
    .sort((a, b) => compareBy(a, b, (one, other) => (one - other) | 0))
}

function compareAddresses(a: VirtualAddress, b: VirtualAddress, compare: CompareWords): number {
  const marks = compare(markOf(a), markOf(b))
  if (marks !== 0) return marks
  if (a.by === 'mark' || b.by === 'mark') return familyAt(a) - familyAt(b)
  return familyAt(a) - familyAt(b) || a.protocol - b.protocol || compareIps(a.ip, b.ip, compare) || a.port - b.port
}

function markOf(at: VirtualAddress): number {
  return at.by === 'mark' ? at.mark : 0
}

/** An IPv4 address counts as the first word of an IPv6 address. */
function compareIps(a: Ip, b: Ip, compare: CompareWords): number {
  const order = compare(isIpv4(a) ? a : a.w0, isIpv4(b) ? b : b.w0)
  if (order !== 0 || isIpv4(a) || isIpv4(b)) return order
  return compare(a.w1, b.w1) || compare(a.w2, b.w2) || compare(a.w3, b.w3)
}
