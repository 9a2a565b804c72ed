/**
 * Links as `ip -d -j link` and `bridge -j -d link` tell them.
 *
 * @module
 */
import { isIpv4, parseIp } from '../base/ip.ts'
import { type Mac, parseMac } from '../base/mac.ts'
import { type Fields, fieldsOf, findText, flagOf, listOf, numberOf, textOf } from './dump-field.ts'
import { type Reading, readEntries, type Skip } from './dump-list.ts'
import type { BridgeLink, Link, PortLink, VxlanLink } from './host.ts'

interface Base {
  readonly name: string
  readonly mtu: number
  readonly mac?: Mac
  readonly down?: true
}

/**
 * The links. A device of a kind that podwire does not make counts as an uplink, and a veth
 * pair's end in no bridge likewise.
 *
 * @throws {InputError} naming the link and the field that is not as `ip` writes it
 */
export function readLinks(json: unknown): Reading<Link> {
  return readEntries('ip link', json, (fields, skip) => [linkOf(fields, skip)])
}

/** What a bridge knows of a port. */
export interface BridgePort {
  readonly name: string
  readonly master: string
  /** Absent: the dump was made without `-d`. */
  readonly hairpin?: boolean
}

/** The ports of all bridges. @throws {InputError} */
export function readBridgePorts(json: unknown): Reading<BridgePort> {
  return readEntries('bridge link', json, fields => {
    const master = findText(fields, 'master')
    if (master === undefined) return []
    const hairpin = fields.has('hairpin') ? { hairpin: flagOf(fields, 'hairpin') } : {}
    return [{ name: nameOf(fields), master, ...hairpin }]
  })
}

/** The links, of which those that are ports are known as such even where `ip link` was asked without `-d`. */
export function withPorts(links: readonly Link[], ports: readonly BridgePort[]): readonly Link[] {
  const known = new Map(ports.map(port => [port.name, port]))
  const bridges = new Set(ports.map(port => port.master))
  return links.map((link): Link => {
    if (link.kind !== 'uplink') return link
    if (bridges.has(link.name)) return { ...link, kind: 'bridge' }
    const port = known.get(link.name)
    return port ? { ...link, kind: 'port', master: port.master, hairpin: port.hairpin ?? false } : link
  })
}

function linkOf(fields: Fields, skip: Skip): Link {
  const name = nameOf(fields)
  const info = fieldsOf(fields.get('linkinfo') ?? {})
  const base: Base = { name, mtu: numberOf(fields, 'mtu'), ...macOf(fields), ...downOf(fields) }
  if (findText(fields, 'link_type') === 'loopback') {
    return { kind: 'loopback', name, mtu: base.mtu, ...downOf(fields) }
  }
  const kind = findText(info, 'info_kind')
  if (kind === 'bridge') return bridgeOf(base, fieldsOf(info.get('info_data')), skip)
  const master = findText(fields, 'master')
  if (kind === 'vxlan') {
    if (master !== undefined) skip(`link ${name}: that it is a port of ${master} is passed over`)
    return vxlanOf(base, fieldsOf(info.get('info_data')), skip) ?? { kind: 'uplink', ...base }
  }
  const above = findText(info, 'info_slave_kind')
  if (master !== undefined && above === 'bridge') return portOf(fields, base, master, skip)
  if (above === 'vrf') skip(`link ${name}: its VRF ${master ?? ''} is passed over`)
  if (lacksCarrier(fields) && !base.down) skip(`link ${name}: that it has no carrier is passed over`)
  return { kind: 'uplink', ...base }
}

function bridgeOf(base: Base, data: Fields, skip: Skip): BridgeLink {
  if (data.get('vlan_filtering') === 1) skip(`link ${base.name}: its VLANs are passed over`)
  if (data.get('stp_state') === 1) skip(`link ${base.name}: its spanning tree is passed over`)
  return { kind: 'bridge', ...base }
}

/** A port without carrier, such as a veth whose other end is down, takes part in nothing: it is as good as down. */
function portOf(fields: Fields, base: Base, master: string, skip: Skip): PortLink {
  const data = fieldsOf(fieldsOf(fields.get('linkinfo')).get('info_slave_data'))
  for (const [setting, usual] of [
    ['isolated', false],
    ['learning', true],
    ['flood', true],
  ] as const) {
    if (data.has(setting) && flagOf(data, setting) !== usual) {
      skip(`link ${base.name}: that ${setting} is ${usual ? 'off' : 'on'} is passed over`)
    }
  }
  return {
    kind: 'port',
    ...base,
    ...(lacksCarrier(fields) && { down: true }),
    master,
    hairpin: flagOf(data, 'hairpin'),
  }
}

/** Nothing for a device of which the other ends, or its own address, are told with each packet or route. */
function vxlanOf(base: Base, data: Fields, skip: Skip): VxlanLink | undefined {
  const local = findText(data, 'local') ?? findText(data, 'local6')
  const uplink = findText(data, 'link')
  if (local === undefined || uplink === undefined) {
    const lacks = flagOf(data, 'external')
      ? 'is external'
      : `has no ${uplink === undefined ? 'uplink' : 'local address'}`
    skip(`link ${base.name}: a VXLAN device that ${lacks} counts as an uplink`)
    return undefined
  }
  const address = parseIp(local)
  const group = findText(data, isIpv4(address) ? 'group' : 'group6')
  if (group !== undefined) skip(`link ${base.name}: its multicast group ${group} is passed over`)
  return {
    kind: 'vxlan',
    ...base,
    vni: numberOf(data, 'id', 0xff_ffff),
    local: address,
    uplink,
    port: numberOf(data, 'port', 0xffff),
    learning: flagOf(data, 'learning'),
    ...(flagOf(data, 'gbp') ? { gbp: true } : {}),
  }
}

/** `eth0`, also where it is written with its other end: `eth0@if5`. */
function nameOf(fields: Fields): string {
  const name = textOf(fields, 'ifname')
  const at = name.indexOf('@')
  return at > 0 ? name.slice(0, at) : name
}

/** Down by its owner's will: a cable that is not plugged in is another matter. A dump without flags says nothing. */
function downOf(fields: Fields): { readonly down?: true } {
  return !fields.has('flags') || listOf(fields, 'flags').includes('UP') ? {} : { down: true }
}

function lacksCarrier(fields: Fields): boolean {
  return listOf(fields, 'flags').includes('NO-CARRIER')
}

function macOf(fields: Fields): { readonly mac?: Mac } {
  const text = findText(fields, 'address')
  return findText(fields, 'link_type') === 'ether' && text !== undefined ? { mac: parseMac(text) } : {}
}
