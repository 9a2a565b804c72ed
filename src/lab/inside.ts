/**
 * Tools that run inside a lab's namespace and tell something.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { LabError } from './failure.ts'
import { labEnvironment } from './naming.ts'

export interface InsideCall {
  /** As a trace calls it, for whoever reads the message. */
  readonly machine: string
  readonly namespace: string
  readonly tool: string
  readonly args: readonly string[]
  /** Of the lab. */
  readonly id: string
}

export interface InsideCommand {
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

/** A listing of a large ruleset. */
const MOST_OUTPUT = 1 << 30

/** The call as a process to be started: it is the tool's own, `ip` leaves it to it. */
export function insideNamespace({ namespace, tool, args, id }: InsideCall): InsideCommand {
  // Tools stand in places that not every user's PATH names.
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`
  const env = { ...process.env, PATH: path, LC_ALL: 'C', ...labEnvironment(id, namespace) }
  return { command: 'ip', args: ['netns', 'exec', namespace, tool, ...args], env }
}

/**
 * Runs a tool to its end.
 *
 * @returns what it printed
 * @throws {LabError} naming the machine, with what the tool said, when it ends with another code than 0
 */
export function runInside(call: InsideCall, input = ''): Promise<string> {
  const { command, args, env } = insideNamespace(call)
  return new Promise((resolve, reject) => {
    const options = { env, maxBuffer: MOST_OUTPUT, encoding: 'utf8' } as const
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      if (!error) return resolve(stdout)
      const said = stderr.trim() || error.message
      reject(new LabError([`${call.machine}: ${[call.tool, ...call.args].join(' ')} failed: ${said}`]))
    })
    // A tool that stops reading early says why by its exit code, not by a broken pipe.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}
