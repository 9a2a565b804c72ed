/**
 * Where flows that are drawn at random go.
 *
 * @module
 */
import { addIp, contains, type Family, familyOf, type Ip, type Prefix, parseIp } from '../base/ip.ts'
import { ICMP, type Protocol, SCTP, TCP, UDP } from '../base/protocol.ts'
import type { Random } from '../base/random.ts'
import { between, happens, pick, pickWeighted } from './dice.ts'
import {
  type FlowFacts,
  ofFamily,
  outsideEndpoints,
  type PodFacts,
  type PortFacts,
  podsBehind,
  routerOf,
  type ServiceFacts,
} from './flow-facts.ts'

export type TargetKind =
  | 'pod'
  | 'pod, unknown port'
  | 'cluster IP'
  | 'cluster IP, unknown port'
  | 'own Service'
  | 'node port'
  | 'node port at loopback'
  | 'host port'
  | 'node'
  | 'load balancer'
  | 'external IP'
  | 'outside'
  | 'endpoint outside'
  | 'router'
  | 'unused pod address here'
  | 'unused pod address elsewhere'
  | 'beyond all nodes'
  | 'unused Service address'
  | 'unused address beside the nodes'
  | 'other family'

/** Where a packet goes; no port for an echo. */
export interface Target {
  readonly ip: Ip
  readonly port?: number
  readonly protocol: Protocol
}

/** What a target is drawn for. */
export interface TargetSetting {
  readonly facts: FlowFacts
  readonly family: Family
  /** The node on which the sender is, or which it is. */
  readonly node?: string
  /** The pod that sends. */
  readonly pod?: PodFacts
}

/** Nothing where the cluster has nothing of the kind. */
type DrawTarget = (random: Random, setting: TargetSetting) => Target | undefined

/** A port at which nothing listens. */
const CLOSED = 4444

/** Outside of the cluster is everything else; that there is no such host is nobody's to know. */
const FAR: Readonly<Record<Family, Ip>> = { 4: parseIp('198.51.100.99'), 6: parseIp('2001:db8:64::99') }

const LOOPBACK: Readonly<Record<Family, Ip>> = { 4: parseIp('127.0.0.1'), 6: parseIp('::1') }

export const TARGETS: Readonly<Record<TargetKind, DrawTarget>> = {
  pod: (random, { facts, family }) => {
    const pod = pickOne(random, facts.pods)
    const ip = pod && pickOne(random, ofFamily(pod.addresses, family))
    return ip === undefined ? undefined : { ip, ...asked(random, pickOne(random, pod?.ports ?? [])) }
  },
  'pod, unknown port': (random, { facts, family }) => {
    const pod = pickOne(random, facts.pods)
    return strange(random, pod && pickOne(random, ofFamily(pod.addresses, family)))
  },
  'cluster IP': (random, { facts, family }) =>
    atService(random, facts.services, ({ clusterIps }) => ofFamily(clusterIps, family)),
  'cluster IP, unknown port': (random, { facts, family }) => {
    const service = pickOne(random, facts.services)
    return strange(random, service && pickOne(random, ofFamily(service.clusterIps, family)))
  },
  'own Service': (random, { facts, family, pod }) =>
    atService(
      random,
      facts.services.filter(service => pod && podsBehind(service, facts).includes(pod)),
      ({ clusterIps, balancers, external }) => ofFamily([...clusterIps, ...balancers, ...external], family),
    ),
  'node port': (random, setting) => {
    const ip = nodeAddress(random, setting)
    return ip === undefined ? undefined : atNodePort(random, setting, ip)
  },
  'node port at loopback': (random, setting) => atNodePort(random, setting, LOOPBACK[setting.family]),
  'host port': (random, { facts, family }) => {
    const pod = pickOne(
      random,
      facts.pods.filter(({ hostPorts }) => hostPorts.length > 0),
    )
    const port = pod && pickOne(random, pod.hostPorts)
    const node = facts.nodes.find(({ name }) => name === pod?.node)
    const ip = node && pickOne(random, ofFamily(node.addresses, family))
    return port && ip !== undefined ? { ip, port: port.number, protocol: port.protocol } : undefined
  },
  node: (random, setting) => strange(random, nodeAddress(random, setting)),
  'load balancer': (random, { facts, family }) =>
    atService(random, facts.services, ({ balancers }) => ofFamily(balancers, family)),
  'external IP': (random, { facts, family }) =>
    atService(random, facts.services, ({ external }) => ofFamily(external, family)),
  outside: (random, { family }) => strange(random, FAR[family]),
  'endpoint outside': (random, { facts, family }) => {
    const there = outsideEndpoints(facts).filter(({ ip }) => familyOf(ip) === family)
    const found = pickOne(random, there)
    return found && { ip: found.ip, port: found.port.number, protocol: found.port.protocol }
  },
  router: (random, { facts, family }) => {
    const lan = facts.lans.find(one => one.family === family)
    return strange(random, lan && routerOf(lan))
  },
  'unused pod address here': (random, setting) => unusedPod(random, setting, name => name === setting.node),
  'unused pod address elsewhere': (random, setting) => unusedPod(random, setting, name => name !== setting.node),
  'beyond all nodes': (random, { facts, family }) => {
    const owned = facts.nodes.flatMap(({ podPrefixes }) => podPrefixes)
    const range = facts.podRanges.find(one => one.family === family)
    // Nodes' parts follow each other from the beginning of the range; the last one is far behind them.
    const ip = range && addIp(range.base, family === 4 ? 250 * 256 + 7 : 7)
    const free = ip !== undefined && !owned.some(one => one.family === family && contains(one, ip))
    return free ? strange(random, ip) : undefined
  },
  'unused Service address': (random, { facts, family }) => {
    const range = facts.serviceRanges.find(one => one.family === family)
    return strange(random, range && unusedIn(random, range, 20_000, facts))
  },
  'unused address beside the nodes': (random, { facts, family }) => {
    const lan = facts.lans.find(one => one.family === family)
    return strange(random, lan && unusedIn(random, lan, 60, facts))
  },
  'other family': (random, { facts, family }) =>
    facts.families.length > 1 ? undefined : strange(random, FAR[family === 4 ? 6 : 4]),
}

