/**
 * Routes as `ip -j route show table all` tells them.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { type Family, type Ip, type Prefix, parseInterfaceAddress, parseIp, prefixOf } from '../base/ip.ts'
import { type Fields, fieldsOf, findNumber, findText, listOf, numberOf, textOf } from './dump-field.ts'
import { type Reading, readEntries, type Skip } from './dump-list.ts'
import type { NextHop, Route, RouteType } from './host.ts'

/**
 * The routes of one family. Asked for all tables, `ip` prints those of both families unless it is told
 * which: those of the other are passed over.
 *
 * @throws {InputError} naming the route and the field that is not as `ip` writes it
 */
export function readRoutes(json: unknown, family: Family): Reading<Route> {
  return readEntries('ip route', json, (fields, skip) =>
    familyOfEntry(fields, family) === family ? routesOf(fields, family, skip) : [],
  )
}

/** Whether there is a route of the family among them. */
export function hasRoutes(json: unknown, family: Family): boolean {
  return readEntries('ip route', json, fields => [familyOfEntry(fields, 4) === family]).values.includes(true)
}

/** `default` does not say of which family it is; a gateway does, and only IPv6 routes have a preference. */
function familyOfEntry(fields: Fields, asked: Family): Family {
  const to = textOf(fields, 'dst')
  if (to !== 'default') return to.includes(':') ? 6 : 4
  if (fields.has('via')) return 4 // a gateway of the other family than the route's: of IPv6
  if (fields.has('pref')) return 6
  const [hop] = listOf(fields, 'nexthops')
  const speaking = findText(fields, 'gateway') ?? findText(fields, 'prefsrc') ?? findText(fieldsOf(hop), 'gateway')
  return speaking === undefined ? asked : speaking.includes(':') ? 6 : 4
}

const TYPES: ReadonlySet<string> = new Set<RouteType>([
  'local',
  'broadcast',
  'anycast',
  'multicast',
  'blackhole',
  'unreachable',
  'prohibit',
  'throw',
  'nat',
])

/** What makes a route one that only some packets take, or that changes them: podwire has no word for it. */
const STRANGE: readonly (readonly [field: string, what: string])[] = [
  ['tos', 'is for one TOS only'],
  ['from', 'is for some sources only'],
  ['encap', 'encapsulates'],
  ['newdst', 'changes labels'],
  ['iif', 'is a cached one'],
]

function routesOf(fields: Fields, family: Family, skip: Skip): readonly Route[] {
  const place = nameOf(fields)
  const strange = STRANGE.find(([field]) => fields.has(field))
  if (strange) {
    skip(`${place} ${strange[1]}`)
    return []
  }
  const type = findText(fields, 'type') ?? 'unicast'
  if (type !== 'unicast' && !isType(type)) {
    skip(`${place} is of type ${type}`)
    return []
  }
  const ways = waysOf(fields, place, skip)
  if (ways === undefined) return []
  return [
    {
      to: destinationOf(fields, family),
      ...ways,
      ...(type === 'unicast' ? {} : { type }),
      ...tableOf(fields),
      ...sourceOf(fields),
      ...makerOf(findText(fields, 'protocol')),
      ...scopeOf(findText(fields, 'scope')),
      ...(fields.has('metric') ? { metric: numberOf(fields, 'metric') } : {}),
      ...mtuOf(fields),
    },
  ]
}

function isType(text: string): text is RouteType {
  return TYPES.has(text)
}

function nameOf(fields: Fields): string {
  const table = findText(fields, 'table')
  return `route ${textOf(fields, 'dst')}${table === undefined ? '' : ` of table ${table}`}`
}

function destinationOf(fields: Fields, family: Family): Prefix {
  const text = textOf(fields, 'dst')
  const { address, bits } = parseInterfaceAddress(text === 'default' ? (family === 4 ? '0.0.0.0/0' : '::/0') : text)
  return prefixOf(address, bits)
}

type Ways = Pick<Route, 'via' | 'link' | 'onlink' | 'hops'>

/** Nothing if all of its ways are dead. */
function waysOf(fields: Fields, place: string, skip: Skip): Ways | undefined {
  const listed = listOf(fields, 'nexthops')
  if (listed.length === 0) {
    if (!isDead(fields)) return { link: findText(fields, 'dev') ?? '', ...gatewayOf(fields) }
    skip(`${place} is dead: its link ${findText(fields, 'dev') ?? ''} is down`)
    return undefined
  }
  const all = listed.map(fieldsOf)
  if (all.some(hop => hop.has('encap'))) {
    skip(`${place} encapsulates`)
    return undefined
  }
  const hops = all.filter(hop => !isDead(hop)).map(hopOf)
  if (hops.length < all.length) skip(`${place}: ${all.length - hops.length} of its ${all.length} ways are dead`)
  const [first] = hops
  return first && { link: first.link, hops }
}

/** The kernel passes over it. @see fib_select_default, RTNH_F_DEAD in net/ipv4/fib_semantics.c of Linux */
function isDead(fields: Fields): boolean {
  return listOf(fields, 'flags').includes('dead')
}

function hopOf(fields: Fields): NextHop {
  const weight = findNumber(fields, 'weight', 65536) ?? 1
  if (weight < 1) throw new ParseError('weight', String(weight), 'not from 1')
  return { ...gatewayOf(fields), link: textOf(fields, 'dev'), weight }
}

/** A gateway of the other family is written apart: `"via": {"family": "inet6", "host": "fe80::1"}`. */
function gatewayOf(fields: Fields): { readonly via?: Ip; readonly onlink?: true } {
  const text = findText(fields, 'gateway') ?? findText(fieldsOf(fields.get('via')), 'host')
  return {
    ...(text === undefined ? {} : { via: parseIp(text) }),
    ...(listOf(fields, 'flags').includes('onlink') ? { onlink: true } : {}),
  }
}

const WELL_KNOWN: Readonly<Record<string, string>> = { 253: 'default', 254: 'main', 255: 'local' }

/** A table's name: the kernel's own three by their names, even where a machine has none for them. */
export function tableName(text: string): string {
  return Object.hasOwn(WELL_KNOWN, text) ? (WELL_KNOWN[text] ?? text) : text
}

function tableOf(fields: Fields): Pick<Route, 'table'> {
  const text = findText(fields, 'table')
  const table = text === undefined ? 'main' : tableName(text)
  return table === 'main' ? {} : { table }
}

function sourceOf(fields: Fields): Pick<Route, 'src'> {
  const text = findText(fields, 'prefsrc')
  return text === undefined ? {} : { src: parseIp(text) }
}

/** Whatever made a route, it was not podwire unless it says nothing. */
function makerOf(protocol: string | undefined): Pick<Route, 'proto'> {
  if (protocol === undefined || protocol === 'boot') return {}
  return { proto: protocol === 'kernel' ? 'kernel' : 'static' }
}

function scopeOf(scope: string | undefined): Pick<Route, 'scope'> {
  return scope === 'link' || scope === 'host' ? { scope } : {}
}

function mtuOf(fields: Fields): Pick<Route, 'mtu'> {
  for (const one of listOf(fields, 'metrics')) {
    const mtu = findNumber(fieldsOf(one), 'mtu')
    if (mtu !== undefined) return { mtu }
  }
  return {}
}
