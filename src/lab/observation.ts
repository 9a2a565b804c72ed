/**
 * What the kernel did with one probe, as far as it was seen.
 *
 * @module
 */
import type { Family, Ip } from '../base/ip.ts'
import type { Protocol } from '../base/protocol.ts'
import type { Packet } from '../packet/packet.ts'
import type { Met } from './probe.ts'

/** A packet as a hook of a machine met it: `prerouting` and `output` before any rule, the others behind all. */
export interface PacketSight {
  readonly hook: 'prerouting' | 'input' | 'output' | 'postrouting'
  readonly in?: string
  readonly out?: string
  /** 32 bits, signed. */
  readonly mark: number
  /** Its checksums may be left to devices: they say nothing. */
  readonly packet: Packet
}

/** What the kernel's tracing tells of the packet that a rule matched. */
export interface TracedPacket {
  /** Of a packet behind extension headers of IPv6, iptables-nft's tracing knows only the first of them: 44 of a piece. */
  readonly protocol: Protocol
  readonly src: Ip
  readonly dst: Ip
  /** Of an echo, its identifier. */
  readonly sport?: number
  readonly dport?: number
  readonly ttl: number
}

/** A rule that matched, or the policy that ended a built-in chain, by the kernel's own tracing. */
export interface RuleSight {
  readonly family: Family
  readonly table: string
  readonly chain: string
  /** From 1, as in the save file. */
  readonly number: number | 'policy'
  readonly packet: TracedPacket
}

/** All that one machine's kernel told, each list in the order in which it happened. */
export interface MachineSight {
  readonly packets: readonly PacketSight[]
  readonly rules: readonly RuleSight[]
}

export interface Observation {
  readonly met: Met
  /** By machine, as a trace calls it. */
  readonly machines: ReadonlyMap<string, MachineSight>
}
