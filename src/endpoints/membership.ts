/**
 * Which Pods stand behind a Service, and how each of them is seen.
 *
 * Both controllers of this folder ask here, so that v1 Endpoints and EndpointSlices differ only
 * where Kubernetes lets them differ.
 *
 * @see k8s.io/endpointslice: utils.go, util/controller_utils.go
 * @module
 */
import type { ServiceProtocol } from '../base/protocol.ts'
import type { ObjectReference, OwnerReference, StringMap } from '../objects/meta.ts'
import { type Container, type Pod, podAddressesOf } from '../objects/pod.ts'
import type { IpFamily, Service, ServicePort } from '../objects/service.ts'

/** A service port as one Pod offers it: a named target has become a number. */
export interface ResolvedPort {
  /** Empty for the one port of a Service that needs no name. */
  readonly name: string
  readonly protocol: ServiceProtocol
  readonly port: number
  readonly appProtocol?: string
}

/** The pairs that a Pod must carry, or nothing where no controller fills the Service. */
export function selectorOf(service: Service): StringMap | undefined {
  const { type, selector } = service.spec
  if (type === 'ExternalName' || !selector || Object.keys(selector).length === 0) return undefined
  return selector
}

/** Whether the Service has no address of its own. */
export function isHeadless(service: Service): boolean {
  const { clusterIP } = service.spec
  return clusterIP === undefined || clusterIP === '' || clusterIP === 'None'
}

/** Whether the Pod has an address and has not ended; a Pod that is being deleted has not. */
export function hasPlace(pod: Pod): boolean {
  const { phase } = pod.status ?? {}
  return phase !== 'Succeeded' && phase !== 'Failed' && podAddressesOf(pod).length > 0
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined
}

export function familyOfAddress(address: string): IpFamily {
  return address.includes(':') ? 'IPv6' : 'IPv4'
}

/** The families that a Service's slices are made for, its first one first. */
export function familiesOf(service: Service): readonly IpFamily[] {
  const { ipFamilies, clusterIP } = service.spec
  if (ipFamilies && ipFamilies.length > 0) return ipFamilies
  return isHeadless(service) || !clusterIP ? ['IPv4', 'IPv6'] : [familyOfAddress(clusterIP)]
}

/** The name that DNS gives the Pod below this Service, if it asks for one. */
export function hostnameUnder(service: Service, pod: Pod): string | undefined {
  const { hostname, subdomain } = pod.spec
  return hostname && subdomain === service.metadata.name ? hostname : undefined
}

export function referenceTo(pod: Pod): ObjectReference {
  const { namespace = '', name, uid } = pod.metadata
  return { kind: 'Pod', namespace, name, ...(uid !== undefined && { uid }) }
}

/** The Service as the controller of an object made for it. */
export function ownedBy(service: Service): OwnerReference {
  const { name, uid = '' } = service.metadata
  return { apiVersion: 'v1', kind: 'Service', name, uid, controller: true, blockOwnerDeletion: true }
}

/**
 * The ports of the Service on this Pod. A port whose target's name the Pod does not know is left out.
 */
export function resolvePorts(service: Service, pod: Pod): readonly ResolvedPort[] {
  const out: ResolvedPort[] = []
  for (const port of service.spec.ports ?? []) {
    const number = targetOf(port, pod)
    if (number !== undefined) out.push(resolved(port, number))
  }
  return out
}

function resolved(of: ServicePort, port: number): ResolvedPort {
  const { name = '', protocol = 'TCP', appProtocol } = of
  return { name, protocol, port, ...(appProtocol !== undefined && { appProtocol }) }
}

function targetOf(port: ServicePort, pod: Pod): number | undefined {
  const { targetPort, protocol = 'TCP' } = port
  if (targetPort === undefined || targetPort === 0 || targetPort === '') return port.port
  if (typeof targetPort === 'number') return targetPort
  return (
    namedPort(pod.spec.containers, targetPort, protocol) ??
    namedPort((pod.spec.initContainers ?? []).filter(isSidecar), targetPort, protocol)
  )
}

function namedPort(containers: readonly Container[], name: string, protocol: ServiceProtocol): number | undefined {
  for (const container of containers) {
    for (const port of container.ports ?? []) {
      if (port.name === name && (port.protocol ?? 'TCP') === protocol) return port.containerPort
    }
  }
  return undefined
}

/** An init container that keeps running beside the others. */
function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always'
}
