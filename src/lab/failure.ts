/**
 * Why a lab cannot be, in words for the person.
 *
 * @module
 */

/** The machine cannot run the lab, a tool failed, or there is no such lab. Each of `lines` stands for itself. */
export class LabError extends Error {
  override readonly name = 'LabError'
  readonly code = 'ERR_LAB'
  readonly lines: readonly string[]

  constructor(lines: readonly string[]) {
    super(lines.join('\n'))
    this.lines = lines
  }
}
