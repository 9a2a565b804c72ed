/**
 * Where a packet to a Service goes: which of its addresses, which of its ports.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { familyOf, findIp, type Ip } from '../base/ip.ts'
import { type Protocol, protocolOf, type ServiceProtocol } from '../base/protocol.ts'
import { internalIps } from '../cluster/uplink.ts'
import { keyOf } from '../objects/meta.ts'
import type { Service, ServicePort } from '../objects/service.ts'
import { outerAddresses } from './cluster-world.ts'
import { type Directory, preferred } from './directory.ts'
import type { Resolution } from './name.ts'
import { slicesOf } from './service-slices.ts'
import type { Source } from './source.ts'
import { portNumber, type Written } from './written.ts'

/** Where to. */
export interface Destination {
  readonly label: string
  readonly ip: Ip
  /** Absent for what has no ports. */
  readonly port?: number
  readonly protocol?: Protocol
  /** The Service that was named, if one was. */
  readonly service?: { readonly key: string; readonly port?: string }
  /** How its name became the address, if it was named by one. */
  readonly resolution?: Resolution
  /** How it was found, for the reader. */
  readonly notes: readonly string[]
}

export const ENTRIES = ['clusterip', 'nodeport', 'loadbalancer', 'external'] as const

/** Which of a Service's addresses is meant. */
export type Entry = (typeof ENTRIES)[number]

/** What chooses among the ways to read a destination. */
export interface Choice {
  readonly protocol?: Protocol
  readonly entry?: Entry
  /** The node whose NodePort is meant. */
  readonly via?: string
}

export function toService(
  service: Service,
  written: Written,
  source: Source,
  directory: Directory,
  choice: Choice,
): Destination {
  const { spec, metadata } = service
  const key = keyOf(metadata)
  if (spec.type === 'ExternalName') {
    throw new ParseError(
      'destination',
      written.text,
      `Service ${key} is a name for ${spec.externalName}, outside of the cluster; give an address`,
    )
  }
  const port = servicePort(service, written, choice)
  const found = { service: { key, ...(port?.name ? { port: port.name } : {}) }, ...protocolAnd(port, choice) }
  const label = `svc/${metadata.name}${written.port === undefined ? '' : `:${written.port}`}`
  const entry = choice.entry ?? usualEntry(service, source)
  if (entry === 'nodeport') return { ...found, label, ...nodePort(service, port, directory, choice, written) }
  if (entry !== 'clusterip') {
    const ip = preferred(outerAddresses(service), directory.family)
    if (ip === undefined)
      throw new ParseError('destination', written.text, `Service ${key} has no address for the outside`)
    return { ...found, label, ip, ...(port ? { port: port.port } : {}), notes: [] }
  }
  const own = (spec.clusterIPs ?? [spec.clusterIP ?? '']).flatMap(text => findIp(text) ?? [])
  const ip = preferred(own, directory.family)
  if (ip !== undefined) return { ...found, label, ip, ...(port ? { port: port.port } : {}), notes: [] }
  return { ...found, label, ...headless(service, port, directory, written) }
}

export function protocolAnd(port: ServicePort | undefined, { protocol }: Choice): { readonly protocol?: Protocol } {
  if (protocol !== undefined) return { protocol }
  return port ? { protocol: protocolOf(port.protocol ?? 'TCP') } : {}
}

/** Whoever is outside comes by the address made for it, if there is one. */
function usualEntry(service: Service, { where }: Source): Entry {
  if (where !== 'outside') return 'clusterip'
  if (outerAddresses(service).length > 0) return 'loadbalancer'
  return service.spec.type === 'NodePort' || service.spec.type === 'LoadBalancer' ? 'nodeport' : 'clusterip'
}

export function servicePort(service: Service, { port, text }: Written, { protocol }: Choice): ServicePort | undefined {
  const all = service.spec.ports ?? []
  const ports = protocol === undefined ? all : all.filter(one => protocolOf(one.protocol ?? 'TCP') === protocol)
  const known = all.map(one => `${one.name ? `${one.name} ` : ''}${one.port}/${one.protocol ?? 'TCP'}`)
  if (port === undefined) {
    if (ports.length <= 1) return ports[0]
    throw new ParseError(
      'destination',
      text,
      `Service ${keyOf(service.metadata)} has several ports: ${known.join(', ')}`,
    )
  }
  const found = ports.find(one => one.name === port || String(one.port) === port)
  if (found) return found
  // A port that the Service lacks is a fair question too: what becomes of a packet to it?
  if (/^\d+$/.test(port)) return { port: portNumber(port, text), protocol: nameOf(protocol) }
  throw new ParseError(
    'destination',
    text,
    `Service ${keyOf(service.metadata)} has no port "${port}", only ${known.join(', ')}`,
  )
}

function nameOf(protocol: Protocol | undefined): ServiceProtocol {
  return (['TCP', 'UDP', 'SCTP'] as const).find(name => protocolOf(name) === protocol) ?? 'TCP'
}

function nodePort(
  service: Service,
  port: ServicePort | undefined,
  { cluster, family }: Directory,
  { via }: Choice,
  { text }: Written,
): Pick<Destination, 'ip' | 'port' | 'notes'> {
  if (!port?.nodePort)
    throw new ParseError('destination', text, `Service ${keyOf(service.metadata)} has no node port there`)
  const node = cluster?.nodes.find(({ metadata }) => via === undefined || metadata.name === via)
  const ip = node && preferred(internalIps(node), family)
  if (!node || ip === undefined) throw new ParseError('destination', text, 'no node has an address to come in by')
  return { ip, port: port.nodePort, notes: [`node port ${port.nodePort} of ${node.metadata.name}`] }
}

/** What DNS would give: the addresses of the endpoints themselves; a program takes the first. */
function headless(
  service: Service,
  port: ServicePort | undefined,
  { cluster, family }: Directory,
  { text }: Written,
): Pick<Destination, 'ip' | 'port' | 'notes'> {
  const { metadata, spec } = service
  const ready = slicesOf(service, cluster?.slices ?? []).flatMap(slice =>
    (slice.endpoints ?? [])
      .filter(({ conditions }) => spec.publishNotReadyAddresses || (conditions?.ready ?? true))
      .flatMap(({ addresses }) => addresses.slice(0, 1))
      .flatMap(address => {
        const ip = findIp(address)
        const number = slice.ports?.find(one => (one.name ?? '') === (port?.name ?? ''))?.port
        return ip === undefined ? [] : [{ ip, port: number ?? port?.port }]
      }),
  )
  const [first] = [...ready.filter(({ ip }) => familyOf(ip) === family), ...ready]
  if (!first)
    throw new ParseError(
      'destination',
      text,
      `Service ${keyOf(metadata)} is headless and none of its endpoints is ready`,
    )
  return {
    ip: first.ip,
    ...(first.port === undefined ? {} : { port: first.port }),
    notes: [`headless: DNS gives the endpoints' own addresses, ${ready.length} of them; this is one`],
  }
}
