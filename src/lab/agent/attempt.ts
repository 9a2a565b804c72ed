/**
 * One try to reach somebody: it ends with the first that happens, or when patience does.
 *
 * @module
 */
import type { Millis } from '../../base/clock.ts'
import type { Met } from '../probe.ts'
import { type Collected, firstHeard } from './ears.ts'
import { codeOf, experienceOf, isWordFor } from './errno.ts'

export interface Attempt {
  readonly met: (met: Met) => void
  readonly failed: (error: unknown) => void
}

/**
 * @param begin starts the try; what it returns is called once the try is over, and must leave nothing
 * that goes on sending
 * @returns what was met, or nothing: patience ended
 * @throws whatever `failed` was told
 */
export function attempt(patience: Millis, begin: (attempt: Attempt) => () => void): Promise<Met | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => over(() => resolve(undefined)), patience)
    let ended = false
    let end: () => void = () => undefined
    const over = (settle: () => void) => {
      if (ended) return
      ended = true
      clearTimeout(timer)
      settle()
      end()
    }
    const clear = begin({ met: met => over(() => resolve(met)), failed: error => over(() => reject(error)) })
    if (ended) clear()
    else end = clear
  })
}

/**
 * What a failed call says of the network: in the finer words of the ICMP error behind it where one was heard, if the
 * system's word is one for that error. Where it is not, the system's counts: it is what the program met.
 *
 * @throws {Error} when it says nothing of it
 */
export async function failureMet(error: unknown, collected: Collected): Promise<Met> {
  const code = codeOf(error)
  const experience = experienceOf(code)
  if (!experience) throw error
  // EPERM is the machine's own doing, whatever else came of it.
  const heard = code === 'EPERM' ? undefined : await firstHeard(collected)
  if (!heard) return { experience, detail: code }
  const met = isWordFor(code, heard.experience) ? heard.experience : experience
  return { experience: met, detail: `${code}, ${heard.detail}` }
}

/** Silence, and the errors that the program was not told of. */
export function silence({ errors }: Collected): Met {
  const detail = errors.map(error => error.detail).join(', ')
  return { experience: 'timeout', ...(detail ? { detail } : {}) }
}
