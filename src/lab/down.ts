/**
 * Taking a lab down, whatever state it is in: nothing of it is left.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { Millis } from '../base/clock.ts'
import { LabError } from './failure.ts'
import { runJob } from './jobs.ts'
import { type Identity, isAlive, kill, namespacesOf, processesOf } from './processes.ts'
import { findRecord, forgetLab, isAbandoned, labIds, markLab, sweepFresh } from './registry.ts'

/** A process that was about to become one of the lab's is one by the next look. */
const PAUSE: Millis = 25
/** Looks in a row that find nothing. */
const QUIET = 2
/** Half a minute: a kernel that has much to clear away is slow. */
const MOST_LOOKS = 1200
/** Whoever brings the lab up is told to stop, and has this long to do so. */
const MAKER_LOOKS = 80

/**
 * Ends all processes of the lab, removes its namespaces and its folder. A lab that is not there is no failure.
 *
 * @throws {LabError} when something withstands
 */
export async function takeDown(id: string): Promise<void> {
  const record = findRecord(id)
  if (record && record.state !== 'up' && record.maker.pid !== process.pid) await stopMaker(record.maker)
  markLab(id, 'leaving')
  await clearAway(id)
  forgetLab(id)
}

/**
 * Takes a lab down in which something failed.
 *
 * @returns what is to be thrown: the failure itself, and what withstands behind it
 */
export async function takeDownAfter(cause: unknown, id: string): Promise<unknown> {
  try {
    await takeDown(id)
    return cause
  } catch (also) {
    return cause instanceof LabError && also instanceof LabError ? new LabError([...cause.lines, ...also.lines]) : cause
  }
}

/** Takes down the labs whose makers died before they were done. */
export async function takeDownAbandoned(): Promise<void> {
  sweepFresh()
  for (const id of labIds()) if (isAbandoned(id)) await takeDown(id)
}

async function stopMaker(maker: Identity): Promise<void> {
  for (let look = 0; look < MAKER_LOOKS && isAlive(maker); look++) {
    if (look === 0) kill(maker.pid, 'SIGTERM')
    await delay(PAUSE)
  }
  if (isAlive(maker)) kill(maker.pid)
}

/** What is ended may just have begun something: it is looked for again until there is nothing. */
async function clearAway(id: string): Promise<void> {
  let quiet = 0
  for (let look = 0; quiet < QUIET; look++) {
    if (look > 0) await delay(PAUSE)
    const processes = processesOf(id)
    const namespaces = namespacesOf(id)
    if (look === MOST_LOOKS) throw new LabError([withstanding(id, namespaces, processes)])
    for (const { pid } of processes) kill(pid)
    if (namespaces.length > 0) await removeNamespaces(id, namespaces)
    quiet = processes.length + namespaces.length === 0 ? quiet + 1 : 0
  }
}

/** One that is gone by itself, or cannot be removed yet, is no failure: it is looked for again. */
async function removeNamespaces(id: string, names: readonly string[]): Promise<void> {
  const input = names.map(name => `netns delete ${name}\n`).join('')
  await runJob(
    { tool: 'ip', args: ['-force', '-batch', '-'], input, about: `namespaces of lab ${id}` },
    { lab: id },
  ).catch((cause: unknown) => {
    if (!(cause instanceof LabError)) throw cause
  })
}

function withstanding(id: string, namespaces: readonly string[], processes: ReturnType<typeof processesOf>): string {
  const left = [...processes.map(({ pid, command }) => `process ${pid} (${command.join(' ')})`), ...namespaces]
  return `lab ${id} does not go away: ${left.slice(0, 3).join(', ')} ${left.length > 3 ? 'and others ' : ''}withstand`
}
