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

/** Tells where the character at an offset stands. */
export type Locator = (offset: number) => Position

/** Looks for the starts of lines once, when first asked. */
export function locatorOf(text: string): Locator {
  let starts: readonly number[] | undefined
  return offset => {
    starts ??= lineStarts(text)
    let low = 0
    for (let high = starts.length; high - low > 1; ) {
      const middle = (low + high) >>> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
  }
}

function lineStarts(text: string): number[] {
  const starts = [0]
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1)) starts.push(end + 1)
  return starts
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
