/**
 * A host as the tools tell it: one value made of what `ip`, `bridge` and `sysctl` printed.
 *
 * Whoever calls has decoded the JSON. What podwire has no word for is not dropped without notice: it is
 * listed with the reason.
 *
 * @module
 */
import { FAMILIES, type Family } from '../base/ip.ts'
import { readAddresses } from './dump-addresses.ts'
import { readBridgePorts, readLinks, withPorts } from './dump-links.ts'
import type { Reading } from './dump-list.ts'
import { hasRoutes, readRoutes } from './dump-routes.ts'
import { readRoutingRules } from './dump-rules.ts'
import { readBridgeEntries, readFdb, readNeighbours } from './dump-stations.ts'
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

/** @throws {InputError | ParseError} naming the tool and the entry that is not as it writes it */
export function readHostDump(dump: HostDump): ReadHost {
  const skipped: string[] = []
  const take = <T>({ values, skipped: left }: Reading<T>): readonly T[] => {
    for (const reason of left) skipped.push(reason)
    return values
  }
  const list = (json: unknown) => json ?? []
  const ports = take(readBridgePorts(list(dump.ports)))
  const network: HostNetwork = {
    links: withPorts(take(readLinks(list(dump.links))), ports),
    addresses: take(readAddresses(list(dump.addresses))),
    routes: FAMILIES.flatMap(family => take(readRoutes(list(routesFor(dump, family)), family))),
    neighbours: take(readNeighbours(list(dump.neighbours))),
    fdb: take(readFdb(list(dump.fdb))),
    sysctls: readSysctls(dump.sysctls ?? ''),
  }
  const routingRules = FAMILIES.flatMap(family => {
    const told = dump.routingRules?.[family]
    return told === undefined ? kernelRules(family) : take(readRoutingRules(told, family))
  })
  const bridgeEntries = take(readBridgeEntries(list(dump.fdb)))
  return {
    network: {
      ...network,
      ...(dump.routingRules ? { routingRules } : {}),
      ...(dump.fdb === undefined ? {} : { bridgeEntries }),
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
