/**
 * How much kube-proxy puts on a node in each mode.
 *
 * @module
 */
import { FAMILIES } from '../base/ip.ts'
import { formatRestore } from '../netfilter/format.ts'
import { formatSetsRestore } from '../netfilter/ipset-text.ts'
import { formatIpvsRestore } from '../netfilter/ipvs/ipvsadm-text.ts'
import type { NftLookup } from '../netfilter/nftables/expression.ts'
import { formatNftFile } from '../netfilter/nftables/file.ts'
import type { NftStatement, NftTable } from '../netfilter/nftables/rule.ts'
import { BUILT_IN, type Ruleset } from '../netfilter/rule.ts'
import type { ProxyPart } from './proxy-part.ts'

/** What can be counted, in the order in which it is told. */
export const COUNTS = [
  'rules',
  'chains',
  'sets',
  'elements',
  'virtualServers',
  'realServers',
  'bound',
  'bytes',
] as const

export type Count = (typeof COUNTS)[number]

/**
 * `chains` are those that kube-proxy makes; `sets` are those of ipset, and sets and maps of nftables; `elements` are what they hold,
 * and what maps within rules do; `bound` are addresses of kube-ipvs0; `bytes` is the text that tools load for all of it.
 */
export type ModeSize = Readonly<Record<Count, number>>

export const NO_SIZE: ModeSize = {
  rules: 0,
  chains: 0,
  sets: 0,
  elements: 0,
  virtualServers: 0,
  realServers: 0,
  bound: 0,
  bytes: 0,
}

export function addSizes(a: ModeSize, b: ModeSize): ModeSize {
  return Object.fromEntries(COUNTS.map(count => [count, a[count] + b[count]])) as unknown as ModeSize
}

/** @param part without kubelet's chains, which are the same in every mode */
export function modeSize({ rules, tables, sets, ipvs, host }: ProxyPart): ModeSize {
  const sizes = [...FAMILIES.map(family => rulesetSize(rules[family])), ...tables.map(tableSize)]
  const servers = ipvs?.servers ?? []
  const own: ModeSize = {
    ...NO_SIZE,
    sets: sets.length,
    elements: sum(sets.map(({ entries }) => entries.length)),
    virtualServers: servers.length,
    realServers: sum(servers.map(({ reals }) => reals.length)),
    bound: host.addresses?.length ?? 0,
    bytes:
      (tables.length > 0 ? bytesOf(formatNftFile({ tables })) : 0) +
      (sets.length > 0 ? bytesOf(formatSetsRestore(sets)) : 0) +
      (ipvs ? bytesOf(formatIpvsRestore(servers, ipvs)) : 0),
  }
  return sizes.reduce(addSizes, own)
}

function rulesetSize(ruleset: Ruleset): ModeSize {
  if (ruleset.tables.size === 0) return NO_SIZE
  let rules = 0
  let chains = 0
  for (const { name, chains: own } of ruleset.tables.values()) {
    for (const chain of own.values()) {
      rules += chain.rules.length
      if (!BUILT_IN[name].includes(chain.name)) chains++
    }
  }
  return { ...NO_SIZE, rules, chains, bytes: bytesOf(formatRestore(ruleset)) }
}

function tableSize({ sets, chains }: NftTable): ModeSize {
  const rules = chains.flatMap(chain => chain.rules)
  const named = sum(sets.map(({ elements }) => elements.length))
  const within = sum(rules.map(({ statements }) => sum(statements.map(elementsWithin))))
  return { ...NO_SIZE, rules: rules.length, chains: chains.length, sets: sets.length, elements: named + within }
}

/** How many elements stand in the rule itself, as `{ 0 : …, 1 : … }`. */
function elementsWithin(statement: NftStatement): number {
  if (statement.do === 'vmap') return anonymous(statement.in)
  if (statement.do === 'nat') return statement.address?.kind === 'map' ? anonymous(statement.address.in) : 0
  return statement.do === 'match' && 'elements' in statement.right ? anonymous(statement.right) : 0
}

function anonymous(lookup: NftLookup): number {
  return lookup.kind === 'anonymous' ? lookup.elements.length : 0
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** kube-proxy writes ASCII, and so do all who write what it asks for. */
function bytesOf({ length }: string): number {
  return length
}
