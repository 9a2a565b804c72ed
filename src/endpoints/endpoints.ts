/**
 * The controller of v1 Endpoints: one Service and its Pods in, the change to its Endpoints out.
 *
 * It differs from slices on purpose: one address family, no Pods that are being deleted, and no
 * Pod whose named port cannot be found.
 *
 * @see k8s.io/kubernetes/pkg/controller/endpoint: endpoints_controller.go
 * @module
 */
import { equalValue } from '../base/equal.ts'
import { HEADLESS_LABEL } from '../objects/endpoint-slice.ts'
import type { EndpointAddress, Endpoints } from '../objects/endpoints.ts'
import type { StringMap } from '../objects/meta.ts'
import { isPodReady, type Pod, podAddressesOf } from '../objects/pod.ts'
import type { IpFamily, Service } from '../objects/service.ts'
import type { Write } from '../objects/write.ts'
import { truncateSubsets } from './capacity.ts'
import {
  familiesOf,
  familyOfAddress,
  hasPlace,
  hostnameUnder,
  isHeadless,
  isTerminating,
  referenceTo,
  resolvePorts,
  selectorOf,
} from './membership.ts'
import { type Placement, repackSubsets } from './repack.ts'

const MANAGED_BY = 'endpoints.kubernetes.io/managed-by'
const CONTROLLER = 'endpoint-controller'
/** Says that not all addresses are in the object. */
const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity'

/**
 * Brings the Endpoints of one Service in line with its Pods.
 *
 * @param pods the Pods that its selector selects
 * @param stored the object of the Service's name
 */
export function reconcileEndpoints(
  service: Service,
  pods: readonly Pod[],
  stored: Endpoints | undefined,
): readonly Write<Endpoints>[] {
  if (!selectorOf(service)) return []
  const all = repackSubsets(placementsOf(service, pods))
  const truncated = truncateSubsets(all)
  const subsets = truncated ?? all
  const labels = labelsOf(service)
  const annotations = annotationsOf(stored, truncated !== undefined)
  if (stored) {
    const same = equalValue(stored.subsets ?? [], subsets) && equalValue(stored.metadata.labels ?? {}, labels)
    if (same && equalValue(stored.metadata.annotations ?? {}, annotations ?? {})) return []
  }
  const { name, namespace = '' } = service.metadata
  const { annotations: _, ...metadata } = stored?.metadata ?? { name, namespace }
  const object: Endpoints = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { ...metadata, labels, ...(annotations && { annotations }) },
    ...(subsets.length > 0 && { subsets }),
  }
  return [{ do: stored ? 'update' : 'create', object }]
}

function* placementsOf(service: Service, pods: readonly Pod[]): Iterable<Placement> {
  const { publishNotReadyAddresses = false, ports = [] } = service.spec
  for (const pod of pods) {
    if (!hasPlace(pod) || (isTerminating(pod) && !publishNotReadyAddresses)) continue
    const address = addressFor(service, pod)
    if (!address) continue
    const ready = publishNotReadyAddresses || isPodReady(pod)
    if (ports.length === 0 && isHeadless(service)) yield { address, port: undefined, ready }
    for (const { name, ...port } of resolvePorts(service, pod)) {
      yield { address, port: name === '' ? port : { name, ...port }, ready }
    }
  }
}

function addressFor(service: Service, pod: Pod): EndpointAddress | undefined {
  const family = primaryFamily(service, pod)
  const ip = podAddressesOf(pod).find(address => familyOfAddress(address) === family)
  if (ip === undefined) return undefined
  const hostname = hostnameUnder(service, pod)
  const { nodeName } = pod.spec
  return { ip, ...(hostname && { hostname }), ...(nodeName && { nodeName }), targetRef: referenceTo(pod) }
}

/** A headless Service that names no family takes each Pod's own first one. */
function primaryFamily(service: Service, pod: Pod): IpFamily {
  if (isHeadless(service) && !service.spec.ipFamilies?.length) return familyOfAddress(podAddressesOf(pod)[0] ?? '')
  return familiesOf(service)[0] ?? 'IPv4'
}

function labelsOf(service: Service): StringMap {
  const { [HEADLESS_LABEL]: _, ...labels } = service.metadata.labels ?? {}
  return { ...labels, ...(isHeadless(service) && { [HEADLESS_LABEL]: '' }), [MANAGED_BY]: CONTROLLER }
}

function annotationsOf(stored: Endpoints | undefined, isTruncated: boolean): StringMap | undefined {
  const { [OVER_CAPACITY]: _, ...kept } = stored?.metadata.annotations ?? {}
  const annotations = { ...kept, ...(isTruncated && { [OVER_CAPACITY]: 'truncated' }) }
  return Object.keys(annotations).length > 0 ? annotations : undefined
}
