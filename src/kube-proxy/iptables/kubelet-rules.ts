/**
 * The chains that kubelet (1.28 and newer) puts on every node, proxy or not.
 *
 * @see pkg/kubelet/kubelet_network_linux.go of Kubernetes
 * @module
 */
import type { Family } from '../../base/ip.ts'
import { BUILT_IN, type Chain, type Rule, type Ruleset, type Table, type TableName } from '../../netfilter/rule.ts'
import { FIREWALL } from './chain-names.ts'
import { LOCALNET_RULES } from './fixed-rules.ts'
import { jump } from './rule-parts.ts'

/** Tells others which of the two iptables kubelet uses. */
const HINT = 'KUBE-IPTABLES-HINT'
const KUBELET_CANARY = 'KUBE-KUBELET-CANARY'

/** The jump that kube-proxy needs as well, in table filter: whoever comes first puts it there. */
export const FIREWALL_JUMP: { readonly from: readonly string[]; readonly rule: Rule } = {
  from: ['INPUT', 'OUTPUT'],
  rule: { matches: [], target: jump(FIREWALL) },
}

/** Kubelet's chains of one table, with their rules. */
export function kubeletChains(table: TableName, family: Family): ReadonlyMap<string, readonly Rule[]> {
  const chains = new Map<string, readonly Rule[]>()
  if (table === 'mangle') chains.set(HINT, [])
  chains.set(KUBELET_CANARY, [])
  if (table === 'filter' && family === 4) chains.set(FIREWALL, LOCALNET_RULES)
  return chains
}

/** All that kubelet puts there, where kube-proxy has no iptables rules of its own. */
export function kubeletRuleset(family: Family): Ruleset {
  const tables = (['filter', 'nat', 'mangle'] as const).map((name): Table => {
    const own = kubeletChains(name, family)
    const chains = BUILT_IN[name].map((chain): Chain => {
      const rules = own.has(FIREWALL) && FIREWALL_JUMP.from.includes(chain) ? [FIREWALL_JUMP.rule] : []
      return { name: chain, policy: 'accept', rules }
    })
    const all = [...chains, ...Array.from(own, ([chain, rules]): Chain => ({ name: chain, rules }))]
    return { name, chains: new Map(all.map(chain => [chain.name, chain])) }
  })
  return { family, tables: new Map(tables.map(table => [table.name, table])) }
}
