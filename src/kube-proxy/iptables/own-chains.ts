/**
 * The chains that one service port has for itself, all in table nat.
 *
 *     KUBE-FW ──> KUBE-EXT ──┬──> KUBE-SVC ──┬──> KUBE-SEP (one per endpoint)
 *                            └──> KUBE-SVL ──┘
 *
 * @see pkg/proxy/iptables/proxier.go of Kubernetes: syncProxyRules
 * @module
 */
import { contains, type Ip } from '../../base/ip.ts'
import type { Chain, Match, Origin, Rule, Target } from '../../netfilter/rule.ts'
import { ChainOnDemand } from '../chain-on-demand.ts'
import { type Endpoint, formatEndpoint } from '../endpoint.ts'
import { type ServicePort, usesClusterEndpoints, usesLocalEndpoints } from '../service-port.ts'
import type { Settings } from '../settings.ts'
import type { Categories } from '../topology.ts'
import type { Verdict } from '../verdict.ts'
import { endpointChainName, type ServiceChainNames } from './chain-names.ts'
import {
  comment,
  FROM_LOCAL,
  from,
  fromIp,
  jump,
  MASQUERADE_LATER,
  ofProtocol,
  oneOf,
  onePort,
  remember,
  remembered,
  toIp,
  toPort,
} from './rule-parts.ts'

/** What all rules of one service port are made of. */
export interface Making {
  readonly port: ServicePort
  readonly verdict: Verdict
  readonly names: ServiceChainNames
  readonly origin: Origin
  readonly settings: Settings
  /** Whether rules about single endpoints carry comments. */
  readonly annotated: boolean
}

/** The chains in the order in which kube-proxy declares them. */
export function ownChainsOf(making: Making, categories: Categories): Chain[] {
  const { port, verdict, names } = making
  const { cluster, local, reachable } = categories
  const chains: Chain[] = []
  if (verdict.externalChain) chains.push(new ExternalChain(names.external, making))
  if (verdict.firewallChain) chains.push(new SourceRangeChain(names.firewall, making))
  const all = reachable.map(endpoint => new EndpointChain(endpointChainName(names, endpoint), endpoint, making))
  if (usesClusterEndpoints(port) && cluster.length > 0) {
    const into = cluster === reachable ? all : chainsTo(cluster, reachable, all)
    chains.push(new DispatchChain(names.cluster, into, !port.internalLocal, making))
  }
  if (usesLocalEndpoints(port) && local.length > 0) {
    const into = local === reachable ? all : chainsTo(local, reachable, all)
    chains.push(new DispatchChain(names.local, into, port.internalLocal, making))
  }
  for (const chain of all) chains.push(chain)
  return chains
}

function chainsTo(wanted: readonly Endpoint[], endpoints: readonly Endpoint[], chains: readonly EndpointChain[]) {
  const set = new Set(wanted)
  return chains.filter((_, i) => set.has(endpoints[i] as Endpoint))
}

/** Traffic from outside: masqueraded, or kept as it is if only endpoints of this node get it. */
class ExternalChain extends ChainOnDemand<Rule> {
  readonly #making: Making

  constructor(name: string, making: Making) {
    super(name)
    this.#making = making
  }

  protected override make(): Rule[] {
    const { port, verdict, names, origin, settings } = this.#making
    const rules: Rule[] = []
    const add = (text: string, more: readonly Match[], target: Target) =>
      rules.push({ matches: [comment(`${text} for ${port.name} external destinations`), ...more], target, origin })
    const toCluster = jump(names.cluster)
    if (!port.externalLocal) add('masquerade traffic', [], MASQUERADE_LATER)
    else {
      // What starts on this node is no outside traffic: it may go to any endpoint.
      if (settings.detector !== undefined) add('pod traffic', [settings.detector.isLocal], toCluster)
      add('masquerade LOCAL traffic', [FROM_LOCAL], MASQUERADE_LATER)
      add('route LOCAL traffic', [FROM_LOCAL], toCluster)
    }
    if (verdict.externally) {
      rules.push({ matches: [], target: port.externalLocal ? jump(names.local) : toCluster, origin })
    }
    return rules
  }
}

