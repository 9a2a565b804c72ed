/**
 * The EndpointSlice controller: one Service and its Pods in, the changes to its slices out.
 *
 * Endpoints are grouped by address family and by the ports that their Pods offer; each group has
 * its own slices. Nothing that can stay is touched.
 *
 * @see k8s.io/endpointslice: reconciler.go
 * @module
 */
import { equalValue } from '../base/equal.ts'
import type { Random } from '../base/random.ts'
import {
  type Endpoint,
  type EndpointPort,
  type EndpointSlice,
  HEADLESS_LABEL,
  MANAGED_BY_LABEL,
  SERVICE_NAME_LABEL,
  ZONE_LABEL,
} from '../objects/endpoint-slice.ts'
import { generateFreeName } from '../objects/generated-name.ts'
import { controllerOf, type StringMap } from '../objects/meta.ts'
import type { Node } from '../objects/node.ts'
import { isPodReady, type Pod, podAddressesOf } from '../objects/pod.ts'
import type { IpFamily, Service } from '../objects/service.ts'
import type { Notice, Write } from '../objects/write.ts'
import { hintSlices, preferenceOf } from './hints.ts'
import {
  familiesOf,
  familyOfAddress,
  hasPlace,
  hostnameUnder,
  isHeadless,
  isTerminating,
  ownedBy,
  type ResolvedPort,
  referenceTo,
  resolvePorts,
  selectorOf,
} from './membership.ts'
import { identityOf, type Packed, packEndpoints } from './packing.ts'
import type { ZoneShares } from './zone-shares.ts'

/** The value of {@link MANAGED_BY_LABEL} on slices that this controller keeps. */
export const SLICE_CONTROLLER = 'endpointslice-controller.k8s.io'

/** Endpoints in a slice: kube-controller-manager's `--max-endpoints-per-slice`. */
export const MAX_ENDPOINTS_PER_SLICE = 100

const RESERVED_LABELS: readonly string[] = [SERVICE_NAME_LABEL, MANAGED_BY_LABEL, HEADLESS_LABEL]

export interface SliceContext {
  readonly findNode: (name: string) => Node | undefined
  /** How the cluster's CPUs are spread over its zones: `shareZones()` of all nodes. */
  readonly zoneShares: ZoneShares
  /** For the names of new slices. */
  readonly random: Random
  /** {@link MAX_ENDPOINTS_PER_SLICE} if absent. */
  readonly maxEndpoints?: number
}

export interface SliceChanges {
  readonly writes: readonly Write<EndpointSlice>[]
  readonly notices: readonly Notice[]
}

/** A slice as it is to be. */
interface Wanted extends Packed {
  readonly ports: readonly EndpointPort[]
}

interface Group {
  readonly ports: readonly ResolvedPort[]
  readonly endpoints: Map<string, Endpoint>
}

/**
 * Brings the slices of one Service in line with its Pods.
 *
 * @param pods the Pods that its selector selects, in an order that decides which endpoints share a slice
 * @param stored the Service's slices; those that another controller keeps are left alone
 */
export function reconcileSlices(
  service: Service,
  pods: readonly Pod[],
  stored: readonly EndpointSlice[],
  context: SliceContext,
): SliceChanges {
  if (!selectorOf(service)) return { writes: [], notices: [] }
  const own = stored.filter(slice => slice.metadata.labels?.[MANAGED_BY_LABEL] === SLICE_CONTROLLER)
  const families = familiesOf(service)
  const writes: Write<EndpointSlice>[] = []
  const notices: Notice[] = []
  for (const slice of own) {
    if (!families.some(family => family === slice.addressType)) writes.push({ do: 'delete', object: slice })
  }
  for (const family of families) {
    const slices = own.filter(slice => slice.addressType === family)
    const changes = reconcileFamily(service, family, pods, slices, context)
    writes.push(...changes.writes)
    notices.push(...changes.notices)
  }
  return { writes, notices }
}

function reconcileFamily(
  service: Service,
  family: IpFamily,
  pods: readonly Pod[],
  stored: readonly EndpointSlice[],
  context: SliceContext,
): SliceChanges {
  const preference = preferenceOf(service)
  const packed = packGroups(service, groupByPorts(service, family, pods, context), stored, context)
  const { slices, refusal } = hintSlices(packed, preference, context.zoneShares)
  const writes = writeSlices(service, family, slices, stored, context)
  const message = `${refusal?.refused ?? 'Topology Aware Hints has been enabled'}, addressType: ${family}`
  if (refusal) return { writes, notices: [{ type: 'Warning', reason: 'TopologyAwareHintsDisabled', message }] }
  const isNew = preference === 'auto' && writes.length > 0 && !stored.some(hasHints)
  return { writes, notices: isNew ? [{ type: 'Normal', reason: 'TopologyAwareHintsEnabled', message }] : [] }
}

function hasHints(slice: EndpointSlice): boolean {
  return slice.endpoints?.some(one => one.hints !== undefined) ?? false
}

function groupByPorts(
  service: Service,
  family: IpFamily,
  pods: readonly Pod[],
  context: SliceContext,
): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>()
  for (const pod of pods) {
    if (!hasPlace(pod)) continue
    const endpoint = endpointOf(service, family, pod, context)
    if (!endpoint) continue
    const ports = resolvePorts(service, pod)
    const key = portsKey(ports)
    const group = groups.get(key) ?? { ports, endpoints: new Map() }
    groups.set(key, group)
    group.endpoints.set(identityOf(endpoint), endpoint)
  }
  return groups
}

