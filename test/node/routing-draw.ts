/**
 * Addresses, routes, rules and questions for routing, drawn so that they meet often.
 */
import { type Family, familyOf, formatIp, formatPrefix, type Prefix, parseNetwork } from '../../src/base/ip.ts'
import { drawInteger, type Random } from '../../src/base/random.ts'
import type { HostNetwork, Route, RoutingRule } from '../../src/host/host.ts'
import { formatRoutingRule } from '../../src/node/routing-rule-text.ts'
import { mac, route } from './world.ts'

export const DEVICES = ['e0', 'e1', 'e2'] as const

export const LINKS: HostNetwork['links'] = [
  ...DEVICES.map((name, i) => ({ kind: 'uplink', name, mtu: 1500, mac: mac(i + 1) }) as const),
  { kind: 'uplink', name: 'off', mtu: 1500, mac: mac(9), down: true },
]

/** What is asked about: a packet of the machine's own, or one that came by a device. */
export interface Question {
  readonly dst: string
  readonly src?: string
  readonly in?: string
  readonly mark: number
}

export interface Ground {
  readonly name: string
  readonly family: Family
  readonly addresses: readonly (readonly [link: string, text: string])[]
  /** That routes and rules are drawn from. */
  readonly networks: readonly string[]
  readonly gateways: Readonly<Record<string, string>>
  /** That questions are drawn from. */
  readonly asked: readonly string[]
  /** IPv6 drops these before it asks about them. */
  readonly neverIn: readonly string[]
}

// biome-ignore format: lists of addresses
export const FOUR: Ground = {
  name: 'IPv4',
  family: 4,
  addresses: [
    ['e0', '10.0.0.1/24'], ['e0', '10.0.0.2/24'], ['e0', '10.0.9.1/24'], ['e1', '10.1.0.1/16'],
    ['e1', '192.168.7.7/32'], ['e2', '10.2.0.9/30'], ['off', '10.3.0.1/24'],
  ],
  networks: [
    '0.0.0.0/0', '0.0.0.0/1', '10.0.0.0/8', '10.0.0.0/16', '10.0.0.0/25', '10.1.2.0/24', '10.1.2.3/32', '10.4.0.0/14',
    '10.5.0.0/16', '10.5.5.0/24', '10.5.5.5/32', '172.16.0.0/12', '10.3.0.0/24', '127.5.0.0/16',
  ],
  gateways: { e0: '10.0.0.254', e1: '10.1.0.254', e2: '10.2.0.10' },
  asked: [
    '10.0.0.1', '10.0.0.2', '10.0.0.77', '10.0.0.255', '10.0.9.9', '10.1.2.3', '10.1.2.4', '10.1.255.255', '10.2.0.10',
    '10.2.0.11', '10.3.0.1', '10.3.0.5', '10.5.5.5', '10.5.5.6', '10.5.6.1', '10.6.0.1', '10.200.0.1', '172.16.9.9',
    '192.168.7.7', '192.168.7.8', '8.8.8.8', '200.1.1.1', '127.0.0.1', '127.5.0.5', '255.255.255.255',
  ],
  neverIn: [],
}

// biome-ignore format: lists of addresses
export const SIX: Ground = {
  name: 'IPv6',
  family: 6,
  addresses: [['e0', 'fd00::1/64'], ['e0', '2001:db8::1/64'], ['e1', 'fd01::1/48'], ['e2', 'fd02::9/126']],
  networks: [
    '::/0', 'fd00::/8', 'fd00::/16', 'fd00::/80', 'fd01:0:0:2::/64', 'fd01:0:0:2::3/128', 'fd05::/32', 'fd05:0:5::/48',
    'fd05:0:5::5/128', '2001:db8:9::/48', '2000::/3',
  ],
  gateways: { e0: 'fe80::fe', e1: 'fe80::fe', e2: 'fe80::fe' },
  asked: [
    'fd00::1', 'fd00::77', 'fd00:0:0:1::1', '2001:db8::1', '2001:db8::2', '2001:db8:9::9', 'fd01::1', 'fd01:0:0:2::3',
    'fd01:0:0:2::4', 'fd01:0:1::1', 'fd02::a', 'fd02::8', 'fd05::1', 'fd05:0:5::5', 'fd05:0:5::6', 'fd99::1', '2600::1',
    '::1',
  ],
  neverIn: ['::1'],
}

const REFUSALS = ['blackhole', 'unreachable', 'prohibit', 'throw'] as const

/** About twenty, in three tables, each with a metric of its own: between equal ones the order would count. */
export function drawRoutes(ground: Ground, random: Random): readonly Route[] {
  return Array.from({ length: 22 }, (_, i): Route => {
    const to = pick(ground.networks, random)
    const base = { table: pick(['main', 'main', '100', '200'], random), metric: 10 + i }
    const link = pick(DEVICES, random)
    const kind = drawInteger(random, 10)
    const type = REFUSALS[kind]
    if (type) return route(to, { ...base, type })
    if (kind < 7) return route(to, { ...base, link, by: ground.gateways[link] ?? '', onlink: true })
    return route(to, { ...base, link, ...(ground.family === 4 ? { scope: 'link' } : {}) })
  })
}

