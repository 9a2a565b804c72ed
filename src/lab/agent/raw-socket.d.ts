/** The part of raw-socket (https://github.com/nospaceships/node-raw-socket) that podwire uses. */
declare module 'raw-socket' {
  import type { EventEmitter } from 'node:events'

  export interface RawSocket extends EventEmitter {
    setOption(level: number, option: number, value: number): void
    /** @param after with the number of bytes sent, or an error whose message is that of strerror(3) */
    send(
      bytes: Buffer,
      offset: number,
      length: number,
      address: string,
      after: (error: Error | null, sent: number) => void,
    ): void
    close(): void
  }

  export interface RawSocketOptions {
    readonly protocol: number
    readonly addressFamily: 1 | 2
    /** Of what is received, in bytes. */
    readonly bufferSize: number
  }

  const module: { createSocket(options: RawSocketOptions): RawSocket }
  export default module
}
