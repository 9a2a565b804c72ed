/**
 * The chains that one service port has for itself, all in table nat.
 *
 *     KUBE-FW ──> KUBE-EXT ──┬──> KUBE-SVC ──> KUBE-SEP (one per endpoint)
 *                            └──> KUBE-SVL ──> KUBE-SEP
 *
 * @see pkg/proxy/iptables/proxier.go of Kubernetes: syncProxyRules
 * @module
 */
import { contains } from '../../base/ip.ts'
import type { Chain, Match, Origin, Rule, Target } from '../../netfilter/rule.ts'
import type { Endpoint } from '../endpoint.ts'
import { type ServicePort, usesClusterEndpoints, usesLocalEndpoints } from '../service-port.ts'
import type { Settings } from '../settings.ts'
import type { Categories } from '../topology.ts'
import { endpointChainName, type ServiceChainNames } from './chain-names.ts'
import {
  comment,
  FROM_LOCAL,
  from,
  fromIp,
  type Jump,
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
import type { Verdict } from './verdict.ts'

/** What the rules of one service port are made of. */
export interface Making {
  readonly port: ServicePort
  readonly categories: Categories
  readonly verdict: Verdict
  readonly names: ServiceChainNames
  readonly origin: Origin
  readonly settings: Settings
  /** Whether rules about single endpoints carry comments. */
  readonly annotated: boolean
}

/** The chains in the order in which kube-proxy declares them. */
export function ownChainsOf(making: Making): Chain[] {
  const { port, categories, verdict, names } = making
  const { cluster, local, reachable } = categories
  const chains: Chain[] = []
  if (verdict.externalChain) chains.push({ name: names.external, rules: externalRules(making) })
  if (verdict.firewallChain) chains.push({ name: names.firewall, rules: sourceRangeRules(making) })
  if (reachable.length === 0) return chains

  const targets = new Map(reachable.map(endpoint => [endpoint, jump(endpointChainName(names, endpoint))]))
  const head = masqueradeRules(making)
  if (usesClusterEndpoints(port) && cluster.length > 0) {
    const own = port.internalLocal ? [] : head
    chains.push({ name: names.cluster, rules: [...own, ...dispatchRules(cluster, targets, making)] })
  }
  if (usesLocalEndpoints(port) && local.length > 0) {
    const own = port.internalLocal ? head : []
    chains.push({ name: names.local, rules: [...own, ...dispatchRules(local, targets, making)] })
  }
  return chains.concat(endpointChains(reachable, targets, making))
}

/** The way into each endpoint's chain. */
type Targets = ReadonlyMap<Endpoint, Jump>

/** Traffic to the cluster IP that must come back through this node. */
function masqueradeRules({ port, verdict, origin, settings }: Making): Rule[] {
  if (!verdict.internally) return []
  const { masqueradeAll, detector } = settings
  if (!masqueradeAll && detector === undefined) return []
  const matches: Match[] = [
    comment(`${port.name} cluster IP`),
    ...toPort(port.protocol, port.port, toIp(port.clusterIp)),
  ]
  if (!masqueradeAll && detector !== undefined) matches.push(detector.isNotLocal)
  return [{ matches, target: MASQUERADE_LATER, origin }]
}

/** Traffic from outside: masqueraded, or kept as it is if only endpoints of this node get it. */
function externalRules({ port, verdict, names, origin, settings }: Making): Rule[] {
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

/** Who may use the load balancer; whoever is not named here meets KUBE-PROXY-FIREWALL later. */
function sourceRangeRules({ port, names, origin, settings }: Making): Rule[] {
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

/** First the endpoint that the client had, if it is to stay with it; then one by equal chance. */
function dispatchRules(endpoints: readonly Endpoint[], targets: Targets, making: Making): Rule[] {
  const { port, origin, settings, annotated } = making
  const rules: Rule[] = []
  const head = (endpoint: Endpoint) => (annotated ? [comment(`${port.name} -> ${endpoint.text}`)] : [])
  if (port.affinity !== undefined) {
    for (const endpoint of endpoints) {
      const target = targetOf(endpoint, targets)
      const stays = remembered(target.chain, port.affinity, settings.family)
      rules.push({ matches: [...head(endpoint), stays], target, origin })
    }
  }
  let left = endpoints.length
  for (const endpoint of endpoints) {
    const matches: Match[] = head(endpoint)
    // The last takes what all others left.
    if (left > 1) matches.push(oneOf(left))
    rules.push({ matches, target: targetOf(endpoint, targets), origin })
    left--
  }
  return rules
}

function endpointChains(endpoints: readonly Endpoint[], targets: Targets, making: Making): Chain[] {
  const { port, origin, settings, annotated } = making
  const head = annotated ? [comment(port.name)] : []
  const protocol = ofProtocol(port.protocol)
  const plain = [...head, ...protocol]
  return endpoints.map(endpoint => {
    const name = targetOf(endpoint, targets).chain
    const { ip } = endpoint
    const number = onePort(endpoint.port)
    const matches = port.affinity === undefined ? plain : [...head, remember(name, settings.family), ...protocol]
    return {
      name,
      rules: [
        // An endpoint that calls its own service would otherwise answer itself directly.
        { matches: [...head, fromIp(ip)], target: MASQUERADE_LATER, origin },
        { matches, target: { do: 'dnat', to: { from: ip, to: ip }, ports: number }, origin },
      ],
    }
  })
}

function targetOf(endpoint: Endpoint, targets: Targets): Jump {
  const target = targets.get(endpoint)
  if (target === undefined) throw new RangeError(`${endpoint.text} is not reachable`)
  return target
}
