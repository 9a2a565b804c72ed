/**
 * Policy routing: which tables are asked about a packet, and in which order.
 *
 * @see net/core/fib_rules.c of Linux: fib_rules_lookup; net/ipv4/fib_rules.c, net/ipv6/fib6_rules.c
 * @module
 */
import { contains, type Family, type Ip } from '../base/ip.ts'
import type { Protocol } from '../base/protocol.ts'
import type { Route, RoutingRule } from '../host/host.ts'
import type { Device } from './device.ts'
import { formatRoutingRule } from './routing-rule-text.ts'
import { createRoutingTable, findRoute, type RoutingTable, type TableRoute, type Way } from './routing-table.ts'
import { tableName, tableOf } from './table-name.ts'

/** What a lookup is about. */
export interface Query {
  readonly dst: Ip
  /** Unspecified where it is not known yet. */
  readonly src: Ip
  /** The device that the packet came by; `lo` for the machine's own. */
  readonly in: string
  /** The device that it must leave by. */
  readonly out?: string
  readonly mark: number
  readonly tos: number
  /** 0, as the ports are, where a rule cannot see them. */
  readonly protocol: Protocol
  readonly sport: number
  readonly dport: number
}

export type NoRouteType = 'none' | 'blackhole' | 'unreachable' | 'prohibit'

/** What the rules and tables say to a query. */
export type Finding = FoundRoute | NoRoute

interface Place {
  /** The table that answered. */
  readonly table?: string
  /** The rule that led there, when it is not one of the usual three. */
  readonly rule?: string
}

export interface FoundRoute extends Place {
  readonly kind: 'route'
  readonly found: TableRoute
  readonly ways: readonly Way[]
}

/** `host`: the destination is known to be unreachable, which a missing route does not say. */
export interface NoRoute extends Place {
  readonly kind: 'none'
  readonly type: NoRouteType
  readonly host?: true
  readonly found?: TableRoute
}

/** The tables and rules of one family. */
export interface Routing {
  readonly family: Family
  readonly rules: readonly AskedRule[]
  readonly local: RoutingTable
  /** Somebody wrote rules or local routes beside the kernel's own. */
  readonly custom: boolean
}

interface AskedRule {
  readonly rule: RoutingRule
  readonly table: RoutingTable
  readonly name: string
  readonly text?: string
}

const USUAL: Readonly<Record<Family, readonly (readonly [priority: number, table: string])[]>> = {
  4: [
    [0, 'local'],
    [32766, 'main'],
    [32767, 'default'],
  ],
  6: [
    [0, 'local'],
    [32766, 'main'],
  ],
}

/**
 * @param routes of the family, the kernel's own among them
 * @param rules of the machine; none of the family means the kernel's own
 */
export function createRouting(
  family: Family,
  routes: readonly Route[],
  rules: readonly RoutingRule[],
  devices: ReadonlyMap<string, Device>,
): Routing {
  const byTable = new Map<string, TableRoute[]>()
  for (const route of routes) {
    const table = tableOf(route)
    const ready = tableRoute(family, route, table, devices)
    const same = byTable.get(table)
    if (same) same.push(ready)
    else byTable.set(table, [ready])
  }
  const tables = new Map<string, RoutingTable>()
  const table = (name: string) => {
    const known = tables.get(name)
    if (known) return known
    const made = createRoutingTable(family, byTable.get(name) ?? [])
    tables.set(name, made)
    return made
  }
  const given = rules.filter(rule => rule.family === family).toSorted((a, b) => a.priority - b.priority)
  const local = table('local')
  const customLocal = routes.some(({ type, proto }) => type === 'local' && proto !== 'kernel')
  if (family === 4 && given.every(isUsual)) return { family, rules: merged(byTable), local, custom: customLocal }
  const used = given.length > 0 ? given : USUAL[family].map(([priority, name]) => lookup(family, priority, name))
  const asked = used.map((rule): AskedRule => {
    const name = tableName(rule.table ?? '')
    return { rule, table: table(name), name, ...(isUsual(rule) ? {} : { text: formatRoutingRule(rule) }) }
  })
  return { family, rules: asked, local, custom: true }
}

function lookup(family: Family, priority: number, table: string): RoutingRule {
  return { family, priority, action: 'lookup', table }
}

/**
 * As long as nobody writes a rule, IPv4's local and main tables are one: the longest prefix wins
 * wherever it stands, and of equal ones the local.
 *
 * @see net/ipv4/fib_trie.c of Linux: fib_trie_unmerge
 */
