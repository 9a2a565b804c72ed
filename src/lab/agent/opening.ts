/**
 * What an opener is asked for, and what it says.
 *
 * @module
 */

/** A socket to be opened: TCP listens, UDP is bound. */
export interface Wanted {
  readonly protocol: 'tcp' | 'udp'
  /** 0: the kernel chooses. */
  readonly port: number
  /** Absent: all; of UDP, those of IPv4. */
  readonly address?: string
}

export interface OpenerTask {
  readonly wanted: readonly Wanted[]
}

/** Comes with the socket, unless there is an error. */
export interface Opened {
  /** Which of those wanted. */
  readonly index: number
  /** The system's word: `EADDRINUSE`. */
  readonly error?: string
}
