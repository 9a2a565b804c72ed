/**
 * Priorities of base chains, by the names that nft gives them where family and hook allow.
 *
 * @see nft(8), CHAINS; src/rule.c of nftables 1.0.6, `prio2str` and `std_prio_family_hook_compat`
 * @module
 */
import type { NftBase, NftFamily } from './rule.ts'

interface Named {
  readonly name: string
  readonly priority: number
  readonly families: readonly NftFamily[]
  /** Absent: all hooks. */
  readonly hook?: NftBase['hook']
}

const IP: readonly NftFamily[] = ['ip', 'ip6', 'inet']
const BRIDGE: readonly NftFamily[] = ['bridge']

// biome-ignore format: a table
const NAMED: readonly Named[] = [
  { name: 'raw',      priority: -300, families: IP },
  { name: 'mangle',   priority: -150, families: IP },
  { name: 'dstnat',   priority: -100, families: IP, hook: 'prerouting' },
  { name: 'filter',   priority: 0,    families: [...IP, 'arp', 'netdev'] },
  { name: 'security', priority: 50,   families: IP },
  { name: 'srcnat',   priority: 100,  families: IP, hook: 'postrouting' },
  { name: 'dstnat',   priority: -300, families: BRIDGE, hook: 'prerouting' },
  { name: 'filter',   priority: -200, families: BRIDGE },
  { name: 'out',      priority: 100,  families: BRIDGE, hook: 'output' },
  { name: 'srcnat',   priority: 300,  families: BRIDGE, hook: 'postrouting' },
]

/** How far from a name's own priority nft still counts from it. */
const REACH = 10

/** `dstnat - 10`, `filter`, or a number where no name is near. */
export function formatNftPriority(family: NftFamily, { hook, priority }: Pick<NftBase, 'hook' | 'priority'>): string {
  const near = NAMED.find(
    named =>
      Math.abs(named.priority - priority) <= REACH &&
      named.families.includes(family) &&
      (named.hook === undefined || named.hook === hook),
  )
  if (!near) return `${priority}`
  const offset = priority - near.priority
  if (offset === 0) return near.name
  return offset > 0 ? `${near.name} + ${offset}` : `${near.name} - ${-offset}`
}

/** The priority that the text stands for in a chain of that family; nothing where it is none. */
export function findNftPriority(family: NftFamily, text: string): number | undefined {
  const [, name, digits, sign, offset] = /^(?:([a-z]+)|(-?\d{1,10}))(?: ([+-]) (\d{1,10}))?$/.exec(text) ?? []
  const named = NAMED.find(({ name: own, families }) => own === name && families.includes(family))
  const base = digits === undefined ? named?.priority : Number(digits)
  if (base === undefined) return undefined
  return base + Number(`${sign ?? '+'}${offset ?? 0}`)
}
