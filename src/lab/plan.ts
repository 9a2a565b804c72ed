/**
 * The plan of a lab: everything that is done to bring a cluster to life, before anything is done.
 *
 *     namespaces ── settings ── wires ── surroundings ── nodes' files ── pods
 *
 * @module
 */
import { findIp, formatIp, type InterfaceAddress, type Ip } from '../base/ip.ts'
import { hostFiles } from '../cluster/files.ts'
import {
  commonGround,
  type HostOptions,
  type HostState,
  hostState,
  type SettledCluster,
} from '../cluster/host-state.ts'
import { groundPart, uplinkOf } from '../cluster/uplink.ts'
import { type HostNetwork, type HostPart, joinHost, type VethLink } from '../host/host.ts'
import { peerName } from '../host/links-batch.ts'
import { formatSysctlConf } from '../host/sysctl-conf.ts'
import { clusterWorld } from '../trace/cluster-world.ts'
import { podNetwork } from '../trace/machines.ts'
import type { NodeSite } from '../trace/site.ts'
import { ROUTER } from '../trace/station.ts'
import { baselineOf } from './baseline.ts'
import { hostFilePath, type LoadedNode, loadingStages } from './host-loading.ts'
import type { IptablesVariant, Job, LabKind, LabMachine, LabPlan, Stage } from './lab.ts'
import { labListeners } from './listening.ts'
import { labFolder, namespaceOf, parseLabId } from './naming.ts'
import { batchJob, stackLines, textOf } from './stack-batch.ts'
import { besideJob, groundJob, outsideJobs, routerJobs, routerOf } from './surroundings.ts'
import { OUTSIDE, SWITCH, type Underlay, underlayOf, type WiredNode, wireJobs } from './underlay.ts'

export interface LabOptions extends HostOptions {
  readonly id: string
  readonly variant: IptablesVariant
  /** The node to which whoever is outside sends the addresses of load balancers and external IPs. */
  readonly via?: string
}

/** Namespaces that one call of `ip` makes. */
const NAMESPACES_A_CALL = 16

/**
 * @throws {ParseError} for an id that cannot be part of names
 * @throws {RangeError} for a device whose name cannot stand in a batch
 */
export function labPlan(cluster: SettledCluster, options: LabOptions): LabPlan {
  const { variant } = options
  const id = parseLabId(options.id)
  const world = clusterWorld(cluster, options)
  const nodes = plannedNodes(cluster, world.nodes, options)
  const underlay = underlayOf(world, endpointAddresses(cluster))
  const machines = machinesOf(id, nodes, underlay)
  const router = routerOf(world, underlay)
  return {
    id,
    variant,
    machines,
    listeners: labListeners(cluster, machines, [...world.hidden, ...underlay.networks]),
    tunnels: tunnelPorts(nodes),
    files: new Map([...settingsFiles(new Set(machines.map(({ kind }) => kind)), router), ...nodes.flatMap(nodeFiles)]),
    stages: [
      ...namespaceStages(machines),
      { title: 'settings', jobs: machines.map(machine => settingsJob(id, machine)) },
      { title: 'wires', jobs: wireJobs(id, nodes, underlay, world.mtu) },
      {
        title: 'surroundings',
        jobs: [
          ...nodes.map(node => groundJob(node, node.ground, underlay)),
          ...routerJobs(id, router, underlay, world.mtu),
          ...outsideJobs(id, world.mtu),
          ...underlay.besides.map(beside => besideJob(id, beside, underlay, world.mtu)),
        ],
      },
      ...loadingStages(nodes, { id, variant }),
      { title: 'plugging pods in', jobs: nodes.flatMap(node => pluggingJobs(id, node)) },
      { title: 'pods', jobs: nodes.flatMap(({ veths }) => veths.map(veth => podJob(id, veth))) },
    ],
  }
}

/** A node of the plan, with all that is known of it. */
interface PlannedNode extends LoadedNode, WiredNode {
  readonly state: HostState
  readonly ground: HostPart
  readonly veths: readonly VethLink[]
}

function plannedNodes(
  cluster: SettledCluster,
  sites: readonly NodeSite[],
  { id, ...options }: LabOptions,
): readonly PlannedNode[] {
  const ground = commonGround(cluster)
  const byName = new Map(sites.map(site => [site.name, site]))
  return cluster.nodes.flatMap((node): PlannedNode[] => {
    const { name } = node.metadata
    const site = byName.get(name)
    if (!site) return []
    const state = hostState(ground, node, options)
    const { links } = state.network
    return [
      {
        name,
        site,
        state,
        links,
        namespace: namespaceOf(id, 'node', name),
        ground: groundPart(uplinkOf(node, ground.networks, cluster.settings.uplinkMtu)),
        veths: links.filter(link => link.kind === 'veth'),
      },
    ]
  })
}

