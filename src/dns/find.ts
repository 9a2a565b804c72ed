/**
 * From a name to what it names.
 *
 *     [ENDPOINT. | _PORT._PROTOCOL.]SERVICE.NAMESPACE.svc.ZONE
 *     ADDRESS.NAMESPACE.pod.ZONE
 *
 * @see CoreDNS plugin/kubernetes/parse.go, kubernetes.go
 * @module
 */
import { formatIp } from '../base/ip.ts'
import {
  type ClusterFacts,
  type Discovered,
  type EndpointGroup,
  type Host,
  type NamedPort,
  readHost,
} from './discovered.ts'
import { formatLabel, lowerLabel, type Name } from './name.ts'
import { isReverse, primaryOf } from './options.ts'
import { serviceKey, type Zone } from './zone.ts'

/** One way to what was asked for. */
export interface Target {
  readonly host: Host
  /** {@link NO_PORT} when there is none. */
  readonly port: number
  /** The name of whoever it is, without the zone. */
  readonly owner: Name
}

/** Nothing: there is no such name. An empty list: there is, but it names nothing by itself. */
export type Found = readonly Target[] | undefined

const EXISTS: Found = []

interface Request {
  readonly kind: 'svc' | 'pod'
  readonly namespace: string
  /** Or the address of a Pod. */
  readonly service?: string
  readonly endpoint?: string
  /** Empty for any. */
  readonly port: string
  readonly protocol: string
}

/**
 * What `labels` name.
 *
 * @param labels of the name, left of the zone, in any case
 * @param around the zone that it is in
 */
export function findTargets(zone: Zone, labels: Name, around: Name): Found {
  const request = readRequest(labels)
  if (request === 'apex') return EXISTS
  if (request === undefined || isReverse(around) || !zone.isExposed(request.namespace)) return undefined
  return request.kind === 'pod' ? findPod(zone, request) : findService(zone, request)
}

/** @returns `apex` for names that only have others below them; nothing for those that can never be */
function readRequest(labels: Name): Request | 'apex' | undefined {
  const [kind, namespace, service, near, far, ...more] = labels.map(lowerLabel).reverse()
  if (kind === undefined) return 'apex'
  if ((kind !== 'svc' && kind !== 'pod') || more.length > 0) return undefined
  if (namespace === undefined) return 'apex'
  const request = { kind, namespace, port: '', protocol: '' } as const
  if (service === undefined) return request
  if (near === undefined) return { ...request, service }
  if (far === undefined) return { ...request, service, endpoint: near }
  return { ...request, service, port: withoutUnderscore(far), protocol: withoutUnderscore(near) }
}

function withoutUnderscore(label: string): string {
  return label.startsWith('_') ? label.slice(1) : label
}

/** What stands left of the Service's name is not looked at. */
function findPod({ options, pods }: Zone, { service, namespace }: Request): Found {
  if (options.pods === 'disabled') return undefined
  if (service === undefined) return EXISTS
  const dashed = formatLabel(service)
  const isIpv4 = dashed.split('-').length === 4 && !dashed.includes('--')
  const host = readHost(dashed.replaceAll('-', isIpv4 ? '.' : ':'))
  if (host.ip === undefined) return undefined
  const target = { host, port: 0, owner: [service, namespace, 'pod'] }
  if (options.pods === 'insecure') return [target]
  const count = pods.get(host.text)?.get(namespace) ?? 0
  return count > 0 ? new Array<Target>(count).fill(target) : undefined
}

function findService(zone: Zone, request: Request): Found {
  const { service: name, namespace, endpoint } = request
  if (name === undefined) return EXISTS
  const discovered = zone.services.get(serviceKey(name, namespace))
  const { service, groups } = discovered ?? {}
  if (!discovered || !service || !groups) return undefined
  if (service.kind === 'external') return findExternal(discovered, service.host, request)
  if (service.kind === 'cluster') {
    if (zone.options.ignoreEmptyServices && groups.every(group => group.endpoints.length === 0)) return undefined
    if (endpoint === undefined) return findCluster(discovered, service, request)
  }
  const targets = groups.flatMap(group => endpointTargets(discovered, group, request))
  return targets.length > 0 ? targets : undefined
}

function findExternal({ name, namespace }: Discovered, host: Host, { endpoint, port, protocol }: Request): Found {
  const isBare = endpoint === undefined && port === '' && protocol === ''
  return isBare && host.ip === undefined ? [{ host, port: 0, owner: [name, namespace, 'svc'] }] : undefined
}

function findCluster({ name, namespace }: Discovered, { hosts, ports }: ClusterFacts, request: Request): Found {
  const owner = [name, namespace, 'svc']
  const wanted = ports.filter(one => isPort(one, request))
  return wanted.length > 0 ? wanted.flatMap(({ port }) => hosts.map(host => ({ host, port, owner }))) : undefined
}

function endpointTargets(
  { name, namespace }: Discovered,
  { endpoints, ports }: EndpointGroup,
  request: Request,
): readonly Target[] {
  const { endpoint } = request
  const named = endpoint === undefined ? endpoints : endpoints.filter(one => lowerLabel(one.label) === endpoint)
  const wanted = ports.filter(one => isPort(one, request))
  return named.flatMap(({ host, label }) =>
    wanted.map(({ port }) => ({ host, port, owner: [label, name, namespace, 'svc'] })),
  )
}

function isPort({ name, protocol }: NamedPort, wanted: Request): boolean {
  const isName = wanted.port === '' || lowerLabel(name) === wanted.port
  return isName && (wanted.protocol === '' || lowerLabel(protocol) === wanted.protocol)
}

/**
 * The address that a reverse name stands for, as text in its canonical form; nothing for other names.
 *
 * @see CoreDNS plugin/pkg/dnsutil/reverse.go: ExtractAddressFromReverse
 */
export function findReverseAddress(name: Name): string | undefined {
  const lower = name.map(lowerLabel)
  const arpa = lower.slice(-2).join('.')
  const digits = lower.slice(0, -2).map(formatLabel).reverse()
  if (arpa === 'in-addr.arpa') {
    const { ip } = readHost(digits.join('.'))
    return ip === undefined ? undefined : formatIp(ip)
  }
  if (arpa !== 'ip6.arpa') return undefined
  // Whole groups of four: up to three labels too many, left of the address, do no harm.
  const groups = Array.from({ length: Math.floor(digits.length / 4) }, (_, i) =>
    digits.slice(4 * i, 4 * i + 4).join(''),
  )
  const { ip } = readHost(groups.join(':'))
  return ip === undefined ? undefined : formatIp(ip)
}

/**
 * The names of an address: that of the Service that has it, else those of endpoints that do.
 *
 * @see CoreDNS plugin/kubernetes/reverse.go: serviceRecordForIP
 */
export function namesOfAddress(zone: Zone, address: string): readonly Name[] {
  const primary = primaryOf(zone.options.zones)
  const keys = [...(zone.byAddress.get(address) ?? [])].sort()
  const all = keys
    .flatMap(key => zone.services.get(key) ?? [])
    .filter(({ namespace }) => zone.options.namespaces.length === 0 || zone.isExposed(namespace))
  const own = all.find(
    ({ service }) => service?.kind === 'cluster' && service.hosts.some(host => host.text === address),
  )
  if (own) return [[own.name, own.namespace, 'svc', ...primary]]
  return all.flatMap(({ name, namespace, groups }) =>
    groups
      .flatMap(group => group.endpoints.filter(({ host }) => host.text === address))
      .map(({ label }) => [label, name, namespace, 'svc', ...primary]),
  )
}
