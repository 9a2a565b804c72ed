/**
 * Who verifies a lab that stands: one process at a time, for the kernels' logs have one reader.
 *
 * @module
 */
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Millis } from '../base/clock.ts'
import { LabError } from './failure.ts'
import { labFolder } from './naming.ts'
import { type Identity, isAlive, kill, ownIdentity, processesOf } from './processes.ts'

const CLAIM = 'verification.json'

const PAUSE: Millis = 25
/** Half a minute. */
const MOST_LOOKS = 1200

/**
 * Makes this process the one that verifies the lab. Tools that a verification left behind, because it was killed, are
 * ended.
 *
 * @returns what gives the lab free again
 * @throws {LabError} when another process is at it
 */
export async function claimVerification(id: string): Promise<() => void> {
  const path = join(labFolder(id), CLAIM)
  const own = `${path}.${process.pid}`
  writeFileSync(own, JSON.stringify(ownIdentity()))
  try {
    if (!isLinked(own, path)) {
      const other = claimerOf(path)
      if (other) throw new LabError([`lab "${id}" is being verified by process ${other.pid}: one at a time`])
      rmSync(path, { force: true })
      if (!isLinked(own, path)) throw new LabError([`lab "${id}" is being verified by another process: one at a time`])
    }
  } finally {
    rmSync(own, { force: true })
  }
  await endWatchers(id)
  return () => rmSync(path, { force: true })
}

/** Whether `own` has become `path`, which was not there before. */
function isLinked(own: string, path: string): boolean {
  try {
    linkSync(own, path)
    return true
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw cause
  }
}

/** Who holds the claim; nothing when that process is gone. */
function claimerOf(path: string): Identity | undefined {
  try {
    const claimer = JSON.parse(readFileSync(path, 'utf8')) as Identity
    return isAlive(claimer) ? claimer : undefined
  } catch {
    return undefined
  }
}

async function endWatchers(id: string): Promise<void> {
  for (let look = 0; look < MOST_LOOKS; look++) {
    const watchers = processesOf(id).filter(({ watches }) => watches)
    if (watchers.length === 0) return
    for (const { pid } of watchers) kill(pid)
    await delay(PAUSE)
  }
  throw new LabError([`lab "${id}" was being verified, and the tools for it do not end`])
}
