/**
 * A program inside one machine's namespace that sends what it is told to, and says what it met.
 *
 * @module
 */
import type { ChildProcess } from 'node:child_process'
import type { Asked, Ready, Told } from './agent/prober-words.ts'
import { endOf, startAgent } from './agent-process.ts'
import { LabError } from './failure.ts'
import type { LabMachine } from './lab.ts'
import type { Met, Probe } from './probe.ts'

export interface Prober {
  /**
   * Sends a probe; several may be on their way at a time, from different ports.
   *
   * @throws {LabError} when it could not be sent for a reason that is no experience of the network: its
   * port is in use, its source is no address of the machine, the package raw-socket is missing, or the
   * prober has ended
   */
  readonly send: (probe: Probe) => Promise<Met>
  /** Ends the process. Probes that are on their way fail. */
  readonly close: () => Promise<void>
}

/** @throws {LabError} when it cannot be started */
export async function openProber(
  { machine, namespace }: Pick<LabMachine, 'machine' | 'namespace'>,
  { id }: { readonly id?: string } = {},
): Promise<Prober> {
  const child = startAgent('prober', { namespace, lab: id })
  const prober = new RunningProber(machine, child)
  await prober.ready
  return prober
}

interface Waiting {
  readonly resolve: (met: Met) => void
  readonly reject: (error: Error) => void
}

class RunningProber implements Prober {
  readonly ready: Promise<void>
  readonly #machine: string
  readonly #child: ChildProcess
  readonly #ended: Promise<string>
  readonly #waiting = new Map<number, Waiting>()
  #next = 0
  /** Why nothing can be sent any more. */
  #over: Error | undefined

  constructor(machine: string, child: ChildProcess) {
    this.#machine = machine
    this.#child = child
    this.#ended = endOf(child)
    this.ready = new Promise((resolve, reject) => {
      child.on('message', (told: Ready | Told) => {
        if ('ready' in told) resolve()
        else this.#settle(told)
      })
      void this.#ended.then(how => {
        this.#over ??= new LabError([`The prober of ${machine} ${how}`])
        reject(this.#over)
        for (const { reject } of this.#waiting.values()) reject(this.#over)
        this.#waiting.clear()
      })
    })
  }

  send(probe: Probe): Promise<Met> {
    if (this.#over) return Promise.reject(this.#over)
    const asked: Asked = { id: this.#next++, probe }
    return new Promise((resolve, reject) => {
      this.#waiting.set(asked.id, { resolve, reject })
      // That the channel broke is told by how the prober ended.
      this.#child.send(asked, () => undefined)
    })
  }

  async close(): Promise<void> {
    this.#over ??= new LabError([`The prober of ${this.#machine} is closed`])
    if (this.#child.connected) this.#child.disconnect()
    await this.#ended
  }

  #settle(told: Told): void {
    const waiting = this.#waiting.get(told.id)
    this.#waiting.delete(told.id)
    if ('met' in told) waiting?.resolve(told.met)
    else waiting?.reject(new LabError([`${this.#machine} cannot send: ${told.error}`]))
  }
}
