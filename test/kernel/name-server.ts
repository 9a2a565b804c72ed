/**
 * A name server that answers as it is told, at port 53 of loopback addresses of its own, and keeps what it was asked.
 *
 * @module
 */
import { randomInt } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { readMessage } from '../../src/dns/decode.ts'
import { encodeMessage, LEAST_LIMIT } from '../../src/dns/encode.ts'
import { query } from '../../src/dns/message.ts'
import { formatName } from '../../src/dns/name.ts'
import type { Ask } from '../../src/dns/resolver/reply.ts'

export interface NameServers {
  readonly addresses: readonly string[]
  /** `ADDRESS NAME. TYPE`, in the order of arrival, and forgets them. */
  readonly takeAsked: () => readonly string[]
  /** From now on answers are those of `ask`. */
  readonly answerAs: (ask: Ask) => void
  readonly close: () => void
}

/** Starts so many; they stand at addresses that nobody else is likely to use. */
export async function startNameServers(count: number): Promise<NameServers> {
  const network = `127.${randomInt(1, 255)}.${randomInt(1, 255)}`
  const addresses = Array.from({ length: count }, (_, i) => `${network}.${i + 1}`)
  let asked: string[] = []
  let ask: Ask = () => ({ kind: 'silence' })
  const sockets: Socket[] = []
  for (const address of addresses) {
    const socket = createSocket('udp4')
    socket.on('message', (octets, { port, address: client }) => {
      const message = readMessage(octets)?.message
      const question = message?.questions[0]
      if (!message || !question) return
      asked.push(`${address} ${formatName(question.name)} ${question.type}`)
      const reply = ask(question.name, question.type, address)
      if (reply.kind !== 'answer') return
      const { rcode, records, authority } = reply
      const made = {
        ...query(message.id, question),
        response: true,
        authoritative: true,
        rcode,
        answer: records,
        authority,
      }
      socket.send(encodeMessage(made, LEAST_LIMIT), port, client)
    })
    socket.bind(53, address)
    await once(socket, 'listening')
    sockets.push(socket)
  }
  return {
    addresses,
    takeAsked: () => {
      const all = asked
      asked = []
      return all
    },
    answerAs: other => {
      ask = other
    },
    close: () => {
      for (const socket of sockets) socket.close()
    },
  }
}
