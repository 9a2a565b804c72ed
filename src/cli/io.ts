/**
 * The terminal and the file system, as far as commands touch them.
 *
 * @module
 */

import { RefusedInput } from './exit.ts'

export interface Io {
  /** Data for the next program. */
  readonly out: (text: string) => Promise<void>
  /** Words for the person. */
  readonly err: (text: string) => void
  /** All of standard input. */
  readonly input: () => Promise<Uint8Array>
  /** Whether `err` is a terminal, on which progress may move. */
  readonly live: boolean
}

export function processIo(): Io {
  // Each write hears of its own failure; the stream's event would end the program with a stack trace.
  process.stdout.on('error', () => {})
  return {
    out: text => write(process.stdout, text),
    err: text => void process.stderr.write(text),
    input: async () => {
      const chunks: Uint8Array[] = []
      for await (const chunk of process.stdin) chunks.push(chunk)
      return Buffer.concat(chunks)
    },
    live: process.stderr.isTTY === true,
  }
}

/**
 * Waits for slow readers; one that has gone away (`podwire … | head`) ends the writing in peace.
 *
 * @throws {RefusedInput} when what is written to cannot take it
 */
function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, error => {
      if (!error || (error as NodeJS.ErrnoException).code === 'EPIPE') resolve()
      else reject(new RefusedInput([`standard output: ${error.message}`]))
    })
  })
}
