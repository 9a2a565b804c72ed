/**
 * Opens sockets in the network namespace that it was started in, and hands them over to whoever
 * started it, which holds them from then on: a socket stays in the namespace that it was opened in.
 *
 * Ends as soon as the channel is closed.
 *
 * @module
 */
import { createSocket, type Socket } from 'node:dgram'
import { createServer, type Server } from 'node:net'
import type { Opened, OpenerTask, Wanted } from './opening.ts'

process.once('message', (task: OpenerTask) => {
  task.wanted.forEach((wanted, index) => {
    open(wanted).then(
      handle => tell({ index }, handle),
      (error: NodeJS.ErrnoException) => tell({ index, error: error.code ?? error.message }),
    )
  })
})

// Whoever started it has all there is, or is gone: what is still open here goes with the process.
process.once('disconnect', () => process.exit())

function tell(opened: Opened, handle?: Server | Socket): void {
  process.send?.(opened, handle)
}

function open({ protocol, port, address }: Wanted): Promise<Server | Socket> {
  if (protocol === 'udp') return openUdp(port, address)
  return address === undefined ? listenEverywhere(port) : listen(port, address)
}

function listenEverywhere(port: number): Promise<Server> {
  // One socket for both families, where there are two.
  return listen(port, '::').catch((error: NodeJS.ErrnoException) =>
    LACKS_FAMILY.has(error.code) ? listen(port, '0.0.0.0') : Promise.reject(error),
  )
}

const LACKS_FAMILY: ReadonlySet<string | undefined> = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL'])

function listen(port: number, host: string): Promise<Server> {
  const server = createServer()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host }, () => resolve(server))
  })
}

function openUdp(port: number, address = '0.0.0.0'): Promise<Socket> {
  const six = address.includes(':')
  const socket = createSocket({ type: six ? 'udp6' : 'udp4', ipv6Only: six })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ port, address, exclusive: true }, () => resolve(socket))
  })
}
