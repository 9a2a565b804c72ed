/**
 * ipsets, as data: sets of addresses, networks, ports and devices that rules look things up in.
 *
 * @see ipset(8); net/netfilter/ipset/ of Linux
 * @module
 */
import type { Seconds } from '../base/clock.ts'
import type { Family, Ip, Prefix } from '../base/ip.ts'
import type { Mac } from '../base/mac.ts'
import type { Protocol } from '../base/protocol.ts'
import type { AddressRange, PortRange } from './rule.ts'

/** What one part of an entry is, by the part's name in the type of the set. */
export type Dimension = 'ip' | 'net' | 'port' | 'iface' | 'mac' | 'mark' | 'set'

/** How entries are kept, and the parts that an entry has. */
export const SET_TYPES = {
  'bitmap:ip': ['ip'],
  'bitmap:ip,mac': ['ip', 'mac'],
  'bitmap:port': ['port'],
  'hash:ip': ['ip'],
  'hash:mac': ['mac'],
  'hash:ip,mac': ['ip', 'mac'],
  'hash:ip,mark': ['ip', 'mark'],
  'hash:ip,port': ['ip', 'port'],
  'hash:ip,port,ip': ['ip', 'port', 'ip'],
  'hash:ip,port,net': ['ip', 'port', 'net'],
  'hash:net': ['net'],
  'hash:net,net': ['net', 'net'],
  'hash:net,port': ['net', 'port'],
  'hash:net,port,net': ['net', 'port', 'net'],
  'hash:net,iface': ['net', 'iface'],
  'list:set': ['set'],
} as const satisfies Readonly<Record<string, readonly Dimension[]>>

export type SetType = keyof typeof SET_TYPES

/** One part of an entry. */
export type SetElement =
  | { readonly kind: 'ip'; readonly ip: Ip }
  | { readonly kind: 'net'; readonly net: Prefix }
  /** In sets of one dimension a port has no protocol; a port of ICMP is type × 256 + code. */
  | { readonly kind: 'port'; readonly port: number; readonly protocol?: Protocol }
  /** `bridged`: the bridge port that the packet came in by, not the bridge. */
  | { readonly kind: 'iface'; readonly device: string; readonly bridged?: true }
  | { readonly kind: 'mac'; readonly mac: Mac }
  | { readonly kind: 'mark'; readonly mark: number }
  | { readonly kind: 'set'; readonly name: string }

export interface SetEntry {
  /** One for each dimension of the set's type; a `bitmap:ip,mac` may leave out the last. */
  readonly elements: readonly SetElement[]
  /** Seconds until the entry goes; 0 is never. */
  readonly timeout?: Seconds
  /** What is in the entry is not in the set, whatever larger network holds it. */
  readonly nomatch?: true
  readonly packets?: number
  readonly bytes?: number
  readonly comment?: string
  /** What the target `SET --map-set` makes of the packet, as written: `0x5/0xff`, `1:10`, `3`. */
  readonly skbmark?: string
  readonly skbprio?: string
  readonly skbqueue?: string
}

export interface IpSet {
  readonly name: string
  readonly type: SetType
  /** Of the addresses in it. Sets without addresses, and all bitmaps, have none. */
  readonly family?: Family
  /** Of a bitmap: the addresses or ports that it can hold. */
  readonly addresses?: AddressRange
  readonly ports?: PortRange
  readonly hashsize?: number
  /** Most entries; the kernel refuses more. */
  readonly maxelem?: number
  /** Most sets in a list of sets. */
  readonly size?: number
  /** Length of the networks that addresses are stored as. */
  readonly netmask?: number
  readonly markmask?: number
  /** Seconds that entries live if they do not say; 0 is forever. Absent: entries have no timeout. */
  readonly timeout?: Seconds
  /** Whether entries count packets, carry comments, rewrite packets. */
  readonly counters?: true
  readonly comment?: true
  readonly skbinfo?: true
  /** A full set drops an entry at random to take a new one. The kernel does not tell it back. */
  readonly forceadd?: true
  /** What the kernel tells of the hash: it draws `initval` at random for each set. */
  readonly bucketsize?: number
  readonly initval?: number
  readonly entries: readonly SetEntry[]
}
