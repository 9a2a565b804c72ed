/**
 * Starting the lab's agents: small programs of podwire's own that run beside it, most of them inside a
 * network namespace, and talk to whoever started them.
 *
 * @module
 */
import { type ChildProcess, type IOType, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { LabError } from './failure.ts'
import { labEnvironment } from './naming.ts'

export type AgentName = 'answerer' | 'everywhere' | 'opener' | 'prober' | 'sctp'

export function agentPath(name: AgentName): string {
  return builtPath(`lab/agent/${name}.js`)
}

/**
 * A compiled program: that of the build, also where this code runs from its sources.
 *
 * @param file below the build
 * @throws {LabError} when podwire is not built
 */
export function builtPath(file: string): string {
  // From src/lab as from dist/lab.
  const path = fileURLToPath(new URL(`../../dist/${file}`, import.meta.url))
  if (!existsSync(path))
    throw new LabError([`podwire's lab runs ${path}, which is not there: build it with "npm run build"`])
  return path
}

export interface AgentStart {
  /** The network namespace in which it runs; absent: that of this process. */
  readonly namespace?: string
  readonly args?: readonly string[]
  /** The id of the lab that it belongs to, by which it is found and ended; absent: the same as this process. */
  readonly lab?: string | undefined
  /** Where its standard output and error go; absent: errors are kept for {@link endOf}. */
  readonly log?: number
  /** In a session of its own, so that no signal of this one's terminal reaches it. */
  readonly detached?: true
}

/** An agent with a channel for messages, which may hold bytes and be accompanied by sockets. */
export function startAgent(name: AgentName, start: AgentStart): ChildProcess {
  return startProgram(agentPath(name), start)
}

/** As {@link startAgent}, of any program of podwire's. */
export function startProgram(path: string, start: AgentStart): ChildProcess {
  const { namespace, args = [], lab, log, detached = false } = start
  const command = [process.execPath, path, ...args]
  const inside = namespace === undefined ? command : ['ip', 'netns', 'exec', namespace, ...command]
  const [tool = '', ...rest] = inside
  const output: readonly (IOType | number)[] = log === undefined ? ['ignore', 'pipe'] : [log, log]
  return spawn(tool, rest, {
    stdio: ['ignore', ...output, 'ipc'],
    env: agentEnvironment(process.env, lab),
    detached,
    serialization: 'advanced',
  })
}

/** Options that whoever started podwire meant for it alone, such as an inspector's port, are not handed on. */
function agentEnvironment({ NODE_OPTIONS: _, ...env }: NodeJS.ProcessEnv, lab: string | undefined): NodeJS.ProcessEnv {
  // Tools stand in places that not every user's PATH names.
  const path = `${env['PATH'] ?? ''}:/usr/sbin:/sbin`
  return { ...env, PATH: path, LC_ALL: 'C', ...(lab === undefined ? {} : labEnvironment(lab)) }
}

const MOST_SAID = 4096

/** Resolves once the agent is gone or could not be started, with the reason in words. */
export async function endOf(child: ChildProcess): Promise<string> {
  const { stderr } = child
  let said = ''
  stderr?.on('data', (bytes: Buffer) => {
    said = (said + bytes.toString()).slice(-MOST_SAID)
  })
  // Not "close", of which Node (20.20) tells nothing once this side has closed the channel.
  const silent = stderr ? new Promise(resolve => stderr.once('close', resolve)) : undefined
  const how = await new Promise<string>(resolve => {
    child.once('error', error => resolve(`could not be started: ${error.message}`))
    child.once('exit', (code, signal) => resolve(signal ? `was ended by ${signal}` : `ended with code ${code}`))
  })
  if (child.pid !== undefined) await silent
  const what = said.trim()
  return what ? `${how}: ${what}` : how
}
