const PAGE = 1 << 17

/**
 * Text of many megabytes that grows piece by piece.
 *
 * V8 keeps a sum of strings as a tree until somebody reads it. Millions of its nodes that live
 * until the end cost more to collect than the text costs to make, so each page of text is made
 * flat while its nodes are young.
 */
export class TextBuilder {
  #pages = ''
  #page = ''

  /** @throws {RangeError} when the text holds a NUL, which no file that Linux tools load may */
  add(text: string): void {
    this.#page += text
    if (this.#page.length > PAGE) this.#turn()
  }

  #turn(): void {
    // To search a string is what makes it flat; a result that nobody used would not be computed.
    if (this.#page.includes('\0')) throw new RangeError('Cannot write a NUL into a file')
    this.#pages += this.#page
    this.#page = ''
  }

  toString(): string {
    this.#turn()
    return this.#pages
  }
}
