/** A DNS client for tests, which sends what it is told to, octet by octet. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, isIPv6, type Socket } from 'node:net'
import { readMessage } from '../../../src/dns/decode.ts'
import { encodeMessage } from '../../../src/dns/encode.ts'
import { type Edns, formatRcode, type Message, query } from '../../../src/dns/message.ts'
import { parseName } from '../../../src/dns/name.ts'
import { CLASS_IN, formatRecord, TYPES } from '../../../src/dns/record.ts'
import type { Endpoint } from '../../../src/server/dns/endpoint.ts'
import { Frames, framed } from '../../../src/server/dns/frames.ts'

export function questionOf(name: string, type: keyof typeof TYPES = 'A', id = 1, edns?: Edns): Message {
  return query(id, { name: parseName(name), type: TYPES[type], class: CLASS_IN }, edns)
}

export function octetsOf(message: Message | Uint8Array): Uint8Array {
  return message instanceof Uint8Array ? message : encodeMessage(message)
}

export function messageOf(octets: Uint8Array): Message {
  const read = readMessage(octets)
  if (!read || read.problem !== undefined) throw new Error(`no message: ${read?.problem}`)
  return read.message
}

/** `NOERROR: web.a.svc.cluster.local. 30 A 10.96.0.1` */
export function summaryOf({ rcode, truncated, answer }: Message): string {
  return `${formatRcode(rcode)}${truncated ? ' cut' : ''}: ${answer.map(formatRecord).join(', ')}`
}

/** Sends datagrams, and waits for an answer to the last. */
export async function askUdp(
  { address, port }: Endpoint,
  ...messages: readonly (Message | Uint8Array)[]
): Promise<Message> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  socket.connect(port, address)
  await once(socket, 'connect')
  for (const message of messages) socket.send(octetsOf(message))
  const last = messages.at(-1)
  const id = last && messageOf(octetsOf(last)).id
  try {
    for (;;) {
      const [octets] = await once(socket, 'message')
      const answer = messageOf(Uint8Array.from(octets as Uint8Array))
      if (answer.id === id) return answer
    }
  } finally {
    socket.close()
  }
}

export class TcpClient {
  readonly socket: Socket
  /** Once the server has ended it. */
  readonly ended: Promise<void>
  readonly #frames = new Frames()
  #more: () => void = () => {}
  #isOver = false

  private constructor(socket: Socket) {
    this.socket = socket
    this.ended = new Promise(resolve => socket.on('close', () => resolve()))
    socket.on('data', chunk => {
      this.#frames.put(chunk)
      this.#more()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#isOver = true
      this.#more()
    })
  }

  static async open({ address, port }: Endpoint): Promise<TcpClient> {
    const socket = connect({ host: address, port, noDelay: true })
    await once(socket, 'connect')
    return new TcpClient(socket)
  }

  send(...messages: readonly (Message | Uint8Array)[]): void {
    this.socket.write(Buffer.concat(messages.map(message => framed(octetsOf(message)))))
  }

  /** The next message; nothing once the connection is over. */
  async next(): Promise<Message | undefined> {
    for (;;) {
      const octets = this.#frames.take()
      if (octets) return messageOf(octets)
      if (this.#isOver) return undefined
      await new Promise<void>(resolve => {
        this.#more = resolve
      })
    }
  }

  async ask(message: Message | Uint8Array): Promise<Message> {
    this.send(message)
    const answer = await this.next()
    if (!answer) throw new Error('the connection ended')
    return answer
  }

  close(): void {
    this.socket.destroy()
  }
}
