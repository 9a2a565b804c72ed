/**
 * `podwire lab up`: a cluster brought to life.
 *
 * @module
 */
import { visibleLines } from '../base/visible.ts'
import type { SettledCluster } from '../cluster/host-state.ts'
import { podGround } from '../cluster/pod-ground.ts'
import type { LabMachine, LabPlan } from '../lab/lab.ts'
import type { NameServer } from '../lab/name-server.ts'
import { type LabOptions, labPlan } from '../lab/plan.ts'
import { interiorFiles } from '../lab/pod-interior.ts'
import { bringUp } from '../lab/up.ts'
import { thereAre } from '../trace/name-list.ts'
import type { Command, Given, Option } from './command.ts'
import { type ExitCode, RefusedInput } from './exit.ts'
import { hostOptionsOf, RELEASE, viaOf } from './ground.ts'
import type { Io } from './io.ts'
import { namedLab, withDns } from './lab-dns.ts'
import { givenLab, ID, stoppable } from './lab-option.ts'
import { type LoadedCluster, loadCluster, locating } from './load.ts'
import { CLUSTER_OPTIONS } from './options.ts'
import { podGroundOptions, RESOLV_CONF, readNodeConf } from './pod-options.ts'
import { showProgress } from './progress.ts'

const VARIANTS = ['nft', 'legacy'] as const

/** What a lab is made of, beside the cluster. */
export const LAB_OPTIONS: readonly Option[] = [
  {
    name: 'iptables',
    value: 'VARIANT',
    help: `which iptables loads the rules: ${VARIANTS.join(', ')}`,
    default: 'nft',
  },
  { name: 'via', value: 'NODE', help: 'the node to which the router leads balanced addresses; else any that is ready' },
  RELEASE,
]

export const LAB_UP: Command = {
  name: 'lab up',
  summary: 'Bring a cluster to life in network namespaces.',
  usage: '-f FILE… [OPTIONS]',
  about: `
Reads manifests and settles the cluster as render does, makes a network namespace for each node and pod, a router with
whoever is outside behind it, and a client beside the nodes, wires them together, and loads every node's files with the
stock tools. Somebody answers at each port that containers declare, or that EndpointSlices send to, with who it is and
whom it saw. A lab that does not come up as a whole is cleaned away; so are labs whose start was killed.

At the ports of the cluster's DNS, queries are answered as podwire dns serve answers them, from the cluster as it comes up;
other names than the cluster's get SERVFAIL, for nothing is outside. Where the manifests have no cluster DNS, that of kubeadm
is added: Service kube-system/kube-dns and Deployment coredns. With lab exec, a pod has its own resolv.conf, hosts and
environment, as podwire render writes them.`,
  options: [
    ...CLUSTER_OPTIONS,
    { ...ID, help: 'the name of the lab: labs of other names live beside it' },
    ...LAB_OPTIONS,
    { name: 'no-dns', help: 'add no cluster DNS, and let nobody answer queries' },
    RESOLV_CONF,
  ],
  examples: [
    { does: 'a cluster of three nodes', call: 'podwire lab up -f manifests/' },
    {
      does: 'another one beside it, with legacy iptables',
      call: 'podwire lab up -f other/ --id other --iptables legacy',
    },
  ],
  run: runUp,
}

async function runUp(given: Given, io: Io): Promise<ExitCode> {
  const options = { ...labOptionsOf(given), id: givenLab(given) }
  const nodeConf = await readNodeConf(given, io)
  const loaded = await loadCluster(given, io)
  const { cluster, dns } = given.is('no-dns') ? { cluster: loaded, dns: undefined } : withDns(loaded)
  const kubelets = { ...podGroundOptions(cluster.harvest), ...(nodeConf && { nodeConf }) }
  const { plan, nameServer, remarks } = await locating(cluster.harvest, async () => {
    const bare = plannedLab(cluster.settled, options)
    const interiors = interiorFiles(podGround(cluster.cluster, kubelets))
    const plan = { ...bare, files: new Map([...bare.files, ...interiors]) }
    return { plan, remarks: [], ...(dns && namedLab(plan, cluster, dns)) }
  })
  const notes = await raise(plan, nameServer, io)
  for (const note of [...remarks, ...notes]) io.err(`note: ${visibleLines(note)}\n`)
  await io.out(formatSummary(plan, cluster, nameServer ? 'getent hosts kubernetes.default' : 'ip addr'))
  return 0
}

/** All but which lab it is. @throws {UsageError} */
export function labOptionsOf(given: Given): Omit<LabOptions, 'id'> {
  return { variant: given.choice('iptables', VARIANTS) ?? 'nft', ...hostOptionsOf(given), ...viaOf(given) }
}

/** @throws {RefusedInput} when the node that was to take balanced addresses is not there */
export function plannedLab(settled: SettledCluster, options: LabOptions): LabPlan {
  const names = settled.nodes.map(({ metadata }) => metadata.name)
  if (options.via !== undefined && !names.includes(options.via))
    throw new RefusedInput([`--via ${options.via}: there is no such node; ${thereAre(names)}`])
  return labPlan(settled, options)
}

async function raise(plan: LabPlan, nameServer: NameServer | undefined, io: Io): Promise<readonly string[]> {
  const bar = showProgress(io, Date.now)
  const options = { progress: bar.at, ...(nameServer && { nameServer }) }
  try {
    return await stoppable(io, bar, signal => bringUp(plan, { ...options, signal }))
  } finally {
    bar.end()
  }
}

/** @param trial a command that a pod can try */
function formatSummary({ id, machines, variant }: LabPlan, { namespace }: LoadedCluster, trial: string): string {
  const of = (kind: LabMachine['kind']) => machines.filter(one => one.kind === kind)
  const option = id === 'lab' ? '' : ` --id ${id}`
  const [node] = of('node')
  const pods = of('pod')
  const pod = pods.find(({ machine }) => machine.startsWith(`${namespace}/`)) ?? pods[0]
  const tries = [
    ...(pod ? [`podwire lab exec${option}${wordsFor(pod.machine, namespace)} -- ${trial}`] : []),
    ...(node ? [`podwire lab exec${option} node/${node.machine} -- iptables-${variant}-save -t nat`] : []),
    `podwire lab down${id === 'lab' ? '' : ` ${id}`}`,
  ]
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`
  return `Lab ${id} is up: ${count(of('node').length, 'node')}, ${count(of('pod').length, 'pod')}, a router, and whoever is outside. Try
${tries.map(line => `  ${line}\n`).join('')}`
}

/** A pod as `lab exec` is told of it. */
function wordsFor(key: string, usual: string): string {
  const [namespace = '', name = ''] = key.split('/')
  return `${namespace === usual ? '' : ` -n ${namespace}`} pod/${name}`
}
