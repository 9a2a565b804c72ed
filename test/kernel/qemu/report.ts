/**
 * What an emulated machine reports, from the octets of a serial line:
 *
 *     ready             the first command is about to start
 *     ran CODE          a command has ended
 *     results LENGTH    all have, and as many octets follow: a packed archive with 1.out, 1.err, 2.out, …
 *
 * @module
 */
import { gunzipSync } from 'node:zlib'

/** How far a machine has come. */
export interface Report {
  readonly ready: boolean
  /** Exit codes of the commands that have ended. */
  readonly codes: readonly number[]
  /** What they printed, by the name of the file; absent until all of it is there. */
  readonly results?: ReadonlyMap<string, string>
}

const LINE = /^(ready|ran|results)(?: (\d+))?\n/

/**
 * @param octets all that have come so far
 * @throws {SyntaxError} for a line that is none of the above
 */
export function readReport(octets: Buffer): Report {
  const codes: number[] = []
  let ready = false
  let at = 0
  for (;;) {
    const end = octets.indexOf('\n', at) + 1
    if (end === 0) return { ready, codes }
    const line = octets.toString('latin1', at, end)
    const [, word, number] = LINE.exec(line) ?? []
    at = end
    if (word === 'ready') ready = true
    else if (word === 'ran') codes.push(Number(number))
    else if (word !== 'results') throw new SyntaxError(`Cannot read ${JSON.stringify(line)} as a report of a machine`)
    else if (octets.length < end + Number(number)) return { ready, codes }
    else return { ready, codes, results: unpack(gunzipSync(octets.subarray(end, end + Number(number)))) }
  }
}

/** An archive of tar is made of blocks of this length: of each file one that tells of it, then its content. */
const BLOCK = 512
const PLAIN_FILE = '0'

/** The files of an archive, by their names in it. @see tar(5) */
function unpack(tar: Buffer): Map<string, string> {
  const files = new Map<string, string>()
  for (let at = 0; tar[at]; ) {
    const field = (from: number, length: number) =>
      tar.toString('latin1', at + from, at + from + length).replace(/[\0 ].*$/s, '')
    const content = at + BLOCK
    const length = Number.parseInt(field(124, 12), 8)
    if (field(156, 1) === PLAIN_FILE) files.set(field(0, 100), tar.toString('utf8', content, content + length))
    at = content + Math.ceil(length / BLOCK) * BLOCK
  }
  return files
}
