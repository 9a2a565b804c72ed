/**
 * The lab's listeners: one process that answers at every port of every machine, however many there are.
 *
 * @module
 */
import { agentPath } from './agent-process.ts'
import { answererWork } from './answerer-work.ts'
import type { LabPlan } from './lab.ts'
import { isHolding, requireHolder, startPortHolder } from './port-holder.ts'

const NAME = 'answerer'

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
  plan: Pick<LabPlan, 'id' | 'machines' | 'listeners'>,
  { folder }: { readonly folder: string },
): Promise<readonly string[]> {
  const holder = { name: NAME, path: agentPath(NAME), work: answererWork(plan) }
  return startPortHolder(holder, { folder, lab: plan.id })
}

/** Whether the lab's answerer runs. */
export function isAnswering(id: string): boolean {
  return isHolding(NAME, id)
}

/** @throws {LabError} when nobody answers at the lab's ports any more, with what the answerer said last */
export function requireAnswerer(id: string): void {
  requireHolder(NAME, id)
}
