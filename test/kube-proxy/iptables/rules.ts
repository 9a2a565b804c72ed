/** Rules as text, to be looked at in tests. */
import type { Family } from '../../../src/base/ip.ts'
import { type KubeProxy, syncFull } from '../../../src/kube-proxy/iptables/proxy.ts'
import { formatRule } from '../../../src/netfilter/format.ts'
import type { Ruleset, TableName } from '../../../src/netfilter/rule.ts'

/** The rules of one chain in restore form, without `-A CHAIN`; nothing if there is no such chain. */
export function rulesIn(ruleset: Ruleset, table: TableName, chain: string): string[] | undefined {
  const head = `-A ${chain} `
  const found = ruleset.tables.get(table)?.chains.get(chain)
  return found?.rules.map(rule => formatRule(chain, rule, ruleset.family, 'restore').slice(head.length))
}

/** All rules of a table that are about services, `CHAIN: rule`. */
export function serviceRules(proxy: KubeProxy, family: Family, table: TableName): string[] {
  const chains = syncFull(proxy, family).tables.get(table)?.chains.values() ?? []
  return [...chains].flatMap(({ name, rules }) => {
    const own = rules.filter(rule => rule.origin !== undefined)
    return own.map(rule => `${name}: ${formatRule(name, rule, family, 'restore').slice(`-A ${name} `.length)}`)
  })
}

/** How many rules a table has outside of the kernel's own chains. */
export function countRules(ruleset: Ruleset, table: TableName): number {
  let sum = 0
  for (const { policy, rules } of ruleset.tables.get(table)?.chains.values() ?? []) {
    if (policy === undefined) sum += rules.length
  }
  return sum
}
