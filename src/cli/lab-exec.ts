/**
 * `podwire lab exec`: a command run inside a lab.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { toolEnvironment } from '../lab/jobs.ts'
import type { LabMachine } from '../lab/lab.ts'
import { findMachine } from '../lab/machine-name.ts'
import { labEnvironment } from '../lab/naming.ts'
import { groundHere, requireRoot } from '../lab/needs.ts'
import { findRecord, labIds } from '../lab/registry.ts'
import { thereAre } from '../trace/name-list.ts'
import type { Command, Given } from './command.ts'
import { type ProgramCode, RefusedInput, UsageError } from './exit.ts'
import { givenLab, ID, labWork } from './lab-option.ts'

export const LAB_EXEC: Command = {
  name: 'lab exec',
  summary: 'Run a command inside a lab.',
  usage: '[OPTIONS] MACHINE -- COMMAND [ARGUMENTS]',
  about: `
Runs COMMAND in the network namespace of a machine of the lab, with this terminal and these files: only the network is
another. MACHINE is pod/NAME (pod/NAMESPACE/NAME), node/NAME, router, outside, beside/ADDRESS for the client in the
nodes' own network, or switch. Ends with the exit code of the command, or 128 and the number of the signal that ended
it.`,
  options: [
    ID,
    { name: 'namespace', short: 'n', value: 'NS', help: 'the namespace of a pod that names none', default: 'default' },
  ],
  examples: [
    { does: 'a pod asks a Service', call: 'podwire lab exec pod/web-1 -- curl -s http://10.96.0.10/' },
    { does: 'which way a node sends', call: 'podwire lab exec node/node-1 -- ip route get 10.244.1.2' },
    { does: 'what passes the router', call: 'podwire lab exec router -- tcpdump -n -i any' },
  ],
  run: runExec,
}

async function runExec(given: Given): Promise<ProgramCode> {
  const [name, command, ...args] = given.words
  if (name === undefined || command === undefined)
    throw new UsageError('say where and what: podwire lab exec pod/NAME -- COMMAND')
  const id = givenLab(given)
  const machine = await labWork(async () => {
    requireRoot(groundHere())
    return machineNamed(name, id, given)
  })
  return runInside(id, machine, [command, ...args])
}

function machineNamed(name: string, id: string, given: Given): LabMachine {
  const record = findRecord(id)
  if (!record) throw new RefusedInput([`there is no lab "${id}"; ${thereAre(labIds())}`])
  return findMachine(name, record.machines, given.text('namespace') ?? 'default')
}

/** What a terminal sends reaches the command by itself; what others send to podwire is handed on. */
const HANDED_ON = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const
/** podwire waits for how the command takes them. */
const LEFT_TO_IT = ['SIGINT', 'SIGQUIT'] as const

function runInside(id: string, { namespace }: LabMachine, command: readonly string[]): Promise<ProgramCode> {
  const env = { ...toolEnvironment(process.env), ...labEnvironment(id, namespace) }
  const child = spawn('ip', ['netns', 'exec', namespace, ...command], { env, stdio: 'inherit' })
  const handOn = (signal: NodeJS.Signals) => void child.kill(signal)
  const leave = () => undefined
  for (const signal of HANDED_ON) process.on(signal, handOn)
  for (const signal of LEFT_TO_IT) process.on(signal, leave)
  return new Promise<ProgramCode>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)))
  }).finally(() => {
    for (const signal of HANDED_ON) process.off(signal, handOn)
    for (const signal of LEFT_TO_IT) process.off(signal, leave)
  })
}
