/** Real packets through real kube-proxy's rules in a real kernel: a file of flows and what became of them each. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { parse, parseAllDocuments } from 'yaml'
import { parseIp } from '../../src/base/ip.ts'
import type { ServiceProtocol } from '../../src/base/protocol.ts'
import type { SettledCluster } from '../../src/cluster/host-state.ts'
import { settingsOf } from '../../src/cluster/settings.ts'
import type { EndpointSlice } from '../../src/objects/endpoint-slice.ts'
import type { KubeProxyConfiguration } from '../../src/objects/kube-proxy-configuration.ts'
import type { Node } from '../../src/objects/node.ts'
import type { Pod } from '../../src/objects/pod.ts'
import type { Service } from '../../src/objects/service.ts'
import { clusterWorld } from '../../src/trace/cluster-world.ts'
import { createWorld } from '../../src/trace/wiring.ts'
import type { World } from '../../src/trace/world.ts'

export interface TriedFlow {
  readonly from: string
  readonly to: string
  readonly protocol: ServiceProtocol
  readonly via?: string
  /** How often each was seen: `10.244.1.2:8080 from 10.244.1.240`, `refused`, `timeout`, … */
  readonly outcomes: Readonly<Record<string, number>>
}

export interface FlowCase {
  readonly name: string
  readonly flows: readonly TriedFlow[]
  readonly cluster: SettledCluster
  /** Another for each node to which the router sends a load balancer's addresses. */
  readonly worldVia: (via: string | undefined) => World
}

export const FEATURES = { nfacct: false, randomFully: true, tcpBeLiberal: false, kubeletChains: false }

/** @param flows the folder of the flows; `objects` that of the cases' objects */
export function flowCases(flows: string, objects: string): FlowCase[] {
  if (!existsSync(flows)) return []
  const files = readdirSync(flows).filter(file => file.endsWith('.yaml'))
  return files.sort().map(file => readCase(flows, objects, file))
}

function readCase(folder: string, objects: string, file: string): FlowCase {
  const [name = '', overlay = ''] = file.split('.')
  const documents = parseAllDocuments(readFileSync(`${objects}/${name}/objects.yaml`, 'utf8'))
  const config = parse(readFileSync(`${objects}/${name}/config.yaml`, 'utf8')) as KubeProxyConfiguration
  const podsFile = `${folder}/pods/${name}.yaml`
  const pods = parseAllDocuments(readFileSync(podsFile, 'utf8')).map(document => document.toJS() as Pod)
  const cluster = clusterOf(
    documents.map(document => document.toJS() as { kind: string }),
    pods,
    config,
    overlay as 'vxlan' | 'host-gw',
  )
  const worlds = new Map<string, World>()
  return {
    name: file.replace('.yaml', ''),
    flows: (parse(readFileSync(`${folder}/${file}`, 'utf8')) ?? []) as TriedFlow[],
    cluster,
    worldVia: via => {
      const key = via ?? ''
      const world =
        worlds.get(key) ?? createWorld(clusterWorld(cluster, { features: FEATURES, ...(via ? { via } : {}) }))
      worlds.set(key, world)
      return world
    },
  }
}

/** The objects as they are: what a control plane stored, no controller runs. */
export function clusterOf(
  objects: readonly { readonly kind: string }[],
  pods: readonly Pod[],
  proxy: KubeProxyConfiguration,
  overlay: 'vxlan' | 'host-gw',
): SettledCluster {
  const nodes = objects.filter((one): one is Node => one?.kind === 'Node')
  return {
    settings: settingsOf({ proxy, overlay }, nodes),
    seed: 0,
    nodes,
    services: objects.filter((one): one is Service => one?.kind === 'Service'),
    slices: objects.filter((one): one is EndpointSlice => one?.kind === 'EndpointSlice'),
    podsOn: node => pods.filter(({ spec }) => spec.nodeName === node),
  }
}

/** The client outside, behind the router. */
const WORLD = { 4: '198.51.100.252', 6: '2001:db8:64::252' }

/** The machine that a flow comes from, and the address it must use, if it must. */
export function senderOf({ from, to }: TriedFlow, { cluster }: FlowCase, world: World) {
  const [kind = '', where = ''] = from.split('@')
  const family = to.startsWith('[') ? 6 : 4
  if (kind === 'world') return { machine: WORLD[family], ip: parseIp(WORLD[family]) }
  if (kind === 'node') return { machine: where }
  if (kind === 'pod') return { machine: clientOn(where, cluster) }
  const ip = parseIp(where)
  const holder = world.holderOf(ip)
  if (holder === undefined) throw new Error(`nobody has ${where}`)
  return { machine: holder, ip }
}

function clientOn(node: string, { podsOn }: SettledCluster): string {
  const pod = podsOn(node).find(({ metadata }) => metadata.name === `client-${node}`)
  if (!pod) throw new Error(`no client on ${node}`)
  return `${pod.metadata.namespace}/${pod.metadata.name}`
}
