/**
 * Changes inside chains that all services share.
 *
 * kube-proxy writes these chains anew in every sync, which takes it longer the more services there
 * are. Here the rules of one service are replaced where they stand.
 *
 * @module
 */
import type { Rule, TableName } from '../../netfilter/rule.ts'
import type { ServiceKey } from '../service-map.ts'
import type { PortRules } from './port-rules.ts'
import { SHARED_CHAINS, type SharedChain } from './shared-rules.ts'

/** Takes `remove` rules away from place `at`, then puts `insert` there. */
export interface ChainEdit {
  readonly table: TableName
  readonly chain: string
  /** Counted from 1, as iptables does. */
  readonly at: number
  readonly remove: number
  readonly insert: readonly Rule[]
}

/** What is written for one service, before and after. */
export interface Replacement {
  readonly before: readonly PortRules[]
  readonly after: readonly PortRules[]
}

/**
 * The edits that bring the shared chains from one state to the next, to be carried out in order.
 *
 * @param order the services of both states
 * @param replacements those that may have changed
 * @param rulesOf the rules of the others
 */
export function editsOf(
  order: readonly ServiceKey[],
  replacements: ReadonlyMap<ServiceKey, Replacement>,
  rulesOf: (key: ServiceKey) => readonly PortRules[],
): ChainEdit[] {
  const all = [...replacements.values()]
  return SHARED_CHAINS.filter(({ key }) => all.some(change => differs(change, key))).flatMap(
    ({ key, table, chain }) => {
      const edits: ChainEdit[] = []
      let at = 1
      for (const service of order) {
        const change = replacements.get(service)
        if (change !== undefined && differs(change, key)) {
          edits.push({ table, chain, at, remove: count(change.before, key), insert: gather(change.after, key) })
        }
        at += count(change?.after ?? rulesOf(service), key)
      }
      return edits
    },
  )
}

function count(ports: readonly PortRules[], key: SharedChain): number {
  let sum = 0
  for (const { shared } of ports) sum += shared[key].length
  return sum
}

function gather(ports: readonly PortRules[], key: SharedChain): Rule[] {
  return ports.flatMap(({ shared }) => shared[key])
}

function differs({ before, after }: Replacement, key: SharedChain): boolean {
  if (before.length === after.length && before.every((port, i) => port.shared[key] === after[i]?.shared[key]))
    return false
  // Rules are plain data, each made by the same code: equal text means equal rules.
  return JSON.stringify(gather(before, key)) !== JSON.stringify(gather(after, key))
}
