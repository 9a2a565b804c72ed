/** Labs for tests, on a machine that can have them; on others a test is skipped by name with the reason. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Test } from 'tap'
import { takeDown } from '../../src/lab/down.ts'
import { labFolder } from '../../src/lab/naming.ts'
import { namespacesOf, processesOf } from '../../src/lab/processes.ts'
import { podwire } from '../cli/capture.ts'
import { HOST_NEEDS, lackOf, type Need, passOver } from '../kernel/needs.ts'

const NEEDS: readonly Need[] = [
  ...HOST_NEEDS,
  'iptables-nft-restore',
  'ip6tables-nft-restore',
  'iptables-legacy-restore',
  'ip6tables-legacy-restore',
  'nft',
]

/** Whether this machine can have no lab, or lacks what else is needed. Says why to the test. */
export function isSkipped(t: Test, needs: readonly Need[] = []): boolean {
  const lack =
    lackOf([...NEEDS, ...needs]) ??
    (existsSync('dist/lab/agent') ? undefined : 'needs podwire to be built: npm run build')
  if (lack === undefined) return false
  passOver(t, lack)
  return true
}

/** An id that no other lab of the machine has; that lab is taken down after the test. */
export function freshId(t: Test): string {
  const id = `t-${randomBytes(6).toString('hex')}`
  t.teardown(() => takeDown(id))
  return id
}

/** Runs `body` with a lab of the manifests, brought up by the command. */
export async function withLab(t: Test, args: readonly string[], body: (id: string) => Promise<void>): Promise<void> {
  if (isSkipped(t)) return
  const id = freshId(t)
  const { code, err } = await podwire(['lab', 'up', '--id', id, ...args])
  if (!t.equal(code, 0, err)) return
  await body(id)
}

/** What is left of a lab: nothing, once it is down. */
export function remainsOf(id: string): readonly string[] {
  return [
    ...namespacesOf(id),
    ...processesOf(id).map(({ pid, command }) => `process ${pid}: ${command.join(' ')}`),
    ...(existsSync(labFolder(id)) ? [labFolder(id)] : []),
  ]
}

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** The environment of programs beside the test: what loads TypeScript into it is not for them. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...env } = process.env
  return { ...env, LC_ALL: 'C', PATH: `${env['PATH'] ?? ''}:/usr/sbin:/sbin` }
}

/** A program run to its end. */
export function run(tool: string, args: readonly string[]): Promise<Ran> {
  return new Promise(resolve => {
    const options = { env: plainEnvironment(), maxBuffer: 1 << 26, encoding: 'utf8' } as const
    execFile(tool, args, options, (error, out, err) => {
      const code = error ? (typeof error.code === 'number' ? error.code : 255) : 0
      resolve({ code, out, err })
    })
  })
}

/** As typed at a terminal, in a process of its own. */
export function command(args: readonly string[]): Promise<Ran> {
  return run(process.execPath, ['bin/podwire.js', ...args])
}
