/**
 * nftables' tables, chains, sets and rules, as data.
 *
 * One value, three readers: rendering prints it, as a file or as `nft list ruleset` does; traversal runs it; a trace
 * shows it. Order is that of the kernel: of sets and chains the order of their making.
 *
 *     NftRuleset ── NftTable ──┬── NftSet (sets and maps) ── NftElement
 *                              └── NftChain ── NftRule ── NftStatement… ── NftExpression
 *
 * @see nft(8); libnftables-json(5)
 * @module
 */
import type { NftCounts, NftElement, NftExpression, NftLookup, NftValue, NftVerdict } from './expression.ts'

export interface NftRuleset {
  readonly tables: readonly NftTable[]
}

export type NftFamily = 'ip' | 'ip6' | 'inet' | 'arp' | 'bridge' | 'netdev'

export interface NftTable {
  readonly family: NftFamily
  readonly name: string
  readonly comment?: string
  readonly flags?: readonly ('dormant' | 'owner')[]
  readonly sets: readonly NftSet[]
  readonly chains: readonly NftChain[]
  /** Counters, quotas, flow tables and what else podwire does not know. */
  readonly unknown?: readonly NftBlock[]
  /** The kernel's number, where it was listed with it. */
  readonly handle?: number
  /** Lines above the table that begin with `#`, as they are. */
  readonly remarks?: readonly string[]
}

/** A part of a table that podwire does not know: kept as written, reported by whoever runs it. */
export interface NftBlock {
  /** What kind of thing and its name: `counter web`. */
  readonly head: string
  /** What stands in it, without the first two tabs. */
  readonly lines: readonly string[]
  readonly handle?: number
}

/** What one part of a key or of a map's data is: a type of nft's, `nft describe NAME` says more. */
export type NftType = (typeof NFT_TYPES)[number]

/** @see src/datatype.c of nftables 1.0.6, `datatypes` */
export const NFT_TYPES = [
  'arp_op',
  'boolean',
  'cgroupsv2',
  'ct_dir',
  'ct_event',
  'ct_label',
  'ct_state',
  'ct_status',
  'day',
  'dccp_pkttype',
  'devgroup',
  'dscp',
  'ecn',
  'ether_addr',
  'ether_type',
  'fib_addrtype',
  'gid',
  'hour',
  'icmp_code',
  'icmp_type',
  'icmpv6_code',
  'icmpv6_type',
  'icmpx_code',
  'iface_index',
  'iface_type',
  'ifname',
  'igmp_type',
  'inet_proto',
  'inet_service',
  'integer',
  'ipv4_addr',
  'ipv6_addr',
  'ipsec_in',
  'mark',
  'mh_type',
  'nf_proto',
  'pkt_type',
  'realm',
  'string',
  'tcp_flag',
  'time',
  'uid',
] as const

export interface NftSet {
  readonly name: string
  /** The parts of a key. */
  readonly type: readonly NftType[]
  /** Of a map: the parts of its data, or verdicts. */
  readonly data?: readonly NftType[] | 'verdict'
  readonly flags?: readonly ('constant' | 'interval' | 'timeout' | 'dynamic')[]
  /** Milliseconds that an element stays unless it says otherwise. */
  readonly timeout?: number
  /** Milliseconds. */
  readonly gcInterval?: number
  /** Most elements. */
  readonly size?: number
  readonly policy?: 'performance' | 'memory'
  readonly autoMerge?: true
  /** Each element counts. */
  readonly counter?: true
  readonly comment?: string
  readonly elements: readonly NftElement[]
  /** What its parts are, said by what they are compared with: `typeof ip saddr . tcp dport`. */
  readonly typeof?: { readonly key: readonly NftExpression[]; readonly data?: readonly NftExpression[] }
  /** What each element does besides, in words that podwire does not know: `limit rate 1/second`. */
  readonly unknown?: readonly string[]
  readonly handle?: number
  /** The lines between its braces as they were, where the writer would write them in another way. */
  readonly spelling?: readonly string[]
}

export interface NftChain {
  readonly name: string
  readonly comment?: string
  /** A chain that the kernel itself calls. */
  readonly base?: NftBase
  readonly rules: readonly NftRule[]
  readonly handle?: number
  /** The lines above its rules as they were, where the writer would write them in another way. */
  readonly spelling?: readonly string[]
}

export interface NftBase {
  readonly type: 'filter' | 'nat' | 'route'
  readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | 'ingress' | 'egress'
  readonly priority: number
  readonly policy: 'accept' | 'drop'
  /** Of hooks of single devices. */
  readonly devices?: readonly string[]
  readonly offload?: true
}

export interface NftRule {
  readonly statements: readonly NftStatement[]
  readonly comment?: string
  /** The kernel's number, where it was listed with it. */
  readonly handle?: number
  /** The line as it was, where the writer would write it in another way. */
  readonly spelling?: string
}

export type NftNat = 'dnat' | 'snat' | 'masquerade' | 'redirect'

/** Done one after the other, until one does not hold or decides. */
export type NftStatement =
  | {
      readonly do: 'match'
      readonly left: NftExpression
      readonly op: '==' | '!=' | '<' | '>' | '<=' | '>='
      readonly right: NftValue | NftLookup
    }
  | { readonly do: 'verdict'; readonly verdict: NftVerdict }
  | { readonly do: 'vmap'; readonly key: NftExpression; readonly in: NftLookup }
  /** `meta mark set …`, `ct mark set …` */
  | { readonly do: 'mangle'; readonly key: NftExpression; readonly value: NftExpression }
  | {
      readonly do: 'nat'
      readonly nat: NftNat
      /** `dnat ip to`: said where the table's family does not say it, or where address and port come from one map. */
      readonly family?: 'ip' | 'ip6'
      /** An address, or address and port together (a concatenation, or a map to one). */
      readonly address?: NftExpression
      readonly port?: NftExpression
      readonly flags?: readonly ('random' | 'fully-random' | 'persistent')[]
    }
  /** Without words: the family's own, port unreachable. */
  | {
      readonly do: 'reject'
      readonly with?: { readonly type: 'icmp' | 'icmpv6' | 'icmpx' | 'tcp reset'; readonly code?: string }
    }
  | ({ readonly do: 'counter' } & NftCounts)
  | {
      readonly do: 'set'
      readonly how: 'add' | 'update' | 'delete'
      readonly set: string
      readonly key: NftExpression
      readonly timeout?: number
    }
  | { readonly do: 'log'; readonly options: readonly (readonly [name: string, value: string])[] }
  | {
      readonly do: 'limit'
      readonly rate: number
      readonly unit: 'packets' | 'bytes' | 'kbytes' | 'mbytes'
      readonly per: 'second' | 'minute' | 'hour' | 'day' | 'week'
      readonly burst?: { readonly amount: number; readonly unit: 'packets' | 'bytes' | 'kbytes' | 'mbytes' }
      readonly over?: true
    }
  | { readonly do: 'notrack' }
  /** Kept as it is written in a listing, or in JSON where it was read from that; podwire does not know what it does. */
  | { readonly do: 'unknown'; readonly text: string }
