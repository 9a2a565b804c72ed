/**
 * The terminal and the file system, as far as commands touch them.
 *
 * @module
 */

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

/** Waits for slow readers; one that has gone away (`podwire … | head`) ends the writing in peace. */
function write(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, error => {
      if (!error || (error as NodeJS.ErrnoException).code === 'EPIPE') resolve()
      else reject(error)
    })
  })
}
