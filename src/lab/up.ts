/**
 * Bringing a lab up: as a whole or not at all.
 *
 * @module
 */
import { startAnswerer } from './answerer.ts'
import { takeDownAbandoned, takeDownAfter } from './down.ts'
import { type Running, runStages } from './jobs.ts'
import type { LabPlan } from './lab.ts'
import { type NameServer, startNameServer } from './name-server.ts'
import { labFolder } from './naming.ts'
import { featuresOf, groundHere, requireKernel, requireRoot, requireTools, toolsOf } from './needs.ts'
import { claimLab, markLab } from './registry.ts'

export interface RaiseOptions extends Omit<Running, 'lab'> {
  /** It goes with this process: whoever finds it without cleans it away. */
  readonly temporary?: boolean
  /** Absent: nobody answers DNS, and at its ports the answerer says who it is. */
  readonly nameServer?: NameServer
}

/**
 * Makes all that the plan says and has its programs listen. Labs whose makers died are cleaned away first.
 *
 * When it fails or is told to stop, nothing of the lab is left.
 *
 * @returns what of it had to be left out, in words
 * @throws {LabError} when there is such a lab, the machine cannot run it, or a tool fails
 * @throws the signal's reason when it is given
 */
export async function bringUp(
  plan: LabPlan,
  { temporary, nameServer, ...options }: RaiseOptions = {},
): Promise<readonly string[]> {
  const { id, variant, stages } = plan
  const running: Running = { ...options, lab: id }
  const ground = groundHere()
  requireRoot(ground)
  requireTools(toolsOf(variant), ground)
  await takeDownAbandoned()
  claimLab(plan, nameServer && (nameServer.added ? 'added' : 'declared'))
  try {
    await requireKernel(featuresOf(plan), running)
    await runStages(stages, running)
    running.progress?.('opening ports', plan.listeners.length, plan.listeners.length)
    const notes = await unless(running.signal, openPorts(plan, nameServer))
    if (!temporary) markLab(id, 'up')
    return notes
  } catch (cause) {
    throw await takeDownAfter(cause, id)
  }
}

/** Each port by one of the two programs. */
async function openPorts(plan: LabPlan, nameServer: NameServer | undefined): Promise<readonly string[]> {
  const folder = labFolder(plan.id)
  if (!nameServer) return startAnswerer(plan, { folder })
  const others = plan.listeners.filter(one => !nameServer.listeners.includes(one))
  const starts = [
    startAnswerer({ ...plan, listeners: others }, { folder }),
    startNameServer(plan, nameServer, { folder }),
  ]
  // What fails is cleaned away once none of them is at work any more.
  await Promise.allSettled(starts)
  return (await Promise.all(starts)).flat()
}

/** What `work` gives, unless the signal is given before: what it was at is then ended with the lab. */
async function unless<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (!signal) return work
  signal.throwIfAborted()
  let stop = () => {}
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([work, stopped])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
