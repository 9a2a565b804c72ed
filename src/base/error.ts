/** Text without the form it should have: `Cannot parse port "http": not a number`. */
export class ParseError extends SyntaxError {
  override readonly name = 'ParseError'
  readonly code = 'ERR_PARSE'
  readonly text: string

  constructor(what: string, text: string, problem: string) {
    super(`Cannot parse ${what} ${JSON.stringify(text)}: ${problem}`)
    this.text = text
  }
}

/** A failure in a named place of the input, such as one field of one manifest. */
export class InputError extends Error {
  override readonly name = 'InputError'
  readonly code = 'ERR_INPUT'
  /** The place, from the outside in: `Service default/web spec.clusterIP`. */
  readonly place: string

  constructor(place: string, cause: Error) {
    super(`${place}: ${cause.message}`, { cause })
    this.place = place
  }
}

/** Runs `read`; if it fails, says in which place of the input. */
export function within<T>(place: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw cause instanceof Error ? new InputError(place, cause) : cause
  }
}
