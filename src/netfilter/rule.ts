/**
 * Netfilter rules, as data.
 *
 * A rule has one shape and three readers: rendering prints it, traversal runs it and the trace
 * shows it. Whatever a rule means is said here and nowhere else.
 *
 *     Ruleset (one family) ── Table (filter, nat, …) ── Chain ── Rule ── Match…, Target
 *
 * @module
 */

import type { Seconds } from '../base/clock.ts'
import type { Family, Ip, Prefix } from '../base/ip.ts'
import type { Mac } from '../base/mac.ts'
import type { Protocol } from '../base/protocol.ts'

/** Conditions of which the opposite can be asked, as `!` does. */
interface Negatable {
  readonly not?: true
}

/** Ports `from` to `to`, both included. */
export interface PortRange {
  readonly from: number
  readonly to: number
}

export type PortMatch = PortRange & Negatable

export type AddressType =
  | 'UNSPEC'
  | 'UNICAST'
  | 'LOCAL'
  | 'BROADCAST'
  | 'ANYCAST'
  | 'MULTICAST'
  | 'BLACKHOLE'
  | 'UNREACHABLE'
  | 'PROHIBIT'
  | 'THROW'
  | 'NAT'
  | 'XRESOLVE'

export type ConnectionState = 'INVALID' | 'NEW' | 'RELATED' | 'ESTABLISHED' | 'UNTRACKED' | 'SNAT' | 'DNAT'

/**
 * One condition; a rule applies when all of its conditions hold.
 *
 * The order in which a rule holds its conditions is the order in which they were written. The
 * first six are options of iptables itself and are printed first by `iptables-save`; all others
 * belong to the extension of the same name (`-m NAME`).
 */
export type Match =
  | ({ readonly on: 'src' | 'dst'; readonly in: Prefix } & Negatable)
  /** A device by name; a name that ends in `+` stands for all names that begin so. */
  | ({ readonly on: 'in' | 'out'; readonly device: string } & Negatable)
  | ({ readonly on: 'proto'; readonly is: Protocol } & Negatable)
  | ({ readonly on: 'fragment' } & Negatable)
  | { readonly on: 'comment'; readonly text: string }
  | TcpMatch
  | { readonly on: 'udp'; readonly sport?: PortMatch; readonly dport?: PortMatch }
  | SctpMatch
  | ({ readonly on: 'icmp' | 'icmp6'; readonly type: number; readonly code?: PortRange } & Negatable)
  | ConntrackMatch
  | ({ readonly on: 'state'; readonly states: readonly ConnectionState[] } & Negatable)
  /** Marks and masks are 32 bits, kept as signed integers: all ones is -1. */
  | ({ readonly on: 'mark' | 'connmark'; readonly is: number; readonly mask: number } & Negatable)
  | AddressTypeMatch
  /** `probability` from 0 to 1: written with ten decimals, of which the kernel keeps 31 bits. */
  | ({ readonly on: 'statistic'; readonly mode: 'random'; readonly probability: number } & Negatable)
  | ({ readonly on: 'statistic'; readonly mode: 'nth'; readonly every: number; readonly packet: number } & Negatable)
  | RecentMatch
  | ({
      readonly on: 'multiport'
      readonly of: 'sports' | 'dports' | 'ports'
      readonly ports: readonly PortRange[]
    } & Negatable)
  /** Membership in an ipset, by up to six dimensions of the packet. */
  | ({
      readonly on: 'set'
      readonly set: string
      readonly by: readonly ('src' | 'dst')[]
      readonly options?: readonly ExtensionOption[]
    } & Negatable)
  | PhysdevMatch
  | { readonly on: 'iprange'; readonly src?: AddressRange & Negatable; readonly dst?: AddressRange & Negatable }
  | { readonly on: 'limit'; readonly rate: Rate; readonly burst: number }
  | ({ readonly on: 'mac'; readonly source: Mac } & Negatable)
  | {
      readonly on: 'rpfilter'
      readonly loose?: true
      readonly validMark?: true
      readonly acceptLocal?: true
      readonly invert?: true
    }
  | { readonly on: 'nfacct'; readonly counter: string }
  | ({ readonly on: 'length'; readonly from: number; readonly to: number } & Negatable)
  | ({ readonly on: 'pkttype'; readonly is: 'unicast' | 'broadcast' | 'multicast' } & Negatable)
  /** A condition whose options podwire can read and write but does not decide. */
  | { readonly on: 'extension'; readonly module: string; readonly options: readonly ExtensionOption[] }
  /** A condition that podwire does not know: kept as it was written, reported by whoever runs it. */
  | UnknownMatch

/** The conditions of one kind. */
export type MatchOn<K extends Match['on']> = Match extends infer M extends Match
  ? M extends Match
    ? K extends M['on']
      ? M
      : never
    : never
  : never

/** One option of an extension, without its dashes; its words as `iptables-save` spells them. */
export interface ExtensionOption extends Negatable {
  readonly name: string
  readonly words: readonly string[]
}

export interface TcpMatch {
  readonly on: 'tcp'
  readonly sport?: PortMatch
  readonly dport?: PortMatch
  /** Of the flags in `mask`, exactly those in `set` are up. Bits as in RFC 9293: FIN 1 … URG 32. */
  readonly flags?: { readonly mask: number; readonly set: number } & Negatable
  /** A TCP option kind that must be present. */
  readonly option?: { readonly kind: number } & Negatable
}

export interface SctpMatch {
  readonly on: 'sctp'
  readonly sport?: PortMatch
  readonly dport?: PortMatch
  /** `--chunk-types`, as written. */
  readonly chunks?: { readonly text: string } & Negatable
}

