/**
 * Flows drawn at random through a cluster: whatever may ask whatever, in such a mix that all kinds of
 * ends come often enough.
 *
 * @module
 */
import { addIp, equalIp, type Family, familyOf, formatIp, type Ip, parseIp } from '../base/ip.ts'
import { ICMP, SCTP, TCP, UDP } from '../base/protocol.ts'
import { type Random, seededRandom } from '../base/random.ts'
import type { SettledCluster } from '../cluster/host-state.ts'
import { formatEnd } from '../packet/summary.ts'
import type { Asked } from '../trace/ask.ts'
import { CLIENT_PORT } from '../trace/flow.ts'
import { between, happens, pick, pickWeighted } from './dice.ts'
import { type FlowFacts, flowFacts, ofFamily, type PodFacts } from './flow-facts.ts'
import { TARGETS, type Target, type TargetKind } from './flow-targets.ts'

export type SenderKind = 'pod' | 'node' | 'pod on its node' | 'outside' | 'beside'

export interface DrawnFlow {
  readonly asked: Asked
  readonly sender: SenderKind
  readonly target: TargetKind
  /** What it has in common with the flow before: nothing, client and server, or the whole connection. */
  readonly again?: 'same client' | 'same connection'
}

export interface FlowOptions {
  /** The source port of the first flow; each has the one behind. A second draw begins behind the first. */
  readonly firstPort?: number
  /** Clients in the nodes' own networks; absent: the 200th address of each. */
  readonly besides?: readonly Ip[]
}

const SENDERS: Readonly<Record<SenderKind, number>> = {
  pod: 46,
  node: 22,
  'pod on its node': 4,
  outside: 20,
  beside: 8,
}

const FROM_POD: Readonly<Partial<Record<TargetKind, number>>> = {
  pod: 8,
  'pod, unknown port': 3,
  'cluster IP': 20,
  'cluster IP, unknown port': 3,
  'own Service': 7,
  'node port': 6,
  'host port': 3,
  node: 3,
  'load balancer': 4,
  'external IP': 3,
  outside: 3,
  'endpoint outside': 2,
  router: 1,
  'unused pod address here': 3,
  'unused pod address elsewhere': 3,
  'beyond all nodes': 2,
  'unused Service address': 2,
  'unused address beside the nodes': 2,
  'other family': 3,
}

const FROM_NODE: typeof FROM_POD = { ...FROM_POD, 'own Service': 0, 'node port at loopback': 6, 'node port': 8 }

/** A router leads nobody from outside to pods and Services. */
const FROM_AFAR: typeof FROM_POD = {
  'node port': 14,
  'load balancer': 14,
  'external IP': 8,
  'host port': 4,
  node: 4,
  'cluster IP': 1,
  pod: 1,
  'unused address beside the nodes': 1,
  outside: 1,
}

const WEIGHTS: Readonly<Record<SenderKind, typeof FROM_POD>> = {
  pod: FROM_POD,
  node: FROM_NODE,
  'pod on its node': FROM_NODE,
  outside: FROM_AFAR,
  beside: FROM_AFAR,
}

/** Clients outside: in the network that source ranges let in, beside that network, and elsewhere. */
const OUTSIDE: Readonly<Record<Family, readonly Ip[]>> = {
  4: ['198.51.100.7', '198.51.100.130', '192.0.2.33'].map(parseIp),
  6: ['2001:db8:64::7', '2001:db8:65::7'].map(parseIp),
}

/** What is added to a node network's own address for the client beside the nodes. */
const BESIDE = 200

/**
 * So many flows. The same cluster, seed and count give the same flows; those of a smaller count are the
 * first of a larger one.
 */
export function randomFlows(
  cluster: SettledCluster,
  seed: number,
  count: number,
  { firstPort = CLIENT_PORT, besides }: FlowOptions = {},
): readonly DrawnFlow[] {
  const facts = flowFacts(cluster)
  const clients = besides ?? facts.lans.map(({ base }) => addIp(base, BESIDE))
  const scene = { facts, besides: clients }
  const random = seededRandom(seed, 'flows')
  const flows: DrawnFlow[] = []
  while (flows.length < count) {
    const sport = firstPort + flows.length
    flows.push(repeated(random, flows.at(-1), sport) ?? drawFlow(random, scene, sport))
  }
  return flows
}

/** How a person repeats the flow: what follows `podwire trace -f FILE`. */
export function traceWords({ from, to, protocol, sport, size, ttl }: Asked): readonly string[] {
  const names = new Map([
    [TCP, 'tcp'],
    [UDP, 'udp'],
    [SCTP, 'sctp'],
    [ICMP, 'icmp'],
  ])
  const name = protocol === undefined ? undefined : names.get(protocol)
  const options = { proto: name, sport, size, ttl }
  const words = Object.entries(options).flatMap(([key, value]) => (value === undefined ? [] : [`--${key}`, `${value}`]))
  return [from, to, ...words]
}

