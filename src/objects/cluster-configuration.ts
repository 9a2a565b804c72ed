/**
 * kubeadm's and kubelet's configuration: the fields that decide networks and names.
 *
 * @module
 */
import { FAMILIES, type Family } from '../base/ip.ts'
import { isPlain } from './plain.ts'

/** `ClusterConfiguration` of kubeadm.k8s.io. */
export interface ClusterConfiguration {
  readonly apiVersion: string
  readonly kind: 'ClusterConfiguration'
  readonly networking?: {
    /** One or two CIDRs, with a comma between them. */
    readonly podSubnet?: string
    readonly serviceSubnet?: string
    readonly dnsDomain?: string
  }
  /** Arguments are a map before v1beta4, and a list of names and values since. */
  readonly controllerManager?: { readonly extraArgs?: unknown }
  readonly [field: string]: unknown
}

/** `KubeletConfiguration` of kubelet.config.k8s.io/v1beta1. */
export interface KubeletConfiguration {
  readonly apiVersion: string
  readonly kind: 'KubeletConfiguration'
  readonly clusterDNS?: readonly string[]
  readonly clusterDomain?: string
  readonly [field: string]: unknown
}

/** kube-controller-manager's arguments, in the order given. */
export function controllerArguments(configuration: ClusterConfiguration): ReadonlyMap<string, string> {
  const given = configuration.controllerManager?.extraArgs
  if (isPlain(given)) return new Map(Object.entries(given).map(([name, value]) => [name, `${value}`]))
  const list: readonly unknown[] = Array.isArray(given) ? given : []
  return new Map(list.flatMap(item => (isPlain(item) ? [[`${item['name']}`, `${item['value']}`] as const] : [])))
}

/**
 * How many bits of the pod CIDR name the node, where the configuration says so.
 *
 * @see --node-cidr-mask-size of kube-controller-manager
 */
export function nodeMaskSizes(configuration: ClusterConfiguration): Readonly<Partial<Record<Family, number>>> {
  const given = controllerArguments(configuration)
  const sizes: Partial<Record<Family, number>> = {}
  for (const family of FAMILIES) {
    const text =
      given.get(`node-cidr-mask-size-ipv${family}`) ?? (family === 4 ? given.get('node-cidr-mask-size') : undefined)
    if (text !== undefined && /^\d{1,3}$/.test(text)) sizes[family] = Number(text)
  }
  return sizes
}
