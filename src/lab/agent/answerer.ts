/**
 * The answerer's process: answers at all ports of a lab.
 *
 * It gets its sockets from openers; where a socket of Node's will not do, a program of its own in the
 * namespace answers. They end with it, and it ends with any of them: who asks a lab that answers at some of
 * its ports only is misled.
 *
 * @module
 */
import { readFileSync } from 'node:fs'
import { createServer, Server } from 'node:net'
import { availableParallelism } from 'node:os'
import { type AgentName, endOf, startAgent } from '../agent-process.ts'
import { wordsOf } from '../failure.ts'
import { eachOf, type Handle, openHandles } from '../handles.ts'
import type { AnsweredSocket, AnswererWord, HelperWord, MachineWork } from './answering.ts'
import { portName } from './answering.ts'
import { answerDatagrams } from './datagram-answer.ts'
import { whyNoRawSocket } from './raw.ts'
import { answerConnection } from './tcp-answer.ts'

/** Who started the answerer has died before it could hear: nobody knows of it. */
const abandon = () => process.exit(1)
process.once('disconnect', abandon)

answerAll(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))).then(
  notes => say({ answers: true, notes }, () => undefined),
  error => say({ failed: wordsOf(error) }, () => process.exit(1)),
)

// A lab without ports has its answerer, too.
setInterval(() => undefined, 2 ** 30)

function say(word: AnswererWord, then: () => void): void {
  process.off('disconnect', abandon)
  process.send?.(word, then)
}

async function answerAll(work: readonly MachineWork[]): Promise<readonly string[]> {
  const notes = new Set<string>()
  await eachOf(work, 2 * availableParallelism(), async machine => {
    await openSockets(machine)
    if (machine.everywhere.length > 0) await startHelper('everywhere', machine)
    if (machine.sctp.ports.length === 0) return
    const lack = await whyNoRawSocket()
    if (lack === undefined) await startHelper('sctp', machine)
    else notes.add(`nothing answers SCTP: ${lack}`)
  })
  return [...notes]
}

async function openSockets({ namespace, sockets }: MachineWork): Promise<void> {
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

function attend(handle: Handle, { machine, what }: AnsweredSocket): void {
  const who = { machine, what }
  if (!(handle instanceof Server)) {
    answerDatagrams(handle, who)
    handle.on('error', complain)
    return
  }
  // The server that came cannot leave its side open when the client has ended.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, socket => answerConnection(socket, who))
  server.on('error', complain)
  server.listen(handle)
}

function complain(error: Error): void {
  process.stderr.write(`${error.message}\n`)
}

/** @throws {Error} when it does not come to answer */
async function startHelper(name: AgentName, machine: MachineWork): Promise<void> {
  const helper = startAgent(name, { namespace: machine.namespace })
  const ended = endOf(helper)
  helper.send(machine)
  const word = await Promise.race([
    new Promise<HelperWord>(resolve => helper.once('message', (said: HelperWord) => resolve(said))),
    ended.then((how): HelperWord => ({ failed: `its program ${how}` })),
  ])
  if ('failed' in word) throw new Error(`${machine.machine}: ${word.failed}`)
  void ended.then(how => {
    complain(new Error(`the program ${name} of ${machine.machine} ${how}`))
    process.exit(1)
  })
}
