/** A new connection as it comes to a node: the question that each mode's state is asked. */
import type { Ip } from '../../src/base/ip.ts'
import type { Protocol } from '../../src/base/protocol.ts'

export interface Sender {
  readonly name: 'pod' | 'node' | 'outside'
  readonly ip: Ip
  /** The link by which its packets come in; absent: they start on the node. */
  readonly device?: string
}

export interface Arrival {
  readonly from: Sender
  readonly protocol: Protocol
  readonly to: Ip
  readonly port: number
  /** The node's addresses, loopback among them. */
  readonly own: readonly Ip[]
}

/** What the state of one mode says of an arrival: all endpoints that chance and affinity may give it, sorted. */
export type Answer = (arrival: Arrival) => readonly string[]
