/**
 * One packet to be sent for real, and what its sender met.
 *
 * @module
 */
import type { Millis } from '../base/clock.ts'
import type { Ip } from '../base/ip.ts'
import type { Protocol } from '../base/protocol.ts'
import type { Experience } from '../trace/journey.ts'

export interface Probe {
  /** The machine that sends. */
  readonly machine: string
  readonly protocol: Protocol
  /** Absent: the kernel chooses. */
  readonly src?: Ip
  readonly dst: Ip
  /** Of an echo, its identifier. */
  readonly sport: number
  /** Absent for an echo. */
  readonly dport?: number
  readonly ttl?: number
  /** Bytes of the whole packet. */
  readonly size?: number
  /**
   * The whole IP packet, to be sent through a raw socket. Absent: a program's own socket sends it (TCP
   * connects, UDP sends a datagram), where there is such a socket.
   */
  readonly bytes?: Uint8Array
  /** How long an answer is waited for. */
  readonly patience: Millis
}

/** What the program at the far end said: who it is and whom it saw. */
export interface Answer {
  /** The machine, as a trace calls it. */
  readonly machine: string
  /** The client's address as the far end saw it, and its port. */
  readonly src: Ip
  readonly sport: number
  /** The address and port that it was reached at. */
  readonly dst: Ip
  readonly dport: number
}

/** What the sending program met. */
export interface Met {
  readonly experience: Experience
  /** Of one that was answered by a listener of the lab. */
  readonly answer?: Answer
  /** The system's own word for a failure: `ECONNREFUSED`, `icmp 3/1 from 10.244.1.1`. */
  readonly detail?: string
}
