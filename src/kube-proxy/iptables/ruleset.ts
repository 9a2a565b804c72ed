/**
 * The whole of a family's rules as they stand in the kernel: jumps, fixed rules and services.
 *
 * @module
 */
import { BUILT_IN, type Chain, type Rule, type Ruleset, type Table, type TableName } from '../../netfilter/rule.ts'
import type { Settings } from '../settings.ts'
import {
  CANARY,
  EXTERNAL_SERVICES,
  FIREWALL,
  FORWARD,
  MARK_MASQ,
  NODE_PORTS,
  POSTROUTING,
  PROXY_FIREWALL,
  SERVICES,
} from './chain-names.ts'
import { forwardRules, LOCALNET_RULES, markRules, nodePortDispatchRules, postroutingRules } from './fixed-rules.ts'
import { jumpsFrom } from './jumps.ts'
import { kubeletChains } from './kubelet-rules.ts'
import type { PortRules } from './port-rules.ts'
import { SHARED_CHAINS, type SharedChain } from './shared-rules.ts'

/** @param ports all service ports of the family, in the order in which their rules shall stand */
export function rulesetOf(ports: readonly PortRules[], settings: Settings): Ruleset {
  const shared = gatherShared(ports)
  const filter = startTable('filter', settings)
  put(filter, SERVICES, shared.filterServices)
  put(filter, EXTERNAL_SERVICES, shared.externalServices)
  put(filter, FORWARD, forwardRules(settings))
  put(filter, NODE_PORTS, shared.filterNodePorts)
  put(filter, PROXY_FIREWALL, shared.proxyFirewall)
  if (settings.localhostNodePorts) put(filter, FIREWALL, LOCALNET_RULES)
  else if (!filter.has(FIREWALL)) put(filter, FIREWALL, [])

  const nat = startTable('nat', settings)
  put(nat, SERVICES, [...shared.natServices, ...nodePortDispatchRules(settings)])
  put(nat, NODE_PORTS, shared.natNodePorts)
  put(nat, POSTROUTING, postroutingRules(settings))
  put(nat, MARK_MASQ, markRules(settings))
  for (const { chains } of ports) for (const chain of chains) nat.set(chain.name, chain)

  const mangle = startTable('mangle', settings)
  const tables: readonly Table[] = [
    { name: 'filter', chains: filter },
    { name: 'nat', chains: nat },
    { name: 'mangle', chains: mangle },
  ]
  return { family: settings.family, tables: new Map(tables.map(table => [table.name, table])) }
}

type Chains = Map<string, Chain>

function put(chains: Chains, name: string, rules: readonly Rule[]): void {
  chains.set(name, { name, rules })
}

/** The table with the kernel's own chains, what kubelet left there, and the canary. */
function startTable(table: TableName, settings: Settings): Chains {
  const chains: Chains = new Map()
  for (const name of BUILT_IN[table]) {
    chains.set(name, { name, rules: jumpsFrom(table, name, firewallIsThere(settings)), policy: 'accept' })
  }
  if (settings.kubeletChains) {
    for (const [name, rules] of kubeletChains(table, settings.family)) put(chains, name, rules)
  }
  put(chains, CANARY, [])
  return chains
}

/** Kubelet needs its firewall in IPv4 only. */
function firewallIsThere({ kubeletChains, family }: Settings): boolean {
  return kubeletChains && family === 4
}

function gatherShared(ports: readonly PortRules[]): Record<SharedChain, Rule[]> {
  const all: Record<SharedChain, Rule[]> = {
    natServices: [],
    natNodePorts: [],
    filterServices: [],
    externalServices: [],
    filterNodePorts: [],
    proxyFirewall: [],
  }
  for (const { shared } of ports) {
    for (const { key } of SHARED_CHAINS) for (const rule of shared[key]) all[key].push(rule)
  }
  return all
}
