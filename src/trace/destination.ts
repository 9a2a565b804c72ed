/**
 * Where to: from what a person writes (`svc/web:http`, `10.96.0.10:80`, `web.shop`) to an address.
 *
 * @module
 */
import { ParseError } from '../base/error.ts'
import { findIp, type Ip } from '../base/ip.ts'
import { type Protocol, protocolOf } from '../base/protocol.ts'
import { keyOf } from '../objects/meta.ts'
import { type Pod, podAddressesOf } from '../objects/pod.ts'
import type { Service } from '../objects/service.ts'
import { formatEnd } from '../packet/summary.ts'
import { absent, type Directory, findPod, NO_OBJECTS, preferred } from './directory.ts'
import { type FoundName, findName, isWholeName } from './name.ts'
import { thereAre } from './name-list.ts'
import { type Choice, type Destination, protocolAnd, servicePort, toService } from './service-destination.ts'
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

/** A DNS name, resolved as a pod of the source's namespace would. @throws {ParseError} where the source asks another DNS */
function byName(written: Written, source: Source, directory: Directory, choice: Choice): Destination {
  const { cluster } = directory
  if (!cluster) throw new ParseError('destination', written.text, NO_OBJECTS)
  const found = findName(written.name, source.namespace, cluster)
  if (!found)
    throw new ParseError(
      'destination',
      written.text,
      `no Service and no pod of that name; ${thereAre(cluster.services.map(({ metadata }) => keyOf(metadata)))}`,
    )
  if (!source.clusterDns && !isWholeName(written.name))
    throw new ParseError('destination', written.text, notAsked(found, written, source))
  const elsewhere = source.clusterDns ? [] : [`${source.label} does not ask the cluster's DNS: taken as if it did`]
  const notes = [`${written.name} is ${found.name}`, ...elsewhere]
  const { namespace = 'default', name } = found.service.metadata
  const as: Written = { ...written, kind: 'svc', namespace, name }
  if (found.ip === undefined) {
    const to = toService(found.service, as, source, directory, { ...choice, entry: choice.entry ?? 'clusterip' })
    return { ...to, label: written.text, notes: [...notes, ...to.notes] }
  }
  const port = servicePort(found.service, as, choice)
  return {
    label: written.text,
    ip: found.ip,
    ...(port ? { port: port.port } : {}),
    ...protocolAnd(port, choice),
    notes,
  }
}

/** Only pods have the search list that leads from a short name into the cluster. */
function notAsked({ service, ip }: FoundName, { port }: Written, { label, namespace, where }: Source): string {
  const { metadata } = service
  const name = metadata.namespace === namespace ? `svc/${metadata.name}` : `svc/${keyOf(metadata)}`
  const write = ip === undefined ? `${name}${port === undefined ? '' : `:${port}`}` : formatEnd(ip)
  const who = where === 'outside' ? `${label} is outside and` : label
  return `${who} does not use the cluster's DNS, which alone knows short names: nodes, clients outside and pods with the nodes' DNS (dnsPolicy Default, or hostNetwork without ClusterFirstWithHostNet) do not; write ${write} or an address`
}