/** The Pod as an endpoint of that family, if it has an address there and its node is known. */
function endpointOf(service: Service, family: IpFamily, pod: Pod, context: SliceContext): Endpoint | undefined {
  const addresses = podAddressesOf(pod).filter(address => familyOfAddress(address) === family)
  if (addresses.length === 0) return undefined
  const { nodeName } = pod.spec
  const { publishNotReadyAddresses = false } = service.spec
  const node = nodeName ? context.findNode(nodeName) : undefined
  if (!node && !publishNotReadyAddresses) return undefined
  const zone = node?.metadata.labels?.[ZONE_LABEL]
  const hostname = hostnameUnder(service, pod)
  const serving = isPodReady(pod)
  const terminating = isTerminating(pod)
  return {
    addresses,
    conditions: { ready: publishNotReadyAddresses || (serving && !terminating), serving, terminating },
    ...(hostname && { hostname }),
    targetRef: referenceTo(pod),
    ...(nodeName && { nodeName }),
    ...(zone && { zone }),
  }
}

/** What two lists of ports have in common if they are the same, in whatever order. */
export function portsKey(ports: readonly EndpointPort[] | null | undefined): string {
  const keys = (ports ?? []).map(
    port => `${port.name ?? ''}/${port.protocol ?? 'TCP'}/${port.port ?? ''}/${port.appProtocol ?? ''}`,
  )
  return keys.sort().join()
}

function packGroups(
  service: Service,
  groups: ReadonlyMap<string, Group>,
  stored: readonly EndpointSlice[],
  context: SliceContext,
): readonly Wanted[] {
  const labels = labelsOf(service)
  const isStale = (slice: EndpointSlice) => !equalValue(slice.metadata.labels, labels)
  const keys = new Map(stored.map(slice => [slice, portsKey(slice.ports)]))
  const max = context.maxEndpoints ?? MAX_ENDPOINTS_PER_SLICE
  const wanted: Wanted[] = []
  for (const [key, { ports, endpoints }] of groups) {
    const own = stored.filter(slice => keys.get(slice) === key)
    for (const packed of packEndpoints(endpoints, own, isStale, max)) wanted.push({ ...packed, ports })
  }
  const kept = wanted.filter(slice => slice.endpoints.length > 0 || !slice.stored?.endpoints?.length)
  return kept.length > 0 ? kept : [placeholder(stored)]
}

/** The one slice of a Service without Pods, which says that there are none. */
function placeholder(stored: readonly EndpointSlice[]): Wanted {
  const old = stored.find(slice => !slice.endpoints?.length && !slice.ports?.length)
  return old ? { stored: old, endpoints: old.endpoints ?? [], ports: old.ports ?? [] } : { endpoints: [], ports: [] }
}

function writeSlices(
  service: Service,
  family: IpFamily,
  wanted: readonly Wanted[],
  stored: readonly EndpointSlice[],
  context: SliceContext,
): readonly Write<EndpointSlice>[] {
  const labels = labelsOf(service)
  const continued = new Set(wanted.map(slice => slice.stored))
  const spare = stored.filter(slice => !continued.has(slice))
  const names = new Set(stored.map(slice => slice.metadata.name))
  const writes: Write<EndpointSlice>[] = []
  for (const slice of wanted) {
    // A slice that would be deleted carries what would be created: one write instead of two.
    const old = slice.stored ?? takeOwned(spare, service)
    if (old) {
      if (isAsStored(slice, labels)) continue
      writes.push({ do: 'update', object: renewed(old, slice, labels) })
    } else if (service.metadata.deletionTimestamp === undefined) {
      const object = created(service, family, slice, name => names.has(name), context.random)
      names.add(object.metadata.name)
      writes.push({ do: 'create', object })
    }
  }
  for (const object of spare) writes.push({ do: 'delete', object })
  return writes
}

function takeOwned(spare: EndpointSlice[], service: Service): EndpointSlice | undefined {
  const at = spare.findIndex(slice => controllerOf(slice.metadata)?.uid === ownedBy(service).uid)
  return at < 0 ? undefined : spare.splice(at, 1)[0]
}

function isAsStored({ stored, endpoints }: Wanted, labels: StringMap): boolean {
  if (!stored || !equalValue(stored.metadata.labels, labels)) return false
  return endpoints === stored.endpoints || (endpoints.length === 0 && !stored.endpoints?.length)
}

function renewed(old: EndpointSlice, { endpoints, ports }: Wanted, labels: StringMap): EndpointSlice {
  return { ...old, metadata: { ...old.metadata, labels }, endpoints, ports }
}

function created(
  service: Service,
  addressType: IpFamily,
  { endpoints, ports }: Wanted,
  taken: (name: string) => boolean,
  random: Random,
): EndpointSlice {
  const { name, namespace = '' } = service.metadata
  const generateName = `${name}-`
  const metadata = {
    name: generateFreeName(generateName, taken, random),
    generateName,
    namespace,
    labels: labelsOf(service),
    ownerReferences: [ownedBy(service)],
  }
  return { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, addressType, endpoints, ports }
}

/** The Service's labels, but for those that say what a slice is. */
function labelsOf(service: Service): StringMap {
  const copied = Object.entries(service.metadata.labels ?? {}).filter(([key]) => !RESERVED_LABELS.includes(key))
  return {
    ...Object.fromEntries(copied),
    [SERVICE_NAME_LABEL]: service.metadata.name,
    [MANAGED_BY_LABEL]: SLICE_CONTROLLER,
    ...(isHeadless(service) && { [HEADLESS_LABEL]: '' }),
  }
}
