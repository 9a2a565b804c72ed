/**
 * Changes inside chains that all services share.
 *
 * kube-proxy writes these chains anew in every sync, which takes it longer the more services there
 * are. Here the rules of one service are replaced where they stand.
 *
 * @module
 */
import type { Rule, TableName } from '../../netfilter/rule.ts'
import type { ServiceChange, WrittenService } from '../draft.ts'
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

/** What is written for one service. */
export type ServiceRules = WrittenService<PortRules>

/**
 * Carries the changes out in `order`, the rules of all services by key, and says what they mean
 * for the shared chains: edits to be made one after the other.
 *
 * @param changes by key
 */
export function applyChanges(order: ServiceRules[], changes: readonly ServiceChange<PortRules>[]): ChainEdit[] {
  const edits: ChainEdit[] = []
  const counters = SHARED_CHAINS.map(shared => ({ ...shared, services: 0, rules: 0 }))
  for (const change of changes) {
    const index = placeOf(change.key, order)
    for (const counter of counters) {
      const { key, table, chain } = counter
      if (!differs(change, key)) continue
      // Changes come in order: what is counted once does not move again.
      for (; counter.services < index; counter.services++) counter.rules += count(order[counter.services], key)
      const at = counter.rules + 1
      edits.push({ table, chain, at, remove: count(change.before, key), insert: gather(change.after, key) })
    }
    order.splice(index, change.before === undefined ? 0 : 1, ...(change.after === undefined ? [] : [change.after]))
  }
  return edits
}

/** Where the service is or belongs in `order`. */
function placeOf(key: ServiceKey, order: readonly ServiceRules[]): number {
  let low = 0
  let high = order.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((order[middle]?.key ?? '') < key) low = middle + 1
    else high = middle
  }
  return low
}

function count(rules: ServiceRules | undefined, key: SharedChain): number {
  let sum = 0
  if (rules !== undefined) for (const { shared } of rules.ports) sum += shared[key].length
  return sum
}

function gather(rules: ServiceRules | undefined, key: SharedChain): Rule[] {
  return rules?.ports.flatMap(({ shared }) => shared[key]) ?? []
}

function differs({ before, after }: ServiceChange<PortRules>, key: SharedChain): boolean {
  if (before?.ports.length === after?.ports.length) {
    if (before?.ports.every((port, i) => port.shared[key] === after?.ports[i]?.shared[key])) return false
  }
  // Rules are plain data, each made by the same code: equal text means equal rules.
  return JSON.stringify(gather(before, key)) !== JSON.stringify(gather(after, key))
}
