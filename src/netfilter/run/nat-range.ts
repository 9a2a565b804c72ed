/**
 * What NAT may choose among, and what it has to look at when it does.
 *
 * @see struct nf_nat_range2 of Linux
 * @module
 */
import type { Millis } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import type { AddressRange, PortChoice, PortRange } from '../rule.ts'
import type { ConnectionTable } from './conntrack-table.ts'

/** Which end of a packet is rewritten. */
export type Manipulation = 'source' | 'destination'

/** What a rule lets NAT choose among. */
export interface NatRange extends PortChoice {
  /** Absent: the address stays. */
  readonly to?: AddressRange
  /** Absent: the port stays if it can. */
  readonly ports?: PortRange
  /** Clients keep their address whatever they talk to. */
  readonly persistent?: true
}

/** What NAT needs to find a tuple that nobody has. */
export interface NatContext {
  readonly table: ConnectionTable
  readonly now: Millis
  readonly random: Random
}
