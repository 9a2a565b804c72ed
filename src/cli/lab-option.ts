/**
 * What the commands of `podwire lab` share: which lab, and how its failures are told.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { LabError } from '../lab/failure.ts'
import { interruptibly } from '../lab/interruption.ts'
import { parseLabId } from '../lab/naming.ts'
import type { Given, Option } from './command.ts'
import { RefusedInput, UsageError } from './exit.ts'
import type { Io } from './io.ts'
import type { Progress } from './progress.ts'

const USUAL_ID = 'lab'

export const ID: Option = { name: 'id', value: 'NAME', help: 'which lab, where there are several', default: USUAL_ID }

/** @throws {UsageError} unless it can be the id of a lab */
export function labIdOf(text: string | undefined): string {
  try {
    return parseLabId(text ?? USUAL_ID)
  } catch (cause) {
    throw cause instanceof ParseError ? new UsageError(cause.message) : cause
  }
}

/** The lab that `--id` names. */
export function givenLab(given: Given): string {
  return labIdOf(given.text('id'))
}

/**
 * Runs `work`; why a lab cannot be or go on, which name nothing has, and what the system refuses is for the person. A
 * mistake of podwire's own stays what it is.
 */
export async function labWork<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof LabError) throw new RefusedInput(cause.lines)
    if (cause instanceof ParseError || isSystemError(cause)) throw new RefusedInput([cause.message])
    throw cause
  }
}

/** {@link labWork} that a signal ends: the person is told that there is something to be cleaned away first. */
export function stoppable<T>(
  io: Pick<Io, 'err'>,
  bar: Progress,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return interruptibly(signal => {
    const tell = () => {
      bar.end()
      io.err('stopping: what was begun is cleaned away\n')
    }
    signal.addEventListener('abort', tell, { once: true })
    return labWork(() => work(signal))
  })
}

/** `ENOSPC: no space left on device, write`. @see https://nodejs.org/api/errors.html#class-systemerror */
function isSystemError(cause: unknown): cause is Error {
  return cause instanceof Error && 'syscall' in cause && 'errno' in cause
}
