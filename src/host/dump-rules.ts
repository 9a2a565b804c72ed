/**
 * Routing rules as `ip -j rule` tells them.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { type Family, familyOf, type Prefix, parseIp, prefixOf, widthOf } from '../base/ip.ts'
import { ICMP, ICMPV6, type Protocol, SCTP, TCP, UDP } from '../base/protocol.ts'
import { type Fields, findNumber, findText, flagOf, numberOf, textOf } from './dump-field.ts'
import { type Reading, readEntries } from './dump-list.ts'
import { tableName } from './dump-routes.ts'
import type { RoutingRule } from './host.ts'

/** What podwire cannot decide of a packet: a rule with it is left out. */
const STRANGE: readonly (readonly [field: string, what: string])[] = [
  ['uid_start', 'asks for the user'],
  ['tun_id', 'asks for the tunnel'],
  ['l3mdev', 'asks for the VRF'],
  ['suppress_ifgroup', 'asks for the group of links'],
  ['dscp', 'asks for the DSCP'],
  ['flowlabel', 'asks for the flow label'],
  ['nat_gateway', 'translates'],
  ['masquerade', 'translates'],
]

/**
 * The rules of one family, in the order in which they are asked.
 *
 * @throws {InputError} naming the rule and the field that is not as `ip` writes it
 */
export function readRoutingRules(json: unknown, family: Family): Reading<RoutingRule> {
  return readEntries('ip rule', json, (fields, skip) => {
    const priority = numberOf(fields, 'priority')
    const strange = STRANGE.find(([field]) => fields.has(field))
    const protocol = protocolOf(fields)
    if (strange) skip(`routing rule ${priority} ${strange[1]}`)
    else if (protocol === 'unknown') skip(`routing rule ${priority} asks for protocol ${textOf(fields, 'ipproto')}`)
    else
      return [{ family, priority, ...conditionsOf(fields, family), ...(protocol && { protocol }), ...actionOf(fields) }]
    return []
  })
}

type Conditions = Omit<RoutingRule, 'family' | 'priority' | 'action' | 'protocol'>

function conditionsOf(fields: Fields, family: Family): Conditions {
  const from = prefixIn(fields, 'src', 'srclen', family)
  const to = prefixIn(fields, 'dst', 'dstlen', family)
  const mark = hexIn(fields, 'fwmark')
  const input = findText(fields, 'iif')
  const output = findText(fields, 'oif')
  const tos = hexIn(fields, 'tos')
  const sport = portsIn(fields, 'sport')
  const dport = portsIn(fields, 'dport')
  return {
    ...(flagOf(fields, 'not') && { not: true }),
    ...(from && { from }),
    ...(to && { to }),
    ...(mark !== undefined && { mark: { is: mark, mask: hexIn(fields, 'fwmask') ?? -1 } }),
    ...(input !== undefined && { in: input }),
    ...(output !== undefined && { out: output }),
    ...(tos !== undefined && { tos }),
    ...(sport && { sport }),
    ...(dport && { dport }),
  }
}

function prefixIn(fields: Fields, name: string, length: string, family: Family): Prefix | undefined {
  const text = findText(fields, name)
  if (text === undefined || text === 'all' || text === 'default') return undefined
  const address = parseIp(text)
  if (familyOf(address) !== family) throw new ParseError(`field ${name}`, text, `not an IPv${family} address`)
  const bits = findNumber(fields, length, widthOf(family)) ?? widthOf(family)
  return prefixOf(address, bits)
}

const NUMBER = /^(?:0x[0-9a-f]{1,8}|\d{1,10})$/i

/** 32 bits, signed; the tools write them as text. */
function hexIn(fields: Fields, name: string): number | undefined {
  if (!fields.has(name)) return undefined
  const value = fields.get(name)
  const number = typeof value === 'string' && NUMBER.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number) || number < 0 || number > 0xffff_ffff) {
    throw new ParseError(`field ${name}`, String(value).slice(0, 60), 'not a number of 32 bits')
  }
  return number | 0
}

function portsIn(fields: Fields, name: string): RoutingRule['sport'] {
  const one = findNumber(fields, name, 0xffff)
  if (one !== undefined) return { from: one, to: one }
  const from = findNumber(fields, `${name}_start`, 0xffff)
  return from === undefined ? undefined : { from, to: numberOf(fields, `${name}_end`, 0xffff) }
}

/** By the names of `/etc/protocols`. */
const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  icmp: ICMP,
  igmp: 2,
  ipencap: 4,
  tcp: TCP,
  udp: UDP,
  dccp: 33,
  ipv6: 41,
  gre: 47,
  esp: 50,
  ah: 51,
  'ipv6-icmp': ICMPV6,
  icmpv6: ICMPV6,
  ospf: 89,
  pim: 103,
  vrrp: 112,
  l2tp: 115,
  sctp: SCTP,
  udplite: 136,
}

function protocolOf(fields: Fields): Protocol | 'unknown' | undefined {
  if (!fields.has('ipproto')) return undefined
  const value = fields.get('ipproto')
  if (typeof value === 'number') return numberOf(fields, 'ipproto', 255)
  const text = textOf(fields, 'ipproto').toLowerCase()
  if (/^\d{1,3}$/.test(text) && Number(text) < 256) return Number(text)
  return Object.hasOwn(PROTOCOLS, text) ? PROTOCOLS[text] : 'unknown'
}

type Action = Pick<RoutingRule, 'action' | 'table' | 'target' | 'suppressBits'>

function actionOf(fields: Fields): Action {
  if (fields.has('nop')) return { action: 'nop' }
  if (fields.has('goto')) {
    // A rule that nobody gave a target to does nothing.
    return fields.get('goto') === 'none' ? { action: 'nop' } : { action: 'goto', target: numberOf(fields, 'goto') }
  }
  const action = findText(fields, 'action') ?? findText(fields, 'to_tbl')
  if (action === 'blackhole' || action === 'unreachable' || action === 'prohibit') return { action }
  if (action !== undefined) throw new ParseError('field action', action, 'not an action of a routing rule')
  const suppressBits = findNumber(fields, 'suppress_prefixlen', 128) ?? findNumber(fields, 'suppress_prefixlength', 128)
  return {
    action: 'lookup',
    table: tableName(textOf(fields, 'table')),
    ...(suppressBits !== undefined && { suppressBits }),
  }
}
