/**
 * How a command ends.
 *
 * @module
 */

/** 0 yes, 1 no (not delivered, differs, refused), 2 bad input or usage, 3 partly. */
export type ExitCode = 0 | 1 | 2 | 3

/** The exit code of a program that a command ran and whose code it passes on, 0 to 255. */
export type ProgramCode = number

/** The command line was not understood; the reader is pointed to `--help`. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'ERR_USAGE'
}

/** Input that cannot be used; `findings` are whole lines for the person, one a finding. */
export class RefusedInput extends Error {
  override readonly name = 'RefusedInput'
  readonly code = 'ERR_REFUSED'
  readonly findings: readonly string[]

  constructor(findings: readonly string[]) {
    super(findings.join('\n'))
    this.findings = findings
  }
}
