/**
 * One connection to a listener of the lab.
 *
 * @module
 */
import type { Socket } from 'node:net'
import { formatAnswer } from '../answer-line.ts'
import { socketIp } from './address-text.ts'
import type { Who } from './answering.ts'

/** How long a client may keep silent before it is answered all the same, in milliseconds. */
const SILENCE = 100

/** How long a connection may stand still, in milliseconds. */
const STILL = 10_000

/** A line that does not end is answered, too. */
const LONGEST_LINE = 8192

/**
 * Answers once and closes in order: what the client still sends is read, for closing before that would
 * reset the connection.
 */
export function answerConnection(socket: Socket, who: Who): void {
  const answer = answerFor(socket, who)
  if (answer === undefined) {
    socket.destroy()
    return
  }
  let heard = ''
  let said = false
  const say = () => {
    if (said) return
    said = true
    clearTimeout(timer)
    socket.end(isHttp(heard) ? httpResponse(answer) : answer)
  }
  const timer = setTimeout(say, SILENCE)
  socket.on('data', bytes => {
    if (said) return
    heard += bytes.toString('latin1')
    if (heard.includes('\n') || heard.length > LONGEST_LINE) say()
  })
  socket.on('end', say)
  // Whoever breaks off does not want to know.
  socket.on('error', () => socket.destroy())
  socket.on('close', () => clearTimeout(timer))
  socket.setTimeout(STILL, () => socket.destroy())
}

/** Nothing for a connection that is over already. */
function answerFor(socket: Socket, who: Who): string | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket
  if (!remoteAddress || !localAddress || remotePort === undefined || localPort === undefined) return undefined
  const [src, dst] = [socketIp(remoteAddress), socketIp(localAddress)]
  return formatAnswer({ ...who, protocol: 'TCP', src, sport: remotePort, dst, dport: localPort })
}

function isHttp(heard: string): boolean {
  return /^[A-Z]+ \S+ HTTP\/1\.[01]\r?\n/.test(heard)
}

function httpResponse(answer: string): string {
  const headers = ['HTTP/1.1 200 OK', 'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(answer)}`]
  return `${[...headers, 'Connection: close'].join('\r\n')}\r\n\r\n${answer}`
}