function merged(byTable: ReadonlyMap<string, readonly TableRoute[]>): readonly AskedRule[] {
  const of = (name: string) => byTable.get(name) ?? []
  // Whatever their metrics, local routes come before others to the same network.
  const local = of('local').map(route => ({ ...route, metric: route.metric - 0x1_0000_0000 }))
  const both = createRoutingTable(4, [...local, ...of('main')])
  return [
    { rule: lookup(4, 0, 'main'), table: both, name: 'main' },
    { rule: lookup(4, 32767, 'default'), table: createRoutingTable(4, of('default')), name: 'default' },
  ]
}

function isUsual(rule: RoutingRule): boolean {
  const { family, priority, action, table } = rule
  const plain = { family, priority, action, table }
  const bare = Object.entries(rule).every(([key, value]) => key in plain || value === undefined)
  return (
    bare &&
    action === 'lookup' &&
    USUAL[family].some(([usual, name]) => usual === priority && name === tableName(table ?? ''))
  )
}

/** The metric of an IPv6 route that says none. @see IP6_RT_PRIO_USER */
const METRIC_6 = 1024

function tableRoute(family: Family, route: Route, table: string, devices: ReadonlyMap<string, Device>): TableRoute {
  const type = route.type ?? 'unicast'
  const hops = route.hops ?? [{ link: route.link, weight: 1, ...(route.via === undefined ? {} : { via: route.via }) }]
  const ways = hops.flatMap(({ link, via, weight }): Way[] => {
    const device = devices.get(link)
    // The machine's own addresses stay its own while their device is down.
    if (!device || !(device.up || type === 'local')) return []
    return [{ device, weight, ...(via === undefined ? {} : { via }) }]
  })
  return { route, table, type, metric: route.metric ?? (family === 4 ? 0 : METRIC_6), ways }
}

/** What the machine's rules and tables say of a destination. */
export function consult({ rules }: Routing, query: Query): Finding {
  for (let i = 0; i < rules.length; i++) {
    const asked = rules[i]
    if (!asked || !applies(asked.rule, query)) continue
    const { rule } = asked
    if (rule.action === 'goto') i = targetOf(rules, i, rule.target) - 1
    const finding = carryOut(asked, query)
    if (finding) return finding
  }
  return { kind: 'none', type: 'none' }
}

/** A jump to where no rule is leads to the next one. */
function targetOf(rules: readonly AskedRule[], from: number, priority: number | undefined): number {
  const at = rules.findIndex(({ rule }) => rule.priority === priority)
  return at > from ? at : from + 1
}

/** Nothing: the next rule is asked. */
function carryOut({ rule, table, name, text }: AskedRule, query: Query): Finding | undefined {
  const led = text === undefined ? {} : { rule: text }
  switch (rule.action) {
    case 'goto':
    case 'nop':
      return undefined
    case 'blackhole':
    case 'unreachable':
    case 'prohibit':
      // Of a rule, unlike of a route, "unreachable" is said of the network.
      return { kind: 'none', type: rule.action, ...led }
    case 'lookup': {
      const match = findRoute(table, query.dst, query.out)
      if (!match || match.found.type === 'throw' || match.found.type === 'nat') return undefined
      const { found, ways } = match
      // In the merged table stand routes of two.
      const place = { table: found.table === 'local' ? 'local' : name, ...led }
      const { type } = found
      if (type === 'blackhole' || type === 'unreachable' || type === 'prohibit') {
        return { kind: 'none', type, found, ...place, ...(type === 'unreachable' ? { host: true } : {}) }
      }
      // What refuses is never passed over.
      if (rule.suppressBits !== undefined && found.route.to.bits <= rule.suppressBits) return undefined
      return { kind: 'route', found, ways, ...place }
    }
  }
}

function applies(rule: RoutingRule, query: Query): boolean {
  return holds(rule, query) !== (rule.not ?? false)
}

function holds(rule: RoutingRule, query: Query): boolean {
  if (rule.from && !contains(rule.from, query.src)) return false
  if (rule.to && !contains(rule.to, query.dst)) return false
  if (rule.mark && ((query.mark ^ rule.mark.is) & rule.mark.mask) !== 0) return false
  if (rule.in !== undefined && rule.in !== query.in) return false
  if (rule.out !== undefined && rule.out !== query.out) return false
  if (rule.tos && (query.tos & (rule.family === 4 ? 0x1c : 0xfc)) !== rule.tos) return false
  if (rule.protocol && rule.protocol !== query.protocol) return false
  return isIn(rule.sport, query.sport) && isIn(rule.dport, query.dport)
}

function isIn(range: { readonly from: number; readonly to: number } | undefined, port: number): boolean {
  return !range || (port >= range.from && port <= range.to)
}
