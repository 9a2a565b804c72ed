/**
 * What programs have in common that hold sockets of many namespaces and answer there for as long as the lab is up.
 *
 * @module
 */
import { createServer, type Server, type Socket } from 'node:net'
import { wordsOf } from '../failure.ts'
import { type Handle, openHandles } from '../handles.ts'
import { type AnsweredSocket, type HolderWord, type MachineWork, portName } from './answering.ts'

/**
 * Tells whoever started this program that its ports are open, or why not, and ends with it until then: nobody else
 * knows of it. From then on it lives by itself.
 *
 * @param opening what had to be left out, in words
 */
export function tellStarter(opening: Promise<readonly string[]>): void {
  const abandon = () => process.exit(1)
  process.once('disconnect', abandon)
  const say = (word: HolderWord, then: () => void) => {
    process.off('disconnect', abandon)
    process.send?.(word, then)
  }
  opening.then(
    notes => say({ answers: true, notes }, () => undefined),
    error => say({ failed: wordsOf(error) }, () => process.exit(1)),
  )
  // Also where there are no ports.
  setInterval(() => undefined, 2 ** 30)
}

/** @throws {Error} that names the first port that could not be opened */
export async function openSockets(
  { namespace, sockets }: MachineWork,
  attend: (handle: Handle, socket: AnsweredSocket) => void,
): Promise<void> {
  const outcomes = await openHandles(namespace, sockets, undefined, (handle, index) => {
    const socket = sockets[index]
    if (socket) attend(handle, socket)
  })
  sockets.forEach((socket, index) => {
    const outcome = outcomes[index]
    if (typeof outcome !== 'string' || (socket.optional && outcome === 'EADDRNOTAVAIL')) return
    throw new Error(`${portName(socket.protocol === 'tcp' ? 'TCP' : 'UDP', socket)}: ${outcome}`)
  })
}

/** Takes the connections of a socket that listens already. */
export function acceptAt(handle: Server, take: (socket: Socket) => void): void {
  // The server that came cannot leave its side open when the client has ended.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, take)
  server.on('error', complain)
  server.listen(handle)
}

export function complain(error: Error): void {
  process.stderr.write(`${error.message}\n`)
}
