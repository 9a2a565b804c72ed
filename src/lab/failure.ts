/**
 * Why a lab cannot be, or cannot go on, in words for the person.
 *
 * @module
 */

/** The machine cannot run the lab, a tool or a program of it failed, or there is no such lab. Each of `lines` stands for itself. */
export class LabError extends Error {
  override readonly name: string = 'LabError'
  readonly code: string = 'ERR_LAB'
  readonly lines: readonly string[]

  constructor(lines: readonly string[]) {
    super(lines.join('\n'))
    this.lines = lines
  }
}

/** A mistake in podwire itself, where the stack helps and words for the person do not. */
export function isMistake(cause: unknown): cause is TypeError | ReferenceError {
  return cause instanceof TypeError || cause instanceof ReferenceError
}

/** What a program says of a failure to the one that started it: of a mistake all that helps to find it. */
export function wordsOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return (isMistake(cause) ? cause.stack : undefined) ?? cause.message
}
