/**
 * Running the jobs of a lab: stock tools, called with lists of arguments.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { LabError } from './failure.ts'
import type { Job, Stage } from './lab.ts'
import { labEnvironment } from './naming.ts'
import { kill } from './processes.ts'

export interface Running {
  /** The id of the lab, which all processes carry. */
  readonly lab: string
  /** Ends the work at once: what runs is killed, and the reason is thrown. */
  readonly signal?: AbortSignal
  readonly progress?: (title: string, done: number, total: number) => void
}

/** Most jobs wait for the kernel, not for a processor. */
const JOBS_A_PROCESSOR = 3

/**
 * Runs the stages one after the other, the jobs of each side by side.
 *
 * @throws {LabError} of the first job that fails; nothing runs any more then
 * @throws the signal's reason when it is given
 */
export async function runStages(stages: readonly Stage[], running: Running): Promise<void> {
  const total = stages.reduce((sum, { jobs }) => sum + jobs.length, 0)
  let done = 0
  for (const { title, jobs } of stages) {
    running.progress?.(title, done, total)
    await runAll(jobs, running, () => running.progress?.(title, ++done, total))
  }
}

async function runAll(jobs: readonly Job[], running: Running, done: () => void): Promise<void> {
  const failing = new AbortController()
  const signal = running.signal ? AbortSignal.any([running.signal, failing.signal]) : failing.signal
  const waiting = jobs.values()
  const work = async () => {
    for (const job of waiting) {
      await runJob(job, { ...running, signal })
      done()
    }
  }
  const workers = Array.from({ length: Math.min(jobs.length, availableParallelism() * JOBS_A_PROCESSOR) }, work)
  // All must have ended before anything is cleaned away: a killed tool may still be at work in the kernel.
  const ends = await Promise.allSettled(
    workers.map(worker => worker.catch((cause: unknown) => Promise.reject(stopOthers(failing, cause)))),
  )
  running.signal?.throwIfAborted()
  if (failing.signal.aborted) throw failing.signal.reason
  const failed = ends.find(end => end.status === 'rejected')
  if (failed) throw failed.reason
}

/** The first failure is the reason of all others. */
function stopOthers(failing: AbortController, cause: unknown): unknown {
  failing.abort(cause)
  return cause
}

/**
 * Runs one job to its end.
 *
 * @returns what it printed
 * @throws {LabError} with the tool's own words when it fails
 */
export async function runJob(job: Job, running: Running): Promise<string> {
  running.signal?.throwIfAborted()
  const child = start(job, running.lab)
  const stop = () => killGroup(child)
  running.signal?.addEventListener('abort', stop, { once: true })
  try {
    const { code, out, err } = await endOf(child, job)
    running.signal?.throwIfAborted()
    if (code !== 0) throw new LabError([explain(job, err || out || `ended with ${code}`)])
    return out
  } finally {
    running.signal?.removeEventListener('abort', stop)
  }
}

/** The command that does the job: tools that know namespaces enter them by themselves. */
export function commandOf({ namespace, tool, args }: Job): readonly [tool: string, ...args: string[]] {
  if (namespace === undefined) return [tool, ...args]
  if (tool === 'ip' || tool === 'bridge') return [tool, '-n', namespace, ...args]
  return ['ip', 'netns', 'exec', namespace, tool, ...args]
}

/** In a process group of its own: what a terminal sends is for podwire, which then ends it. */
function start(job: Job, lab: string): ChildProcess {
  const [tool, ...args] = commandOf(job)
  const env = { ...toolEnvironment(process.env), ...labEnvironment(lab, job.namespace) }
  return spawn(tool, args, { env, detached: true, stdio: 'pipe' })
}

/** With all that it started: whoever holds its output open keeps it from being over. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return
  kill(-pid)
}

/** Tools stand in places that not every user's PATH names, and are to speak the language that is read here. */
export function toolEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...env, PATH: `${env['PATH'] ?? ''}:/usr/sbin:/sbin`, LC_ALL: 'C' }
}

interface JobEnd {
  readonly code: number | string
  readonly out: string
  readonly err: string
}

function endOf(child: ChildProcess, { tool, input = '', about }: Job): Promise<JobEnd> {
  return new Promise((resolve, reject) => {
    const said = { out: '', err: '' }
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said.out += text
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said.err += text
    })
    child.once('error', cause => reject(new LabError([`${about}: ${tool} does not start: ${cause.message}`])))
    child.once('close', (code, signal) => resolve({ code: code ?? signal ?? 'no code', ...said }))
    // A tool that stops reading early says why by how it ends, not by a broken pipe.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}

/** How tools name the line of their input at which they stopped. */
const LINES = [/Command failed \S+?:(\d+)/, /Error occurred at line: (\d+)/, /\bline (\d+) failed/, /: line (\d+)/]
/** What says nothing but that. */
const PLACES = /^(?:Command failed \S+|Error occurred at line: \d+|Try `.*' .*)$/
const MOST_LINES = 4

/** What failed, at which line of what it read, in the tool's own words. */
export function explain(job: Job, words: string): string {
  const lines = words.split('\n').map(line => line.trim())
  const told = lines.filter(line => line !== '' && !PLACES.test(line)).slice(0, MOST_LINES)
  const number = LINES.map(pattern => pattern.exec(words)?.[1]).find(found => found !== undefined)
  const line = number === undefined ? undefined : readInput(job)?.split('\n')[Number(number) - 1]
  const where = line === undefined ? '' : ` line ${number} "${line}"`
  return `${job.about}${where}: ${told.join('; ') || words.trim()}`
}

/** What the tool read: its standard input, or the file that its last argument names. */
function readInput({ input, args }: Job): string | undefined {
  if (input !== undefined) return input
  try {
    return readFileSync(args.at(-1) ?? '', 'utf8')
  } catch {
    return undefined
  }
}
