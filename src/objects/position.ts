/**
 * Places in text.
 *
 * @module
 */

/** A place in text, both counted from 1, columns in UTF-16 units as editors count them. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** Where the character at `offset` stands. */
export function positionAt(text: string, offset: number): Position {
  let line = 1
  let start = 0
  for (let end = text.indexOf('\n'); end >= 0 && end < offset; end = text.indexOf('\n', start)) {
    line++
    start = end + 1
  }
  return { line, column: offset - start + 1 }
}

/** Text that cannot be read, and the offset of the character where that shows. */
export class TextError extends SyntaxError {
  override readonly name = 'TextError'
  readonly code = 'ERR_TEXT'
  readonly offset: number

  constructor(message: string, offset: number) {
    super(message)
    this.offset = offset
  }
}
