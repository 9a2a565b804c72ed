/**
 * A host as the tools tell it: one value made of what `ip`, `bridge` and `sysctl` printed.
 *
 * Whoever calls has decoded the JSON. What podwire has no word for is not dropped without notice: it is
 * listed with the reason.
 *
 * @module
 */
import { within } from '../base/error.ts'
import { FAMILIES, type Family } from '../base/ip.ts'
import { readAddresses } from './dump-addresses.ts'
import { readBridgePorts, readLinks, withPorts } from './dump-links.ts'
import type { Reading } from './dump-list.ts'
import { hasRoutes, readRoutes } from './dump-routes.ts'
import { readRoutingRules } from './dump-rules.ts'
import { readBridgeEntries, readFdb, readNeighbours, readSilence } from './dump-stations.ts'
import type { HostNetwork, RoutingRule } from './host.ts'
import { readSysctls } from './sysctl-text.ts'

/** What each tool printed, decoded; absent: it was not asked. */
export interface HostDump {
  /** `ip -d -j link` */
  readonly links?: unknown
  /** `ip -j addr` */
  readonly addresses?: unknown
  /** `ip -4|-6 -j route show table all` */
  readonly routes?: Readonly<Partial<Record<Family, unknown>>>
  /** `ip -4|-6 -j rule` */
  readonly routingRules?: Readonly<Partial<Record<Family, unknown>>>
  /** `ip -j neigh` */
  readonly neighbours?: unknown
  /** `bridge -j fdb` */
  readonly fdb?: unknown
  /** `bridge -j -d link` */
  readonly ports?: unknown
  /** `sysctl -a`, as text */
  readonly sysctls?: string
}

export interface ReadHost {
  readonly network: HostNetwork
  /** What was not read, and why. */
  readonly skipped: readonly string[]
}

/** The tools that a host dump is made of. */
export type DumpTool =
  | 'ip link'
  | 'ip addr'
  | 'ip route'
  | 'ip -6 route'
  | 'ip rule'
  | 'ip -6 rule'
  | 'ip neigh'
  | 'bridge fdb'
  | 'bridge link'
  | 'sysctl'

/**
 * @param places what each tool's output is called in messages; absent: as the tool
 * @throws {InputError} naming the place and the entry that is not as the tool writes it
 */
export function readHostDump(dump: HostDump, places: Readonly<Partial<Record<DumpTool, string>>> = {}): ReadHost {
  const skipped: string[] = []
  const at = <T>(tool: DumpTool, read: () => T): T => within(places[tool] ?? tool, read)
  const take = <T>(tool: DumpTool, read: () => Reading<T>): readonly T[] => {
    const { values, skipped: left } = at(tool, read)
    for (const reason of left) skipped.push(reason)
    return values
  }
  const ports = take('bridge link', () => readBridgePorts(dump.ports ?? []))
  const links = withPorts(
    take('ip link', () => readLinks(dump.links ?? [])),
    ports,
  )
  const addresses = take('ip addr', () => readAddresses(dump.addresses ?? []))
  const routes = FAMILIES.flatMap(family =>
    take(family === 4 ? 'ip route' : 'ip -6 route', () => readRoutes(routesFor(dump, family) ?? [], family)),
  )
  const routingRules = FAMILIES.flatMap(family => {
    const told = dump.routingRules?.[family]
    if (told === undefined) return kernelRules(family)
    return take(family === 4 ? 'ip rule' : 'ip -6 rule', () => readRoutingRules(told, family))
  })
  const neighbours = take('ip neigh', () => readNeighbours(dump.neighbours ?? []))
  const silent = take('ip neigh', () => readSilence(dump.neighbours ?? []))
  const fdb = take('bridge fdb', () => readFdb(dump.fdb ?? []))
  const bridgeEntries = take('bridge fdb', () => readBridgeEntries(dump.fdb ?? []))
  const sysctls = at('sysctl', () => readSysctls(dump.sysctls ?? ''))
  return {
    network: {
      links,
      addresses,
      routes,
      neighbours,
      fdb,
      sysctls,
      ...(dump.routingRules ? { routingRules } : {}),
      ...(dump.fdb === undefined ? {} : { bridgeEntries }),
      ...(silent.length > 0 ? { silent } : {}),
    },
    skipped,
  }
}

/** Asked for all tables but no family, `ip` tells the routes of both. */
function routesFor({ routes }: HostDump, family: Family): unknown {
  if (family === 4 || routes?.[6] !== undefined) return routes?.[family]
  return routes?.[4] !== undefined && hasRoutes(routes[4], 6) ? routes[4] : undefined
}

/** @see fib_default_rules_init in net/ipv4/fib_rules.c and fib6_rules_net_init in net/ipv6/fib6_rules.c of Linux */
function kernelRules(family: Family): readonly RoutingRule[] {
  const rules: readonly RoutingRule[] = [
    { family, priority: 0, action: 'lookup', table: 'local' },
    { family, priority: 32766, action: 'lookup', table: 'main' },
  ]
  return family === 6 ? rules : [...rules, { family, priority: 32767, action: 'lookup', table: 'default' }]
}
