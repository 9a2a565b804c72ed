/**
 * What one service port adds to the chains that all services share.
 *
 * @see pkg/proxy/iptables/proxier.go of Kubernetes: syncProxyRules
 * @module
 */
import type { Origin, Rule, TableName, Target } from '../../netfilter/rule.ts'
import type { ServicePort } from '../service-port.ts'
import type { Settings } from '../settings.ts'
import type { Verdict } from '../verdict.ts'
import { EXTERNAL_SERVICES, NODE_PORTS, PROXY_FIREWALL, SERVICES, type ServiceChainNames } from './chain-names.ts'
import { ACCEPT, comment, DROP, jump, REJECT, TO_LOCAL, TO_LOOPBACK, toIp, toPort } from './rule-parts.ts'

/** The rules of one service port, by shared chain, each list in the order of the chain. */
export interface SharedRules {
  readonly natServices: readonly Rule[]
  readonly natNodePorts: readonly Rule[]
  readonly filterServices: readonly Rule[]
  readonly externalServices: readonly Rule[]
  readonly filterNodePorts: readonly Rule[]
  readonly proxyFirewall: readonly Rule[]
}

export type SharedChain = keyof SharedRules

/** Where each list goes. */
export const SHARED_CHAINS: readonly {
  readonly key: SharedChain
  readonly table: TableName
  readonly chain: string
}[] = [
  { key: 'filterServices', table: 'filter', chain: SERVICES },
  { key: 'externalServices', table: 'filter', chain: EXTERNAL_SERVICES },
  { key: 'filterNodePorts', table: 'filter', chain: NODE_PORTS },
  { key: 'proxyFirewall', table: 'filter', chain: PROXY_FIREWALL },
  { key: 'natServices', table: 'nat', chain: SERVICES },
  { key: 'natNodePorts', table: 'nat', chain: NODE_PORTS },
]

/** The named counter of connections to NodePorts on 127.0.0.1. */
const LOCALHOST_COUNTER = 'localhost_nps_accepted_pkts'

export function sharedRulesOf(
  port: ServicePort,
  verdict: Verdict,
  names: ServiceChainNames,
  origin: Origin,
  settings: Settings,
): SharedRules {
  const rules = {
    natServices: clusterIpRules(port, verdict, names, origin),
    natNodePorts: nodePortRules(port, verdict, names, origin, settings),
    filterServices: verdict.internally ? NO_RULES : [refusal(port, verdict, origin, settings, toCluster(port))],
    externalServices: verdict.externally ? NO_RULES : refusedDestinations(port, verdict, origin, settings),
    filterNodePorts: healthCheckRules(port, origin),
    proxyFirewall: verdict.firewallChain ? firewallRules(port, names, origin) : NO_RULES,
  }
  return rules
}

const NO_RULES: readonly Rule[] = []

/** Which packets, without the comment. */
type Destination = Rule['matches']

function toCluster(port: ServicePort): Destination {
  return toPort(port.protocol, port.port, toIp(port.clusterIp))
}

function clusterIpRules(port: ServicePort, verdict: Verdict, names: ServiceChainNames, origin: Origin): Rule[] {
  const rules: Rule[] = []
  const add = (what: string, to: Destination, target: Target) =>
    rules.push({ matches: [comment(`${port.name} ${what}`), ...to], target, origin })
  const { protocol, port: number } = port
  if (verdict.internally) add('cluster IP', toCluster(port), jump(port.internalLocal ? names.local : names.cluster))
  if (!verdict.anywhere) return rules
  for (const ip of port.externalIps) add('external IP', toPort(protocol, number, toIp(ip)), jump(names.external))
  const behind = verdict.firewallChain ? names.firewall : names.external
  for (const ip of port.vips) add('loadbalancer IP', toPort(protocol, number, toIp(ip)), jump(behind))
  return rules
}

function nodePortRules(
  port: ServicePort,
  verdict: Verdict,
  names: ServiceChainNames,
  origin: Origin,
  settings: Settings,
): readonly Rule[] {
  if (port.nodePort === undefined || !verdict.anywhere) return NO_RULES
  const own = comment(port.name)
  const target = jump(names.external)
  const rule: Rule = { matches: [own, ...toPort(port.protocol, port.nodePort)], target, origin }
  if (!settings.nfacct || !settings.localhostNodePorts) return [rule]
  const toLocalhost = toPort(port.protocol, port.nodePort, TO_LOOPBACK[settings.family])
  return [{ matches: [own, ...toLocalhost, { on: 'nfacct', counter: LOCALHOST_COUNTER }], target, origin }, rule]
}

/** Reject where no endpoint exists, so that the client learns of it; drop where others have some. */
function refusal(port: ServicePort, verdict: Verdict, origin: Origin, settings: Settings, to: Destination): Rule {
  const reason = verdict.anywhere ? 'has no local endpoints' : 'has no endpoints'
  const target = verdict.anywhere ? DROP : REJECT[settings.family]
  return { matches: [comment(`${port.name} ${reason}`), ...to], target, origin }
}

function refusedDestinations(port: ServicePort, verdict: Verdict, origin: Origin, settings: Settings): Rule[] {
  const rules = [...port.externalIps, ...port.vips].map(ip =>
    refusal(port, verdict, origin, settings, toPort(port.protocol, port.port, toIp(ip))),
  )
  if (port.nodePort === undefined) return rules
  const toNodePort = [TO_LOCAL, ...toPort(port.protocol, port.nodePort)]
  return [...rules, refusal(port, verdict, origin, settings, toNodePort)]
}

function healthCheckRules(port: ServicePort, origin: Origin): readonly Rule[] {
  if (port.healthCheckNodePort === undefined) return NO_RULES
  const text = comment(`${port.name} health check node port`)
  return [{ matches: [text, ...toPort('TCP', port.healthCheckNodePort)], target: ACCEPT, origin }]
}

/** Stops what the source ranges did not let pass. */
function firewallRules(port: ServicePort, names: ServiceChainNames, origin: Origin): Rule[] {
  const text = comment(`${port.name} traffic not accepted by ${names.firewall}`)
  return port.vips.map(ip => ({ matches: [text, ...toPort(port.protocol, port.port, toIp(ip))], target: DROP, origin }))
}