export interface ConntrackMatch {
  readonly on: 'conntrack'
  readonly state?: { readonly in: readonly ConnectionState[] } & Negatable
  readonly protocol?: { readonly is: Protocol } & Negatable
  readonly origSrc?: { readonly in: Prefix } & Negatable
  readonly origDst?: { readonly in: Prefix } & Negatable
  readonly replSrc?: { readonly in: Prefix } & Negatable
  readonly replDst?: { readonly in: Prefix } & Negatable
  readonly origSport?: PortMatch
  readonly origDport?: PortMatch
  readonly replSport?: PortMatch
  readonly replDport?: PortMatch
  readonly status?: { readonly in: readonly string[] } & Negatable
  readonly expire?: { readonly from: Seconds; readonly to: Seconds } & Negatable
  readonly direction?: 'ORIGINAL' | 'REPLY'
}

export interface AddressTypeMatch {
  readonly on: 'addrtype'
  readonly src?: { readonly in: readonly AddressType[] } & Negatable
  readonly dst?: { readonly in: readonly AddressType[] } & Negatable
  readonly limit?: 'in' | 'out'
}

/** A list of addresses seen lately. @see net/netfilter/xt_recent.c of Linux */
export interface RecentMatch {
  readonly on: 'recent'
  readonly do: 'set' | 'rcheck' | 'update' | 'remove'
  readonly list: string
  readonly by: 'src' | 'dst'
  readonly mask: Ip
  readonly seconds?: Seconds
  readonly hits?: number
  readonly reap?: true
  readonly ttl?: true
  readonly not?: true
}

/** The bridge port that a bridged packet came in by or leaves by. */
export interface PhysdevMatch {
  readonly on: 'physdev'
  readonly in?: { readonly device: string } & Negatable
  readonly out?: { readonly device: string } & Negatable
  readonly isIn?: { readonly not?: true }
  readonly isOut?: { readonly not?: true }
  readonly isBridged?: { readonly not?: true }
}

export interface AddressRange {
  readonly from: Ip
  readonly to: Ip
}

/** `count` per unit of time. */
export interface Rate {
  readonly count: number
  readonly per: 'sec' | 'min' | 'hour' | 'day'
}

/** `text` is what followed `-m MODULE`, as it was written. */
export interface UnknownMatch {
  readonly on: 'unknown'
  readonly module: string
  readonly text: string
  /** What is wrong with the text; absent: nothing is known of the module. */
  readonly why?: string
}

/** How NAT picks among several ports. */
export interface PortChoice {
  readonly random?: true
  readonly randomFully?: true
}

export type Target =
  | { readonly do: 'accept' | 'drop' | 'return' | 'queue' }
  | { readonly do: 'jump' | 'goto'; readonly chain: string }
  /** `with` is the answer's name, such as `icmp-port-unreachable` or `tcp-reset`. */
  | { readonly do: 'reject'; readonly with: string }
  /** The mark becomes `(mark & ~mask) ^ set`. */
  | { readonly do: 'mark'; readonly set: number; readonly mask: number }
  | { readonly do: 'connmark'; readonly op: 'set'; readonly set: number; readonly mask: number }
  /** Copies between the packet's mark (`nfmask`) and the connection's (`ctmask`). */
  | { readonly do: 'connmark'; readonly op: 'save' | 'restore'; readonly nfmask: number; readonly ctmask: number }
  | NatTarget
  | ({ readonly do: 'masquerade' | 'redirect'; readonly ports?: PortRange } & PortChoice)
  | { readonly do: 'notrack' }
  | { readonly do: 'trace' }
  | LogTarget
  /** A target whose options podwire can read and write but does not carry out. */
  | { readonly do: 'extension'; readonly name: string; readonly options: readonly ExtensionOption[] }
  /** A target that podwire does not know: kept as it was written (`text` follows `-j NAME`). */
  | { readonly do: 'unknown'; readonly name: string; readonly text: string; readonly why?: string }

/** The targets of one kind. */
export type TargetDo<K extends Target['do']> = Target extends infer T extends Target
  ? T extends Target
    ? K extends T['do']
      ? T
      : never
    : never
  : never

/** `--to-destination`, `--to-source`: either part may be absent. */
export interface NatTarget extends PortChoice {
  readonly do: 'dnat' | 'snat'
  readonly to?: AddressRange
  readonly ports?: PortRange
  readonly persistent?: true
}

export interface LogTarget {
  readonly do: 'log'
  readonly prefix?: string
  /** A syslog level from 0; absent means 4, a warning. */
  readonly level?: number
  readonly tcpSequence?: true
  readonly tcpOptions?: true
  readonly ipOptions?: true
  readonly uid?: true
  readonly macDecode?: true
}

/** The object that a rule was made for. */
export interface Origin {
  readonly kind: string
  readonly namespace?: string
  readonly name: string
}

export interface Rule {
  readonly matches: readonly Match[]
  /** Absent: the rule only counts. */
  readonly target?: Target
  readonly origin?: Origin
}

export interface Counters {
  readonly packets: number
  readonly bytes: number
}

export interface Chain {
  readonly name: string
  readonly rules: readonly Rule[]
  /** What becomes of a packet that no rule decided. Only built-in chains have one. */
  readonly policy?: 'accept' | 'drop'
}

export type TableName = 'raw' | 'mangle' | 'nat' | 'filter' | 'security'

export interface Table {
  readonly name: TableName
  /** In the order in which they were declared. */
  readonly chains: ReadonlyMap<string, Chain>
}

/** All tables of one family on one host. */
export interface Ruleset {
  readonly family: Family
  readonly tables: ReadonlyMap<TableName, Table>
}

/** The chains that the kernel calls, by table, in the order `iptables-save` lists them. */
export const BUILT_IN: Readonly<Record<TableName, readonly string[]>> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
  security: ['INPUT', 'FORWARD', 'OUTPUT'],
}
