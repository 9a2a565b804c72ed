/**
 * What the trackers share. Each protocol has one: it says whether a packet may begin a connection
 * or go on with one, and for how long the connection is remembered after it.
 *
 * @see struct nf_conntrack_l4proto of Linux
 * @module
 */
import type { Millis, Seconds } from '../../base/clock.ts'
import type { Connection } from './conntrack.ts'

/** What a tracker is told from outside. */
export interface Tracking {
  readonly now: Millis
  /** A kernel setting by its dotted name. */
  readonly sysctl: (key: string) => string | undefined
}

/**
 * What a tracker makes of a packet.
 *
 * - `invalid`: it belongs to no connection; one that it would have begun does not come to be.
 * - `over`: it is the connection's last packet.
 * - `again`: the connection is over, and the packet begins another.
 */
export type Judgement = 'accept' | 'invalid' | 'over' | 'again'

/** A setting in seconds, and what the kernel takes when nobody set it. */
export interface Timeout {
  readonly key: string
  readonly seconds: Seconds
}

export function timeoutNamed(name: string, seconds: Seconds): Timeout {
  return { key: `net.netfilter.nf_conntrack_${name}`, seconds }
}

/** Lets the connection live for another `timeout`. */
export function refresh(connection: Connection, timeout: Timeout, { now, sysctl }: Tracking): void {
  connection.expires = now + secondsOf(timeout, sysctl) * 1000
}

export function secondsOf({ key, seconds }: Timeout, sysctl: Tracking['sysctl']): Seconds {
  const set = sysctl(key)
  const value = set === undefined ? Number.NaN : Number.parseInt(set, 10)
  return Number.isNaN(value) ? seconds : value
}