function pickOne<T>(random: Random, items: readonly T[]): T | undefined {
  return items.length === 0 ? undefined : pick(random, items)
}

/** That port, mostly by its own protocol; an echo now and then, which has no port. */
function asked(random: Random, port: PortFacts | undefined): Omit<Target, 'ip'> {
  const how = pickWeighted(random, { own: 14, other: 1, echo: 2.5 })
  if (port === undefined || how === 'echo') return { protocol: ICMP }
  const protocol = how === 'own' ? port.protocol : port.protocol === TCP ? UDP : TCP
  return { port: port.number, protocol }
}

/** A port that nothing is known of. */
function strange(random: Random, ip: Ip | undefined): Target | undefined {
  const protocol = Number(pickWeighted(random, { [TCP]: 5, [UDP]: 4, [ICMP]: 3, [SCTP]: 0.4 }))
  if (ip === undefined) return undefined
  return protocol === ICMP ? { ip, protocol } : { ip, port: CLOSED, protocol }
}

function atService(
  random: Random,
  services: readonly ServiceFacts[],
  addressesOf: (service: ServiceFacts) => readonly Ip[],
): Target | undefined {
  const service = pickOne(
    random,
    services.filter(one => addressesOf(one).length > 0),
  )
  const ip = service && pickOne(random, addressesOf(service))
  return ip === undefined ? undefined : { ip, ...asked(random, pickOne(random, service?.ports ?? [])) }
}

function atNodePort(random: Random, { facts }: TargetSetting, ip: Ip): Target | undefined {
  const all = facts.services.flatMap(({ ports }) => ports).filter(({ nodePort }) => nodePort !== undefined)
  const port = pickOne(random, all)
  return port?.nodePort === undefined ? undefined : { ip, port: port.nodePort, protocol: port.protocol }
}

/** Of the sender's own node or of another: by which others reach it, or the inner one of its bridge. */
function nodeAddress(random: Random, { facts, family }: TargetSetting): Ip | undefined {
  const node = pick(random, facts.nodes)
  const inner = happens(random, 0.12)
  return pickOne(random, ofFamily(inner ? node.gateways : node.addresses, family))
}

function unusedPod(
  random: Random,
  { facts, family }: TargetSetting,
  isThere: (node: string) => boolean,
): Target | undefined {
  const prefixes = facts.nodes
    .filter(({ name }) => isThere(name))
    .flatMap(({ podPrefixes }) => podPrefixes.filter(one => one.family === family))
  const prefix = pickOne(random, prefixes)
  return strange(random, prefix && unusedIn(random, prefix, 200, facts))
}

/** An address of the network that nobody has, of the first so many. */
function unusedIn(random: Random, { base }: Prefix, within: number, { isTaken }: FlowFacts): Ip | undefined {
  const ip = addIp(base, between(random, 2, within))
  return isTaken(ip) ? undefined : ip
}