/** Who may use the load balancer; whoever is not named here meets KUBE-PROXY-FIREWALL later. */
class SourceRangeChain extends ChainOnDemand<Rule> {
  readonly #making: Making

  constructor(name: string, making: Making) {
    super(name)
    this.#making = making
  }

  protected override make(): Rule[] {
    const { port, names, origin, settings } = this.#making
    const text = comment(`${port.name} loadbalancer IP`)
    const target = jump(names.external)
    const { nodeIp } = settings
    const sources = port.sourceRanges.map(from)
    // The node reaches a load balancer's address from that very address, as it is bound to the node.
    if (nodeIp !== undefined && port.sourceRanges.some(range => contains(range, nodeIp))) {
      sources.push(...port.vips.map(fromIp))
    }
    const rules: Rule[] = sources.map(source => ({ matches: [text, source], target, origin }))
    // This rule decides nothing: it tells the reader.
    rules.push({ matches: [comment(`other traffic to ${port.name} will be dropped by KUBE-PROXY-FIREWALL`)], origin })
    return rules
  }
}

/** Chooses an endpoint: the one that the client had, if it is to stay with it; else one by equal chance. */
class DispatchChain extends ChainOnDemand<Rule> {
  readonly #into: readonly EndpointChain[]
  readonly #forClusterIp: boolean
  readonly #making: Making

  /** @param forClusterIp whether traffic to the cluster IP comes here */
  constructor(name: string, into: readonly EndpointChain[], forClusterIp: boolean, making: Making) {
    super(name)
    this.#into = into
    this.#forClusterIp = forClusterIp
    this.#making = making
  }

  protected override make(): Rule[] {
    const { port, origin, settings, annotated } = this.#making
    const rules = this.#forClusterIp ? masqueradeRules(this.#making) : []
    const targets = this.#into.map(({ name }) => jump(name))
    const notes = annotated ? this.#into.map(({ text }) => [comment(`${port.name} -> ${text}`)]) : []
    if (port.affinity !== undefined) {
      for (const [i, target] of targets.entries()) {
        const stays = remembered(target.chain, port.affinity, settings.family)
        rules.push({ matches: [...(notes[i] ?? []), stays], target, origin })
      }
    }
    for (const [i, target] of targets.entries()) {
      // The last takes what all others left.
      const chance = oneOf(targets.length - i)
      rules.push({ matches: annotated ? [...(notes[i] ?? []), ...chance] : chance, target, origin })
    }
    return rules
  }
}

/** Traffic to the cluster IP that must come back through this node. */
function masqueradeRules({ port, verdict, origin, settings }: Making): Rule[] {
  const { masqueradeAll, detector } = settings
  if (!verdict.internally || (!masqueradeAll && detector === undefined)) return []
  const matches = [comment(`${port.name} cluster IP`), ...toPort(port.protocol, port.port, toIp(port.clusterIp))]
  if (!masqueradeAll && detector !== undefined) matches.push(detector.isNotLocal)
  return [{ matches, target: MASQUERADE_LATER, origin }]
}

/** Sends a connection to one endpoint. */
class EndpointChain extends ChainOnDemand<Rule> {
  readonly #ip: Ip
  readonly #port: number
  readonly #making: Making

  constructor(name: string, { ip, port }: Endpoint, making: Making) {
    super(name)
    this.#ip = ip
    this.#port = port
    this.#making = making
  }

  get text(): string {
    return formatEndpoint(this.#ip, this.#port)
  }

  protected override make(): Rule[] {
    const { port, origin, settings, annotated } = this.#making
    const ip = this.#ip
    const matches: Match[] = annotated ? [comment(port.name)] : []
    // An endpoint that calls its own service would otherwise answer itself directly.
    const hairpin: Rule = { matches: [...matches, fromIp(ip)], target: MASQUERADE_LATER, origin }
    if (port.affinity !== undefined) matches.push(remember(this.name, settings.family))
    matches.push(...ofProtocol(port.protocol))
    const target: Target = { do: 'dnat', to: { from: ip, to: ip }, ports: onePort(this.#port) }
    return [hairpin, { matches, target, origin }]
  }
}
