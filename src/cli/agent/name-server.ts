/**
 * The program of a lab's name server: at the ports of the cluster's DNS it answers queries as `podwire dns serve` does.
 *
 * Whatever is no query is answered with who was asked, as everywhere in the lab: what a verification sends is none, so
 * names are answered also while one goes on, and its flows find whom they ask for.
 *
 * @module
 */
import type { Socket as DatagramSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { Server, type Socket } from 'node:net'
import { availableParallelism } from 'node:os'
import { Zone } from '../../dns/zone.ts'
import type { AnsweredSocket, Who } from '../../lab/agent/answering.ts'
import { answerDatagram } from '../../lab/agent/datagram-answer.ts'
import { acceptAt, complain, openSockets, tellStarter } from '../../lab/agent/port-holding.ts'
import { answerConnection } from '../../lab/agent/tcp-answer.ts'
import { isAnswer } from '../../lab/answer-line.ts'
import { eachOf, type Handle } from '../../lab/handles.ts'
import type { NameServerWork } from '../../lab/name-server.ts'
import { Answerer } from '../../server/dns/answerer.ts'
import { Connection } from '../../server/dns/connection.ts'
import { DEFAULT_LIMITS } from '../../server/dns/limits.ts'
import { beginsQuery, isQuery } from './query-octets.ts'

const { machines, zone }: NameServerWork = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))
const answerer = new Answerer(new Zone(zone.objects, zone.options, zone.serial))
let connections = 0

tellStarter(openAll())

async function openAll(): Promise<readonly string[]> {
  await eachOf(machines, 2 * availableParallelism(), machine => openSockets(machine, attend))
  return []
}

function attend(handle: Handle, { machine, what }: AnsweredSocket): void {
  const who = { machine, what }
  if (handle instanceof Server) acceptAt(handle, socket => greet(socket, who))
  else attendDatagrams(handle, who)
}

function attendDatagrams(socket: DatagramSocket, who: Who): void {
  socket.on('error', complain)
  socket.on('message', async (message, sender) => {
    const octets = new Uint8Array(message)
    if (!isQuery(octets)) {
      if (!isAnswer(message)) answerDatagram(socket, who, sender)
      return
    }
    const reply = await answerer.answer(octets, { transport: 'udp', client: sender.address })
    // Who cannot be answered need not be.
    if (reply.kind === 'reply') socket.send(reply.octets, sender.port, sender.address, () => undefined)
  })
}

/** The first octet tells who it is for. */
function greet(socket: Socket, who: Who): void {
  if (connections >= DEFAULT_LIMITS.connections) {
    socket.destroy()
    return
  }
  connections++
  socket.once('close', () => {
    connections--
  })
  const settle = () => {
    clearTimeout(timer)
    socket.off('data', begin).off('end', turnAway).off('error', leave)
  }
  const begin = (bytes: Buffer) => {
    settle()
    socket.pause()
    socket.unshift(bytes)
    if (beginsQuery(bytes)) new Connection(socket, answerer, DEFAULT_LIMITS, () => undefined)
    else answerConnection(socket, who)
    socket.resume()
  }
  const turnAway = () => {
    settle()
    answerConnection(socket, who)
  }
  const leave = () => {
    settle()
    socket.destroy()
  }
  const timer = setTimeout(leave, DEFAULT_LIMITS.read)
  socket.on('data', begin).on('end', turnAway).on('error', leave)
}
