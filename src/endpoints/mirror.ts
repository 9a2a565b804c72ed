/**
 * The mirroring controller: Endpoints that people wrote for a Service without a selector become
 * slices, which are all that proxies read. One slice for each subset and address family.
 *
 * @see k8s.io/kubernetes/pkg/controller/endpointslicemirroring
 * @module
 */
import { equalValue } from '../base/equal.ts'
import { findIp } from '../base/ip.ts'
import type { Random } from '../base/random.ts'
import {
  type Endpoint,
  type EndpointPort,
  type EndpointSlice,
  MANAGED_BY_LABEL,
  SERVICE_NAME_LABEL,
} from '../objects/endpoint-slice.ts'
import type { EndpointAddress, EndpointSubset, Endpoints } from '../objects/endpoints.ts'
import { generateFreeName } from '../objects/generated-name.ts'
import type { StringMap } from '../objects/meta.ts'
import type { IpFamily, Service } from '../objects/service.ts'
import type { Notice, Write } from '../objects/write.ts'
import { familyOfAddress } from './membership.ts'
import { identityOf } from './packing.ts'
import { type Placement, repackSubsets } from './repack.ts'
import { portsKey, type SliceChanges } from './slices.ts'

/** The value of {@link MANAGED_BY_LABEL} on slices that this controller keeps. */
export const MIRROR_CONTROLLER = 'endpointslicemirroring-controller.k8s.io'

/** Addresses of one subset: kube-controller-manager's `--mirroring-max-endpoints-per-subset`. */
export const MAX_MIRRORED = 1000

const SKIP_LABEL = 'endpointslice.kubernetes.io/skip-mirror'
const LEADER_ANNOTATION = 'control-plane.alpha.kubernetes.io/leader'
const NOT_COPIED = [
  'endpoints.kubernetes.io/last-change-trigger-time',
  'kubectl.kubernetes.io/last-applied-configuration',
]

interface Mirror {
  readonly family: IpFamily
  readonly ports: readonly EndpointPort[]
  readonly endpoints: readonly Endpoint[]
}

/**
 * Brings the mirrors of one Endpoints object in line with it.
 *
 * @param service the Service of the same name, if there is one
 * @param endpoints the object, if it exists
 * @param stored slices with the Service's name; those that another controller keeps are left alone
 */
export function reconcileMirror(
  service: Service | undefined,
  endpoints: Endpoints | undefined,
  stored: readonly EndpointSlice[],
  random: Random,
): SliceChanges {
  const own = stored.filter(slice => slice.metadata.labels?.[MANAGED_BY_LABEL] === MIRROR_CONTROLLER)
  if (!service || !endpoints || !isMirrored(service, endpoints)) return { writes: own.map(toDelete), notices: [] }

  const { mirrors, notices } = mirrorsOf(endpoints)
  const names = new Set(stored.map(slice => slice.metadata.name))
  const spare = [...own]
  const writes: Write<EndpointSlice>[] = []
  for (const mirror of mirrors) {
    const at = spare.findIndex(
      slice => slice.addressType === mirror.family && portsKey(slice.ports) === portsKey(mirror.ports),
    )
    const old = at < 0 ? undefined : spare.splice(at, 1)[0]
    if (old && isInLine(old, mirror, endpoints)) continue
    const name = old?.metadata.name ?? generateFreeName(`${endpoints.metadata.name}-`, one => names.has(one), random)
    names.add(name)
    writes.push({ do: old ? 'update' : 'create', object: sliceOf(name, old, mirror, endpoints) })
  }
  return { writes: [...writes, ...spare.map(toDelete)], notices }
}

function toDelete(object: EndpointSlice): Write<EndpointSlice> {
  return { do: 'delete', object }
}

function isMirrored(service: Service, { metadata }: Endpoints): boolean {
  const hasSelector = Object.keys(service.spec.selector ?? {}).length > 0
  return (
    !hasSelector && metadata.labels?.[SKIP_LABEL] !== 'true' && !(LEADER_ANNOTATION in (metadata.annotations ?? {}))
  )
}

