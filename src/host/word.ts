/**
 * Words of an `ip -batch` file.
 *
 * The tools split a line at white space, take `#` for the start of a comment wherever it stands
 * and a quote at the start of a word for a quote: there is no way to escape any of them.
 *
 * @see makeargs in lib/utils.c of iproute2
 * @module
 */

/** Bytes of a device name, without the zero that ends it. @see IFNAMSIZ of Linux */
const MOST_BYTES = 15
const PLAIN = /^[^\s#\\/'"%:][^\s#\\/%:]*$/

/**
 * A device's name as a word.
 *
 * @throws {RangeError} if the kernel or the tools could not take it
 */
export function deviceWord(name: string): string {
  if (!PLAIN.test(name) || new TextEncoder().encode(name).length > MOST_BYTES || name === '.' || name === '..') {
    throw new RangeError(`device name ${JSON.stringify(name)} cannot stand in a batch file`)
  }
  return name
}

/** The text of a batch: what it is, as a comment, then one command a line. */
export function formatBatch(about: readonly string[], commands: Iterable<string>): string {
  let text = about.map(line => `# ${line}\n`).join('')
  for (const command of commands) text += `${command}\n`
  return text
}
