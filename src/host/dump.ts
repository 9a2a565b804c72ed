/**
 * A host as the tools tell it: `ip -d -j link`, `ip -j addr`, `ip -4|-6 -j route`, `ip -j neigh`,
 * `bridge -j fdb`.
 *
 * Whoever calls has decoded the JSON. What podwire has no word for is not dropped without notice: it is
 * listed with the reason.
 *
 * @module
 */
import { ParseError, within } from '../base/error.ts'
import {
  type Family,
  type InterfaceAddress,
  isLinkLocal,
  parseInterfaceAddress,
  parseIp,
  prefixOf,
} from '../base/ip.ts'
import { type Mac, parseMac } from '../base/mac.ts'
import { type Fields, fieldsOf, findText, flagOf, listOf, numberOf, textOf } from './dump-field.ts'
import type { FdbEntry, Link, LinkAddress, Neighbour, Route } from './host.ts'

/** What was read, and what was not: in words, with the reason. */
export interface Reading<T> {
  readonly values: readonly T[]
  readonly skipped: readonly string[]
}

type Read<T> = (fields: Fields) => readonly T[] | string

/**
 * The links. A device of a kind that podwire does not make counts as an uplink, and a veth
 * pair's end in no bridge likewise.
 *
 * @throws {InputError} naming the link and the field that is not as `ip` writes it
 */
export function readLinks(json: unknown): Reading<Link> {
  return readAll('ip link', json, fields => [linkOf(fields)])
}

/** The addresses, but for those that an IPv6 device makes itself (link-local). @throws {InputError} */
export function readAddresses(json: unknown): Reading<LinkAddress> {
  return readAll('ip addr', json, fields => {
    const link = textOf(fields, 'ifname')
    return listOf(fields, 'addr_info')
      .map(one => fieldsOf(one))
      .map(one => ({ link, own: addressOf(one) }))
      .filter(({ own }) => !(own.bits === 64 && isLinkLocal(own.address)))
  })
}

/** The routes of one family; `default` says nothing of which. @throws {InputError} */
export function readRoutes(json: unknown, family: Family): Reading<Route> {
  return readAll('ip route', json, fields => routeOf(fields, family))
}

/** The permanent neighbours: what the kernel learned passes. @throws {InputError} */
export function readNeighbours(json: unknown): Reading<Neighbour> {
  return readAll('ip neigh', json, fields => {
    if (!listOf(fields, 'state').includes('PERMANENT')) return []
    const mac = findText(fields, 'lladdr')
    if (mac === undefined) return `neighbour ${textOf(fields, 'dst')} has no link-layer address`
    return [{ ip: parseIp(textOf(fields, 'dst')), link: textOf(fields, 'dev'), mac: parseMac(mac) }]
  })
}

/** The entries that lead into a tunnel; a bridge's own are the kernel's. @throws {InputError} */
export function readFdb(json: unknown): Reading<FdbEntry> {
  return readAll('bridge fdb', json, fields => {
    const dst = findText(fields, 'dst')
    if (dst === undefined) return []
    return [{ mac: parseMac(textOf(fields, 'mac')), link: textOf(fields, 'ifname'), dst: parseIp(dst) }]
  })
}

function readAll<T>(tool: string, json: unknown, read: Read<T>): Reading<T> {
  if (!Array.isArray(json)) throw new ParseError(`JSON of ${tool}`, JSON.stringify(json) ?? '', 'not a list')
  const values: T[] = []
  const skipped: string[] = []
  for (const [i, one] of json.entries()) {
    const given = within(`${tool} ${i}`, () => {
      const fields = fieldsOf(one)
      // For what a filter hid, the tools leave an object without fields.
      return fields.size === 0 ? [] : read(fields)
    })
    if (typeof given === 'string') skipped.push(given)
    else values.push(...given)
  }
  return { values, skipped }
}

function linkOf(fields: Fields): Link {
  const base = { name: textOf(fields, 'ifname'), mtu: numberOf(fields, 'mtu'), ...macOf(fields) }
  const info = fieldsOf(fields.get('linkinfo') ?? {})
  const master = findText(fields, 'master')
  if (findText(fields, 'link_type') === 'loopback') return { kind: 'loopback', name: base.name, mtu: base.mtu }
  const kind = findText(info, 'info_kind')
  if (kind === 'bridge') return { kind, ...base }
  if (kind === 'vxlan') return vxlanOf(base, fieldsOf(info.get('info_data'))) ?? { kind: 'uplink', ...base }
  if (master === undefined || findText(info, 'info_slave_kind') !== 'bridge') return { kind: 'uplink', ...base }
  return { kind: 'port', ...base, master, hairpin: flagOf(fieldsOf(info.get('info_slave_data')), 'hairpin') }
}

/** Nothing for a device that is told about each packet by whoever sends it (`external`). */
function vxlanOf(base: { name: string; mtu: number; mac?: Mac }, data: Fields): Link | undefined {
  const local = findText(data, 'local') ?? findText(data, 'local6')
  const uplink = findText(data, 'link')
  if (local === undefined || uplink === undefined) return undefined
  return {
    kind: 'vxlan',
    ...base,
    vni: numberOf(data, 'id'),
    local: parseIp(local),
    uplink,
    port: numberOf(data, 'port'),
    learning: flagOf(data, 'learning'),
    ...(flagOf(data, 'gbp') ? { gbp: true } : {}),
  }
}

function macOf(fields: Fields): { readonly mac?: Mac } {
  const text = findText(fields, 'address')
  return findText(fields, 'link_type') === 'ether' && text !== undefined ? { mac: parseMac(text) } : {}
}

function addressOf(fields: Fields): InterfaceAddress {
  return parseInterfaceAddress(`${textOf(fields, 'local')}/${numberOf(fields, 'prefixlen')}`)
}

function routeOf(fields: Fields, family: Family): readonly Route[] | string {
  const to = textOf(fields, 'dst')
  const type = findText(fields, 'type') ?? 'unicast'
  if (type !== 'unicast') return `route ${to} is of type ${type}`
  if (fields.has('nexthops')) return `route ${to} has several next hops`
  const gateway = findText(fields, 'gateway')
  if (gateway === undefined && fields.has('via')) return `route ${to} has a gateway of the other family`
  const src = findText(fields, 'prefsrc')
  const { address, bits } = parseInterfaceAddress(to === 'default' ? (family === 4 ? '0.0.0.0/0' : '::/0') : to)
  return [
    {
      to: prefixOf(address, bits),
      link: textOf(fields, 'dev'),
      ...(gateway === undefined ? {} : { via: parseIp(gateway) }),
      ...(listOf(fields, 'flags').includes('onlink') ? { onlink: true } : {}),
      ...(src === undefined ? {} : { src: parseIp(src) }),
      ...makerOf(findText(fields, 'protocol')),
      ...scopeOf(findText(fields, 'scope')),
      ...(fields.has('metric') ? { metric: numberOf(fields, 'metric') } : {}),
    },
  ]
}

/** Whatever made a route, it was not podwire unless it says nothing. */
function makerOf(protocol: string | undefined): Pick<Route, 'proto'> {
  if (protocol === undefined || protocol === 'boot') return {}
  return { proto: protocol === 'kernel' ? 'kernel' : 'static' }
}

function scopeOf(scope: string | undefined): Pick<Route, 'scope'> {
  return scope === 'link' || scope === 'host' ? { scope } : {}
}
