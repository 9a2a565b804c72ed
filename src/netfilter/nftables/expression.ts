/**
 * What nftables' rules compare, look up and compute with, as data.
 *
 * Expressions are asked of a packet; values are constants. Names are those of nft(8) and of its JSON schema,
 * libnftables-json(5), so that text and JSON read into the same value.
 *
 * @module
 */
import type { Ip, Prefix } from '../../base/ip.ts'
import type { Mac } from '../../base/mac.ts'
import type { Protocol } from '../../base/protocol.ts'

/** A constant, by what it is of: the type of what it is compared with decides how it is spelled. */
export type NftValue =
  | { readonly kind: 'ip'; readonly ip: Ip }
  | { readonly kind: 'prefix'; readonly prefix: Prefix }
  | { readonly kind: 'mac'; readonly mac: Mac }
  | { readonly kind: 'protocol'; readonly protocol: Protocol }
  | { readonly kind: 'port'; readonly port: number }
  /** 32 bits, kept as a signed integer: all ones is -1. Written as eight hexadecimal digits. */
  | { readonly kind: 'mark'; readonly mark: number }
  /** Any other number, in decimal. */
  | { readonly kind: 'number'; readonly number: number }
  /** A constant with a name of nft's own: `new`, `local`, `dnat`, `echo-request`. */
  | { readonly kind: 'symbol'; readonly symbol: string }
  /** Several of them: `established,related`. Bare in a comparison with `==`, any of them will do. */
  | { readonly kind: 'flags'; readonly symbols: readonly string[] }
  /** In quotes: the name of a device, with `*` at its end all that begin so. */
  | { readonly kind: 'string'; readonly text: string }
  /** Both ends included. */
  | { readonly kind: 'range'; readonly from: NftValue; readonly to: NftValue }
  | { readonly kind: 'concat'; readonly parts: readonly NftValue[] }
  /** `*`: whatever no other element holds. */
  | { readonly kind: 'wildcard' }

export type NftVerdict =
  | { readonly do: 'accept' | 'drop' | 'continue' | 'return' }
  | { readonly do: 'jump' | 'goto'; readonly chain: string }
  /** To programs, by the numbers of their queues: `3`, `1-3`; without, to queue 0. */
  | { readonly do: 'queue'; readonly to?: string; readonly flags?: readonly ('bypass' | 'fanout')[] }

/** What a counter counted; absent where a listing leaves it out (`nft -s`), which loads as 0. */
export interface NftCounts {
  readonly packets?: number
  readonly bytes?: number
}

/** What a set holds, or a map leads from and to. */
export interface NftElement {
  readonly key: NftValue
  /** Of a map. */
  readonly data?: NftValue | NftVerdict
  readonly comment?: string
  /** Milliseconds that it stays; absent: as the set says. */
  readonly timeout?: number
  /** Milliseconds that it still has, as listed. */
  readonly expires?: number
  readonly counter?: NftCounts
  /** What it does besides, in words that podwire does not know: `limit rate 1/second`. */
  readonly unknown?: string
}

/** A set or map: one of the table's by its name, or one that is in the rule itself. */
export type NftLookup =
  | { readonly kind: 'named'; readonly set: string }
  | { readonly kind: 'anonymous'; readonly elements: readonly NftElement[] }

export type NftOperator = '&' | '|' | '^' | '<<' | '>>'

/** Asked of a packet. */
export type NftExpression =
  | { readonly kind: 'value'; readonly value: NftValue }
  /** A field of a header: `ip saddr`, `th dport`, `tcp flags`. */
  | { readonly kind: 'payload'; readonly protocol: string; readonly field: string }
  /** `meta mark`, `meta l4proto`, `iifname`. */
  | { readonly kind: 'meta'; readonly key: string }
  /** `ct state`, `ct original ip daddr`. */
  | {
      readonly kind: 'ct'
      readonly key: string
      readonly direction?: 'original' | 'reply'
      readonly family?: 'ip' | 'ip6'
    }
  /** `fib daddr . iif type` */
  | { readonly kind: 'fib'; readonly by: readonly string[]; readonly result: 'type' | 'oif' | 'oifname' }
  /** A number from `offset` to `offset + modulus - 1`: at random, or one after the other. */
  | { readonly kind: 'numgen'; readonly mode: 'random' | 'inc'; readonly modulus: number; readonly offset?: number }
  | {
      readonly kind: 'binary'
      readonly op: NftOperator
      readonly left: NftExpression
      readonly right: NftExpression
    }
  | { readonly kind: 'concat'; readonly parts: readonly NftExpression[] }
  /** What the map holds for the key; the rule ends where it holds nothing. */
  | { readonly kind: 'map'; readonly key: NftExpression; readonly in: NftLookup }
  /** Kept as it is written in a listing: `socket transparent`, `@th,16,16`; podwire does not know what it gives. */
  | { readonly kind: 'unknown'; readonly text: string }
