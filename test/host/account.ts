/**
 * A host's network as lines that people can read and compare, sorted within each kind.
 *
 * @module
 */
import { formatInterfaceAddress, formatIp, formatPrefix } from '../../src/base/ip.ts'
import { formatMac } from '../../src/base/mac.ts'
import type { HostNetwork, Link, NextHop, Route, RoutingRule } from '../../src/host/host.ts'

export function accountOf(network: HostNetwork): readonly string[] {
  return [
    ...network.links.map(linkLine).sort(),
    ...network.addresses
      .map(({ link, own, scope, deprecated }) =>
        words('address', formatInterfaceAddress(own), link, scope, deprecated && 'deprecated'),
      )
      .sort(),
    ...network.routes.map(routeLine).sort(),
    ...(network.routingRules ?? []).map(ruleLine),
    ...network.neighbours
      .map(({ ip, link, mac, learned }) => words('neighbour', formatIp(ip), link, formatMac(mac), learned && 'learned'))
      .sort(),
    ...network.fdb
      .map(({ mac, link, dst, port, vni }) =>
        words('entry', formatMac(mac), link, formatIp(dst), named('port', port), named('vni', vni)),
      )
      .sort(),
    ...(network.bridgeEntries ?? [])
      .map(({ mac, bridge, port }) => words('station', formatMac(mac), bridge, port))
      .sort(),
    ...network.sysctls.map(({ key, value }) => `sysctl ${key} = ${value}`).sort(),
  ]
}

type Word = string | false | undefined

function words(...all: readonly Word[]): string {
  return all.filter(Boolean).join(' ')
}

function named(name: string, value: string | number | undefined): Word {
  return value === undefined ? undefined : `${name} ${value}`
}

function linkLine(link: Link): string {
  const { kind, name, mtu, down } = link
  const mac = link.mac && formatMac(link.mac)
  const master = 'master' in link ? link.master : undefined
  const tunnel =
    kind === 'vxlan' &&
    words(
      `vni ${link.vni}`,
      `local ${formatIp(link.local)}`,
      `by ${link.uplink}`,
      `port ${link.port}`,
      link.learning && 'learning',
      link.gbp && 'gbp',
    )
  return words(
    'link',
    name,
    kind,
    `mtu ${mtu}`,
    mac,
    named('of', master),
    'hairpin' in link && link.hairpin && 'hairpin',
    tunnel,
    down && 'down',
  )
}

function hopWords({ via, link, onlink }: Omit<NextHop, 'weight'>): string {
  return words(via !== undefined && `via ${formatIp(via)}`, link !== '' && `dev ${link}`, onlink && 'onlink')
}

function routeLine(route: Route): string {
  const { to, type, table, proto, scope, src, metric, mtu, hops } = route
  const ways = hops ? hops.map(hop => `[${hopWords(hop)} weight ${hop.weight}]`).join(' ') : hopWords(route)
  return words(
    'route',
    type,
    formatPrefix(to),
    ways,
    named('table', table),
    named('proto', proto),
    named('scope', scope),
    named('src', src && formatIp(src)),
    named('metric', metric),
    named('mtu', mtu),
  )
}

function ruleLine(rule: RoutingRule): string {
  const { family, priority, not, from, to, mark, protocol, sport, dport, tos, action, table, target, suppressBits } =
    rule
  const range = (name: string, ports: RoutingRule['sport']) => ports && `${name} ${ports.from}-${ports.to}`
  return words(
    `rule${family}`,
    `${priority}:`,
    not && 'not',
    from && `from ${formatPrefix(from)}`,
    to && `to ${formatPrefix(to)}`,
    mark && `mark ${mark.is}/${mark.mask}`,
    named('in', rule.in),
    named('out', rule.out),
    named('protocol', protocol),
    range('sport', sport),
    range('dport', dport),
    named('tos', tos),
    action,
    table,
    target === undefined ? undefined : `${target}`,
    named('suppress', suppressBits),
  )
}
