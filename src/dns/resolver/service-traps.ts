/**
 * Traps that lie in the objects: Services and pods that have no name, or none now.
 *
 * @module
 */
import { findIp } from '../../base/ip.ts'
import { type EndpointSlice, SERVICE_NAME_LABEL } from '../../objects/endpoint-slice.ts'
import { keyOf } from '../../objects/meta.ts'
import type { Pod } from '../../objects/pod.ts'
import type { Service } from '../../objects/service.ts'
import { findName, formatName, type Name } from '../name.ts'
import { isReverse, primaryOf } from '../options.ts'
import { TYPES } from '../record.ts'
import { beyondOf, type Lookup } from './lookup.ts'
import { serviceInName } from './service-name.ts'
import { bareName, type Ground, isAddress, note, type Trap, warning } from './trap.ts'

export function serviceTraps(ground: Ground): readonly Trap[] {
  const meant = meantServices(ground)
  const isLost = ground.lookups.every(({ result }) => result.kind === 'failed' || result.kind === 'outside')
  return [
    ...meant.flatMap(one => headlessTraps(one, ground)),
    ...meant.flatMap(one => externalTraps(one, ground)),
    ...meant.flatMap(one => nothingBehind(one, ground)),
    ...(isLost ? meant.flatMap(one => namelessPort(one, ground)) : []),
    ...(isLost && meant.length === 0 ? [...elsewhere(ground), ...absentService(ground)] : []),
    ...(isLost ? podTraps(ground, meant) : []),
  ]
}

/** The Services whose names, or names below them, were asked for. */
function meantServices({ lookups, zone, objects }: Ground): readonly Service[] {
  const around = zone.options.zones.filter(one => !isReverse(one))
  const keys = new Set(
    lookups.flatMap(({ attempts }) =>
      attempts.flatMap(({ text }) => {
        const name = findName(text)
        const found = name && serviceInName(name, around)
        return found ? [`${found.namespace}/${found.name}`] : []
      }),
    ),
  )
  return objects.services.filter(({ metadata }) => keys.has(keyOf(metadata)))
}

function slicesOf({ metadata }: Service, { objects }: Ground): readonly EndpointSlice[] {
  return objects.slices.filter(slice => {
    return (
      slice.metadata.namespace === metadata.namespace && slice.metadata.labels?.[SERVICE_NAME_LABEL] === metadata.name
    )
  })
}

/** Endpoints, each once though it be in slices of either family. */
function readiness(service: Service, ground: Ground): { readonly ready: number; readonly all: number } {
  const states = new Map<string, boolean>()
  for (const { endpoints } of slicesOf(service, ground)) {
    for (const { addresses, targetRef, conditions } of endpoints ?? []) {
      const key = targetRef?.name ?? addresses[0] ?? ''
      states.set(key, (states.get(key) ?? false) || conditions?.ready !== false)
    }
  }
  return { ready: [...states.values()].filter(Boolean).length, all: states.size }
}

function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === 'None' && spec.type !== 'ExternalName'
}

/** @see kubernetes/kubernetes#66234, coredns#6210 */
function headlessTraps(service: Service, ground: Ground): readonly Trap[] {
  if (!isHeadless(service)) return []
  const key = keyOf(service.metadata)
  const { ready, all } = readiness(service, ground)
  const tolerant = 'publishNotReadyAddresses: true would list them all the same'
  if (all === 0) {
    return [
      warning('HeadlessEmpty', `Service ${key} is headless and has no endpoint: DNS says that there is no such name`),
    ]
  }
  if (ready === 0) {
    const some = all === 1 ? 'its endpoint is not ready' : `none of its ${all} endpoints is ready`
    const message = `Service ${key} is headless and ${some}: DNS says that there is no such name; ${tolerant}`
    return [warning('HeadlessNotReady', message)]
  }
  if (ready === all) return []
  const message = `of the ${all} endpoints of Service ${key}, ${all - ready} ${all - ready === 1 ? 'is' : 'are'} not ready and left out; ${tolerant}`
  return [note('NotReadyLeftOut', message)]
}

/** @see coredns#2164, coredns#2324, coredns#5733, kubernetes/kubernetes#67962 */
function externalTraps({ metadata, spec }: Service, { lookups }: Ground): readonly Trap[] {
  if (spec.type !== 'ExternalName') return []
  const { externalName = '' } = spec
  const key = keyOf(metadata)
  if (findIp(externalName) !== undefined) {
    const message = `Service ${key} has the address ${externalName} as externalName, which DNS cannot tell: there is no such name; make it a Service without selector and give it an EndpointSlice`
    return [warning('ExternalNameIsAddress', message)]
  }
  const beyond = lookups.flatMap(({ attempts }) => attempts.map(beyondOf)).find(name => name !== undefined)
  if (!beyond) return []
  const message = `Service ${key} is an alias for ${formatName(beyond)}: the program connects there, and sends that server the name it was given (Host, TLS server name)`
  return [note('AliasOutside', message)]
}

