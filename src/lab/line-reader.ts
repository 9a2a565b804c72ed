/**
 * Text from a pipe, line by line.
 *
 * @module
 */

/** Reads a stream that comes in pieces of any size, cut within characters too. */
export class LineReader {
  readonly #decoder = new TextDecoder()
  #rest = ''

  /** The lines that are complete with this piece, without their ends. */
  push(piece: Uint8Array): readonly string[] {
    const lines = (this.#rest + this.#decoder.decode(piece, { stream: true })).split('\n')
    this.#rest = lines.pop() ?? ''
    return lines
  }
}
