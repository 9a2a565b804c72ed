/**
 * One query to one server, and its answer.
 *
 * Each has a socket of its own, connected: the kernel then hands over only what came from that server, and gives each query
 * a port that nobody can guess.
 *
 * @see RFC 5452 section 9
 * @module
 */
import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import type { Millis } from '../../base/clock.ts'
import type { Endpoint } from './endpoint.ts'
import { Frames, framed } from './frames.ts'

export interface Exchange {
  readonly server: Endpoint
  readonly query: Uint8Array
  /** Whether a message answers the query; others are not looked at. */
  readonly isAnswer: (octets: Uint8Array) => boolean
  readonly limit: Millis
}

/** @returns the answer; nothing when none comes in time, or none can come */
export function exchangeByUdp({ server, query, isAnswer, limit }: Exchange): Promise<Uint8Array | undefined> {
  return new Promise(resolve => {
    const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4')
    let isOver = false
    const end = (answer?: Uint8Array) => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      socket.close()
      resolve(answer)
    }
    const timer = setTimeout(end, limit)
    socket.on('error', () => end())
    socket.on('message', message => {
      const octets = Uint8Array.from(message)
      if (isAnswer(octets)) end(octets)
    })
    socket.on('connect', () => {
      if (!isOver) socket.send(query, error => error && end())
    })
    socket.connect(server.port, server.address)
  })
}

/** @returns the answer; nothing when none comes in time, or none can come */
export function exchangeByTcp({ server, query, isAnswer, limit }: Exchange): Promise<Uint8Array | undefined> {
  return new Promise(resolve => {
    const frames = new Frames()
    const socket = connect({ host: server.address, port: server.port, noDelay: true })
    const end = (answer?: Uint8Array) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(end, limit)
    socket.on('error', () => end())
    socket.on('close', () => end())
    socket.on('connect', () => socket.write(framed(query)))
    socket.on('data', chunk => {
      frames.put(chunk)
      for (let message = frames.take(); message; message = frames.take()) if (isAnswer(message)) return end(message)
    })
  })
}
