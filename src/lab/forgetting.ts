/**
 * What kernels remember of packets, and how it is cleared, so that flows meet them as a trace begins: with nothing
 * remembered.
 *
 * Pieces of packets that never became whole stay for as long as they are waited for, half a minute: no tool clears them.
 *
 * @module
 */
import { availableParallelism } from 'node:os'
import { LabError } from './failure.ts'
import { eachOf } from './handles.ts'
import { hostFilePath } from './host-loading.ts'
import { type Running, runJob, runStages } from './jobs.ts'
import type { Job, LabMachine, LabPlan, Stage } from './lab.ts'
import { type Ground, groundHere, type Tool } from './needs.ts'

/** What connection tracking remembers goes by no other way. */
const CONNTRACK: Tool = { name: 'conntrack', from: 'conntrack' }

/**
 * What machines have found out of their neighbours they find out anew: how long they would believe it depends on
 * when they last heard of them.
 */
export function neighbourStage({ machines }: Pick<LabPlan, 'machines'>): Stage {
  return { title: 'neighbours', jobs: hostsOf(machines).map(one => jobOf(one, 'neighbours', 'ip', NEIGHBOURS)) }
}

const NEIGHBOURS = ['neigh', 'flush', 'all']

/**
 * Clears what flows left behind in the kernels of a lab that stands: neighbours, path MTUs, clients of session affinity,
 * tracked connections, and TCP's own memory of those that have ended.
 *
 * @returns what could not be cleared, in words, with what would help
 * @throws {LabError} when a tool fails that every lab needs
 */
export async function forgetFlows(
  plan: Pick<LabPlan, 'machines' | 'files'>,
  running: Running,
  ground: Ground = groundHere(),
): Promise<readonly string[]> {
  const hosts = hostsOf(plan.machines)
  const stages: readonly Stage[] = [
    neighbourStage(plan),
    { title: 'paths', jobs: hosts.flatMap(pathJobs) },
    { title: 'session affinity', jobs: affinityJobs(plan) },
    { title: 'ended connections', jobs: hosts.map(one => jobOf(one, 'ended connections', 'ss', ['-K', ...ENDED])) },
  ]
  await runStages(stages, running)
  return [...(await forgetConnections(hosts, running, ground)), ...(await stillEnded(hosts, running))]
}

/** What the machine has learned of paths is forgotten. */
export function pathJobs(machine: LabMachine): readonly Job[] {
  return PATHS.map(args => jobOf(machine, 'paths', 'ip', args))
}

const PATHS = [
  ['-4', 'route', 'flush', 'cache'],
  ['-6', 'route', 'flush', 'cache'],
]

/** Of TCP's sockets neither those that listen nor those that a program has. @see ss(8), STATE-FILTER */
const ENDED_STATES = ['time-wait', 'fin-wait-1', 'fin-wait-2', 'closing', 'last-ack', 'syn-recv']
const ENDED = ['-t', '-H', '-n', ...ENDED_STATES.flatMap(state => ['state', state])]

/** The switch is no machine: frames pass it, packets do not. */
function hostsOf(machines: readonly LabMachine[]): readonly LabMachine[] {
  return machines.filter(({ kind }) => kind !== 'switch')
}

function jobOf({ machine, namespace }: LabMachine, what: string, tool: string, args: readonly string[]): Job {
  return { namespace, tool, args, about: `${machine} ${what}` }
}

/** A list of clients is emptied by a slash. @see recent_mt_proc_write in net/netfilter/xt_recent.c of Linux */
function affinityJobs({ machines, files }: Pick<LabPlan, 'machines' | 'files'>): readonly Job[] {
  return machines.flatMap(one => {
    const lists = affinityLists(one.machine, files)
    if (one.kind !== 'node' || lists.length === 0) return []
    const paths = lists.map(name => `/proc/net/xt_recent/${name}`)
    return [{ ...jobOf(one, 'session affinity', 'tee', paths), input: '/\n' }]
  })
}

/** As the node's rules name them. */
function affinityLists(node: string, files: LabPlan['files']): readonly string[] {
  const names = ['iptables.restore', 'ip6tables.restore'].flatMap(file => {
    const rules = files.get(hostFilePath(node, file)) ?? ''
    return [...rules.matchAll(/ -m recent --name (\S+)/g)].map(([, name = '']) => name)
  })
  return [...new Set(names)]
}

async function forgetConnections(
  hosts: readonly LabMachine[],
  running: Running,
  { has }: Ground,
): Promise<readonly string[]> {
  const warning = 'connections of earlier flows are not forgotten, and flows with their ports may go another way'
  if (!has(CONNTRACK.name))
    return [`${warning}: the tool ${CONNTRACK.name} is not there: apt-get install ${CONNTRACK.from}`]
  try {
    const jobs = hosts.map(one => jobOf(one, 'connections', CONNTRACK.name, ['-F']))
    await runStages([{ title: 'connections', jobs }], running)
    return []
  } catch (cause) {
    if (cause instanceof LabError) return [`${warning}: ${cause.message}`]
    throw cause
  }
}

/** A kernel that cannot end sockets ignores that it is asked to (`CONFIG_INET_DIAG_DESTROY`). */
async function stillEnded(hosts: readonly LabMachine[], running: Running): Promise<readonly string[]> {
  const remembering: string[] = []
  await eachOf(hosts, 2 * availableParallelism(), async host => {
    const left = await runJob(jobOf(host, 'ended connections', 'ss', ENDED), running)
    if (left.trim() !== '') remembering.push(host.machine)
  })
  if (remembering.length === 0) return []
  return [
    `connections that have ended are remembered for a minute by ${remembering.join(', ')}: this kernel ends no sockets`,
  ]
}