function tunnelPorts(nodes: readonly PlannedNode[]): readonly number[] {
  const ports = nodes.flatMap(({ links }) => links.flatMap(link => (link.kind === 'vxlan' ? [link.port] : [])))
  return [...new Set(ports)]
}

function machinesOf(id: string, nodes: readonly PlannedNode[], { lans, besides }: Underlay): readonly LabMachine[] {
  const made = (kind: LabKind, machine: string, addresses: readonly Ip[], name?: string): LabMachine => {
    return { machine, kind, namespace: namespaceOf(id, kind, name), addresses }
  }
  const ips = (all: readonly InterfaceAddress[]) => all.map(({ address }) => address)
  return [
    made('switch', SWITCH, []),
    made(
      'router',
      ROUTER,
      lans.flatMap(({ port }) => ips(port.addresses)),
    ),
    made('outside', OUTSIDE, []),
    ...besides.map(({ own }) => made('beside', formatIp(own.address), [own.address], formatIp(own.address))),
    ...nodes.map(({ name, state }) => made('node', name, ips(state.network.addresses.map(({ own }) => own)), name)),
    ...nodes.flatMap(({ veths }) => veths.map(({ peer }) => made('pod', peer.pod, ips(peer.addresses), peer.pod))),
  ]
}

/** Addresses that EndpointSlices send to, of pods and of others. */
function endpointAddresses({ slices }: SettledCluster): readonly Ip[] {
  return slices.flatMap(({ endpoints }) =>
    (endpoints ?? []).flatMap(({ addresses }) => addresses.flatMap(text => findIp(text) ?? [])),
  )
}

/** The first alone: where namespaces are mounted, the first call makes a place for them. */
function namespaceStages(machines: readonly LabMachine[]): readonly Stage[] {
  const lines = machines.map(({ namespace }) => `netns add ${namespace}`)
  const calls: Job[] = []
  for (let at = 1; at < lines.length; at += NAMESPACES_A_CALL) {
    calls.push(hostBatch(lines.slice(at, at + NAMESPACES_A_CALL), 'namespaces'))
  }
  return [
    { title: 'namespaces', jobs: [hostBatch(lines.slice(0, 1), 'namespaces')] },
    { title: 'namespaces', jobs: calls },
  ]
}

/** A batch that runs where podwire runs. */
function hostBatch(lines: readonly string[], about: string): Job {
  return { tool: 'ip', args: ['-batch', '-'], input: textOf(lines), about }
}

function settingsPath(kind: LabKind): string {
  return `settings/${kind}.conf`
}

function settingsFiles(kinds: ReadonlySet<LabKind>, router: HostNetwork): readonly (readonly [string, string])[] {
  return [...kinds].map(kind => {
    const sysctls = [...baselineOf(kind), ...(kind === 'router' ? router.sysctls : [])]
    return [settingsPath(kind), formatSysctlConf(joinHost([{ sysctls }]))]
  })
}

/** A setting that this kernel does not have needs no value (`-e`). */
function settingsJob(id: string, { machine, kind, namespace }: LabMachine): Job {
  const args = ['-e', '-q', '-p', `${labFolder(id)}/${settingsPath(kind)}`]
  return { namespace, tool: 'sysctl', args, about: `${machine} settings` }
}

function nodeFiles({ name, state }: PlannedNode): readonly (readonly [string, string])[] {
  return [...hostFiles(state, 'restore')].map(([file, text]) => [hostFilePath(name, file), text])
}

/** As the node's README says: each pod's end of its pair is moved into the pod and gets the name that it has there. */
function pluggingJobs(id: string, { name, namespace, veths }: PlannedNode): readonly Job[] {
  const lines = veths.map(
    veth => `link set dev ${peerName(veth.name)} netns ${namespaceOf(id, 'pod', veth.peer.pod)} name ${veth.peer.name}`,
  )
  return lines.length === 0 ? [] : [batchJob(namespace, lines, `${name} pods`)]
}

function podJob(id: string, veth: VethLink): Job {
  const { pod } = veth.peer
  return batchJob(namespaceOf(id, 'pod', pod), stackLines(podNetwork(veth)), `pod ${pod}`)
}