/** The same client once more: by a new connection, or by another packet of the one before. */
function repeated(random: Random, last: DrawnFlow | undefined, sport: number): DrawnFlow | undefined {
  const how = pickWeighted(random, { no: 16, 'same client': 2, 'same connection': 1 })
  if (how === 'no' || last === undefined || last.again === 'same connection') return undefined
  if (how === 'same client') return { ...last, asked: { ...last.asked, sport }, again: how }
  // A connection's first packet again is another matter: only what knows no connections has second packets alike.
  const { protocol } = last.asked
  return protocol === UDP || protocol === ICMP ? { ...last, again: how } : undefined
}

interface Sender {
  readonly word: string
  readonly ip?: Ip
  readonly node?: string
  readonly pod?: PodFacts
}

/** Who and what there is. */
interface Scene {
  readonly facts: FlowFacts
  readonly besides: readonly Ip[]
}

function drawFlow(random: Random, scene: Scene, sport: number): DrawnFlow {
  const { facts } = scene
  for (;;) {
    const kind = pickWeighted(random, SENDERS)
    const family = pick(random, facts.families)
    const sender = drawSender(random, scene, kind, family)
    const target = pickWeighted<TargetKind>(random, WEIGHTS[kind] as Record<TargetKind, number>)
    const place = sender && TARGETS[target](random, { facts, family, ...sender })
    if (!sender || !place || isSame(sender, place) || isMuted(sender, place, facts)) continue
    return { asked: askedOf(random, sender, place, facts, sport), sender: kind, target }
  }
}

/** Whoever asks at its own address asks itself; clients outside are not machines of their own there. */
function isSame({ ip }: Sender, target: Target): boolean {
  return ip !== undefined && familyOf(ip) === familyOf(target.ip) && formatIp(ip) === formatIp(target.ip)
}

function drawSender(random: Random, { facts, besides }: Scene, kind: SenderKind, family: Family): Sender | undefined {
  switch (kind) {
    case 'node': {
      const { name } = pick(random, facts.nodes)
      return { word: `node/${name}`, node: name }
    }
    case 'outside':
      return client(pick(random, OUTSIDE[family]))
    case 'beside': {
      const there = ofFamily(besides, family)
      return there.length === 0 ? undefined : client(pick(random, there))
    }
    default: {
      const pods = facts.pods.filter(({ hostNetwork }) => hostNetwork === (kind !== 'pod'))
      if (pods.length === 0) return undefined
      const pod = pick(random, pods)
      return { word: pod.word, node: pod.node, pod }
    }
  }
}

/** Of a machine that sends SCTP by a raw socket the kernel does not say that it speaks none. */
function isMuted({ pod, node, ip: own }: Sender, { ip, protocol }: Target, { nodes }: FlowFacts): boolean {
  if (protocol !== SCTP) return false
  const at = nodes.find(({ name }) => name === node)
  const onNode = pod === undefined || pod.hostNetwork
  const addresses = onNode ? [...(at?.addresses ?? []), ...(at?.gateways ?? [])] : pod.addresses
  return [...addresses, ...(own === undefined ? [] : [own])].some(one => equalIp(one, ip))
}

function client(ip: Ip): Sender {
  return { word: `ip:${formatIp(ip)}`, ip }
}

function askedOf(
  random: Random,
  { word }: Sender,
  { ip, port, protocol }: Target,
  facts: FlowFacts,
  sport: number,
): Asked {
  const sized = happens(random, 0.3)
  const size = drawSize(random, familyOf(ip), facts)
  const ttl = happens(random, 0.13) ? between(random, 1, 4) : undefined
  return {
    from: word,
    to: port === undefined ? formatIp(ip) : formatEnd(ip, port),
    after: 0,
    protocol,
    sport,
    // A program's own data decide the size of a datagram; those of a connection come later.
    ...(sized && (protocol === UDP || protocol === ICMP) ? { size } : {}),
    ...(ttl === undefined ? {} : { ttl }),
  }
}

/** Bytes about which paths differ: what fits everywhere, what fits outside of tunnels alone, what fits nowhere. */
function drawSize(random: Random, family: Family, { uplinkMtu }: FlowFacts): number {
  const tunnel = family === 4 ? 50 : 70
  const around = pick(random, [uplinkMtu, uplinkMtu - 1, uplinkMtu - tunnel, 1280, 600])
  return around + between(random, -1, 1)
}
