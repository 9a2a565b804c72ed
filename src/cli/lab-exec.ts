/**
 * `podwire lab exec`: a command run inside a lab.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { visible } from '../base/visible.ts'
import { ENCLOSURE_TOOLS, openEnclosure } from '../lab/enclosure.ts'
import { LabError } from '../lab/failure.ts'
import { toolEnvironment } from '../lab/jobs.ts'
import { findMachine, podMeant } from '../lab/machine-name.ts'
import { labEnvironment } from '../lab/naming.ts'
import { groundHere, requireRoot, requireTools } from '../lab/needs.ts'
import { podEnvironment } from '../lab/pod-environment.ts'
import { containerOf, type FoundInterior, findInterior } from '../lab/pod-interior.ts'
import { findRecord, type LabRecord, labIds } from '../lab/registry.ts'
import { thereAre } from '../trace/name-list.ts'
import type { Command, Given } from './command.ts'
import { type ProgramCode, RefusedInput, UsageError } from './exit.ts'
import type { Io } from './io.ts'
import { givenLab, ID, labWork } from './lab-option.ts'

export const LAB_EXEC: Command = {
  name: 'lab exec',
  summary: 'Run a command inside a lab.',
  usage: '[OPTIONS] MACHINE -- COMMAND [ARGUMENTS]',
  about: `
Runs COMMAND in the network namespace of a machine of the lab, with this terminal and the files of this machine. MACHINE is
pod/NAME (pod/NAMESPACE/NAME), node/NAME, router, outside, beside/ADDRESS for the client in the nodes' own network, or
switch. Ends with the exit code of the command, or 128 and the number of the signal that ended it.

In a pod, COMMAND finds the pod's /etc/resolv.conf, /etc/hosts and /etc/hostname in the place of this machine's, which stay
as they are, and its host's name is the pod's. Names are looked up as /etc/nsswitch.conf of this machine says, but never by
its nscd, systemd-resolved or the like. The environment is that of the container, as podwire env shows it, Secrets included;
of this one are kept the terminal, the language, the user, and PATH, behind a PATH of the container's. For a pod on the
host's network, the network is that of its node. Everywhere else COMMAND finds this machine's files and environment.`,
  options: [
    ID,
    { name: 'namespace', short: 'n', value: 'NS', help: 'the namespace of a pod that names none', default: 'default' },
    {
      name: 'container',
      short: 'c',
      value: 'NAME',
      help: 'whose environment it is, in a pod',
      default: 'as kubectl chooses',
    },
  ],
  examples: [
    { does: 'a pod asks a Service, by its name', call: 'podwire lab exec pod/web-1 -- curl -s http://web/' },
    { does: 'what a name leads to', call: 'podwire lab exec pod/web-1 -- getent hosts web' },
    { does: 'the environment of a container', call: 'podwire lab exec pod/web-1 -c proxy -- env' },
    { does: 'which way a node sends', call: 'podwire lab exec node/node-1 -- ip route get 10.244.1.2' },
    { does: 'what passes the router', call: 'podwire lab exec router -- tcpdump -n -i any' },
  ],
  run: runExec,
}

async function runExec(given: Given, io: Io): Promise<ProgramCode> {
  const [name, ...command] = given.words
  if (name === undefined || command.length === 0)
    throw new UsageError('say where and what: podwire lab exec pod/NAME -- COMMAND')
  const id = givenLab(given)
  const { started, close } = await labWork(async () => {
    requireRoot(groundHere())
    const { namespace, found } = placeOf(name, recordOf(id), given)
    if (found) return inPod(id, namespace, found, command, given, io)
    const env = { ...toolEnvironment(process.env), ...labEnvironment(id, namespace) }
    return { started: { command: ['ip', 'netns', 'exec', namespace, ...command], env }, close: () => undefined }
  })
  return runInside(started).finally(close)
}

function recordOf(id: string): LabRecord {
  const record = findRecord(id)
  if (!record) throw new RefusedInput([`there is no lab "${id}"; ${thereAre(labIds())}`])
  return record
}

interface Place {
  readonly namespace: string
  /** Of a pod. */
  readonly found?: FoundInterior
}

/** A pod on the host's network is no machine of its own. @throws {LabError} for a name that nothing has */
function placeOf(name: string, { id, machines }: LabRecord, given: Given): Place {
  const usual = given.text('namespace') ?? 'default'
  const pod = podMeant(name, usual)
  const nodes = machines.filter(({ kind }) => kind === 'node')
  const found =
    pod === undefined
      ? undefined
      : findInterior(
          id,
          pod,
          nodes.map(({ machine }) => machine),
        )
  const host = found?.interior.onNode ? nodes.find(({ machine }) => machine === found.interior.node) : undefined
  const { namespace } = host ?? findMachine(name, machines, usual)
  if (!found && given.is('container'))
    throw new LabError([`-c is for pods, and nothing is known of containers of ${name}`])
  return found ? { namespace, found } : { namespace }
}

interface Started {
  readonly command: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

async function inPod(
  id: string,
  namespace: string,
  { interior, folder }: FoundInterior,
  command: readonly string[],
  given: Given,
  io: Io,
): Promise<{ readonly started: Started; readonly close: () => void }> {
  requireTools(ENCLOSURE_TOOLS, groundHere())
  const container = containerOf(interior, given.text('container'))
  for (const obstacle of container.obstacles)
    io.err(`warning: container ${container.name} would not start: ${visible(obstacle)}\n`)
  const { hostname } = interior
  const enclosure = await openEnclosure({ id, namespace, folder, ...(hostname === undefined ? {} : { hostname }) })
  for (const note of enclosure.notes) io.err(`note: ${visible(note)}\n`)
  const own = hostname === undefined ? {} : { HOSTNAME: hostname }
  const env = {
    ...podEnvironment(
      { ...process.env, PATH: toolEnvironment(process.env)['PATH'] },
      { ...own, ...container.environment },
    ),
    ...labEnvironment(id, namespace),
  }
  return { started: { command: enclosure.enter(command), env }, close: enclosure.close }
}

/** What a terminal sends reaches the command by itself; what others send to podwire is handed on. */
const HANDED_ON = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const
/** podwire waits for how the command takes them. */
const LEFT_TO_IT = ['SIGINT', 'SIGQUIT'] as const

function runInside({ command: [tool = '', ...args], env }: Started): Promise<ProgramCode> {
  const child = spawn(tool, args, { env, stdio: 'inherit' })
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
