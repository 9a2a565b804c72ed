/**
 * Signals that ask the program to end, while there is something to be cleaned away first.
 *
 * @module
 */

/** The program was asked to end. */
export class Interruption extends Error {
  override readonly name = 'Interruption'
  readonly code = 'ERR_INTERRUPTED'
  readonly signal: NodeJS.Signals

  constructor(signal: NodeJS.Signals) {
    super(`ended by ${signal}`)
    this.signal = signal
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs `work`, whose signal is given when the program is asked to end. Once `work` has cleaned up and ended, the
 * program does end by that signal.
 */
export async function interruptibly<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const stop = (signal: NodeJS.Signals) => controller.abort(new Interruption(signal))
  for (const signal of SIGNALS) process.on(signal, stop)
  try {
    return await work(controller.signal)
  } finally {
    for (const signal of SIGNALS) process.off(signal, stop)
    const reason: unknown = controller.signal.reason
    // Nobody listens any more: the signal does what it does.
    if (reason instanceof Interruption) process.kill(process.pid, reason.signal)
  }
}
