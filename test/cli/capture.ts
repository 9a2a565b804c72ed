import { main } from '../../src/cli/main.ts'

export interface Captured {
  readonly code: number
  readonly out: string
  readonly err: string
  /** What was written as bytes; absent: nothing was. */
  readonly bytes?: Uint8Array
}

/** Runs one command line in this process and keeps what it prints. */
export async function podwire(args: readonly string[], input = ''): Promise<Captured> {
  const out: string[] = []
  const bytes: number[] = []
  const err: string[] = []
  const code = await main(args, {
    out: async data => {
      if (typeof data === 'string') out.push(data)
      else bytes.push(...data)
    },
    err: text => void err.push(text),
    input: async () => new TextEncoder().encode(input),
    live: false,
  })
  return {
    code,
    out: out.join(''),
    err: err.join(''),
    ...(bytes.length > 0 ? { bytes: Uint8Array.from(bytes) } : {}),
  }
}
