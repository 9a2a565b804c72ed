/**
 * Sockets of other network namespaces, got from openers.
 *
 * @module
 */
import type { Socket } from 'node:dgram'
import type { Server } from 'node:net'
import type { Opened, OpenerTask, Wanted } from './agent/opening.ts'
import { endOf, startAgent } from './agent-process.ts'
import { LabError } from './failure.ts'

export type Handle = Server | Socket

/** The socket, or the system's word for why there is none: `EADDRINUSE`. */
export type Outcome = Handle | string

/**
 * Opens sockets in a namespace by an opener, which has ended when this returns.
 *
 * @param lab the id of the lab; absent: that of this process
 * @param take called with each socket as soon as it is there: connections may come to it already
 * @returns for each of `wanted`, in their order, what came of it
 * @throws {LabError} when the opener cannot be started or ends before its time
 */
export async function openHandles(
  namespace: string,
  wanted: readonly Wanted[],
  lab: string | undefined,
  take: (handle: Handle, index: number) => void = () => undefined,
): Promise<readonly Outcome[]> {
  if (wanted.length === 0) return []
  const outcomes: Outcome[] = []
  const opener = startAgent('opener', { namespace, lab })
  const ended = endOf(opener)
  let missing = wanted.length
  opener.on('message', (opened, handle) => {
    const { index, error } = opened as Opened
    outcomes[index] = error ?? (handle as Handle)
    if (error === undefined) take(handle as Handle, index)
    missing -= 1
    if (missing === 0) opener.disconnect()
  })
  const task: OpenerTask = { wanted }
  // That the channel broke is told by how the opener ended.
  opener.send(task, () => undefined)
  const how = await ended
  if (missing > 0) throw new LabError([`Cannot open sockets in network namespace ${namespace}: the opener ${how}`])
  return outcomes
}

/** Runs `work` for all, at most `limit` at a time; of failures the first is thrown, once none runs any more. */
export async function eachOf<T>(all: readonly T[], limit: number, work: (one: T) => Promise<void>): Promise<void> {
  const rest = all.values()
  const failures: unknown[] = []
  const worker = async () => {
    for (const one of rest) {
      try {
        await work(one)
      } catch (failure) {
        failures.push(failure)
      }
      if (failures.length > 0) return
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, all.length) }, worker))
  if (failures.length > 0) throw failures[0]
}
