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
import { Server } from 'node:net'
import { availableParallelism } from 'node:os'
import { type AgentName, endOf, startAgent } from '../agent-process.ts'
import { eachOf, type Handle } from '../handles.ts'
import type { AnsweredSocket, HelperWord, MachineWork } from './answering.ts'
import { answerDatagrams } from './datagram-answer.ts'
import { acceptAt, complain, openSockets, tellStarter } from './port-holding.ts'
import { whyNoRawSocket } from './raw.ts'
import { answerConnection } from './tcp-answer.ts'

tellStarter(answerAll(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))))

async function answerAll(work: readonly MachineWork[]): Promise<readonly string[]> {
  const notes = new Set<string>()
  await eachOf(work, 2 * availableParallelism(), async machine => {
    await openSockets(machine, attend)
    if (machine.everywhere.length > 0) await startHelper('everywhere', machine)
    if (machine.sctp.ports.length === 0) return
    const lack = await whyNoRawSocket()
    if (lack === undefined) await startHelper('sctp', machine)
    else notes.add(`nothing answers SCTP: ${lack}`)
  })
  return [...notes]
}

function attend(handle: Handle, { machine, what }: AnsweredSocket): void {
  const who = { machine, what }
  if (!(handle instanceof Server)) {
    answerDatagrams(handle, who)
    handle.on('error', complain)
    return
  }
  acceptAt(handle, socket => answerConnection(socket, who))
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
