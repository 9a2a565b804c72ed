/**
 * The lab's listeners: one process that answers at every port of every machine, however many there are.
 *
 * @module
 */
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AnswererWord } from './agent/answering.ts'
import { endOf, startAgent } from './agent-process.ts'
import { answererWork } from './answerer-work.ts'
import { LabError } from './failure.ts'
import type { LabPlan } from './lab.ts'
import { labFolder } from './naming.ts'
import { processesOf } from './processes.ts'

const LOG = 'answerer.log'

/**
 * Starts the answerer, which goes on when this process ends, with `PODWIRE_LAB` in its environment. It
 * answers as `formatAnswer` says: TCP when the client has said a line, ended its side or kept silent for
 * 100 ms, and in HTTP to HTTP; a datagram with one from the address that was asked; an SCTP INIT with an
 * INIT ACK.
 *
 * @param folder where its work and its log are written: `answerer.json`, `answerer.log`
 * @returns once every port is open: what had to be left out, in words
 * @throws {LabError} when one cannot be opened, saying which and why; nothing is left running then
 */
export async function startAnswerer(
  plan: LabPlan,
  { folder }: { readonly folder: string },
): Promise<readonly string[]> {
  const work = join(folder, 'answerer.json')
  const log = join(folder, LOG)
  writeFileSync(work, JSON.stringify(answererWork(plan)))
  const file = openSync(log, 'a')
  try {
    const child = startAgent('answerer', { args: [work], lab: plan.id, log: file, detached: true })
    const notes = await firstWord(child, log)
    child.disconnect()
    child.unref()
    return notes
  } finally {
    closeSync(file)
  }
}

async function firstWord(child: ChildProcess, log: string): Promise<readonly string[]> {
  const ended = endOf(child)
  const word = await Promise.race([
    new Promise<AnswererWord>(resolve => child.once('message', (said: AnswererWord) => resolve(said))),
    ended.then((how): AnswererWord => ({ failed: `the answerer ${how}; its log is ${log}` })),
  ])
  if ('answers' in word) return word.notes
  child.kill('SIGKILL')
  await ended
  throw new LabError([`Cannot open the lab's ports: ${word.failed}`])
}

/** Whether the lab's answerer runs. */
export function isAnswering(id: string): boolean {
  return processesOf(id).some(({ command }) => command.some(word => word.endsWith('/answerer.js')))
}

/** @throws {LabError} when nobody answers at the lab's ports any more, with what the answerer said last */
export function requireAnswerer(id: string): void {
  if (isAnswering(id)) return
  throw new LabError([`nobody answers at the ports of lab "${id}" any more: its answerer has ended`, ...logLines(id)])
}

const LAST_LINES = 3

function logLines(id: string): readonly string[] {
  const path = join(labFolder(id), LOG)
  try {
    const lines = readFileSync(path, 'utf8').trim().split('\n').slice(-LAST_LINES)
    return lines.join('') === '' ? [`${path} says nothing of why`] : lines.map(line => `${path}: ${line}`)
  } catch {
    return []
  }
}
