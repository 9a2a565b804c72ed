/**
 * A tool that tells what the kernel of one namespace does, for as long as it is let.
 *
 * What it tells is kept until it is asked for, with the fences in it: once a fence has come by, so has
 * all that happened before. What goes wrong with the tool is told by whoever asks next, and by all
 * after.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Millis } from '../base/clock.ts'
import { isMistake, LabError } from './failure.ts'
import { insideNamespace } from './inside.ts'
import { WATCH_MARK } from './naming.ts'

export type Told<Event> = { readonly event: Event } | { readonly fence: number }

export interface StreamStart {
  readonly machine: string
  readonly namespace: string
  readonly tool: string
  readonly args: readonly string[]
  /** Of the lab. */
  readonly id: string
}

/** The fence did not come by in time: the machine is slow, or the tool does not see yet. */
export class LateError extends LabError {
  override readonly name = 'LateError'
  override readonly code = 'ERR_LAB_LATE'
}

/** Something that happened is missing in what a tool told, or the tool itself is. */
export class StreamError extends LabError {
  override readonly name = 'StreamError'
  override readonly code = 'ERR_LAB_STREAM'
}

const MOST_SAID = 4096

export class Stream<Event> {
  readonly #start: StreamStart
  readonly #child: ChildProcess
  readonly #closed: Promise<void>
  readonly #watchers = new Set<() => void>()
  #told: Told<Event>[] = []
  #count = 0
  #bytes = 0
  /** The end of what it said on its standard error. */
  #said = ''
  #failure: Error | undefined

  /**
   * Starts the tool.
   *
   * @param read what a piece of its output tells; throws when it makes no sense
   */
  constructor(start: StreamStart, read: (bytes: Uint8Array) => Iterable<Told<Event>>) {
    this.#start = start
    const { command, args, env } = insideNamespace(start)
    this.#child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...env, [WATCH_MARK]: '1' } })
    this.#child.stdout?.on('data', (bytes: Uint8Array) => this.#take(bytes, read))
    this.#child.stderr?.on('data', (bytes: Uint8Array) => this.#hear(bytes))
    this.#closed = new Promise(resolve => {
      this.#child.once('error', error => {
        this.#fail(error.message)
        resolve()
      })
      this.#child.once('close', (code, signal) => {
        const how = signal ? `was ended by ${signal}` : `ended with code ${code}`
        const said = this.#said.trim()
        this.#fail(said ? `${how}: ${said}` : how)
        resolve()
      })
    })
  }

  /** Bytes that it has told so far. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * All events before the fence that were not taken yet.
   *
   * @throws {LateError} when the fence does not come by in time
   * @throws {StreamError} when the tool failed, whenever that was
   */
  upTo(fence: number, timeout: Millis): Promise<readonly Event[]> {
    return this.#until(
      () => this.#takeUpTo(fence),
      timeout,
      () => `has not told of fence ${fence} within ${timeout} ms`,
    )
  }

  /**
   * All events that were not taken yet, once the tool has told of so many in all. For tools that tell of no fences.
   *
   * @throws {LateError} when it has not in time
   * @throws {StreamError} when the tool failed, whenever that was
   */
  upToCount(count: number, timeout: Millis): Promise<readonly Event[]> {
    return this.#until(
      () => (this.#count < count ? undefined : eventsOf(this.#told.splice(0))),
      timeout,
      () => `has told of ${this.#count} things, not of ${count}, within ${timeout} ms`,
    )
  }

  /**
   * Resolves with the match once the tool says something of that form on its standard error; what it said until then
   * is forgotten.
   *
   * @throws {LateError} when it does not in time
   * @throws {StreamError} when the tool failed
   */
  async says(pattern: RegExp, timeout: Millis): Promise<RegExpExecArray> {
    const found = await this.#until(
      () => pattern.exec(this.#said) ?? undefined,
      timeout,
      () => `has not said ${pattern} within ${timeout} ms`,
    )
    this.#said = ''
    return found
  }

  /** Sends a signal and waits for what is said in answer to it. */
  async ask(signal: NodeJS.Signals, answer: RegExp, timeout: Millis): Promise<RegExpExecArray> {
    this.#said = ''
    this.#child.kill(signal)
    return await this.says(answer, timeout)
  }

  /** What the tool told cannot be relied on: the error of this and all later calls. */
  fail(problem: string): Error {
    return this.#fail(problem)
  }

  /** Ends the tool; resolves when it is gone. */
  async close(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#closed
  }

  #take(bytes: Uint8Array, read: (bytes: Uint8Array) => Iterable<Told<Event>>): void {
    this.#bytes += bytes.length
    if (this.#failure) return
    try {
      for (const one of read(bytes)) {
        this.#told.push(one)
        this.#count += 1
      }
    } catch (cause) {
      if (isMistake(cause)) this.#failure ??= cause
      else this.#fail(cause instanceof Error ? cause.message : String(cause))
    }
    this.#notify()
  }

  #hear(bytes: Uint8Array): void {
    this.#said = (this.#said + Buffer.from(bytes).toString()).slice(-MOST_SAID)
    this.#notify()
  }

  #takeUpTo(fence: number): readonly Event[] | undefined {
    const at = this.#told.findIndex(one => 'fence' in one && one.fence === fence)
    if (at < 0) return undefined
    const before = this.#told.slice(0, at)
    this.#told = this.#told.slice(at + 1)
    return eventsOf(before)
  }

  #fail(problem: string): Error {
    const failure = this.#failure ?? new StreamError([this.#sentence(problem)])
    this.#failure = failure
    this.#notify()
    return failure
  }

  #sentence(predicate: string): string {
    return `${this.#start.machine}: ${this.#start.tool} ${predicate}`
  }

  #notify(): void {
    for (const watcher of this.#watchers) watcher()
  }

  #until<T>(find: () => T | undefined, timeout: Millis, late: () => string): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = (end: () => void) => {
        clearTimeout(timer)
        this.#watchers.delete(look)
        end()
      }
      const look = () => {
        const failure = this.#failure
        if (failure) return finish(() => reject(failure))
        const found = find()
        if (found !== undefined) finish(() => resolve(found))
      }
      const timer = setTimeout(() => finish(() => reject(new LateError([this.#sentence(late())]))), timeout)
      this.#watchers.add(look)
      look()
    })
  }
}

function eventsOf<Event>(told: readonly Told<Event>[]): readonly Event[] {
  return told.flatMap(one => ('event' in one ? [one.event] : []))
}
