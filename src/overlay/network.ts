/**
 * flannel's configuration: which networks the pods live in and how packets between nodes travel.
 *
 * @module
 */
import { InputError, ParseError, within } from '../base/error.ts'
import { FAMILIES, type Family, formatPrefix, type Prefix, parseNetwork } from '../base/ip.ts'

/** One value for each family that is switched on. */
export type PerFamily<T> = Readonly<Partial<Record<Family, T>>>

export interface VxlanBackend {
  readonly kind: 'vxlan'
  /** VXLAN network identifier, 24 bits. */
  readonly vni: number
  /** Destination port of the outer UDP header. */
  readonly port: number
  /** Bytes that the underlay carries; absent: whatever the uplink carries. */
  readonly mtu?: number
  /** Whether a node in the uplink's own network is reached by a plain route. */
  readonly directRouting: boolean
  /** Whether the device learns from what it receives. */
  readonly learning: boolean
  /** Whether the header carries a group policy identifier. */
  readonly gbp: boolean
}

export interface HostGwBackend {
  readonly kind: 'host-gw'
}

export type Backend = VxlanBackend | HostGwBackend

export interface FlannelNetwork {
  /** The network that holds the pods of all nodes; a family that is off has none. */
  readonly pods: PerFamily<Prefix>
  readonly backend: Backend
  /** Whether flannel asks for nftables in place of iptables. */
  readonly nftables: boolean
}

/** @see vxlan_setup of drivers/net/vxlan of Linux: port 0 stands for the kernel's own default */
const LINUX_VXLAN_PORT = 8472
const MAX_VNI = 0xff_ffff

/** What `kubeadm` users get from the shipped manifest. */
export const DEFAULT_BACKEND: VxlanBackend = {
  kind: 'vxlan',
  vni: 1,
  port: LINUX_VXLAN_PORT,
  directRouting: false,
  learning: false,
  gbp: false,
}

/**
 * Reads the value that a `net-conf.json` holds.
 *
 * Keys match whatever their case, as Go's decoder does it. Without `Backend` the backend is vxlan,
 * as flannel's documentation has it (its code takes the obsolete udp).
 *
 * @throws {InputError} naming the field that cannot be used
 */
export function readFlannelNetwork(value: unknown): FlannelNetwork {
  const conf = fieldsOf('net-conf.json', value)
  const pods: Partial<Record<Family, Prefix>> = {}
  if (readFlag(conf, 'EnableIPv4', true)) pods[4] = readNetwork(conf, 'Network', 4)
  if (readFlag(conf, 'EnableIPv6', false)) pods[6] = readNetwork(conf, 'IPv6Network', 6)
  if (pods[4] === undefined && pods[6] === undefined) throw wrong('EnableIPv4', 'false', 'no family is enabled')
  return { pods, backend: readBackend(conf.get('backend')), nftables: readFlag(conf, 'EnableNFTables', false) }
}

/** The text of the `net-conf.json` that says the same. */
export function formatNetConf(network: FlannelNetwork): string {
  const { pods, backend } = network
  const conf = {
    ...(pods[4] === undefined ? { EnableIPv4: false } : { Network: formatPrefix(pods[4]) }),
    ...(pods[6] === undefined ? {} : { EnableIPv6: true, IPv6Network: formatPrefix(pods[6]) }),
    EnableNFTables: network.nftables,
    Backend: backend.kind === 'host-gw' ? { Type: 'host-gw' } : vxlanConf(backend),
  }
  return `${JSON.stringify(conf, undefined, 2)}\n`
}

/** The families that the network has, IPv4 first. */
export function familiesOf(network: FlannelNetwork): readonly Family[] {
  return FAMILIES.filter(family => network.pods[family] !== undefined)
}

function vxlanConf(backend: VxlanBackend) {
  return {
    Type: 'vxlan',
    ...(backend.vni === DEFAULT_BACKEND.vni ? {} : { VNI: backend.vni }),
    ...(backend.port === DEFAULT_BACKEND.port ? {} : { Port: backend.port }),
    ...(backend.mtu === undefined ? {} : { MTU: backend.mtu }),
    ...(backend.directRouting ? { DirectRouting: true } : {}),
    ...(backend.learning ? { Learning: true } : {}),
    ...(backend.gbp ? { GBP: true } : {}),
  }
}

type Fields = ReadonlyMap<string, unknown>

function fieldsOf(place: string, value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InputError(place, new ParseError('flannel configuration', JSON.stringify(value) ?? '', 'not an object'))
  }
  return new Map(Object.entries(value).map(([key, field]) => [key.toLowerCase(), field]))
}

function wrong(field: string, value: unknown, problem: string): InputError {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
  return new InputError(`net-conf.json ${field}`, new ParseError('flannel configuration', text, problem))
}

function readFlag(fields: Fields, name: string, otherwise: boolean, place = name): boolean {
  const value = fields.get(name.toLowerCase()) ?? otherwise
  if (typeof value !== 'boolean') throw wrong(place, value, 'neither true nor false')
  return value
}

function readNumber(fields: Fields, name: string, most: number): number | undefined {
  const value = fields.get(name.toLowerCase()) ?? undefined
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > most) {
    throw wrong(`Backend.${name}`, value, `not a whole number of 0 to ${most}`)
  }
  return value
}

/** Host bits are dropped, as flannel drops them. */
function readNetwork(fields: Fields, name: string, family: Family): Prefix {
  const value = fields.get(name.toLowerCase())
  if (typeof value !== 'string') throw wrong(name, value, `no IPv${family} network`)
  const prefix = within(`net-conf.json ${name}`, () => parseNetwork(value))
  if (prefix.family !== family) throw wrong(name, value, `not an IPv${family} network`)
  return prefix
}

function readBackend(value: unknown): Backend {
  if (value === undefined || value === null) return DEFAULT_BACKEND
  const fields = fieldsOf('net-conf.json Backend', value)
  const type = fields.get('type')
  if (type === 'host-gw') return { kind: 'host-gw' }
  if (type !== 'vxlan') throw wrong('Backend.Type', type, 'podwire knows vxlan and host-gw')
  const mtu = readNumber(fields, 'MTU', 0xffff) || undefined
  return {
    kind: 'vxlan',
    vni: readNumber(fields, 'VNI', MAX_VNI) ?? DEFAULT_BACKEND.vni,
    port: readNumber(fields, 'Port', 0xffff) || LINUX_VXLAN_PORT,
    ...(mtu === undefined ? {} : { mtu }),
    directRouting: readFlag(fields, 'DirectRouting', false, 'Backend.DirectRouting'),
    learning: readFlag(fields, 'Learning', false, 'Backend.Learning'),
    gbp: readFlag(fields, 'GBP', false, 'Backend.GBP'),
  }
}
