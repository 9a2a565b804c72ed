/**
 * What happens to a cluster, done to its lab.
 *
 * @module
 */
import {
  commonGround,
  type HostOptions,
  type HostState,
  hostState,
  type SettledCluster,
} from '../cluster/host-state.ts'
import { formatRoutesBatch } from '../host/forwarding-batches.ts'
import type { HostNetwork } from '../host/host.ts'
import { formatRestore } from '../netfilter/format.ts'
import { breakNetwork } from '../trace/broken-network.ts'
import { clusterWorld } from '../trace/cluster-world.ts'
import type { Fault } from '../trace/fault.ts'
import type { Condition } from './concerned-flows.ts'
import { faultJobs } from './fault-jobs.ts'
import type { IptablesVariant, Job, Stage } from './lab.ts'
import { namespaceOf } from './naming.ts'
import { formatEvent, type Phase, type PhaseEvent } from './phases.ts'
import { balancedRoutes, routerOf } from './surroundings.ts'
import { underlayOf } from './underlay.ts'

export interface EventOptions extends HostOptions {
  /** Of the lab. */
  readonly id: string
  readonly variant: IptablesVariant
  readonly via?: string
}

/**
 * The jobs that bring the lab from the phase before to the phase; none for the first of all.
 *
 * A pod that is gone keeps its namespace, without a network: nobody may send from it any more.
 */
export function eventStages(before: Condition, { event, cluster }: Phase, options: EventOptions): readonly Stage[] {
  if (!event) return []
  const title = formatEvent(event)
  if ('fault' in event) return [{ title, jobs: breakingJobs(event.fault, before, options) }]
  return [
    ...(event.kind === 'pod gone' ? [{ title, jobs: [unplugJob(event, before.cluster, options)] }] : []),
    { title: `${title}: rules`, jobs: [...rulesJobs(cluster, options), routerJob(cluster, options)] },
  ]
}

/** The node's network, with what was broken in it by then. */
function breakingJobs(fault: Fault, { cluster, faults }: Condition, options: EventOptions): readonly Job[] {
  const whole = stateOf(fault.node, cluster, options).network
  const network = faults.filter(({ node }) => node === fault.node).reduce(breakNetwork, whole)
  return faultJobs(fault, network, namespaceOf(options.id, 'node', fault.node))
}

function unplugJob(
  { pod, node }: Extract<PhaseEvent, { kind: 'pod gone' }>,
  cluster: SettledCluster,
  options: EventOptions,
): Job {
  const { links } = stateOf(node, cluster, options).network
  const veth = links.find(link => link.kind === 'veth' && link.peer.pod === pod)
  if (!veth) throw new RangeError(`${node} has no link of pod ${pod}`)
  const namespace = namespaceOf(options.id, 'node', node)
  return { namespace, tool: 'ip', args: ['link', 'delete', 'dev', veth.name], about: `${pod} is gone` }
}

function stateOf(name: string, cluster: SettledCluster, options: EventOptions): HostState {
  const node = cluster.nodes.find(({ metadata }) => metadata.name === name)
  if (!node) throw new RangeError(`there is no node ${name}`)
  return hostState(commonGround(cluster), node, options)
}

const TOOLS = { 4: 'iptables', 6: 'ip6tables' } as const

function rulesJobs(cluster: SettledCluster, options: EventOptions): readonly Job[] {
  const ground = commonGround(cluster)
  return cluster.nodes.flatMap(node => {
    const { name } = node.metadata
    const { rules } = hostState(ground, node, options)
    return ([4, 6] as const).map((family): Job => {
      return {
        namespace: namespaceOf(options.id, 'node', name),
        tool: `${TOOLS[family]}-${options.variant}-restore`,
        args: ['--noflush'],
        input: formatRestore(rules[family]),
        about: `${name} ${TOOLS[family]}.restore`,
      }
    })
  })
}

/** A balancer asks which nodes have endpoints, and leads its addresses to those. */
function routerJob(cluster: SettledCluster, options: EventOptions): Job {
  const world = clusterWorld(cluster, options)
  const routes = balancedRoutes(routerOf(world, underlayOf(world, [])))
  const network: HostNetwork = { links: [], addresses: [], routes, neighbours: [], fdb: [], sysctls: [] }
  return {
    namespace: namespaceOf(options.id, 'router'),
    tool: 'ip',
    args: ['-batch', '-'],
    input: formatRoutesBatch(network),
    about: 'router balanced addresses',
  }
}
