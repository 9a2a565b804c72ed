/**
 * A bound socket of UDP that answers.
 *
 * @module
 */
import type { Socket } from 'node:dgram'
import { formatAnswer, isAnswer } from '../answer-line.ts'
import { socketIp } from './address-text.ts'
import type { Who } from './answering.ts'

/** Who sent a datagram, as Node tells it. */
export interface Sender {
  readonly address: string
  readonly port: number
  /** Bytes of the datagram's data. */
  readonly size?: number
}

/** Answers each datagram from the address that the socket is bound to. */
export function answerDatagrams(socket: Socket, who: Who): void {
  socket.on('message', (bytes, sender) => {
    if (!isAnswer(bytes)) answerDatagram(socket, who, sender)
  })
}

/**
 * An answer is at least as long as what was asked, so that the way back carries as much. It is never
 * answered itself: two that are made to ask each other would never end.
 */
export function answerDatagram(socket: Socket, who: Who, { address, port: sport, size = 0 }: Sender): void {
  const own = socket.address()
  const ends = { src: socketIp(address), sport, dst: socketIp(own.address), dport: own.port }
  // Who cannot be answered need not be.
  socket.send(formatAnswer({ ...who, protocol: 'UDP', ...ends }, size), sport, address, () => undefined)
}
