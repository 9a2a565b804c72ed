/**
 * The terminal and the file system, as far as commands touch them.
 *
 * @module
 */

import { RefusedInput } from './exit.ts'

export interface Io {
  /** Data for the next program. */
  readonly out: (data: string | Uint8Array) => Promise<void>
  /** Words for the person. */
  readonly err: (text: string) => void
  /** All of standard input. */
  readonly input: () => Promise<Uint8Array>
  /** Whether `err` is a terminal, on which progress may move. */
  readonly live: boolean
  /** What `out` is written on; absent: a file or another program. */
  readonly page?: Page
}

/** A terminal that a person reads. */
export interface Page {
  readonly columns: number
  readonly colour: boolean
  /** Whether it shows more than ASCII. */
  readonly unicode: boolean
}

export function processIo(): Io {
  // Each write hears of its own failure; the stream's event would end the program with a stack trace.
  process.stdout.on('error', () => {})
  return {
    out: data => write(process.stdout, data),
    err: text => void process.stderr.write(text),
    input: async () => {
      const chunks: Uint8Array[] = []
      for await (const chunk of process.stdin) chunks.push(chunk)
      return Buffer.concat(chunks)
    },
    live: process.stderr.isTTY === true,
    ...(process.stdout.isTTY ? { page: pageOf(process.stdout, process.env) } : {}),
  }
}

/** @see https://no-color.org; locale(7) */
function pageOf({ columns }: { readonly columns: number }, env: NodeJS.ProcessEnv): Page {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''
  const colour = !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  return { columns: columns || 80, colour, unicode: /utf-?8/i.test(locale) }
}

/**
 * Waits for slow readers; one that has gone away (`podwire … | head`) ends the writing in peace.
 *
 * @throws {RefusedInput} when what is written to cannot take it
 */
function write(stream: NodeJS.WriteStream, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, error => {
      if (!error || (error as NodeJS.ErrnoException).code === 'EPIPE') resolve()
      else reject(new RefusedInput([`standard output: ${error.message}`]))
    })
  })
}
