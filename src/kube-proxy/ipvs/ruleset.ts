/**
 * The whole of a family's rules as they stand in the kernel: jumps from the kernel's own chains, and kube-proxy's.
 *
 * @see pkg/proxy/ipvs/proxier.go of Kubernetes: createAndLinkKubeChain
 * @module
 */
import { BUILT_IN, type Chain, type Rule, type Ruleset, type TableName } from '../../netfilter/rule.ts'
import { kubeletRuleset } from '../iptables/kubelet-rules.ts'
import { comment, jump } from '../iptables/rule-parts.ts'
import {
  FORWARD,
  filterChains,
  type Holds,
  IPVS_FILTER,
  NODE_PORT,
  natChains,
  OUT_FILTER,
  POSTROUTING,
  PROXY_FIREWALL,
  SERVICES,
} from './rules.ts'
import type { IpvsSettings } from './settings.ts'

interface Jump {
  readonly table: TableName
  readonly from: readonly string[]
  readonly text: string
  readonly to: string
}

/** In the order in which kube-proxy puts them in front. */
// biome-ignore format: a table
const JUMPS: readonly Jump[] = [
  { table: 'nat', from: ['OUTPUT', 'PREROUTING'], text: 'kubernetes service portals', to: SERVICES },
  { table: 'nat', from: ['POSTROUTING'], text: 'kubernetes postrouting rules', to: POSTROUTING },
  { table: 'filter', from: ['FORWARD'], text: 'kubernetes forwarding rules', to: FORWARD },
  { table: 'filter', from: ['INPUT'], text: 'kubernetes health check rules', to: NODE_PORT },
  { table: 'filter', from: ['INPUT', 'FORWARD'], text: 'kube-proxy firewall rules', to: PROXY_FIREWALL },
  { table: 'filter', from: ['INPUT'], text: 'kubernetes ipvs access filter', to: IPVS_FILTER },
  { table: 'filter', from: ['OUTPUT'], text: 'kubernetes ipvs access filter', to: OUT_FILTER },
]

/** A chain and its table. */
export interface PlacedChain {
  readonly table: TableName
  readonly chain: Chain
}

/** All tables, with what kubelet has put there before. */
export function rulesetOf(settings: IpvsSettings, holds: Holds, refusals: readonly Rule[]): Ruleset {
  const { family, kubeletChains, ipvsMatch } = settings
  const tables = new Map(kubeletChains ? kubeletRuleset(family).tables : [])
  const own: readonly PlacedChain[] = [
    ...chainsOf(settings, { holds, refuses: refusals.length > 0 }),
    { table: 'filter', chain: { name: OUT_FILTER, rules: ipvsMatch ? refusals : [] } },
  ]
  for (const name of ['filter', 'nat'] as const) {
    const before = tables.get(name)?.chains
    const chains = new Map(before)
    for (const chain of BUILT_IN[name]) {
      const rules = [...jumpsFrom(name, chain), ...(before?.get(chain)?.rules ?? [])]
      chains.set(chain, { name: chain, rules, policy: 'accept' })
    }
    for (const { table, chain } of own) if (table === name) chains.set(chain.name, chain)
    tables.set(name, { name, chains })
  }
  return { family, tables }
}

function jumpsFrom(table: TableName, chain: string): readonly Rule[] {
  return JUMPS.filter(one => one.table === table && one.from.includes(chain))
    .map(({ text, to }): Rule => ({ matches: [comment(text)], target: jump(to) }))
    .reverse()
}

/** What decides the rules besides settings. */
export interface Deciders {
  readonly holds: Holds
  /** Whether there are rules in {@link OUT_FILTER}. */
  readonly refuses: boolean
}

/** kube-proxy's own chains, but for {@link OUT_FILTER}. */
export function chainsOf(settings: IpvsSettings, { holds, refuses }: Deciders): readonly PlacedChain[] {
  // The kernel takes a table whole or not at all. The chains are there: jumps made them.
  const isRefused = refuses && !settings.ipvsMatch
  const nat = Object.entries(natChains(settings, holds))
  const filter = Object.entries(filterChains(settings, holds))
  return [
    ...nat.map(([name, rules]): PlacedChain => ({ table: 'nat', chain: { name, rules } })),
    ...filter.map(
      ([name, rules]): PlacedChain => ({ table: 'filter', chain: { name, rules: isRefused ? [] : rules } }),
    ),
  ]
}

/** Those of `after` that are others than in `before`. */
export function changedChains(before: readonly PlacedChain[], after: readonly PlacedChain[]): readonly PlacedChain[] {
  // Rules are plain data, each made by the same code: equal text means equal rules.
  return after.filter(({ chain }, i) => JSON.stringify(chain) !== JSON.stringify(before[i]?.chain))
}
