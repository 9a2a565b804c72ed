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
import type { NftElement, NftExpression, NftLookup, NftValue, NftVerdict } from './expression.ts'

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
  /** Counters, quotas, flow tables and what else podwire does not know: kept as written, reported by whoever runs it. */
  readonly unknown?: readonly { readonly head: string; readonly lines: readonly string[] }[]
}

/** What one part of a key or of a map's data is. */
export type NftType =
  | 'ipv4_addr'
  | 'ipv6_addr'
  | 'ether_addr'
  | 'inet_proto'
  | 'inet_service'
  | 'mark'
  | 'ifname'
  | 'iface_index'
  | 'ct_state'
  | 'icmp_type'
  | 'icmpv6_type'
  | 'ether_type'

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
}

export interface NftChain {
  readonly name: string
  readonly comment?: string
  /** A chain that the kernel itself calls. */
  readonly base?: NftBase
  readonly rules: readonly NftRule[]
}

export interface NftBase {
  readonly type: 'filter' | 'nat' | 'route'
  readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | 'ingress' | 'egress'
  readonly priority: number
  readonly policy: 'accept' | 'drop'
  /** Of hooks of single devices. */
  readonly devices?: readonly string[]
}

export interface NftRule {
  readonly statements: readonly NftStatement[]
  readonly comment?: string
  /** The kernel's number, where it was listed with it. */
  readonly handle?: number
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
  | { readonly do: 'counter'; readonly packets: number; readonly bytes: number }
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
  /** Kept as it is written in a listing; podwire does not know what it does. */
  | { readonly do: 'unknown'; readonly text: string }