/** Half a dozen, beside the kernel's own. */
export function drawRules({ family, networks }: Ground, random: Random): readonly RoutingRule[] {
  const prefixes = networks.map(parseNetwork).filter(({ bits }) => bits > 0)
  const own: RoutingRule[] = [lookup(family, 0, 'local'), lookup(family, 32766, 'main')]
  if (family === 4) own.push(lookup(family, 32767, 'default'))
  const drawn = Array.from({ length: 6 }, (_, i): RoutingRule => {
    return { family, priority: 1000 + i * 10, ...selector(prefixes, random), ...action(i, random) }
  })
  return [...own, ...drawn]
}

function lookup(family: Family, priority: number, table: string): RoutingRule {
  return { family, priority, action: 'lookup', table }
}

function selector(prefixes: readonly Prefix[], random: Random): Partial<RoutingRule> {
  return {
    ...(oneIn(5, random) ? { not: true } : {}),
    ...(oneIn(3, random) ? { from: pick(prefixes, random) } : {}),
    ...(oneIn(3, random) ? { to: pick(prefixes, random) } : {}),
    ...(oneIn(3, random) ? { mark: { is: drawInteger(random, 4), mask: 3 } } : {}),
    ...(oneIn(4, random) ? { in: pick(['e0', 'lo'], random) } : {}),
  }
}

function action(i: number, random: Random): Pick<RoutingRule, 'action' | 'table' | 'target' | 'suppressBits'> {
  const drawn = pick(
    ['lookup', 'lookup', 'lookup', 'prohibit', 'unreachable', 'blackhole', 'goto', 'nop'] as const,
    random,
  )
  if (drawn === 'goto') return { action: drawn, target: 1000 + (i + 1 + drawInteger(random, 3)) * 10 }
  if (drawn !== 'lookup') return { action: drawn }
  const suppressBits = drawInteger(random, 17)
  return {
    action: drawn,
    table: pick(['100', '200', 'main'], random),
    ...(oneIn(3, random) ? { suppressBits } : {}),
  }
}

export function drawQuestions({ asked, neverIn }: Ground, random: Random, count: number): readonly Question[] {
  return Array.from({ length: count }, (): Question => {
    const mark = drawInteger(random, 4)
    if (oneIn(2, random)) return { dst: pick(asked, random), mark }
    const from = asked.filter(text => !neverIn.includes(text))
    return { dst: pick(from, random), src: pick(from, random), in: pick(DEVICES, random), mark }
  })
}

/** For `ip -batch`. */
export function setUpCommands(ground: Ground, routes: readonly Route[], rules: readonly RoutingRule[]): string {
  const links = LINKS.flatMap(({ name, down }, i) => [
    `link add ${name} address 02:00:00:00:00:0${down ? 9 : i + 1} type veth peer name peer-${name}`,
    `link set peer-${name} up`,
  ])
  return [
    'link set lo up',
    ...links,
    ...DEVICES.map(name => `link set ${name} up`),
    ...ground.addresses.map(([link, text]) => `addr add ${text} dev ${link}${ground.family === 6 ? ' nodad' : ''}`),
    ...routes.map(routeCommand),
    // A jump needs a rule to go to.
    ...rules
      .filter(isDrawn)
      .toReversed()
      .map(rule => `rule add priority ${formatRoutingRule(rule).replace(':', '')}`),
    '',
  ].join('\n')
}

function isDrawn({ priority }: RoutingRule): boolean {
  return priority >= 1000 && priority < 32000
}

function routeCommand({ to, type, via, link, table, metric, onlink, scope }: Route): string {
  const words = [
    `route add ${type ?? 'unicast'} ${formatPrefix(to)}`,
    via !== undefined && `via ${formatIp(via)}`,
    link && `dev ${link}`,
    `table ${table} metric ${metric}`,
    onlink && via !== undefined && familyOf(via) === 4 && 'onlink',
    scope && `scope ${scope}`,
  ]
  return words.filter(Boolean).join(' ')
}

export function questionCommand({ dst, src, in: by, mark }: Question): string {
  const words = [`route get ${dst}`, src && `from ${src}`, by && `iif ${by}`, mark && `mark ${mark}`]
  return words.filter(Boolean).join(' ')
}

function pick<T>(list: readonly T[], random: Random): T {
  const one = list[drawInteger(random, list.length)]
  if (one === undefined) throw new RangeError('nothing to pick from')
  return one
}

function oneIn(count: number, random: Random): boolean {
  return drawInteger(random, count) === 0
}
