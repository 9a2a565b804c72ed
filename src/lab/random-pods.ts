/**
 * Pods drawn at random: what they listen at, where they run, and in what state they are.
 *
 * @module
 */
import type { Family } from '../base/ip.ts'
import type { ServiceProtocol } from '../base/protocol.ts'
import type { Random } from '../base/random.ts'
import type { Plain } from '../objects/plain.ts'
import { between, happens, pick, pickWeighted, sample } from './dice.ts'
import type { DrawnNode, Ground } from './random-ground.ts'

/** A named port of an app: Services send to it by its name or its number. */
export interface DrawnPort {
  readonly name: string
  readonly protocol: ServiceProtocol
  readonly port: number
}

/** Pods of one label. */
export interface App {
  readonly name: string
  readonly ports: readonly DrawnPort[]
  readonly hostNetwork?: true
}

export interface DrawnPod {
  readonly name: string
  readonly app: App
  readonly node: DrawnNode
  /** By family: its own, or its node's. */
  readonly addresses: Readonly<Partial<Record<Family, string>>>
  readonly state: 'ready' | 'not ready' | 'terminating'
  /** The ports of its app, by its own numbers. */
  readonly ports: readonly DrawnPort[]
  readonly hostPorts: ReadonlyMap<string, { readonly port: number; readonly ip?: string }>
}

const APPS: readonly App[] = [
  {
    name: 'web',
    ports: [
      { name: 'http', protocol: 'TCP', port: 8080 },
      { name: 'metrics', protocol: 'TCP', port: 9090 },
    ],
  },
  {
    name: 'dns',
    ports: [
      { name: 'dns', protocol: 'UDP', port: 53 },
      { name: 'dns-tcp', protocol: 'TCP', port: 53 },
    ],
  },
  { name: 'play', ports: [{ name: 'game', protocol: 'UDP', port: 7777 }] },
  {
    name: 'call',
    ports: [
      { name: 'http', protocol: 'TCP', port: 8000 },
      { name: 'signal', protocol: 'SCTP', port: 2905 },
      { name: 'voice', protocol: 'UDP', port: 4000 },
    ],
  },
]

const AGENT: App = {
  name: 'agent',
  hostNetwork: true,
  ports: [
    { name: 'agent', protocol: 'TCP', port: 9100 },
    { name: 'stats', protocol: 'UDP', port: 9125 },
  ],
}

const ODDS = { ready: 12, 'not ready': 1.5, terminating: 1 }
const FIRST_HOST_PORT = 8400

export function drawPods(random: Random, { nodes }: Ground): readonly DrawnPod[] {
  const apps = sample(random, APPS, between(random, 2, 3))
  const count = between(random, 3, 9)
  const pods = Array.from({ length: count }, (_, i): DrawnPod => {
    // The first pod of each app is there for sure.
    const app = apps[i] ?? pick(random, apps)
    const node = pick(random, nodes)
    const state = i < apps.length ? 'ready' : pickWeighted(random, ODDS)
    // The same name, another number: so one Service has slices of several ports.
    const shift = happens(random, 0.15) ? 1 : 0
    const ports = app.ports.map(port => (port.port >= 1024 ? { ...port, port: port.port + shift } : port))
    const hostPorts = happens(random, 0.2) ? drawHostPorts(random, ports, i, node) : new Map()
    const addresses = addressesOf(node, family => `${node.pods[family]}${10 + i}`)
    return { name: `${app.name}-${i + 1}`, app, node, addresses, state, ports, hostPorts }
  })
  const agents = happens(random, 0.5) ? sample(random, nodes, between(random, 1, nodes.length)) : []
  return [...pods, ...agents.map(node => agentOn(random, node))]
}

function agentOn(random: Random, node: DrawnNode): DrawnPod {
  const { name, addresses } = node
  const state = pickWeighted(random, ODDS)
  return { name: `agent-${name}`, app: AGENT, node, addresses, state, ports: AGENT.ports, hostPorts: new Map() }
}

function addressesOf({ addresses }: DrawnNode, addressOf: (family: Family) => string): DrawnPod['addresses'] {
  return Object.fromEntries(Object.keys(addresses).map(family => [family, addressOf(family === '6' ? 6 : 4)]))
}

function drawHostPorts(
  random: Random,
  ports: readonly DrawnPort[],
  index: number,
  { addresses }: DrawnNode,
): DrawnPod['hostPorts'] {
  const bound = happens(random, 0.3) ? (addresses[4] ?? addresses[6]) : undefined
  const { name } = pick(
    random,
    ports.filter(({ protocol }) => protocol !== 'SCTP'),
  )
  return new Map([[name, { port: FIRST_HOST_PORT + index, ...(bound === undefined ? {} : { ip: bound }) }]])
}

const SINCE = '2026-01-01T00:00:00Z'

export function podObject(random: Random, pod: DrawnPod, families: readonly Family[]): Plain {
  const { name, app, node, addresses, state, ports, hostPorts } = pod
  const ips = families.flatMap(family => addresses[family] ?? [])
  const containers = happens(random, 0.3) && ports.length > 1 ? [ports.slice(0, 1), ports.slice(1)] : [ports]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      labels: { app: app.name },
      ...(state === 'terminating' ? { deletionTimestamp: SINCE, deletionGracePeriodSeconds: 600 } : {}),
    },
    spec: {
      nodeName: node.name,
      ...(app.hostNetwork ? { hostNetwork: true } : {}),
      containers: containers.map((own, i) => ({
        name: i === 0 ? app.name : `${app.name}-side`,
        image: `example.com/${app.name}:1`,
        ports: own.map(port => portObject(port, app, hostPorts)),
      })),
    },
    status: {
      phase: 'Running',
      ...(app.hostNetwork ? {} : { podIP: ips[0], podIPs: ips.map(ip => ({ ip })) }),
      conditions: [{ type: 'Ready', status: state === 'not ready' ? 'False' : 'True' }],
    },
  }
}

function portObject({ name, protocol, port }: DrawnPort, app: App, hostPorts: DrawnPod['hostPorts']): Plain {
  const host = hostPorts.get(name)
  return {
    name,
    protocol,
    containerPort: port,
    ...(app.hostNetwork ? { hostPort: port } : {}),
    ...(host ? { hostPort: host.port, ...(host.ip === undefined ? {} : { hostIP: host.ip }) } : {}),
  }
}
