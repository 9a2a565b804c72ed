/**
 * Where to: from what a person writes (`svc/web:http`, `10.96.0.10:80`, `web.shop`) to an address.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { findIp, formatIp, type Ip } from '../base/ip.ts'
import { type Protocol, protocolOf } from '../base/protocol.ts'
import type { SettledCluster } from '../cluster/host-state.ts'
import { keyOf } from '../objects/meta.ts'
import { type Pod, podAddressesOf } from '../objects/pod.ts'
import type { Service, ServicePort } from '../objects/service.ts'
import { absent, type Directory, findPod, NO_OBJECTS, preferred } from './directory.ts'
import { namesOf, type Resolution, resolveName } from './name.ts'
import { thereAre } from './name-list.ts'
import { type Choice, type Destination, protocolAnd, servicePort, toService } from './service-destination.ts'
import { slicesOf } from './service-slices.ts'
import type { Source } from './source.ts'
import { parseWritten, portNumber, type Written } from './written.ts'

/** @throws {ParseError} when it is nothing that a packet could go to, or nothing of that name is there */
export function findDestination(text: string, source: Source, directory: Directory, choice: Choice = {}): Destination {
  const written = parseWritten(text, 'destination')
  const ip = findIp(written.name)
  if (ip !== undefined) return { ...addressed(ip, written, choice), notes: [] }
  if (written.kind === 'svc')
    return toService(serviceNamed(written, source, directory), written, source, directory, choice)
  if (written.kind === 'node') return toNode(written, directory, choice)
  const pod = findPod(written, directory)
  if (pod) return toPod(pod, written, directory, choice)
  if (written.kind !== undefined) throw new ParseError('destination', text, absent(written, directory))
  // NAMESPACE/NAME is a pod of that namespace, or else its Service.
  if (written.namespace !== undefined) {
    return toService(serviceNamed(written, source, directory), written, source, directory, choice)
  }
  return byName(written, source, directory, choice)
}

function addressed(ip: Ip, { text, port }: Written, { protocol }: Choice): Omit<Destination, 'notes'> {
  if (port !== undefined && !/^\d+$/.test(port))
    throw new ParseError('destination', text, 'an address has numbers for ports')
  const number = port === undefined ? undefined : portNumber(port, text)
  return {
    label: text,
    ip,
    ...(number === undefined ? {} : { port: number }),
    ...(protocol === undefined ? {} : { protocol }),
  }
}

function serviceNamed(written: Written, source: Source, { cluster }: Directory): Service {
  const key = `${written.namespace ?? source.namespace}/${written.name}`
  const service = cluster?.services.find(({ metadata }) => keyOf(metadata) === key)
  if (service) return service
  const known = (cluster?.services ?? []).map(({ metadata }) => keyOf(metadata))
  throw new ParseError(
    'destination',
    written.text,
    cluster ? `there is no Service ${key}; ${thereAre(known)}` : NO_OBJECTS,
  )
}

function toNode(written: Written, directory: Directory, choice: Choice): Destination {
  const { name, text } = written
  if (!directory.nodes.includes(name))
    throw new ParseError('destination', text, `there is no such node; ${thereAre(directory.nodes)}`)
  const ip = preferred(directory.addressesOf(name), directory.family)
  if (ip === undefined) throw new ParseError('destination', text, 'the node has no address by which others reach it')
  return { ...addressed(ip, written, choice), notes: [] }
}

function toPod(pod: Pod, written: Written, { family }: Directory, choice: Choice): Destination {
  const ip = preferred(
    podAddressesOf(pod).flatMap(text => findIp(text) ?? []),
    family,
  )
  if (ip === undefined) {
    throw new ParseError(
      'destination',
      written.text,
      `pod ${keyOf(pod.metadata)} has no address: ${pod.status?.phase ?? 'Pending'}`,
    )
  }
  const port = podPort(pod, written, choice)
  return {
    label: written.text,
    ip,
    ...(port
      ? { port: port.number, protocol: port.protocol }
      : choice.protocol === undefined
        ? {}
        : { protocol: choice.protocol }),
    notes: [],
  }
}

function podPort(
  pod: Pod,
  { port, text }: Written,
  { protocol }: Choice,
): { readonly number: number; readonly protocol: Protocol } | undefined {
  const declared = pod.spec.containers.flatMap(({ ports = [] }) => ports)
  const wanted =
    port === undefined ? declared[0] : declared.find(one => one.name === port || String(one.containerPort) === port)
  if (wanted) return { number: wanted.containerPort, protocol: protocol ?? protocolOf(wanted.protocol ?? 'TCP') }
  if (port === undefined) return undefined
  if (/^\d+$/.test(port)) return { number: portNumber(port, text), protocol: protocol ?? protocolOf('TCP') }
  throw new ParseError('destination', text, `pod ${keyOf(pod.metadata)} has no port "${port}"`)
}

/** A DNS name, resolved as the sender would. @throws {ParseError} when no address comes of it */
function byName(written: Written, source: Source, directory: Directory, choice: Choice): Destination {
  const { cluster } = directory
  if (!cluster) throw new ParseError('destination', written.text, NO_OBJECTS)
  const resolution = resolveName(written, source, directory, cluster)
  const { ip, owner, assumed } = resolution
  const notes = assumed ? [`${source.label} does not ask the cluster's DNS: taken as if it did`] : []
  const named = owner && namesOf(directory, cluster).serviceNamed(owner)
  const service =
    named && cluster.services.find(({ metadata }) => keyOf(metadata) === `${named.namespace}/${named.name}`)
  if (!named || !service) return { ...addressed(ip, written, choice), resolution, notes }
  const as: Written = { ...written, kind: 'svc', namespace: named.namespace, name: named.name }
  if (service.spec.clusterIP !== 'None' && named.below.length === 0) {
    const to = toService(service, as, source, directory, { ...choice, entry: choice.entry ?? 'clusterip' })
    return { ...to, label: written.text, resolution, notes: [...notes, ...to.notes] }
  }
  const port = servicePort(service, as, choice)
  const number = portOfEndpoint(service, port, ip, written, cluster)
  return {
    label: written.text,
    ip,
    ...(number === undefined ? {} : { port: number }),
    ...protocolAnd(port, choice),
    resolution,
    notes: [...notes, ...headlessNotes(resolution)],
  }
}

/** Nobody translates ports on the way to an endpoint: a number is that, a name the endpoint's own port. */
function portOfEndpoint(
  service: Service,
  port: ServicePort | undefined,
  ip: Ip,
  { port: asked }: Written,
  { slices }: SettledCluster,
): number | undefined {
  if (asked !== undefined && /^\d+$/.test(asked)) return Number(asked)
  const own = slicesOf(service, slices).find(({ endpoints }) => {
    return endpoints?.some(({ addresses }) => addresses.some(text => text === formatIp(ip)))
  })
  return own?.ports?.find(one => (one.name ?? '') === (port?.name ?? ''))?.port ?? port?.port
}

function headlessNotes({ lookup: { result } }: Resolution): readonly string[] {
  const count = result.kind === 'addresses' ? result.addresses.length : 0
  return count > 1 ? [`headless: DNS gives the endpoints' own addresses, ${count} of them; this is one`] : []
}
