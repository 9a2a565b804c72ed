/**
 * Fields of a pod as text, for `valueFrom.fieldRef`.
 *
 * @see podFieldSelectorRuntimeValue in pkg/kubelet/kubelet_pods.go and pkg/fieldpath/fieldpath.go of Kubernetes
 *
 * @module
 */
import { familyOf, findIp, formatIp, type Ip } from '../base/ip.ts'
import type { Node } from '../objects/node.ts'
import { type Pod, podAddressesOf } from '../objects/pod.ts'

/** A value, or why nobody can say it yet. */
export type Told = { readonly value: string } | { readonly unknown: string }

const NO_NODE = 'the pod is on no node yet'
const NO_ADDRESS = 'the pod has no address yet'

/** @param path one that the API server takes: `metadata.labels['app']`, `status.podIP` */
export function fieldValue(path: string, pod: Pod, node: Node | undefined): Told {
  const { metadata, spec } = pod
  const [, map, key = ''] = /^metadata\.(labels|annotations)\['(.*)'\]$/s.exec(path) ?? []
  if (map !== undefined) {
    const entries = (map === 'labels' ? metadata.labels : metadata.annotations) ?? {}
    return { value: (Object.hasOwn(entries, key) ? entries[key] : '') ?? '' }
  }
  switch (path) {
    case 'metadata.name':
      return { value: metadata.name }
    case 'metadata.namespace':
      return { value: metadata.namespace ?? '' }
    case 'metadata.uid':
      return { value: metadata.uid ?? '' }
    case 'spec.nodeName':
      return spec.nodeName ? { value: spec.nodeName } : { unknown: NO_NODE }
    case 'spec.serviceAccountName':
      return { value: spec.serviceAccountName ?? '' }
    case 'status.hostIP':
      return joined(hostAddresses(pod, node).slice(0, 1), NO_NODE)
    case 'status.hostIPs':
      return joined(hostAddresses(pod, node), NO_NODE)
    case 'status.podIP':
      return joined(podAddresses(pod, node).slice(0, 1), NO_ADDRESS)
    case 'status.podIPs':
      return joined(podAddresses(pod, node), NO_ADDRESS)
    default:
      return { unknown: `podwire does not know the field ${path}` }
  }
}

function joined(addresses: readonly Ip[], otherwise: string): Told {
  return addresses.length === 0 ? { unknown: otherwise } : { value: addresses.map(formatIp).join(',') }
}

/**
 * The node's addresses, at most one a family, internal ones before external ones.
 *
 * @see GetNodeHostIPs in pkg/util/node/node.go
 */
export function nodeAddresses(node: Node): readonly Ip[] {
  const all = ['InternalIP', 'ExternalIP'].flatMap(wanted =>
    (node.status?.addresses ?? []).flatMap(({ type, address }) => (type === wanted ? (findIp(address) ?? []) : [])),
  )
  return oneOfEach(all)
}

function hostAddresses({ spec, status }: Pod, node: Node | undefined): readonly Ip[] {
  if (node && spec.nodeName) return nodeAddresses(node)
  const told = status?.hostIPs?.map(({ ip }) => ip) ?? (status?.hostIP ? [status.hostIP] : [])
  return told.flatMap(text => findIp(text) ?? [])
}

/**
 * The pod's addresses, at most one a family, that of the node's primary family first.
 *
 * @see sortPodIPs
 */
export function podAddresses(pod: Pod, node: Node | undefined): readonly Ip[] {
  const all = podAddressesOf(pod).flatMap(text => findIp(text) ?? [])
  const [main] = node ? nodeAddresses(node) : []
  const primary = main === undefined ? 4 : familyOf(main)
  return oneOfEach([
    ...all.filter(address => familyOf(address) === primary),
    ...all.filter(address => familyOf(address) !== primary),
  ])
}

function oneOfEach(addresses: readonly Ip[]): readonly Ip[] {
  const [first] = addresses
  if (first === undefined) return []
  const other = addresses.find(address => familyOf(address) !== familyOf(first))
  return other === undefined ? [first] : [first, other]
}
