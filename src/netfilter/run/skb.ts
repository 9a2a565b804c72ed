/**
 * A packet on its way through one machine, with what the kernel notes beside it.
 *
 * @see struct sk_buff of Linux
 * @module
 */
import type { Mac } from '../../base/mac.ts'
import type { Packet } from '../../packet/packet.ts'
import type { ConnectionState } from '../rule.ts'
import type { Connection } from './conntrack.ts'

export interface Skb {
  readonly packet: Packet
  /** 32 bits, signed. */
  readonly mark: number
  /** What the frame said that it came in; absent for packets made on the machine. */
  readonly source?: Mac
  /** How the frame was addressed; absent means to this machine. */
  readonly addressed?: 'unicast' | 'broadcast' | 'multicast' | 'other host'
  readonly tracked?: Tracked
  /**
   * Of a packet of the machine's own: it says "don't fragment" only as long as it fits, as sockets do
   * unless told otherwise. @see IP_PMTUDISC_WANT in ip(7)
   */
  readonly cuttable?: true
  /** Of a packet of the machine's own: a program made all of it, and a raw socket sends it as it is. */
  readonly raw?: true
}

/** What connection tracking made of a packet. */
export interface Tracked {
  /** Absent: not tracked (`UNTRACKED`), or not to be understood (`INVALID`). */
  readonly connection?: Connection
  readonly state: Extract<ConnectionState, 'INVALID' | 'NEW' | 'RELATED' | 'ESTABLISHED' | 'UNTRACKED'>
  readonly direction: 'original' | 'reply'
}
