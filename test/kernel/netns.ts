/**
 * Checks against the kernel, each in network namespaces of its own.
 *
 * Nothing here touches the machine's own links, routes or rules. A check that the machine cannot
 * run is skipped by name with the reason; where `PODWIRE_KERNEL=required` is set, it fails instead.
 *
 * @module
 */
import { execFile, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { ENVIRONMENT, lackOf, type Need, passOver } from './needs.ts'

export type { Need } from './needs.ts'

/** How a tool ended. */
export interface Run {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A network namespace that lives as long as the check that it was made for. */
export interface Namespace {
  readonly name: string
  /** Runs a tool inside, with arguments as they are (no shell) and `input` as its standard input. */
  try(tool: string, args?: readonly string[], input?: string): Promise<Run>
  /**
   * As `try`, for a tool that must succeed.
   *
   * @returns what it printed
   * @throws {Error} with its messages when it ends with another code than 0
   */
  run(tool: string, args?: readonly string[], input?: string): Promise<string>
}

/** Namespaces that exist now: they are removed even when the process is told to end. */
const open = new Set<string>()

/**
 * Runs `body` with a fresh namespace, or skips the test when the machine lacks one of the `needs`.
 *
 *     t.test('the rules load', t => inNamespace(t, ['iptables-legacy-restore'], async ns => { … }))
 */
export function inNamespace(t: Test, needs: readonly Need[], body: (ns: Namespace) => Promise<void>): Promise<void> {
  return inNamespaces(t, needs, 1, async ([ns]) => {
    if (ns) await body(ns)
  })
}

/** As {@link inNamespace}, with several namespaces: as many hosts. */
export async function inNamespaces(
  t: Test,
  needs: readonly Need[],
  count: number,
  body: (all: readonly Namespace[]) => Promise<void>,
): Promise<void> {
  const lack = lackOf(needs)
  if (lack !== undefined) {
    passOver(t, lack)
    return
  }
  const names: string[] = []
  try {
    for (let i = 0; i < count; i++) names.push(create())
    await body(names.map(namespace))
  } finally {
    for (const name of names) remove(name)
  }
}

function create(): string {
  if (open.size === 0) watchSignals()
  const name = `podwire-${process.pid}-${randomBytes(4).toString('hex')}`
  open.add(name)
  const made = spawnSync('ip', ['netns', 'add', name], { env: ENVIRONMENT, encoding: 'utf8' })
  if (made.status !== 0) {
    open.delete(name)
    throw new Error(`Cannot make network namespace ${name}: ${made.stderr}`)
  }
  return name
}

/** Ends what still runs inside, which would keep the namespace alive, and removes it. */
function remove(name: string): void {
  const { stdout } = spawnSync('ip', ['netns', 'pids', name], { env: ENVIRONMENT, encoding: 'utf8' })
  for (const pid of stdout.split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It ended by itself meanwhile.
    }
  }
  spawnSync('ip', ['netns', 'delete', name], { env: ENVIRONMENT })
  rmSync(lockOf(name), { force: true })
  open.delete(name)
}

let watching = false

function watchSignals(): void {
  if (watching) return
  watching = true
  const removeAll = () => {
    for (const name of open) remove(name)
  }
  process.on('exit', removeAll)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      removeAll()
      process.kill(process.pid, signal)
    })
  }
}

/** iptables takes one lock for the whole machine unless told otherwise; namespaces share no rules. */
function lockOf(name: string): string {
  return join(tmpdir(), `${name}.lock`)
}

function namespace(name: string): Namespace {
  const env = { ...ENVIRONMENT, XTABLES_LOCKFILE: lockOf(name) }
  const attempt = (tool: string, args: readonly string[] = [], input = '') =>
    new Promise<Run>((resolve, reject) => {
      const options = { env, maxBuffer: 1 << 28, encoding: 'utf8' } as const
      const child = execFile('ip', ['netns', 'exec', name, tool, ...args], options, (error, stdout, stderr) => {
        const code = error?.code
        if (error && typeof code !== 'number') reject(error)
        else resolve({ code: typeof code === 'number' ? code : 0, stdout, stderr })
      })
      // A tool that stops reading early says why by its exit code, not by a broken pipe.
      child.stdin?.on('error', () => undefined)
      child.stdin?.end(input)
    })
  return {
    name,
    try: attempt,
    run: async (tool, args = [], input = '') => {
      const { code, stdout, stderr } = await attempt(tool, args, input)
      if (code !== 0) throw new Error(`${[tool, ...args].join(' ')} ended with ${code}: ${stderr}${stdout}`)
      return stdout
    },
  }
}
