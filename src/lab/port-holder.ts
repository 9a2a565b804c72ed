/**
 * Programs that hold ports of a lab and answer there, for as long as it is up.
 *
 * @module
 */
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { HolderWord } from './agent/answering.ts'
import { endOf, startProgram } from './agent-process.ts'
import { LabError } from './failure.ts'
import { labFolder } from './naming.ts'
import { processesOf } from './processes.ts'

/** One such program. */
export interface PortHolder {
  /** In messages: `answerer`; its work and its log are `answerer.json`, `answerer.log`. */
  readonly name: string
  /** Its compiled file. */
  readonly path: string
  /** What it reads first, as JSON. */
  readonly work: unknown
}

/**
 * Starts the program, which goes on when this process ends, with `PODWIRE_LAB` in its environment.
 *
 * @param folder where its work and its log are written
 * @returns once every port is open: what had to be left out, in words
 * @throws {LabError} when one cannot be opened, saying which and why; nothing is left running then
 */
export async function startPortHolder(
  { name, path, work }: PortHolder,
  { folder, lab }: { readonly folder: string; readonly lab: string },
): Promise<readonly string[]> {
  const [orders, log] = [join(folder, `${name}.json`), join(folder, logName(name))]
  writeFileSync(orders, JSON.stringify(work))
  const file = openSync(log, 'a')
  try {
    const child = startProgram(path, { args: [orders], lab, log: file, detached: true })
    const notes = await firstWord(child, name, log)
    child.disconnect()
    child.unref()
    return notes
  } finally {
    closeSync(file)
  }
}

async function firstWord(child: ChildProcess, name: string, log: string): Promise<readonly string[]> {
  const ended = endOf(child)
  const word = await Promise.race([
    new Promise<HolderWord>(resolve => child.once('message', (said: HolderWord) => resolve(said))),
    ended.then((how): HolderWord => ({ failed: `the ${name} ${how}; its log is ${log}` })),
  ])
  if ('answers' in word) return word.notes
  child.kill('SIGKILL')
  await ended
  throw new LabError([`Cannot open the lab's ports: ${word.failed}`])
}

/** Whether the lab's program of that name runs. */
export function isHolding(name: string, id: string): boolean {
  return processesOf(id).some(({ command }) => command.some(word => basename(word) === `${name}.js`))
}

/** @throws {LabError} when the program has ended, with what it said last */
export function requireHolder(name: string, id: string): void {
  if (isHolding(name, id)) return
  throw new LabError([
    `nobody answers at the ports of lab "${id}" any more: its ${name} has ended`,
    ...lastLines(name, id),
  ])
}

const LAST_LINES = 3

function lastLines(name: string, id: string): readonly string[] {
  const path = join(labFolder(id), logName(name))
  try {
    const lines = readFileSync(path, 'utf8').trim().split('\n').slice(-LAST_LINES)
    return lines.join('') === '' ? [`${path} says nothing of why`] : lines.map(line => `${path}: ${line}`)
  } catch {
    return []
  }
}

function logName(name: string): string {
  return `${name}.log`
}
