/**
 * One host's rules, from those who write them.
 *
 * kube-proxy, kubelet, flannel and the CNI plugins share a host's tables. Each has chains of its
 * own and puts jumps into the built-in ones, some in front of all others, some behind.
 *
 * @module
 */
import type { Family } from '../base/ip.ts'
import type { Chain, Rule, Ruleset, Table, TableName } from '../netfilter/rule.ts'

export interface Part {
  readonly rules: Ruleset
  /** Whether its rules in chains that are there already go in front or behind. */
  readonly enters: 'first' | 'last'
}

/**
 * Puts the parts into one ruleset, in the order in which they reach the host.
 *
 * A chain that two parts fill holds the rules of both; a rule that both bring stands once, where it
 * came first (`KUBE-FIREWALL` is kubelet's and kube-proxy's).
 */
export function mergeRulesets(family: Family, parts: readonly Part[]): Ruleset {
  const tables = new Map<TableName, Table>()
  for (const { rules, enters } of parts) {
    for (const table of rules.tables.values()) {
      const chains = new Map(tables.get(table.name)?.chains)
      for (const chain of table.chains.values())
        chains.set(chain.name, mergeChain(chains.get(chain.name), chain, enters))
      tables.set(table.name, { name: table.name, chains })
    }
  }
  return { family, tables }
}

function mergeChain(there: Chain | undefined, added: Chain, enters: 'first' | 'last'): Chain {
  if (!there) return added
  const known = new Set(there.rules.map(textOf))
  const fresh = added.rules.filter(rule => !known.has(textOf(rule)))
  if (fresh.length === 0) return there
  return { ...there, rules: enters === 'first' ? [...fresh, ...there.rules] : [...there.rules, ...fresh] }
}

/** Equal for rules that mean the same; who asked for them does not count. */
function textOf({ matches, target }: Rule): string {
  return JSON.stringify([matches, target])
}
