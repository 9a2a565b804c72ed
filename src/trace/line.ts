/**
 * One line of a told journey, before it is laid out.
 *
 * @module
 */

/** What a line tells, which chooses its colour. */
export type Tone = 'plain' | 'change' | 'good' | 'bad' | 'dim'

export interface Line {
  /** The index of the hop in its journey. */
  readonly hop: number
  /** Machine, and the device or hook in it. */
  readonly where: string
  readonly text: string
  /** The packet behind the step, or the part of it that changed. */
  readonly packet?: string
  readonly tone: Tone
}