function mirrorsOf(endpoints: Endpoints): { mirrors: readonly Mirror[]; notices: readonly Notice[] } {
  const mirrors: Mirror[] = []
  let invalid = 0
  let skipped = 0
  for (const subset of repackSubsets(placementsOf(endpoints.subsets ?? []))) {
    const all = endpointsOf(subset)
    const valid = all.filter(endpoint => endpoint.addresses.every(address => findIp(address) !== undefined))
    const kept = valid.slice(0, MAX_MIRRORED)
    invalid += all.length - valid.length
    skipped += all.length - kept.length
    const ports = (subset.ports ?? []).map(({ name = '', protocol = 'TCP', ...port }) => ({ name, protocol, ...port }))
    for (const family of ['IPv4', 'IPv6'] as const) {
      const own = kept.filter(endpoint => familyOfAddress(endpoint.addresses[0] ?? '') === family)
      if (own.length > 0) mirrors.push({ family, ports, endpoints: own })
    }
  }
  return { mirrors, notices: noticesOf(invalid, skipped) }
}

function* placementsOf(subsets: readonly EndpointSubset[]): Iterable<Placement> {
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets) {
    for (const port of ports.length > 0 ? ports : [undefined]) {
      for (const address of addresses) yield { address, port, ready: true }
      for (const address of notReadyAddresses) yield { address, port, ready: false }
    }
  }
}

function endpointsOf({ addresses = [], notReadyAddresses = [] }: EndpointSubset): readonly Endpoint[] {
  return [...addresses.map(one => endpointOf(one, true)), ...notReadyAddresses.map(one => endpointOf(one, false))]
}

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname && { hostname }),
    ...(targetRef && { targetRef }),
    ...(nodeName && { nodeName }),
  }
}

function noticesOf(invalid: number, skipped: number): readonly Notice[] {
  const notices: Notice[] = []
  if (invalid > 0) {
    const message = `Skipped ${invalid} invalid IP addresses when mirroring to EndpointSlices`
    notices.push({ type: 'Warning', reason: 'InvalidIPAddress', message })
  }
  if (skipped > invalid) {
    const limit = `A max of ${MAX_MIRRORED} addresses can be mirrored to EndpointSlices per Endpoints subset`
    const message = `${limit}. ${skipped} addresses were skipped`
    notices.push({ type: 'Warning', reason: 'TooManyAddressesToMirror', message })
  }
  return notices
}

function isInLine(slice: EndpointSlice, mirror: Mirror, endpoints: Endpoints): boolean {
  const { labels = {}, annotations = {} } = slice.metadata
  if (!equalValue(labels, labelsOf(endpoints)) || !equalValue(annotations, annotationsOf(endpoints))) return false
  const old = new Map(slice.endpoints?.map(endpoint => [identityOf(endpoint), endpoint]))
  return (
    old.size === mirror.endpoints.length &&
    mirror.endpoints.every(endpoint => equalValue(old.get(identityOf(endpoint)), endpoint))
  )
}

function sliceOf(name: string, old: EndpointSlice | undefined, mirror: Mirror, endpoints: Endpoints): EndpointSlice {
  const { namespace = '', name: ownerName, uid = '' } = endpoints.metadata
  const owner = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    name: ownerName,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  }
  const { annotations: _, ...kept } = old?.metadata ?? {
    name,
    generateName: `${ownerName}-`,
    namespace,
    ownerReferences: [owner],
  }
  const annotations = annotationsOf(endpoints)
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...kept, labels: labelsOf(endpoints), ...(Object.keys(annotations).length > 0 && { annotations }) },
    addressType: mirror.family,
    endpoints: mirror.endpoints,
    ports: mirror.ports,
  }
}

function labelsOf({ metadata: { name, labels } }: Endpoints): StringMap {
  return { ...labels, [SERVICE_NAME_LABEL]: name, [MANAGED_BY_LABEL]: MIRROR_CONTROLLER }
}

function annotationsOf({ metadata: { annotations = {} } }: Endpoints): StringMap {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !NOT_COPIED.includes(key)))
}