function isFound({ result }: Lookup): boolean {
  return result.kind === 'addresses' || result.kind === 'records'
}

/** A name that resolves, and nobody who answers there. */
function nothingBehind(service: Service, ground: Ground): readonly Trap[] {
  const { metadata, spec } = service
  if (isHeadless(service) || spec.type === 'ExternalName' || !ground.lookups.some(isFound)) return []
  if (readiness(service, ground).ready > 0) return []
  const what = `Service ${keyOf(metadata)} has no ready endpoint`
  return [note('NothingBehind', `${what}: its name leads to its address, where connections are refused`)]
}

/** Only ports with names have SRV records of their own. */
function namelessPort(service: Service, { sought }: Ground): readonly Trap[] {
  const { metadata, spec } = service
  if (sought.type !== TYPES.SRV || !sought.name.startsWith('_')) return []
  const named = (spec.ports ?? []).filter(({ name }) => name)
  const known = named.map(({ name, protocol = 'TCP' }) => `_${name}._${protocol.toLowerCase()}`)
  const message = `Service ${keyOf(metadata)} has ${known.length > 0 ? `the ports ${known.join(', ')}` : 'no port with a name'}; only ports with names have SRV records`
  return [warning('NoSuchPort', message)]
}

const MOST_NAMED = 5

/** A Service of that name, but in another namespace. */
function elsewhere({ sought, objects, pod }: Ground): readonly Trap[] {
  if (isAddress(sought)) return []
  const [first = ''] = bareName(sought).toLowerCase().split('.')
  const there = objects.services.filter(
    ({ metadata }) => metadata.name === first && metadata.namespace !== pod.metadata.namespace,
  )
  if (there.length === 0) return []
  const names = there.slice(0, MOST_NAMED).map(({ metadata }) => `${metadata.name}.${metadata.namespace}`)
  const message = `there is a Service ${first}, but not in namespace ${pod.metadata.namespace}: write ${names.join(' or ')}`
  return [warning('OtherNamespace', message)]
}

/** The namespace is there, and no such Service in it. */
function absentService({ sought, objects, zone }: Ground): readonly Trap[] {
  const [name = '', namespace = '', kind = 'svc'] = bareName(sought).toLowerCase().split('.')
  if (isAddress(sought) || kind !== 'svc' || !zone.isExposed(namespace)) return []
  const known = objects.services
    .filter(({ metadata }) => metadata.namespace === namespace)
    .map(one => one.metadata.name)
  if (known.includes(name)) return []
  const some = known.slice(0, MOST_NAMED).join(', ')
  const there = known.length === 0 ? 'it has none' : `it has ${some}${known.length > MOST_NAMED ? ' and others' : ''}`
  return [warning('NoSuchService', `namespace ${namespace} has no Service ${name}; ${there}`)]
}

/** @see kubernetes/kubernetes#47992 */
function podTraps({ sought, objects, pod, zone }: Ground, meant: readonly Service[]): readonly Trap[] {
  if (isAddress(sought)) return []
  const labels = bareName(sought).toLowerCase().split('.')
  const [first = '', second] = labels
  const found = objects.pods.find(({ metadata }) => {
    return metadata.name === first && metadata.namespace === (second ?? pod.metadata.namespace)
  })
  const isService = meant.some(({ metadata }) => metadata.name === first)
  if (!found || labels.length > 2 || isService) return []
  const key = keyOf(found.metadata)
  const name = nameOfPod(found, objects.services, primaryOf(zone.options.zones))
  const why = name
    ? `its name is ${name}`
    : 'pods have names only with a hostname and the subdomain of a headless Service, as those of StatefulSets'
  return [warning('PodHasNoName', `there is a pod ${key}, but no name of it alone: ${why}`)]
}

function nameOfPod({ metadata, spec }: Pod, services: readonly Service[], zone: Name): string | undefined {
  const service = services.find(
    one => one.metadata.name === spec.subdomain && one.metadata.namespace === metadata.namespace,
  )
  if (!spec.hostname || !service || !isHeadless(service)) return undefined
  return `${spec.hostname}.${service.metadata.name}.${metadata.namespace}.svc.${formatName(zone).replace(/\.$/, '')}`
}
